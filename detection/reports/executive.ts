import { caseSection } from "./case-section.js";
import { EVENT_FIGURES } from "./event-figures.js";
import {
  callFigure,
  countryText,
  eventFigure,
  figures,
  groupDigits,
  hasBefore,
  percent,
  ruleTitle,
  shareFigure,
} from "./parts.js";
import type { ReportSection } from "./report-document.js";
import type { ReportFacts } from "./report-facts.js";
import {
  accessSection,
  afterHoursSection,
  findingsSection,
  internationalSection,
  trafficSection,
  typeTable,
} from "./sections.js";
import type { TrafficOutlook } from "./traffic-outlook.js";

export interface ReportBody {
  readonly title: string;
  readonly summary: readonly string[];
  readonly sections: readonly ReportSection[];
  readonly limits?: readonly string[];
}

export function executiveReport(facts: ReportFacts, outlook: TrafficOutlook): ReportBody {
  return {
    title: "Executive summary",
    summary: summaryOf(facts, outlook),
    sections: [
      overview(facts),
      trafficSection(outlook),
      findingsSection(facts, 10),
      caseSection(facts, true),
      internationalSection(facts),
      afterHoursSection(facts),
      { id: "duration", title: "Length of calls", blocks: [typeTable(facts)] },
      accessSection(facts),
    ],
  };
}

export function dailyReport(facts: ReportFacts, outlook: TrafficOutlook): ReportBody {
  return {
    title: "Daily summary",
    summary: summaryOf(facts, outlook),
    sections: [
      overview(facts),
      findingsSection(facts),
      caseSection(facts),
      afterHoursSection(facts),
      trafficSection(outlook),
      internationalSection(facts),
      { id: "duration", title: "Length of calls", blocks: [typeTable(facts)] },
      accessSection(facts),
    ],
  };
}

function overview(facts: ReportFacts): ReportSection {
  return {
    id: "overview",
    title: "At a glance",
    ...(hasBefore(facts)
      ? { lead: "Beside each figure: the change against the period of the same length before." }
      : {}),
    blocks: [
      figures(
        callFigure(facts, "all"),
        shareFigure(facts, "Answered", "answered", "all"),
        callFigure(facts, "international"),
        shareFigure(facts, "After hours, of calls out", "afterHours", "out", "more"),
        callFigure(facts, "costly", "more"),
        callFigure(facts, "failedAuthentication", "more"),
        eventFigure(facts, "findings", "more"),
        eventFigure(facts, "severe", "more"),
      ),
    ],
  };
}

/** Sentences made of the figures: nothing in them is not in a figure. */
function summaryOf(facts: ReportFacts, outlook: TrafficOutlook): readonly string[] {
  const all = facts.calls.total("all").rows;
  if (all === 0) return ["No call record of this period was there to be read."];
  const before = facts.callsBefore.total("all").rows;
  const change = hasBefore(facts) ? (percent(all - before, before) ?? 0) : undefined;
  const severe = facts.events.filter(EVENT_FIGURES.severe.counts);
  const kinds = [...new Set(severe.map(({ name }) => ruleTitle(name)))];
  const [country] = facts.calls.groups("international", "country");
  const abroad = facts.calls.total("international").rows;
  const newCountries = facts.calls
    .groups("international", "country")
    .filter(([key]) => hasBefore(facts) && facts.callsBefore.group("international", "country", key).rows === 0);
  const closed = percent(facts.calls.total("afterHours").rows, facts.calls.total("out").rows);
  return [
    severe.length === 0
      ? "Nothing of high or critical severity was found."
      : `${severe.length} incident${severe.length === 1 ? "" : "s"} of high or critical severity: ${kinds.slice(0, 3).join("; ").toLowerCase()}${kinds.length > 3 ? " and others" : ""}.`,
    `${groupDigits(all)} call${all === 1 ? "" : "s"}${change === undefined ? "" : Math.abs(change) < 1 ? ", as many as in the period before" : `, ${groupDigits(Math.abs(change))} % ${change > 0 ? "more" : "fewer"} than in the period before`}${outlook.surprises.length === 0 ? "" : `; ${outlook.surprises.length} of ${outlook.judged} days ${outlook.surprises.length === 1 ? "was" : "were"} not as expected`}.`,
    abroad === 0
      ? "No international calls."
      : `${groupDigits(abroad)} international call${abroad === 1 ? "" : "s"}${country === undefined ? "" : `, most of them to ${countryText(country[0])}`}${newCountries.length === 0 ? "" : `; ${newCountries.length} countr${newCountries.length === 1 ? "y" : "ies"} that the period before did not have`}.`,
    ...(closed === undefined ? [] : [`${groupDigits(closed)} % of the calls out began while their site was closed.`]),
  ];
}
