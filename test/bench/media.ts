import { fork, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { DEFAULT_RTPENGINE_OPTIONS } from "../../gateway/adapters/rtpengine/rtpengine-options.js";
import { startRtpengine } from "../../gateway/adapters/rtpengine/rtpengine-anchor.js";
import { CryptoRandom } from "../../gateway/adapters/system/crypto-random.js";
import { SystemClock } from "../../gateway/adapters/system/system-clock.js";
import { silentLog } from "../../gateway/core/log.js";
import { noMetrics } from "../../gateway/core/metrics.js";
import type { MediaSession } from "../../gateway/ports/media-anchor.js";
import { carryCalls } from "../support/media-bench/carry-calls.js";
import type {
  FromGenerator,
  FromHost,
  HostFigures,
  LoadFigures,
  ToGenerator,
  ToHost,
} from "../support/media-bench/messages.js";
import { cpuSeconds, freeUdpPort, startProcess, temporaryFolder, until } from "../support/processes.js";
import { rtpengineMissing } from "../support/rtpengine.js";

/** What stands between the two ends. */
interface Relay {
  readonly engine: string;
  /** @returns Where each port is to send to. */
  carry(ports: readonly number[]): Promise<readonly number[]>;
  release(): Promise<void>;
  /** CPU seconds of its process so far. */
  cpu(): number;
  figures(): Promise<HostFigures | undefined>;
  stop(): Promise<void>;
}

interface Run {
  readonly calls: number;
  readonly sent: number;
  readonly lostByUs: number;
  /** Dropped at the generator's own ports. */
  readonly lostByGenerator: number;
  /** Of the packets that were relayed, those that the listening thread's jitter buffers did not get. */
  readonly forkLost?: number;
  readonly p99Ms: number;
  readonly directP99Ms: number;
  readonly addedP99Ms: number;
  readonly cpuUsPerPacket: number;
  readonly relayThreadUsPerPacket?: number;
}

interface Figures {
  readonly calls: number;
  readonly lostByUs: number;
  readonly addedP99Ms: number;
  readonly cpuUsPerPacket: number;
  readonly engine: string;
  readonly runs: readonly Run[];
}

const MOST_ADDED_MS = 2;
const WARM_SECONDS = 2;
/** A rung is given up when so many runs in a row are not clean: on two cores one process of somebody else's is enough for that. */
const TRIES = 3;

const isClean = (run: Run): boolean =>
  run.lostByUs === 0 && (run.forkLost ?? 0) === 0 && run.addedP99Ms <= MOST_ADDED_MS;

/** A child of ours that speaks by messages. */
class Partner<To extends object, From extends { readonly kind: string }> {
  readonly #child: ChildProcess;
  readonly #inbox: From[] = [];

  constructor(file: string, args: readonly string[] = []) {
    const path = fileURLToPath(new URL(`../support/media-bench/${file}`, import.meta.url));
    this.#child = fork(path, args, { execArgv: ["--import", "tsx"], stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#child.on("message", (message) => this.#inbox.push(message as From));
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  say(message: To): void {
    this.#child.send(message);
  }

  async hear<Kind extends From["kind"]>(kind: Kind, timeoutMs = 60_000): Promise<Extract<From, { kind: Kind }>> {
    const isIt = (message: From): message is Extract<From, { kind: Kind }> => message.kind === kind;
    await until(kind, () => this.#inbox.some(isIt) || this.#child.exitCode !== null, timeoutMs);
    const at = this.#inbox.findIndex(isIt);
    const message = this.#inbox[at];
    if (message === undefined || !isIt(message)) throw new Error(`the process ended before it said ${kind}`);
    this.#inbox.splice(at, 1);
    return message;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.disconnect();
    await ended;
  }
}

type Generator = Partner<ToGenerator, FromGenerator>;

async function ourRelay(sockets: string): Promise<Relay> {
  const host = new Partner<ToHost, FromHost>("relay-host.ts", [sockets]);
  const { engine } = await host.hear("ready");
  return {
    engine,
    carry: async (ports) => {
      host.say({ kind: "carry", ports, listen: true });
      return (await host.hear("carried")).places;
    },
    release: async () => {
      host.say({ kind: "release" });
      await host.hear("released");
    },
    cpu: () => cpuSeconds(host.pid),
    figures: async () => {
      host.say({ kind: "figures" });
      return (await host.hear("figures")).figures;
    },
    stop: () => host.stop(),
  };
}

/** rtpengine in user space: no kernel module here; its other settings are as it comes, with as many threads as there are cores. */
async function rtpengineRelay(): Promise<Relay> {
  const folder = temporaryFolder("bench-rtpengine");
  const port = await freeUdpPort();
  const running = startProcess("rtpengine", [
    "--config-file=none",
    "--foreground",
    "--log-stderr",
    "--log-level=4",
    "--table=-1",
    "--interface=127.0.0.1",
    `--listen-ng=127.0.0.1:${port}`,
    "--port-min=20000",
    "--port-max=29999",
    `--num-threads=${cpus().length}`,
    `--pidfile=${folder.path}/pid`,
  ]);
  const end = async (): Promise<void> => {
    await running.stop();
    folder.remove();
  };
  const anchor = await startRtpengine(
    { ...DEFAULT_RTPENGINE_OPTIONS, instances: [{ host: "127.0.0.1", port, weight: 1 }], idleMs: 0 },
    { clock: new SystemClock(), random: new CryptoRandom(), log: silentLog, metrics: noMetrics },
  );
  await until("rtpengine", () => anchor.health().ok, 20_000).catch(async (cause: unknown) => {
    await end();
    throw new Error(`rtpengine does not answer: ${running.output()}`, { cause });
  });
  let sessions: MediaSession[] = [];
  return {
    engine: "user space, nothing forked",
    carry: async (ports) => {
      const carried = await carryCalls(anchor, ports, false);
      sessions = carried.sessions;
      return carried.places;
    },
    release: async () => {
      await Promise.all(sessions.map((session) => session.close()));
    },
    cpu: () => cpuSeconds(running.pid),
    figures: () => Promise.resolve(undefined),
    stop: async () => {
      await anchor.close();
      await end();
    },
  };
}

/** Datagrams that the system threw away at those ports, as they were not read in time. proc(5): /proc/net/udp */
function droppedAt(ports: ReadonlySet<number>): number {
  let dropped = 0;
  for (const line of readFileSync("/proc/net/udp", "latin1").split("\n").slice(1)) {
    const fields = line.trim().split(/\s+/);
    const port = parseInt(fields[1]?.split(":")[1] ?? "", 16);
    if (ports.has(port)) dropped += Number(fields.at(-1));
  }
  return dropped;
}

async function load(generator: Generator, places: readonly number[], seconds: number): Promise<LoadFigures> {
  generator.say({ kind: "run", places, seconds });
  return (await generator.hear("ran", (seconds + 30) * 1000)).figures;
}

/** The generator's ports send to each other: what it costs without anything between. */
async function direct(generator: Generator, ports: readonly number[], seconds: number): Promise<number> {
  const crossed = ports.map((_, i) => ports[i ^ 1] ?? 9);
  await load(generator, crossed, 1);
  return (await load(generator, crossed, seconds)).p99Ms;
}

async function rung(relay: Relay, generator: Generator, calls: number, seconds: number): Promise<Run> {
  generator.say({ kind: "open", calls });
  const { ports } = await generator.hear("opened");
  try {
    const directP99Ms = await direct(generator, ports, seconds / 2);
    const places = await relay.carry(ports);
    await load(generator, places, WARM_SECONDS);
    const own = new Set(ports);
    const dropsBefore = droppedAt(own);
    const before = await relay.figures();
    const cpuBefore = relay.cpu();
    const figures = await load(generator, places, seconds);
    const spent = relay.cpu() - cpuBefore;
    const after = await relay.figures();
    const lostByGenerator = droppedAt(own) - dropsBefore;
    const lostByUs = Math.max(0, figures.sent - figures.received - lostByGenerator);
    await relay.release();
    const forked =
      before === undefined || after === undefined
        ? {}
        : {
            forkLost: Math.max(0, figures.sent - (after.heard - before.heard)),
            relayThreadUsPerPacket: round(
              ((after.relayThreadSeconds - before.relayThreadSeconds) * 1e6) / figures.sent,
            ),
          };
    return {
      calls,
      sent: figures.sent,
      lostByUs,
      lostByGenerator,
      p99Ms: round(figures.p99Ms),
      directP99Ms: round(directP99Ms),
      addedP99Ms: round(figures.p99Ms - directP99Ms),
      cpuUsPerPacket: round((spent * 1e6) / figures.sent),
      ...forked,
    };
  } finally {
    generator.say({ kind: "close" });
  }
}

/** Climbs until `TRIES` runs in a row at one rung are not clean. */
async function measure(
  relay: Relay,
  generator: Generator,
  rungs: readonly number[],
  seconds: number,
): Promise<Figures> {
  const runs: Run[] = [];
  try {
    for (const calls of rungs) {
      let run: Run | undefined;
      for (let i = 0; i < TRIES && (run === undefined || !isClean(run)); i++) {
        run = await rung(relay, generator, calls, seconds);
        runs.push(run);
      }
      if (run === undefined || !isClean(run)) break;
    }
  } finally {
    await relay.stop();
  }
  const best = runs.filter(isClean).at(-1);
  const shown = best ?? runs[0];
  return {
    calls: best?.calls ?? 0,
    lostByUs: shown?.lostByUs ?? 0,
    addedP99Ms: shown?.addedP99Ms ?? 0,
    cpuUsPerPacket: shown?.cpuUsPerPacket ?? 0,
    engine: relay.engine,
    runs,
  };
}

/**
 * Bench `media`: calls with G.711 both ways, 20 ms packets, from a process of its own, through the embedded relay with the fork on
 * (every packet reaches a jitter buffer in another thread), and through rtpengine in user space with nothing forked. The highest
 * rung at which no packet is lost by the relay or on its way to the jitter buffers, and the 99th percentile of the delay is at most
 * 2 ms above that of the same load sent directly, measured at each rung. CPU: of the relay's whole process, jitter buffers too.
 * Options: `rungs` (calls, comma-separated), `seconds` a rung, `sockets` (native, node), `skip-rtpengine`.
 */
export async function run(options: Readonly<Record<string, string>>): Promise<Readonly<Record<string, unknown>>> {
  const rungs = (options["rungs"] ?? "100,200,300,400,500,600").split(",").map(Number);
  const seconds = Number(options["seconds"] ?? 6);
  const generator: Generator = new Partner("generator.ts");
  try {
    const ours = await measure(await ourRelay(options["sockets"] ?? "native"), generator, rungs, seconds);
    const reason = options["skip-rtpengine"] === "true" ? "skipped by --skip-rtpengine" : rtpengineMissing();
    if (reason !== undefined) return { ...ours, rtpengine: null, rtpengineReason: reason, machine: machine() };
    const rtpengine = await measure(await rtpengineRelay(), generator, rungs, seconds);
    return { ...ours, rtpengine, machine: machine() };
  } finally {
    await generator.stop();
  }
}

const machine = (): string => `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}`;
const round = (value: number): number => Math.round(value * 1000) / 1000;
