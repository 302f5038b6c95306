import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { G711 } from "../../gateway/media/g711/g711.js";
import { startAriAsterisk, serverOf } from "./ari-stage.js";
import { asteriskMissing, type Asterisk } from "./asterisk.js";
import { startGateway, type GatewayProcess } from "./gateway-process.js";
import { encodeText } from "./modem/encode-tones.js";
import { cpuSeconds, descendants, freeUdpPort, temporaryFolder, until } from "./processes.js";
import { sippMissing, startSipp, type SippRun } from "./sipp.js";

type Figures = Readonly<Record<string, unknown>>;

/** CPU seconds a second of one call. */
interface Spent {
  /** Process and children: SIP, relay, listening and back-office threads, detector of speech; a recogniser's work is not in it. */
  readonly gateway: number;
  readonly asterisk: number;
  /** RTP packets that came to be heard, a second of one call: 100 where both sides are. */
  readonly heardPackets: number;
  /** Pieces of speech that the recogniser got, a second of one call. */
  readonly recognised: number;
}

/** A recogniser that answers at once, with nothing: its work is not what is measured. */
const DEAF = `const done = () => Promise.resolve();
const transcriber = { name: "deaf", concurrency: 1000, transcribe: () => Promise.resolve({ text: "", tokens: [] }), close: done };
export const createSpeechEngine = () => ({ transcriber });
`;
const CALLS_PER_SECOND = 20;
/** After the last call came up, until the CPU is counted. */
const SETTLE_MS = 1_500;
/** Until all calls are up, or the machine is too busy for it. */
const SET_UP_MS = 25_000;
/** Longer than what is counted; then all are hung up. */
const HOLD_MS = 60_000;

/**
 * The same calls through Asterisk between two SIPp, heard by snoop and external media, and not heard. Options: `calls` (default 100),
 * `window` (seconds that are counted, default 12). What is measured by whom stands in test/bench/asterisk.ts.
 */
export async function benchForks(options: Readonly<Record<string, string>>): Promise<Figures> {
  const missing = asteriskMissing() ?? sippMissing();
  if (missing !== undefined) return { cpuSkipped: missing };
  const calls = Number(options["calls"] ?? 100);
  const windowMs = 1_000 * Number(options["window"] ?? 12);
  const echoPort = await freeUdpPort();
  const mediaPort = (await freeUdpPort()) & ~1;
  const echo = startSipp({
    scenario: "uas.xml",
    localPort: echoPort,
    extra: ["-rtp_echo", "-mi", "127.0.0.1", "-mp", String(mediaPort)],
  });
  const folder = temporaryFolder("fork-bench");
  let asterisk: Asterisk | undefined;
  try {
    asterisk = await startAriAsterisk({ peerPort: echoPort });
    const module = { path: join(folder.path, "deaf.mjs") };
    writeFileSync(module.path, DEAF);
    const numbers = join(folder.path, "numbers.csv");
    writeFileSync(numbers, ["SEQUENTIAL", ...Array.from({ length: calls }, (_, i) => numbersOf(i)), ""].join("\n"));
    const bench = { asterisk, calls, windowMs, module, numbers };
    const unforked = await measure(bench, false);
    const forked = await measure(bench, true);
    return { cpuForked: forked, cpuUnforked: unforked, cpuCalls: calls, cpuWindowSeconds: windowMs / 1_000 };
  } finally {
    await echo.stop();
    await asterisk?.stop();
    folder.remove();
  }
}

const numbersOf = (i: number): string => `+1303555${String(i).padStart(4, "0")};+1202556${String(i).padStart(4, "0")}`;

interface ForkBench {
  readonly asterisk: Asterisk;
  readonly calls: number;
  readonly windowMs: number;
  readonly module: { readonly path: string };
  readonly numbers: string;
}

async function measure(bench: ForkBench, forked: boolean): Promise<Spent> {
  const { asterisk, calls, windowMs, module, numbers } = bench;
  const gateway = await startGateway({
    speech: { engine: "module", module, voiceActivity: { engine: "energy" } },
    asterisk: { servers: [serverOf(asterisk, "pbx1", { listen: forked ? "all" : "none" })] },
  });
  let talking: SippRun | undefined;
  try {
    await until("ARI to be up", async () => (await gateway.metric("ringfence_ari_up")) === 1);
    talking = startSipp({
      scenario: "talking-uac.xml",
      remote: `127.0.0.1:${asterisk.sipPort}`,
      localPort: await freeUdpPort(),
      rate: CALLS_PER_SECOND,
      calls,
      holdMs: HOLD_MS,
      csv: numbers,
      files: { "speech.ulaw": talk() },
      extra: [
        "-mi",
        "127.0.0.1",
        "-mp",
        String((await freeUdpPort()) & ~1),
        "-timeout",
        `${Math.ceil(HOLD_MS / 1_000) + 30}s`,
      ],
    });
    await until(`${calls} calls to be up`, () => isAllUp(gateway, calls, forked), SET_UP_MS).catch(
      async (error: unknown) => Promise.reject(new Error(`${String(error)}: ${await standing(gateway)}`)),
    );
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const heard = await heardSoFar(gateway);
    const spent = await spentIn(gateway, asterisk, windowMs);
    const after = await heardSoFar(gateway);
    if (!(await isAllUp(gateway, calls, forked)))
      throw new Error(`calls were lost while the CPU was counted: ${await standing(gateway)}`);
    const perCallSecond = (seconds: number): number => Math.round((1e6 * seconds) / (calls * spent.seconds)) / 1e6;
    await asterisk.cli("channel request hangup all");
    return {
      gateway: perCallSecond(spent.gateway),
      asterisk: perCallSecond(spent.asterisk),
      heardPackets: perCallSecond(after.packets - heard.packets),
      recognised: perCallSecond(after.jobs - heard.jobs),
    };
  } finally {
    await talking?.stop();
    await gateway.stop();
  }
}

/** Heard on both sides, or just up. */
async function isAllUp(gateway: GatewayProcess, calls: number, forked: boolean): Promise<boolean> {
  if ((await gateway.metric("ringfence_ari_calls_live")) !== calls) return false;
  if (!forked) return true;
  const heard = await gateway.metric("ringfence_ari_heard_calls_total", '{server="pbx1",outcome="heard"}');
  return heard === calls && (await gateway.metric("ringfence_ari_heard_live")) === calls;
}

async function heardSoFar(gateway: GatewayProcess): Promise<{ packets: number; jobs: number }> {
  const [packets, jobs] = await Promise.all([
    gateway.metric("ringfence_media_forked_packets_total"),
    gateway.metric("ringfence_speech_jobs_total"),
  ]);
  return { packets, jobs };
}

async function standing(gateway: GatewayProcess): Promise<string> {
  const names = ["ringfence_ari_calls_live", "ringfence_ari_heard_live", "ringfence_ari_heard_calls_total"];
  const values = await Promise.all(names.map((name) => gateway.metric(name)));
  return names.map((name, i) => `${name} ${values[i] ?? 0}`).join(", ");
}

async function spentIn(gateway: GatewayProcess, asterisk: Asterisk, windowMs: number) {
  const now = () => {
    const { pid } = gateway.running;
    const children = descendants(pid).reduce((sum, child) => sum + cpuSeconds(child), 0);
    return { at: performance.now(), gateway: cpuSeconds(pid) + children, asterisk: cpuSeconds(asterisk.pid()) };
  };
  const before = now();
  await new Promise((resolve) => setTimeout(resolve, windowMs));
  const after = now();
  return {
    seconds: (after.at - before.at) / 1_000,
    gateway: after.gateway - before.gateway,
    asterisk: after.asterisk - before.asterisk,
  };
}

const SENTENCE = "Good morning, this is the garage. Your car is ready, and you can collect it from four o'clock on.";
const TALK_SECONDS = 10;
const PACKET_BYTES = 160;

/** Ten seconds of somebody who says two sentences: G.711 µ-law, whole packets, silence for the rest. */
function talk(): Uint8Array {
  const samples = encodeText(`${SENTENCE} ${SENTENCE}`).subarray(0, 8_000 * TALK_SECONDS);
  const bytes = new Uint8Array(50 * TALK_SECONDS * PACKET_BYTES).fill(0xff);
  new G711("PCMU").encode(samples, bytes.subarray(50 * PACKET_BYTES, 50 * PACKET_BYTES + samples.length));
  return bytes;
}
