import { GatewayError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import { sensitiveUri } from "../core/log.js";
import type { Counter, Metrics } from "../core/metrics.js";
import type { PcmAudio } from "../media/audio.js";
import type { CallHands } from "./carry-out.js";
import type { CallRegistry } from "./call-registry.js";
import type { LiveCall } from "./contracts.js";

export interface CallHandsDeps {
  readonly registry: Pick<CallRegistry, "get">;
  /** What the called side hears as a warning. */
  readonly warning: PcmAudio;
  readonly metrics: Metrics;
  readonly log: Log;
}

type Step = "tag" | "warn" | "hold";

/**
 * What is done about a running call of the hop short of ending it.
 *
 * - tag: INFO to the called side (Info-Package `ringfence`, RFC 6086) with the verdict in a header and as JSON; equipment that
 *   does not know it answers 469 or 501 and nothing is lost.
 * - warn: the warning is played to the called side alone; the caller does not hear it.
 * - hold: the relay lets neither side hear the other.
 *
 * warn and hold need the call's media; where it passes us by, or another system carries the call, the alert is all there is, and
 * the counter says so.
 */
export class HopHands implements CallHands {
  readonly #deps: CallHandsDeps;
  readonly #steps: Counter;

  constructor(deps: CallHandsDeps) {
    this.#deps = deps;
    this.#steps = deps.metrics.counter(
      "ringfence_threat_steps_total",
      "Steps short of ending a call, and what came of them",
      ["step", "outcome"],
    );
  }

  tag({ callId, state, score, threat }: Parameters<CallHands["tag"]>[0]): void {
    const shown = score.toFixed(2);
    const headers = [
      ["Info-Package", "ringfence"],
      ["Content-Disposition", "Info-Package"],
      ["Content-Type", "application/json"],
      ["X-Ringfence-Threat", `${state};score=${shown};kind=${threat}`],
    ] as const;
    const body = new TextEncoder().encode(JSON.stringify({ state, score: Number(shown), kind: threat }));
    this.#take(callId, "tag", async (call) => {
      const status = await call.sendInfo("b", headers, body);
      return status >= 200 && status < 300 ? "done" : status === 0 ? "not-possible" : "refused";
    });
  }

  warn({ callId }: Parameters<CallHands["warn"]>[0]): void {
    this.#take(callId, "warn", async ({ media }) => {
      if (media === undefined) return "not-possible";
      await media.play("b", this.#deps.warning);
      return "done";
    });
  }

  hold({ callId, held }: Parameters<CallHands["hold"]>[0]): void {
    this.#take(callId, "hold", ({ media }) => {
      if (media === undefined) return Promise.resolve("not-possible");
      media.hold(held);
      return Promise.resolve("done");
    });
  }

  #take(callId: string, step: Step, act: (call: LiveCall) => Promise<"done" | "refused" | "not-possible">): void {
    const call = this.#deps.registry.get(callId);
    if (call === undefined) {
      this.#steps.labels(step, "not-possible").inc();
      return;
    }
    act(call).then(
      (outcome) => this.#steps.labels(step, outcome).inc(),
      (error: unknown) => {
        this.#steps.labels(step, "failed").inc();
        const why = error instanceof GatewayError ? error.message : "failed";
        this.#deps.log.warn("threat.step-failed", { step, call: sensitiveUri(callId), why });
      },
    );
  }
}

const BEEP_HZ = 1_400;
const BEEP_MS = 160;
const BEEPS = 3;
const RATE_HZ = 8_000;
/** −14 dB below full scale: heard over speech, not painful. */
const LEVEL = 0.2;

/** Three short beeps: what is played where no recorded warning is configured. */
export function warningBeeps(): PcmAudio {
  const beep = (RATE_HZ * BEEP_MS) / 1_000;
  const samples = new Float32Array(beep * (2 * BEEPS - 1));
  for (let i = 0; i < samples.length; i++) {
    if (Math.floor(i / beep) % 2 === 1) continue;
    const within = i % beep;
    const edge = Math.min(1, within / 40, (beep - within) / 40);
    samples[i] = LEVEL * edge * Math.sin((2 * Math.PI * BEEP_HZ * i) / RATE_HZ);
  }
  return { sampleRateHz: RATE_HZ, samples };
}
