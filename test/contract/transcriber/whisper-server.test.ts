import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import {
  DEFAULT_TRANSCRIPTION_SERVER,
  TranscriptionServer,
} from "../../../gateway/adapters/openai-compatible/transcription-server.js";
import { SystemClock } from "../../../gateway/adapters/system/system-clock.js";
import { engineFolder } from "../../../gateway/adapters/whisper/whisper-engine.js";
import { randomWhisper } from "../../support/models/random-whisper.js";
import { freeTcpPort } from "../../support/processes.js";
import { transcriberContract } from "./transcriber-contract.js";

const SERVER = join(engineFolder(), "bin", "whisper-server");
const START_MS = 60_000;

/** The real whisper.cpp server, with random weights. */
async function startServer(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const port = await freeTcpPort();
  const model = randomWhisper({ size: "mini", tokens: 12 });
  const args = ["-m", model, "--host", "127.0.0.1", "--port", String(port), "-t", "1", "-nf", "-ng"];
  const child = spawn(SERVER, args, { stdio: "ignore", cwd: tmpdir() });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  const deadline = performance.now() + START_MS;
  while ((await fetch(`${url}/health`).catch(() => undefined))?.status !== 200) {
    assert.ok(performance.now() < deadline && child.exitCode === null, "whisper-server does not come up");
    await wait(50);
  }
  return {
    url,
    stop: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

transcriberContract(
  "openai-compatible, the real whisper.cpp server",
  async () => {
    const server = await startServer();
    const transcriber = new TranscriptionServer(
      {
        ...DEFAULT_TRANSCRIPTION_SERVER,
        ...{ api: "whisper.cpp", url: server.url, model: "", concurrency: 2, maxWaiting: 4, timeoutMs: 60_000 },
      },
      { clock: new SystemClock() },
    );
    return {
      transcriber,
      say: undefined,
      mostAtOnce: 6,
      close: async () => {
        await transcriber.close();
        await server.stop();
      },
    };
  },
  existsSync(SERVER) ? undefined : "whisper-server is not built: node scripts/build-engine-whisper.mjs --peers",
);
