import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ListeningScene } from "../../support/listening-scene.js";
import { RtpVoice } from "../../support/talking.js";

const fixture = (name: string): string => fileURLToPath(import.meta.resolve(`../../support/engines/${name}.js`));
const module = (path: string) => ({ recogniser: { kind: "module", path, options: {} } }) as const;
const startError = async (path: string): Promise<string> => {
  try {
    const scene = await ListeningScene.start(module(path));
    await scene.close();
    return "started";
  } catch (error) {
    const { code, message } = error as Error & { code: string };
    return `${code}: ${message}`;
  }
};

test("the thread dies in mid-call: a new one goes on where it was, with the numbers, the clock and the talk so far", async () => {
  const scene = await ListeningScene.start();
  try {
    const [caller, callee] = scene.open("call-1");
    const voice = new RtpVoice();
    const startedAt = scene.clock.mono();
    scene.say(caller, voice, "good morning this is your bank", startedAt);
    await scene.until("the first verdict", () => scene.verdicts.length === 1);
    await scene.workers.at(-1)?.terminate();
    assert.equal(scene.client.listening.ok, false);
    // Calls go on meanwhile: they open, their packets are written.
    scene.client.listening.open(scene.call("call-2"));
    await scene.until("the new thread", () => scene.client.listening.ok);
    const saidAt = scene.clock.mono();
    scene.say(callee, new RtpVoice(), "good morning", saidAt);
    await scene.until("the second line", () => scene.finals("call-1").length === 2);
    const [first, second] = scene.lines.filter(({ final }) => final);
    assert.ok(first !== undefined && second !== undefined);
    assert.equal(first.segment, 0);
    assert.equal(second.segment, 1);
    // The packets bear the times at which they would have been sent, all written at once: text may come before that is over.
    const saidMs = saidAt - startedAt;
    assert.ok(second.startMs > saidMs - 100 && second.startMs < saidMs + 1_000, `${second.startMs}, said at ${saidMs}`);
    await scene.until("its verdict", () => scene.verdicts.length === 2);
    const last = scene.verdicts[1];
    assert.ok(last !== undefined);
    assert.deepEqual(
      last.turns.map(({ text }) => text),
      ["good morning this is your bank", "good morning"],
    );
    assert.equal(last.verdict.index, 1);
    assert.equal(scene.metrics.value("ringfence_listening_restarts_total"), 1);
    assert.equal(scene.workers.length, 2);
  } finally {
    await scene.close();
  }
});

test("the thread hangs: it is noticed, ended and replaced", async () => {
  const scene = await ListeningScene.start({ ...module(fixture("spinning-engine")), silentMs: 3_000 });
  try {
    const [caller] = scene.open("call-1");
    scene.say(caller, new RtpVoice(), "spin");
    await scene.until("a second thread", () => scene.workers.length >= 2);
    await scene.until("that listens", () => scene.client.listening.ok);
  } finally {
    await scene.close();
  }
});

test("a thread that stands still costs packets, never the writer", async () => {
  const scene = await ListeningScene.start({ ...module(fixture("spinning-engine")), silentMs: 60_000 });
  const [caller] = scene.open("call-1");
  scene.say(caller, new RtpVoice(), "spin");
  await scene.until("a full ring", () => {
    for (let n = 0; n < 2_000; n++) scene.ring.write(caller, scene.clock.mono(), new Uint8Array(1_000));
    return scene.ring.dropped > 1_000;
  });
  const [before, writes] = [performance.now(), 30_000];
  for (let n = 0; n < writes; n++) scene.ring.write(caller, scene.clock.mono(), new Uint8Array(172));
  // A writer that waits does so for a millisecond at least, each time.
  assert.ok(performance.now() - before < writes, "writing to a full ring takes no time");
  await scene.close();
});

test("modules that are no engine stop the start, and say why", async () => {
  assert.match(
    await startError("/nowhere/engine.js"),
    /^config\.invalid: speech\.module\.path \/nowhere\/engine\.js: /,
  );
  assert.match(await startError(fixture("no-factory")), /exports no function createSpeechEngine/);
  assert.match(await startError(fixture("no-transcriber")), /has no transcriber/);
});

test("closing twice is safe, and nobody is heard after it", async () => {
  const scene = await ListeningScene.start();
  await Promise.all([scene.close(), scene.close()]);
  await scene.close();
  await assert.rejects(scene.client.analyze({ wav: new ArrayBuffer(8) }), { code: "stt.unavailable" });
  assert.deepEqual(await scene.client.metrics(), []);
});
