import type { Clock } from "../core/clock.js";
import type { Counter, Metrics } from "../core/metrics.js";
import type { HeardView } from "../ports/gateway-control.js";
import type { HeardCall } from "../ports/listening.js";
import type { RecordSink, TranscriptRecord } from "../ports/records.js";
import type { Vault } from "../ports/vault.js";

export interface TranscriptKeeperDeps {
  readonly vault: Pick<Vault, "seal">;
  readonly sink: RecordSink;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** What a transcript's sealed part is bound to. */
export const transcriptContext = (callId: string): string => `transcript:${callId}`;

/** The same of one that is kept. */
export const keptContext = ({ callId, sealedAs }: Pick<TranscriptRecord, "callId" | "sealedAs">): string =>
  transcriptContext(sealedAs ?? callId);

/**
 * Keeps the text of calls that were listened to, where the operator says so. It is sealed before it leaves memory, so that neither
 * the spool on disk nor the database ever has it in the clear. Only final lines; calls in which nothing was understood leave nothing.
 */
export class TranscriptKeeper {
  readonly #deps: TranscriptKeeperDeps;
  readonly #kept: Counter;

  constructor(deps: TranscriptKeeperDeps) {
    this.#deps = deps;
    this.#kept = deps.metrics.counter("ringfence_transcripts_kept_total", "Transcripts that were sealed and stored");
  }

  keep(view: HeardView, { callId, parties }: HeardCall): void {
    const lines = view.lines.filter(({ final }) => final);
    if (lines.length === 0) return;
    const { vault, sink, clock } = this.#deps;
    const shown = lines.map(({ speaker, text, startMs, endMs, confidence, language }) => ({
      speaker,
      text,
      startMs,
      endMs,
      ...(confidence === undefined ? {} : { confidence }),
      ...(language === undefined ? {} : { language }),
    }));
    const plain = new TextEncoder().encode(JSON.stringify({ lines: shown, verdict: view.verdict ?? null }));
    const sealed = vault.seal(plain, transcriptContext(callId));
    this.#kept.inc();
    sink.write({
      kind: "transcript",
      transcript: {
        callId,
        ...parties,
        endedAt: clock.unix(),
        state: view.threat?.state ?? "clear",
        score: view.threat?.score ?? 0,
        kind: view.verdict?.kind ?? "none",
        stage: view.verdict?.stage ?? "none",
        sealed: base64(sealed),
      },
    });
  }
}

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.byteLength; i += 32_768) binary += String.fromCharCode(...bytes.subarray(i, i + 32_768));
  return btoa(binary);
}
