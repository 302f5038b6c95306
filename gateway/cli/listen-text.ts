import type { TurnVerdict } from "../../detection/index.js";
import { printable } from "../core/printable.js";
import type { AnalyzedSegment, AudioAnalysis } from "../ports/audio-analysis.js";

const SPEAKER_WIDTH = 6;
const MOST_EVIDENCE = 3;

/** `0:01.20–0:03.40  caller  “text”`; without text: the stretch alone. */
export function segmentLine({ speaker, startMs, endMs, text, confidence }: AnalyzedSegment): string {
  const said = text === undefined ? "" : `  ${printable(text)}`;
  const sure = confidence === undefined ? "" : `  (${Math.round(confidence * 100)} %)`;
  return `${clockText(startMs)}–${clockText(endMs)}  ${speaker.padEnd(SPEAKER_WIDTH)}${said}${sure}`.trimEnd();
}

export function verdictLine({ state, score, kind, stage, evidence }: TurnVerdict): string {
  const what = kind === "none" ? "" : `  ${kind}, ${stage}`;
  const quoted = evidence.slice(0, MOST_EVIDENCE).map(({ text }) => `“${printable(text)}”`);
  return `    → ${state} ${score.toFixed(2)}${what}${quoted.length === 0 ? "" : `  ${quoted.join(" ")}`}`;
}

export function summaryLine({
  durationMs,
  segments,
  turns,
  verdict,
  truncated,
  recogniser,
  voiceActivity,
}: AudioAnalysis): string {
  const spokenMs = segments.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
  const found = `${segments.length} stretches (${(spokenMs / 1_000).toFixed(1)} s of ${(durationMs / 1_000).toFixed(1)} s), ${turns.length} turns`;
  const worst = verdict === undefined ? "no verdict" : `${verdict.state} ${verdict.score.toFixed(2)}`;
  return `${found}: ${worst}  [${recogniser}, ${voiceActivity}]${truncated ? "  the file was cut off" : ""}`;
}

function clockText(ms: number): string {
  const seconds = Math.max(0, ms) / 1_000;
  return `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(2).padStart(5, "0")}`;
}
