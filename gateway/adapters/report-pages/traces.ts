import type { ReportDocument, ReportTrace } from "../../../detection/index.js";

export interface TitledTrace {
  readonly section: string;
  readonly title: string;
  readonly trace: ReportTrace;
}

/** Every trace of a report, each once, in the order of the page. */
export function tracesOf({ sections }: ReportDocument): readonly TitledTrace[] {
  const found = new Map<string, TitledTrace>();
  const add = (section: string, title: string, trace: ReportTrace | undefined): void => {
    if (trace !== undefined && !found.has(trace.id)) found.set(trace.id, { section, title, trace });
  };
  for (const { title: section, blocks } of sections) {
    for (const block of blocks) {
      if (block.kind === "figures") for (const { title, trace } of block.figures) add(section, title, trace);
      if (block.kind !== "table") continue;
      for (const row of block.rows)
        for (const cell of row) add(section, `${block.title}: ${row[0]?.text ?? ""}`, cell.trace);
    }
  }
  return [...found.values()];
}
