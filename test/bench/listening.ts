// npm run -s bench -- listening [--json] [--calls 300] [--seconds 10]: CPU of the listening thread a packet, without the recogniser.
import { cpus } from "node:os";
import { EnergyVoiceActivity } from "../../gateway/adapters/voice-activity-energy/energy-voice-activity.js";
import { PacketRing } from "../../gateway/media/fork/packet-ring.js";
import type { Transcriber } from "../../gateway/ports/transcriber.js";
import type { VoiceActivity } from "../../gateway/ports/voice-activity.js";
import { PCMU } from "../support/rtp-stream.js";
import { SeededRandom } from "../support/seeded-random.js";
import { babble, joined, noise, silence } from "../support/sounds.js";
import { coded, RtpVoice, TalkingScene } from "../support/talking.js";

/** Answers at once, with nothing: decoding is another process's work. */
const deaf: Transcriber = {
  name: "none",
  concurrency: 1_000,
  tellsTimes: false,
  transcribe: () => Promise.resolve({ text: "", tokens: [] }),
  close: () => Promise.resolve(),
};
/** As Silero is seen from here: the scores come from elsewhere. */
const elsewhere = (): VoiceActivity => {
  const zeros = new Float32Array(64).fill(0.9);
  return {
    name: "elsewhere",
    score: (_stream, samples) => zeros.slice(0, samples.length / 512),
    forget: () => undefined,
    close: () => Promise.resolve(),
  };
};

interface Load {
  /** Share of the calls in which one side talks all the time. */
  readonly talking: number;
  readonly detector: "energy" | "elsewhere";
}

/** @returns µs of CPU a packet, and the share of one core at real time. */
async function measure(calls: number, seconds: number, { talking, detector }: Load) {
  const random = new SeededRandom(1);
  const voiceActivity = detector === "energy" ? new EnergyVoiceActivity() : elsewhere();
  const scene = new TalkingScene({ transcriber: deaf, voiceActivity });
  const talk = coded(joined(babble(9_000, random), silence(1_000)), PCMU);
  const line = coded(noise(10_000, 0.0006, random), PCMU);
  const voices = Array.from({ length: 2 * calls }, () => new RtpVoice());
  for (let call = 0; call < calls; call++) scene.call(`call-${call}`, 2 * call + 1);
  const ring = PacketRing.allocate(8 << 20);
  const take = scene.core.packet.bind(scene.core);
  let spentMs = 0;
  let packets = 0;
  for (let n = 0; n < seconds * 50; n++) {
    const now = 20 * (n + 1);
    scene.clock.advance(20);
    for (const [index, voice] of voices.entries()) {
      const isTalking = index % 2 === 0 && index / 2 < talking * calls;
      const payloads = isTalking ? talk : line;
      // Everybody at another place of the same talk.
      const payload = payloads[(n + 37 * index) % payloads.length] ?? new Uint8Array(160);
      ring.write(index + 1, now, voice.packet(payload));
    }
    const from = process.cpuUsage();
    while (ring.read(1_500, take) > 0);
    scene.core.tick();
    const { user, system } = process.cpuUsage(from);
    spentMs += (user + system) / 1_000;
    packets += voices.length;
    if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  scene.core.close();
  const usPerPacket = (1_000 * spentMs) / packets;
  return { usPerPacket: Number(usPerPacket.toFixed(2)), coreShare: Number((spentMs / (seconds * 1_000)).toFixed(3)) };
}

export async function run(options: Readonly<Record<string, string>>): Promise<Readonly<Record<string, unknown>>> {
  const calls = Number(options["calls"] ?? 300);
  const seconds = Number(options["seconds"] ?? 10);
  await measure(20, 2, { talking: 0.5, detector: "energy" });
  return {
    calls,
    packetsPerSecond: calls * 100,
    silent: await measure(calls, seconds, { talking: 0, detector: "energy" }),
    tenth: await measure(calls, seconds, { talking: 0.1, detector: "energy" }),
    half: await measure(calls, seconds, { talking: 0.5, detector: "energy" }),
    all: await measure(calls, seconds, { talking: 1, detector: "energy" }),
    allDetectorElsewhere: await measure(calls, seconds, { talking: 1, detector: "elsewhere" }),
    cpu: cpus()[0]?.model ?? "unknown",
  };
}
