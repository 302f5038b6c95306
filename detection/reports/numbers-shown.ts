import { hideNumbersInName } from "../numbers/find-numbers.js";
import type { ReportBlock, ReportCell, ReportDocument, ReportTrace } from "./report-document.js";
import type { ReportRules } from "./report-rules.js";

type Shows = Pick<ReportRules, "numbers" | "showNumber">;

/** A user, an id or another name: where it is a number or holds one, that is shown as reports show numbers. */
export const numbersShown = (name: string, { numbers, showNumber }: Shows): string =>
  numbers === "full" ? name : hideNumbersInName(name, showNumber);

/** The same for what figures are grouped by and were counted from: ids of records may be made of their numbers. */
export function tracesShown(report: ReportDocument, rules: Shows): ReportDocument {
  if (rules.numbers === "full") return report;
  const trace = ({ id, definition, rows, sample }: ReportTrace): ReportTrace => ({
    id: numbersShown(id, rules),
    definition: numbersShown(definition, rules),
    rows,
    sample: sample.map((each) => numbersShown(each, rules)),
  });
  const row = (cells: readonly ReportCell[]): readonly ReportCell[] =>
    cells.map((cell) => ({
      ...cell,
      // What rows are grouped by: a user may be a number.
      ...(cells.some((each) => each.trace?.id.endsWith(`/${cell.text}`) === true)
        ? { text: numbersShown(cell.text, rules) }
        : {}),
      ...(cell.trace === undefined ? {} : { trace: trace(cell.trace) }),
    }));
  const block = (of: ReportBlock): ReportBlock => {
    if (of.kind === "figures")
      return { ...of, figures: of.figures.map((figure) => ({ ...figure, trace: trace(figure.trace) })) };
    if (of.kind !== "table") return of;
    return { ...of, rows: of.rows.map(row) };
  };
  return { ...report, sections: report.sections.map((each) => ({ ...each, blocks: each.blocks.map(block) })) };
}
