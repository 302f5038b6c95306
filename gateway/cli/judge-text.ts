import type { Evidence, ThreatClassifier, ThreatState, Turn, TurnVerdict } from "../../detection/index.js";
import { printable } from "../core/printable.js";

/** What `ringfence judge` prints for one transcript. */
export interface JudgedDialogue {
  readonly turns: readonly Pick<TurnVerdict, "index" | "state" | "score" | "kind" | "stage" | "evidence">[];
  /** Of the turn with the highest score: what a call would have been treated as. */
  readonly state: ThreatState;
  readonly score: number;
  readonly kind: TurnVerdict["kind"];
}

/** Judges a transcript turn by turn, as a live call; no turn is judged by what comes after it. */
export function judgeTranscript(classifier: ThreatClassifier, turns: readonly Turn[]): JudgedDialogue {
  const dialogue = classifier.open();
  const verdicts = turns.map((turn) => dialogue.add(turn));
  const ranked = ["clear", "uncertain", "suspicious", "scam"] satisfies readonly ThreatState[];
  let worst: TurnVerdict | undefined;
  for (const verdict of verdicts) {
    const rises = worst === undefined || ranked.indexOf(verdict.state) > ranked.indexOf(worst.state);
    const higher = worst !== undefined && verdict.state === worst.state && verdict.score >= worst.score;
    if (rises || higher) worst = verdict;
  }
  return {
    turns: verdicts.map(({ index, state, score, kind, stage, evidence }) => ({
      index,
      state,
      score,
      kind,
      stage,
      evidence,
    })),
    state: worst?.state ?? "clear",
    score: worst?.score ?? 0,
    kind: worst?.kind ?? "none",
  };
}

const BOLD = "\u001B[1m";
const RESET = "\u001B[0m";
const SHOWN_CUES = 5;

/** For people: each turn with its verdict; what speaks for a fraud is marked, in bold on a terminal and by »« elsewhere. */
export function judgedText(turns: readonly Turn[], judged: JudgedDialogue, colour: boolean): string {
  const [open, close] = colour ? [BOLD, RESET] : ["»", "«"];
  const lines = turns.map((turn, index) => {
    const verdict = judged.turns[index];
    if (verdict === undefined) return "";
    const own = verdict.evidence.filter((evidence) => evidence.turn === index && evidence.weight > 0);
    const head = `${verdict.state.padEnd(10)} ${verdict.score.toFixed(2)}  ${turn.speaker.padEnd(6)} `;
    const cues = [...new Set(own.map(({ cue }) => cue))].slice(0, SHOWN_CUES).join(", ");
    const tail = cues === "" ? "" : `\n${" ".repeat(24)}↳ ${cues}`;
    return `${head}${marked(turn.text, own, open, close)}${tail}`;
  });
  const kind = judged.kind === "none" ? "" : `, most like ${judged.kind}`;
  return [...lines, `→ ${judged.state}, score ${judged.score.toFixed(2)}${kind}`].join("\n");
}

function marked(text: string, evidence: readonly Evidence[], open: string, close: string): string {
  const spans = [...evidence].sort((a, b) => (a.start === b.start ? b.end - a.end : a.start - b.start));
  const shown = (from: number, to?: number): string => printable(text.slice(from, to).replace(/\s*[\t\n\r]\s*/g, " "));
  let out = "";
  let at = 0;
  for (const { start, end } of spans) {
    if (start < at) continue;
    out += `${shown(at, start)}${open}${shown(start, end)}${close}`;
    at = end;
  }
  return `${out}${shown(at)}`;
}
