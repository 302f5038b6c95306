import { SeenCallers, type CallerId, type UnixMs } from "../../detection/index.js";
import type { CallScreen } from "../call/contracts.js";
import { KnownCallers } from "../call/known-callers.js";
import { MeasuredScreen } from "../call/measured-screen.js";
import { NotingScreen } from "../call/noting-screen.js";
import type { Config } from "../config/schema.js";
import type { Clock } from "../core/clock.js";
import type { Metrics } from "../core/metrics.js";

const MAX_CALLS = 50_000;

export interface ScreenDeps {
  readonly detection: CallScreen;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** How bad the caller's earlier calls were, 0–1. */
type PastOf = (caller: CallerId, now: UnixMs) => number;

/** What every call is decided by; and, where dialplans ask about calls, who has called before. */
export function makeScreen({ asterisk }: Config, { detection, clock, metrics }: ScreenDeps, pastOf: PastOf) {
  const { agi, verdict, screening } = asterisk;
  const remembered = new SeenCallers(agi.enabled ? verdict.rememberedCallers : 0);
  const options = { screening: screening.enabled, maxCalls: MAX_CALLS };
  const seen = new KnownCallers(options, { seen: remembered, pastOf });
  const decides = remembered.remembers ? new NotingScreen(detection, seen) : detection;
  return { seen, screen: new MeasuredScreen(decides, clock, metrics) };
}
