import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { SystemClock } from "../../../gateway/adapters/system/system-clock.js";
import { hashFile } from "../../../gateway/adapters/whisper/model-file.js";
import {
  DEFAULT_WHISPER,
  openWhisper,
  type WhisperOptions,
  type WhisperTranscriber,
} from "../../../gateway/adapters/whisper/whisper-transcriber.js";
import type { Clock } from "../../../gateway/core/clock.js";
import { GatewayError, type ErrorCode } from "../../../gateway/core/errors.js";
import { silentLog } from "../../../gateway/core/log.js";
import type { Transcript } from "../../../gateway/ports/transcriber.js";
import { LeapingClock } from "../../support/leaping-clock.js";
import { randomWhisper } from "../../support/models/random-whisper.js";
import { missingWhisperEngine } from "../../support/whisper-engine.js";

const skip = missingWhisperEngine() ?? false;
const DEADLINE_MS = 60_000;
const never = new AbortController().signal;
const TIMEOUT_MS = 60_000;
// The clock's timers keep no process alive: in the gateway sockets do.
const alive = setInterval(() => undefined, 1_000);

const code = (expected: ErrorCode) => (error: unknown) => error instanceof GatewayError && error.code === expected;
const sound = (seconds = 1): { sampleRateHz: number; samples: Float32Array } => ({
  sampleRateHz: 16_000,
  samples: Float32Array.from({ length: 16_000 * seconds }, (_, i) => 0.2 * Math.sin(i / 9)),
});
const hear = (whisper: WhisperTranscriber, seconds = 1): Promise<Transcript> =>
  whisper.transcribe(sound(seconds), { partial: false, language: "en" }, never);

async function open(
  t: TestContext,
  options: Partial<WhisperOptions> = {},
  clock: Clock = new SystemClock(),
): Promise<WhisperTranscriber> {
  const model = options.model ?? randomWhisper({ size: "mini", tokens: 12 });
  const sha256 = await hashFile(model);
  const whisper = await openWhisper(
    {
      ...DEFAULT_WHISPER,
      model,
      folder: "",
      sha256,
      audioContext: "cut",
      concurrency: 1,
      timeoutMs: TIMEOUT_MS,
      ...options,
    },
    { clock, log: silentLog },
  );
  t.after(() => whisper.close());
  return whisper;
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!isSo()) {
    await wait(20);
    assert.ok(performance.now() < deadline, what);
  }
}

/** Processes that this one, or the one with `pid`, has started and that run our entry file. */
function recognisers(pid = process.pid): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(/\s+/).filter(Boolean);
  return children.map(Number).filter((child) => {
    try {
      return readFileSync(`/proc/${child}/cmdline`, "utf8").includes("workers/recogniser");
    } catch {
      return false;
    }
  });
}

const isAlive = (pid: number): boolean => {
  try {
    // A zombie counts as gone.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

test(
  "whisper: a recogniser that is killed fails what it had as unavailable, is started anew, and hears again",
  { skip },
  async (t) => {
    const whisper = await open(t);
    await hear(whisper);
    const [pid = 0] = recognisers();
    const lost = hear(whisper, 30);
    process.kill(pid, "SIGKILL");
    await assert.rejects(lost, code("stt.unavailable"));
    await until(() => !whisper.ok, "it is noticed");
    assert.equal(typeof (await hear(whisper)).text, "string");
    assert.notEqual(recognisers()[0], pid);
    await whisper.close();
    await until(() => recognisers().length === 0, "closed, its process ends");
  },
);

test("whisper: one that hangs times out, is killed, and the next one hears", { skip }, async (t) => {
  const clock = new LeapingClock();
  const whisper = await open(t, {}, clock);
  await hear(whisper);
  const [pid = 0] = recognisers();
  process.kill(pid, "SIGSTOP");
  const asked = assert.rejects(hear(whisper), code("stt.timeout"));
  clock.leap(TIMEOUT_MS);
  await asked;
  await until(() => !isAlive(pid), "a hung recogniser is killed");
  await until(() => whisper.ok, "and another one started");
  assert.equal(typeof (await hear(whisper)).text, "string");
});

test("whisper: a hang is noticed even when nobody waits for the answer any more", { skip }, async (t) => {
  const clock = new LeapingClock();
  const whisper = await open(t, {}, clock);
  await until(() => whisper.ok, "it starts");
  const [pid = 0] = recognisers();
  process.kill(pid, "SIGSTOP");
  const stale = new AbortController();
  const dropped = whisper.transcribe(sound(), { partial: true }, stale.signal);
  const why = new Error("stale");
  stale.abort(why);
  await assert.rejects(dropped, why);
  clock.leap(TIMEOUT_MS);
  await until(() => !isAlive(pid), "a hung recogniser is killed");
});

test(
  "whisper: a gateway that is killed leaves no recogniser behind, not even one in the middle of a pass",
  { skip },
  async () => {
    const source = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
    const model = randomWhisper({ size: "mini", tokens: 12 });
    const script = `
    import { SystemClock } from ${JSON.stringify(source("gateway/adapters/system/system-clock.ts"))};
    import { DEFAULT_WHISPER, openWhisper } from ${JSON.stringify(source("gateway/adapters/whisper/whisper-transcriber.ts"))};
    import { silentLog } from ${JSON.stringify(source("gateway/core/log.ts"))};
    const options = { ...DEFAULT_WHISPER, model: ${JSON.stringify(model)}, folder: "", sha256: "${await hashFile(model)}", timeoutMs: 60_000 };
    const whisper = await openWhisper(options, { clock: new SystemClock(), log: silentLog });
    const audio = { sampleRateHz: 16_000, samples: new Float32Array(480_000) };
    const hear = () => whisper.transcribe(audio, { partial: false, language: "en" }, new AbortController().signal);
    await hear();
    void hear();
    process.stdout.write("decoding\\n");
    setInterval(() => undefined, 1_000);`;
    const parent = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, RINGFENCE_TEST_SECRET: "hunter2" },
    });
    await new Promise((resolve) => parent.stdout.once("data", resolve));
    const [pid = 0] = recognisers(parent.pid);
    assert.ok(isAlive(pid));
    assert.ok(!readFileSync(`/proc/${pid}/environ`, "utf8").includes("hunter2"), "it has none of our environment");
    assert.equal(readFileSync(`/proc/${pid}/oom_score_adj`, "utf8").trim(), "500");
    parent.kill("SIGKILL");
    await until(() => !isAlive(pid), "it ends with us");
  },
);

let folder = "";
after(async () => {
  clearInterval(alive);
  if (folder !== "") await rm(folder, { recursive: true, force: true });
});

test(
  "whisper: a model that is cut off is refused before it is loaded, whatever hash is promised",
  { skip },
  async (t) => {
    folder = await mkdtemp(join(tmpdir(), "ringfence-whisper-"));
    const whole = readFileSync(randomWhisper({ size: "mini", tokens: 12 }));
    const cuts = { tensors: whole.length - 100_000, weights: 400_000, vocabulary: 300_000, head: 40, nothing: 0 };
    for (const [name, length] of Object.entries(cuts)) {
      const model = join(folder, `${name}.bin`);
      writeFileSync(model, whole.subarray(0, length));
      await assert.rejects(open(t, { model }), code("model.invalid"), name);
    }
  },
);

test(
  "whisper: weights that are no weights end in text or in an error, and the recogniser goes on",
  { skip },
  async (t) => {
    folder ||= await mkdtemp(join(tmpdir(), "ringfence-whisper-"));
    const bytes = readFileSync(randomWhisper({ size: "mini", tokens: 12 }));
    // The middle of the file is the token embedding, the largest tensor: a megabyte of it becomes "not a number".
    const middle = Math.floor(bytes.length / 2);
    for (let at = middle; at < middle + 1_000_000; at += 2) bytes.writeUInt16LE(0x7e00, at);
    const model = join(folder, "nan.bin");
    writeFileSync(model, bytes);
    const whisper = await open(t, { model, timeoutMs: 30_000 });
    await hear(whisper).catch((error: unknown) => {
      assert.ok(error instanceof GatewayError);
    });
  },
);
