import { explainThreat, type Turn, type TurnVerdict } from "../../../detection/index.js";
import type { AudioAnalysis } from "../../ports/audio-analysis.js";
import type { RecordingLine, RecordingResult } from "../../ports/recordings.js";
import type { LineRedactor } from "../heard-talk.js";
import type { Breath } from "./breath.js";

/** What became of one piece of a recording: sealed on disk until all are there. */
export interface PieceText {
  /** Since the start of the recording, ms. */
  readonly startMs: number;
  readonly lines: readonly RecordingLine[];
  readonly verdict:
    | {
        readonly state: TurnVerdict["state"];
        readonly score: number;
        readonly kind: TurnVerdict["kind"];
        readonly stage: TurnVerdict["stage"];
      }
    | undefined;
  readonly recogniser: string;
  /** Stretches that the recogniser made nothing of. */
  readonly withoutText: number;
}

/** Judges a dialogue turn by turn. `ThreatClassifier` of detection/ is one. */
export interface WholeJudge {
  judge(turns: readonly Turn[]): Promise<TurnVerdict | undefined>;
}

/** @param startMs Of the piece in the recording. */
export function pieceText(analysis: AudioAnalysis, startMs: number): PieceText {
  const lines = analysis.segments.flatMap(({ text, speaker, startMs: from, endMs: to, confidence, language }) =>
    text === undefined
      ? []
      : [
          {
            speaker,
            text,
            startMs: startMs + from,
            endMs: startMs + to,
            ...(confidence === undefined ? {} : { confidence }),
            ...(language === undefined ? {} : { language }),
          },
        ],
  );
  const { verdict, recogniser } = analysis;
  const kept = verdict && { state: verdict.state, score: verdict.score, kind: verdict.kind, stage: verdict.stage };
  const withoutText = analysis.segments.filter(({ text }) => text === undefined).length;
  return { startMs, lines, verdict: kept, recogniser, withoutText };
}

/**
 * Pieces → one result without its summary. Lines are redacted once more, over all pieces: a code may be asked for at the end of one and
 * told at the start of the next. The verdict is the worst of what was thought of a piece and of the whole.
 * @param breathe Hours of talk are seconds of work.
 */
export async function assemble(
  pieces: readonly PieceText[],
  durationMs: number,
  speakersBy: RecordingResult["speakersBy"],
  redactor: LineRedactor,
  judge: WholeJudge,
  breathe: Breath,
): Promise<Omit<RecordingResult, "summary">> {
  const spoken = pieces.flatMap((piece) => piece.lines).sort((a, b) => a.startMs - b.startMs);
  const lines = await redact(spoken, redactor, breathe);
  const confidences = lines.flatMap(({ confidence }) => (confidence === undefined ? [] : [confidence]));
  return {
    lines,
    durationMs,
    speakersBy,
    language: mostFrequent(lines.flatMap(({ language }) => (language === undefined ? [] : [language]))),
    confidence:
      confidences.length === 0 ? undefined : confidences.reduce((sum, each) => sum + each, 0) / confidences.length,
    threat: await threatOf(pieces, lines, judge),
    recogniser: pieces[0]?.recogniser ?? "none",
    withoutText: pieces.reduce((sum, each) => sum + each.withoutText, 0),
  };
}

async function redact(
  lines: readonly RecordingLine[],
  redactor: LineRedactor,
  breathe: Breath,
): Promise<readonly RecordingLine[]> {
  const texts = lines.map(({ text }) => text);
  for (const [index, { speaker, text, startMs }] of lines.entries()) {
    await breathe();
    const redacted = redactor.add({ speaker, text, key: index, atMs: startMs });
    texts[index] = redacted.text;
    for (const { key, text: revised } of redacted.revised) texts[key] = revised;
  }
  return lines.map((line, index) => ({ ...line, text: texts[index] ?? "" })).filter(({ text }) => text !== "");
}

async function threatOf(
  pieces: readonly PieceText[],
  lines: readonly RecordingLine[],
  judge: WholeJudge,
): Promise<RecordingResult["threat"]> {
  const whole = await judge.judge(lines.map(({ speaker, text, startMs }) => ({ speaker, text, atMs: startMs })));
  const verdicts = [...pieces.map(({ verdict }) => verdict), whole].filter((verdict) => verdict !== undefined);
  const worst = verdicts.reduce<(typeof verdicts)[number] | undefined>(
    (most, each) => (most === undefined || each.score > most.score ? each : most),
    undefined,
  );
  if (worst === undefined) return { state: "clear", score: 0, kind: "none", explanation: "" } as const;
  const { state, score, kind, stage } = worst;
  const isThreat = state === "suspicious" || state === "scam";
  return { state, score, kind, explanation: isThreat ? explainThreat(kind, stage, state === "scam").explanation : "" };
}

function mostFrequent(values: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}
