import type { Speaker } from "../../detection/index.js";
import { startRtpengine, type RtpengineAnchor } from "../../gateway/adapters/rtpengine/rtpengine-anchor.js";
import {
  DEFAULT_RTPENGINE_OPTIONS,
  type RtpengineInstance,
  type RtpengineOptions,
} from "../../gateway/adapters/rtpengine/rtpengine-options.js";
import { SystemClock } from "../../gateway/adapters/system/system-clock.js";
import { CryptoRandom } from "../../gateway/adapters/system/crypto-random.js";
import { CountingMetrics } from "./counting-metrics.js";
import { LogDouble } from "./call-doubles.js";
import { startRelay, TestEars } from "./relay-scene.js";

export interface RtpengineScene {
  readonly anchor: RtpengineAnchor;
  readonly ears: TestEars;
  readonly metrics: CountingMetrics;
  readonly log: LogDouble;
  heard(callId: string, speaker: Speaker): readonly Uint8Array[];
  close(): Promise<void>;
}

/** Our client of those instances, with the relay's receiver for what they fork. */
export async function startRtpengineScene(
  instances: readonly RtpengineInstance[],
  options: Partial<RtpengineOptions> = {},
): Promise<RtpengineScene> {
  const ears = new TestEars();
  const relay = await startRelay({}, { ears });
  const metrics = new CountingMetrics();
  const log = new LogDouble();
  const anchor = await startRtpengine(
    { ...DEFAULT_RTPENGINE_OPTIONS, instances, idleMs: 0, ...options },
    {
      clock: new SystemClock(),
      random: new CryptoRandom(),
      log,
      metrics,
      listening: { heard: ears, receiver: relay.anchor },
    },
  );
  const close = async (): Promise<void> => {
    await anchor.close();
    await relay.close();
  };
  return { anchor, ears, metrics, log, heard: (callId, speaker) => ears.heard(callId, speaker), close };
}
