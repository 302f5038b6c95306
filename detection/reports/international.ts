import type { ReportBody } from "./executive.js";
import { callFigure, countryText, figures, groupDigits, groupTable, shareFigure } from "./parts.js";
import type { ReportFacts } from "./report-facts.js";
import { internationalSection, userTable } from "./sections.js";

export function internationalReport(facts: ReportFacts): ReportBody {
  const abroad = facts.calls.total("international").rows;
  const countries = facts.calls.groups("international", "country").length;
  return {
    title: "International calls",
    summary: [
      `${groupDigits(abroad)} international calls to ${countries} countr${countries === 1 ? "y" : "ies"}.`,
      `${groupDigits(facts.calls.total("costly").rows)} calls to premium, satellite or international network numbers.`,
    ],
    sections: [
      {
        id: "overview",
        title: "At a glance",
        blocks: [
          figures(
            callFigure(facts, "international"),
            shareFigure(facts, "Of calls out", "international", "out"),
            callFigure(facts, "costly", "more"),
            callFigure(facts, "afterHoursAbroad", "more"),
          ),
        ],
      },
      internationalSection(facts),
      {
        id: "costly",
        title: "Costly numbers",
        blocks: [
          groupTable(facts, "costly", "class", {
            id: "costly-by-class",
            title: "By class of number",
            heading: "Class",
            empty: "No calls to costly numbers.",
          }),
          groupTable(
            facts,
            "costly",
            "country",
            { id: "costly-by-country", title: "By country", heading: "Country", empty: "No calls to costly numbers." },
            countryText,
          ),
          userTable(facts, "costly", "costly-by-user", "By user"),
        ],
      },
      {
        id: "users",
        title: "Who calls abroad",
        blocks: [
          userTable(facts, "international", "international-by-user", "All international calls"),
          userTable(facts, "afterHoursAbroad", "after-hours-international-by-user", "After hours"),
        ],
      },
    ],
  };
}
