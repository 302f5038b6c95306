import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freeUdpPort } from "./processes.js";

/** Above those that the kernel gives out by itself; of one that is taken rtpengine takes the next. */
const MEDIA_PORTS = { from: 61_000, below: 65_500, each: 1_000 };

/** A real rtpengine in user space, on loopback, with a folder of its own. */
export interface RealRtpengine {
  readonly host: string;
  readonly port: number;
  readonly weight: number;
  readonly log: () => string;
  /** Not answering any more, without a word. */
  pause(): void;
  resume(): void;
  /** kill -9. */
  kill(): Promise<void>;
  /** Started again at the same place, with nothing in its memory. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Why it cannot be tested here; undefined: it can. */
export function rtpengineMissing(): string | undefined {
  const found = spawnSync("rtpengine", ["--version"], { encoding: "utf8" });
  return found.status === 0 ? undefined : "rtpengine is not installed (scripts/install-debian rtpengine-daemon)";
}

export async function startRealRtpengine(args: readonly string[] = []): Promise<RealRtpengine> {
  const folder = await mkdtemp(join(tmpdir(), "ringfence-rtpengine-"));
  const port = await freeUdpPort();
  const mediaFrom = MEDIA_PORTS.from + 2 * randomInt((MEDIA_PORTS.below - MEDIA_PORTS.from - MEDIA_PORTS.each) / 2);
  const all = [
    // Without Debian's own file, which names ports that only one can have.
    "--config-file=none",
    "--foreground",
    "--log-stderr",
    "--log-level=6",
    "--interface=127.0.0.1",
    `--listen-ng=127.0.0.1:${port}`,
    "--table=-1",
    `--port-min=${mediaFrom}`,
    `--port-max=${mediaFrom + MEDIA_PORTS.each}`,
    `--pidfile=${join(folder, "pid")}`,
    ...args,
  ];
  let log = "";
  let child: ChildProcess;
  const start = async (): Promise<void> => {
    child = spawn("rtpengine", all, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (log = (log + text).slice(-200_000)));
    await answers(port, () => log);
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGCONT");
    child.kill(signal);
    await gone;
  };
  await start();
  return {
    host: "127.0.0.1",
    port,
    weight: 1,
    log: () => log,
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    kill: () => end("SIGKILL"),
    restart: async () => {
      await end("SIGKILL");
      await start();
    },
    close: async () => {
      await end("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Pings until there is a pong. */
async function answers(port: number, log: () => string): Promise<void> {
  const socket = createSocket("udp4");
  socket.on("error", () => undefined);
  const pongs: Buffer[] = [];
  socket.on("message", (datagram) => pongs.push(datagram));
  try {
    for (let n = 0; n < 1_200; n++) {
      socket.send(`up${n} d7:command4:pinge`, port, "127.0.0.1");
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (pongs.length > 0) return;
    }
    throw new Error(`rtpengine does not answer:\n${log()}`);
  } finally {
    socket.close();
  }
}
