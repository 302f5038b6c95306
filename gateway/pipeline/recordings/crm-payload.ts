import type { RecordingLine, RecordingResult } from "../../ports/recordings.js";
import { spokenDuration } from "./retry.js";

/** Most characters of `transcript`; a longer one ends with a mark. 10 h of talk are about 600,000. */
const MAX_TRANSCRIPT_CHARS = 2_000_000;

/** What the CRM is sent: the five fields that every CRM takes, then ours. */
export interface CrmPayload {
  readonly call_id: string;
  /** `speaker: text`, a line each. */
  readonly transcript: string;
  readonly summary: string;
  readonly topic: string;
  /** As 8m12s. */
  readonly duration: string;
  readonly [ours: string]: unknown;
}

export function crmPayload(callId: string, jobId: string, result: RecordingResult): CrmPayload {
  const { lines, durationMs, speakersBy, language, confidence, threat, recogniser, withoutText, summary } = result;
  return {
    call_id: callId,
    transcript: transcriptText(lines),
    summary: summary.summary,
    topic: summary.topic,
    duration: spokenDuration(durationMs),
    job_id: jobId,
    duration_ms: durationMs,
    language: language ?? null,
    confidence: confidence === undefined ? null : Math.round(confidence * 1_000) / 1_000,
    speakers_by: speakersBy,
    sentiment: summary.sentiment.map(({ speaker, score, label, overTime }) => ({
      speaker,
      score,
      label,
      over_time: overTime.map(({ startMs, endMs, score: at }) => ({ start_ms: startMs, end_ms: endMs, score: at })),
    })),
    action_items: summary.actionItems.map(({ speaker, text, atMs }) => ({ speaker, text, at_ms: atMs })),
    threat: { ...threat },
    summary_by: summary.by,
    engine: recogniser,
    stretches_without_text: withoutText,
  };
}

export function transcriptText(lines: readonly RecordingLine[]): string {
  const text = lines.map(({ speaker, text: said }) => `${speaker}: ${said}`).join("\n");
  return text.length <= MAX_TRANSCRIPT_CHARS ? text : `${text.slice(0, MAX_TRANSCRIPT_CHARS)}\n[…]`;
}
