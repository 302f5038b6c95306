import { performance } from "node:perf_hooks";
import { Redactor } from "../../detection/index.js";
import { EnergyVoiceActivity } from "../../gateway/adapters/voice-activity-energy/energy-voice-activity.js";
import { SystemClock } from "../../gateway/adapters/system/system-clock.js";
import { silentLog } from "../../gateway/core/log.js";
import { noMetrics } from "../../gateway/core/metrics.js";
import { pureDecoders } from "../../gateway/media/decode/create-pure-decoder.js";
import { SpeechDecoders } from "../../gateway/media/decode/speech-decoder.js";
import { ListeningCore } from "../../gateway/pipeline/listening-core.js";
import { DEFAULT_LISTENING_OPTIONS } from "../../gateway/pipeline/listening-options.js";
import type { Transcriber } from "../../gateway/ports/transcriber.js";
import { WordJudge } from "./fake-speech.js";
import { PCMU } from "./rtp-stream.js";
import { SeededRandom } from "./seeded-random.js";
import { babble, joined, silence } from "./sounds.js";
import { coded, RtpVoice } from "./talking.js";

const PACKET_MS = 20;
/** What is said at a time, and the pause after it. */
const TALK_MS = 4_000;
const PAUSE_MS = 1_500;
const CYCLE_PACKETS = (TALK_MS + PAUSE_MS) / PACKET_MS;
/** Packets of one cycle that have voice in them. */
const VOICED_PACKETS = TALK_MS / PACKET_MS;
/** A text belongs to the end of talk that it ends near. */
const NEAR_MS = 700;
/** Texts have so long to come after the last word. */
const LAST_WORDS_MS = 3_000;

export interface TalkerResult {
  readonly talkers: number;
  /** Ends of talk. */
  readonly ends: number;
  /** Ends that have no text after three seconds. */
  readonly missing: number;
  /** From the last voiced packet to its final text, ms; a missing one counts as endless. */
  readonly textP95Ms: number;
  readonly textP50Ms: number;
}

/**
 * So many people talk on the telephone at the same time, in real time: G.711 packets every 20 ms, through the listening pipeline as
 * the gateway runs it (gate, decoder, resampler, detector, end-pointing with a decode begun ahead), to the transcriber.
 */
export async function liveTalkers(talkers: number, cycles: number, transcriber: Transcriber): Promise<TalkerResult> {
  const clock = new SystemClock();
  const decoders = new SpeechDecoders(pureDecoders());
  const detector = new EnergyVoiceActivity();
  const waits: number[] = [];
  const begun = new Map<string, number>();
  /** By call: when the last voiced packet of each cycle went in, and where that is on the call's clock. */
  const ends = new Map<string, { at: number; callMs: number; heard: boolean }[]>();
  const core = new ListeningCore(
    {
      ...{ clock, metrics: noMetrics, log: silentLog, transcriber, voiceActivity: detector, ownDetector: detector },
      ...{ judges: new WordJudge(), makeRedactor: () => new Redactor(), makeDecoder: () => decoders.open() },
      events: {
        onLine: ({ callId, final, endMs }) => {
          const end = ends.get(callId)?.find(({ callMs, heard }) => !heard && Math.abs(callMs - endMs) < NEAR_MS);
          if (!final || end === undefined) return;
          end.heard = true;
          waits.push(performance.now() - end.at);
        },
        onVerdict: () => undefined,
        onShed: () => undefined,
        onEnded: () => undefined,
        onBegan: () => undefined,
      },
    },
    DEFAULT_LISTENING_OPTIONS,
  );
  const people = Array.from({ length: talkers }, (_, i) => {
    const callId = `call-${i}`;
    core.openCall({ callId, risk: 0, calledSide: "callee" });
    core.openStream(i + 1, { callId, speaker: "caller", formats: [PCMU] });
    ends.set(callId, []);
    const sound = joined(babble(TALK_MS, new SeededRandom(100 + i)), silence(PAUSE_MS));
    // Spread over the cycle, as people do not all stop at once.
    const offset = Math.floor((i * CYCLE_PACKETS) / talkers);
    return { callId, streamId: i + 1, voice: new RtpVoice(), payloads: coded(sound, PCMU), offset };
  });

  const quiet = coded(silence(PACKET_MS), PCMU)[0] as Uint8Array;
  const packets = cycles * CYCLE_PACKETS + CYCLE_PACKETS;
  const startedAt = performance.now();
  for (let n = 0; n < packets; n++) {
    for (const { callId, streamId, voice, payloads, offset } of people) {
      const at = n - offset;
      const isOver = at < 0 || at >= cycles * CYCLE_PACKETS;
      const payload = isOver ? quiet : (payloads[at % CYCLE_PACKETS] ?? quiet);
      const now = performance.now();
      if (n === 0) begun.set(callId, now);
      core.packet(streamId, now, voice.packet(payload));
      if (isOver || at % CYCLE_PACKETS !== VOICED_PACKETS - 1) continue;
      ends.get(callId)?.push({ at: now, callMs: (n + 1) * PACKET_MS, heard: false });
    }
    core.tick();
    const waitMs = startedAt + (n + 1) * PACKET_MS - performance.now();
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, waitMs)));
  }
  for (const deadline = performance.now() + LAST_WORDS_MS; performance.now() < deadline;) {
    core.tick();
    await new Promise((resolve) => setTimeout(resolve, PACKET_MS));
  }
  core.close();
  const all = [...ends.values()].flat();
  const missing = all.filter(({ heard }) => !heard).length;
  const sorted = [...waits, ...new Array<number>(missing).fill(Number.POSITIVE_INFINITY)].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Infinity;
  return { talkers, ends: all.length, missing, textP95Ms: at(0.95), textP50Ms: at(0.5) };
}
