import { EVENT_FIGURES, eventGroups } from "./event-figures.js";
import { CALL_TYPES, type CallFigureName } from "./report-call.js";
import {
  callFigure,
  countryText,
  dayBars,
  figures,
  groupDigits,
  groupTable,
  incidentTable,
  lengthText,
  meanSeconds,
  number,
  percent,
  ruleTitle,
  text,
} from "./parts.js";
import type { ReportBlock, ReportSection, ReportTable } from "./report-document.js";
import type { ReportFacts } from "./report-facts.js";
import { OUTLOOK_NOTE, type TrafficOutlook } from "./traffic-outlook.js";

const TYPE_TITLES: Readonly<Record<(typeof CALL_TYPES)[number], string>> = {
  internal: "Internal",
  in: "In",
  "out-national": "Out, national",
  "out-international": "Out, international",
  "out-costly": "Out, premium and satellite",
  unknown: "Direction not known",
};

export function trafficSection(outlook: TrafficOutlook): ReportSection {
  const { surprises, judged, within, historyDays, ahead } = outlook;
  const lead =
    judged === 0
      ? `There are ${historyDays} days of history before the period: too few to say what was to be expected.`
      : surprises.length === 0
        ? `All ${judged} days lay within what was to be expected.`
        : `${within} of ${judged} days lay within what was to be expected; ${surprises
            .slice(0, 4)
            .map(({ day, outside }) => `${day} was ${outside ?? ""}`)
            .join(", ")}${surprises.length > 4 ? " …" : ""}.`;
  return {
    id: "traffic",
    title: "Traffic",
    lead,
    blocks: [
      {
        kind: "days",
        id: "calls-by-day",
        title: ahead.length > 0 ? `Calls a day, and the ${ahead.length} days ahead` : "Calls a day",
        note: OUTLOOK_NOTE,
        unit: "calls",
        points: [...outlook.points, ...ahead],
      },
      ...(ahead.length > 0 ? [outlookTable(outlook)] : []),
    ],
  };
}

function outlookTable({ ahead }: TrafficOutlook): ReportTable {
  return {
    kind: "table",
    id: "outlook",
    title: "Days ahead",
    columns: [
      { title: "Day" },
      { title: "Expected", align: "right" },
      { title: "At least", align: "right" },
      { title: "At most", align: "right" },
    ],
    rows: ahead.map(({ day, expected = 0, low = 0, high = 0 }) => [
      text(`${day}, ${WEEKDAY.format(new Date(`${day}T00:00:00Z`))}`),
      number(Math.round(expected)),
      number(Math.round(low)),
      number(Math.round(high)),
    ]),
    empty: "Too little history.",
  };
}

const WEEKDAY = new Intl.DateTimeFormat("en", { weekday: "long", timeZone: "UTC" });

export function typeTable(facts: ReportFacts): ReportTable {
  const rows = CALL_TYPES.flatMap((type) => {
    const count = facts.calls.group("all", "type", type);
    if (count.rows === 0) return [];
    const before = meanSeconds(facts.callsBefore.group("all", "type", type));
    const short = facts.calls.group("short", "type", type);
    return [
      [
        text(TYPE_TITLES[type]),
        number(count.rows, facts.calls.groupTrace("all", "type", type, count)),
        {
          text: `${groupDigits(percent(count.answered, count.rows) ?? 0)} %`,
          value: percent(count.answered, count.rows) ?? 0,
        },
        { text: lengthText(meanSeconds(count)), ...valueOf(meanSeconds(count)) },
        { text: lengthText(before), ...valueOf(before) },
        {
          text: `${groupDigits(percent(short.rows, count.answered) ?? 0)} %`,
          value: percent(short.rows, count.answered) ?? 0,
          trace: facts.calls.groupTrace("short", "type", type, short),
        },
      ],
    ];
  });
  return {
    kind: "table",
    id: "duration-by-type",
    title: "Length of calls by type",
    note: "Mean of the answered calls. A mean that falls and a share of very short calls (under 6 s) that rises are how diallers look.",
    columns: [
      { title: "Type" },
      { title: "Calls", align: "right" },
      { title: "Answered", align: "right" },
      { title: "Mean length", align: "right" },
      { title: "Before", align: "right" },
      { title: "Under 6 s", align: "right" },
    ],
    rows,
    empty: "No calls.",
  };
}

const valueOf = (value: number | undefined): { value?: number } => (value === undefined ? {} : { value });

export function internationalSection(facts: ReportFacts): ReportSection {
  return {
    id: "international",
    title: "International calls",
    blocks: [
      dayBars(facts, "international", { id: "international-by-day", title: "International calls a day" }),
      groupTable(
        facts,
        "international",
        "country",
        {
          id: "international-by-country",
          title: "By country",
          heading: "Country",
          empty: "No international calls.",
        },
        countryText,
      ),
    ],
  };
}

export function afterHoursSection(facts: ReportFacts): ReportSection {
  const sites = facts.calls.groups("out", "site");
  return {
    id: "after-hours",
    title: "After hours",
    lead: "Business hours, holidays and time zones are those of each user's site.",
    blocks: [
      {
        kind: "hours",
        id: "calls-by-hour",
        title: "Calls by hour of the day",
        note: "By the clock of each call's site. Dark: while the site was closed.",
        values: hours(facts, "hour"),
        closed: hours(facts, "closed-hour"),
      },
      {
        kind: "table",
        id: "after-hours-by-site",
        title: "Share of calls out after hours, by site",
        columns: [
          { title: "Site" },
          { title: "Calls out", align: "right" },
          { title: "After hours", align: "right" },
          { title: "Share", align: "right", wide: true },
        ],
        rows: sites.map(([site, count]) => {
          const closed = facts.calls.group("afterHours", "site", site);
          const share = percent(closed.rows, count.rows) ?? 0;
          return [
            text(site),
            number(count.rows, facts.calls.groupTrace("out", "site", site, count)),
            number(closed.rows, facts.calls.groupTrace("afterHours", "site", site, closed)),
            { text: `${groupDigits(share)} %`, value: share, share: share / 100 },
          ];
        }),
        empty: "No calls out.",
      },
    ],
  };
}

const hours = (facts: ReportFacts, by: "hour" | "closed-hour"): readonly number[] =>
  Array.from({ length: 24 }, (_, hour) => facts.calls.group("all", by, String(hour)).rows);

export function accessSection(facts: ReportFacts): ReportSection {
  return {
    id: "authentication",
    title: "Authentication",
    blocks: [
      figures(callFigure(facts, "failedAuthentication", "more")),
      dayBars(facts, "failedAuthentication", {
        id: "failed-authentications-by-day",
        title: "Failed authentications a day",
      }),
      groupTable(facts, "failedAuthentication", "user", {
        id: "failed-authentications-by-user",
        title: "By user",
        heading: "User",
        empty: "No failed authentications in the call records.",
      }),
    ],
  };
}

export function findingsSection(facts: ReportFacts, limit?: number): ReportSection {
  const { events } = facts;
  const findings = events.filter(EVENT_FIGURES.findings.counts);
  const live = events.filter((row) => EVENT_FIGURES.alerts.counts(row) && !row.isShadow);
  const byRule: ReportBlock = {
    kind: "table",
    id: "findings-by-rule",
    title: "By kind",
    columns: [
      { title: "What was found" },
      { title: "Incidents", align: "right" },
      { title: "High or critical", align: "right" },
      { title: "Recommended" },
    ],
    rows: eventGroups("findings", "rule", events).map(({ key, rows, trace }) => [
      text(ruleTitle(key)),
      number(rows.length, trace),
      number(rows.filter(EVENT_FIGURES.severe.counts).length),
      text(rows[0]?.recommended ?? "", "muted"),
    ]),
    empty: "No findings.",
  };
  return {
    id: "findings",
    title: "What was found",
    blocks: [
      byRule,
      incidentTable(facts, findings, {
        id: "worst-findings",
        title: "The most severe",
        empty: "No findings.",
        ...(limit === undefined ? {} : { limit }),
      }),
      ...(live.length > 0
        ? [incidentTable(facts, live, { id: "live-alerts", title: "Alerts of live calls", empty: "No alerts." })]
        : []),
    ],
  };
}

/** A table of users of one figure. */
export const userTable = (facts: ReportFacts, figure: CallFigureName, id: string, title: string): ReportTable =>
  groupTable(facts, figure, "user", { id, title, heading: "User", empty: "Nobody." });
