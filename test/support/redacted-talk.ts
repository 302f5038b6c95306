import type { Speaker } from "../../detection/index.js";
import { Redactor } from "../../detection/redaction/redactor.js";

export type Line = readonly [speaker: Speaker, text: string];

/** What each line shows once all have been said. */
export function shownAtLast(lines: readonly Line[]): readonly string[] {
  const redactor = new Redactor();
  const shown: string[] = [];
  for (const [speaker, text] of lines) {
    const line = redactor.add({ speaker, text });
    shown.push(line.text);
    for (const { key, text: again } of line.revised) shown[key] = again;
  }
  return shown;
}

/** What the answer to a question shows. */
export const shownAnswer = (question: string, answer: string): string | undefined =>
  shownAtLast([
    ["caller", question],
    ["callee", answer],
  ])[1];
