import { readdirSync, readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { startMediaRelay, type MediaRelay } from "../../../gateway/adapters/rtp-relay/media-relay.js";
import { SystemClock } from "../../../gateway/adapters/system/system-clock.js";
import { workerAt } from "../../../gateway/adapters/system/worker-thread.js";
import { silentLog } from "../../../gateway/core/log.js";
import { noMetrics } from "../../../gateway/core/metrics.js";
import { PacketRing } from "../../../gateway/media/fork/packet-ring.js";
import type { MediaSession } from "../../../gateway/ports/media-anchor.js";
import { mediaRelayEntry, relayEngineFile } from "../../../gateway/workers/media-relay-options.js";
import { carryCalls } from "./carry-calls.js";
import type { FromHost, HostFigures, ToHost } from "./messages.js";

// The process under test: the embedded relay as the gateway runs it, and a thread with jitter buffers that gets every packet.
// Argument: which sockets, `native` or `node`.

const RING_BYTES = 4 << 20;

const threads = (): string[] => readdirSync("/proc/self/task");
const secondsOf = (thread: string): number => {
  const text = readFileSync(`/proc/self/task/${thread}/stat`, "latin1");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
};

class Host {
  readonly #relay: MediaRelay;
  readonly #ear: Worker;
  /** Threads that the relay brought. */
  readonly #threads: readonly string[];
  #sessions: MediaSession[] = [];

  constructor(relay: MediaRelay, ear: Worker, relayThreads: readonly string[]) {
    this.#relay = relay;
    this.#ear = ear;
    this.#threads = relayThreads;
  }

  async carry(ports: readonly number[], listen: boolean): Promise<FromHost> {
    const { sessions, places } = await carryCalls(this.#relay, ports, listen);
    this.#sessions = sessions;
    return { kind: "carried", places, ownPorts: places };
  }

  async figures(): Promise<HostFigures> {
    const heard = new Promise<{ frames: number; dropped: number }>((resolve) => this.#ear.once("message", resolve));
    this.#ear.postMessage("figures");
    const { frames, dropped } = await heard;
    // The one with the sockets is the one that works.
    const relayThreadSeconds = Math.max(...this.#threads.map(secondsOf));
    return { relayThreadSeconds, heard: frames, forkDropped: dropped };
  }

  async release(): Promise<void> {
    await Promise.all(this.#sessions.map((session) => session.close()));
    this.#ear.postMessage("forget");
  }
}

async function start(): Promise<Host> {
  const ring = PacketRing.allocate(RING_BYTES);
  const entry = JSON.stringify(new URL("./ear.ts", import.meta.url).href);
  const tsx = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const code = `const { register } = await import(${tsx}); register(); await import(${entry});`;
  const ear = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), { workerData: ring.buffer });
  await new Promise((resolve) => ear.once("online", resolve));
  const before = new Set(threads());
  let lastStream = 0;
  const relay = await startMediaRelay(
    {
      addresses: [{ address: "127.0.0.1" }],
      portRange: { from: 0, to: 0 },
      quarantineMs: 0,
      idleMs: 60_000,
      engine: process.argv[2] === "node" ? "node" : "auto",
    },
    {
      thread: workerAt(mediaRelayEntry(), "media-relay"),
      engineFile: relayEngineFile(),
      clock: new SystemClock(),
      log: silentLog,
      metrics: noMetrics,
      listening: {
        heard: { open: () => ++lastStream, change: () => undefined, close: () => undefined },
        ring,
      },
    },
  );
  say({ kind: "ready", engine: relay.health().detail.split(",", 1)[0] ?? "" });
  return new Host(
    relay,
    ear,
    threads().filter((thread) => !before.has(thread)),
  );
}

const say = (message: FromHost): void => void process.send?.(message);
const host = await start();
process.on("message", (message: ToHost) => {
  switch (message.kind) {
    case "carry":
      void host.carry(message.ports, message.listen).then(say);
      break;
    case "figures":
      void host.figures().then((figures) => say({ kind: "figures", figures }));
      break;
    case "release":
      void host.release().then(() => say({ kind: "released" }));
      break;
  }
});
process.on("disconnect", () => process.exit(0));
