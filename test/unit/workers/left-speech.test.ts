import assert from "node:assert/strict";
import { existsSync, mkdirSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import type { CalledId, CallerId, Cdr } from "../../../detection/index.js";
import { SpeechFiles } from "../../../gateway/adapters/speech-files/speech-files.js";
import { SpeechFolder } from "../../../gateway/adapters/speech-files/speech-folder.js";
import { AesVault } from "../../../gateway/adapters/vault/aes-vault.js";
import { readKeyFile } from "../../../gateway/adapters/vault/key-file.js";
import { silentLog } from "../../../gateway/core/log.js";
import { noMetrics } from "../../../gateway/core/metrics.js";
import { unixMs } from "../../../gateway/core/time.js";
import { KeptSubjects } from "../../../gateway/workers/kept-subjects.js";
import { FakeClock } from "../../support/fake-clock.js";
import { MemoryStore } from "../../support/memory-store.js";
import { temporaryFolder } from "../../support/processes.js";
import { sampleCdr, sampleTranscript } from "../../support/records.js";
import { NAME_KEY, subjectVault } from "../../support/recordings-scene.js";

const root = temporaryFolder("left-speech");
after(() => root.remove());
let folders = 0;

const [MARIA, JOHN] = ["+12025550142" as CallerId, "+12025550143" as CalledId];
const HOUR_MS = 3_600_000;
/** When the last words were said that a crash has left. */
const SAID_AT = 1_700_000_000_000;

/** A gateway that was killed in the middle of `calls`, and what its next start finds. */
async function leftBehind(calls: readonly string[]) {
  const folder = join(root.path, `${folders++}`);
  mkdirSync(folder);
  const speech = new SpeechFolder(join(folder, "audio"), NAME_KEY);
  const { keys, vault } = subjectVault(folder);
  const installation = new AesVault(readKeyFile(join(folder, "keys.json"), false));
  const files = new SpeechFiles(
    { callBytes: 1e7, totalBytes: 1e8 },
    { folder: speech, vault: installation, clock: new FakeClock(), metrics: noMetrics, log: silentLog },
  );
  for (const callId of calls)
    files.keep({ callId, speaker: "caller", startMs: 0, sampleRateHz: 16_000, samples: new Int16Array(1_600) });
  await files.close();
  for (const callId of calls) utimesSync(speech.pathOf(callId), SAID_AT / 1_000, SAID_AT / 1_000);
  const store = new MemoryStore();
  const held: string[] = [];
  const holds = {
    hold: (number: string) => Promise.resolve(held.includes(number) ? ({ number } as never) : undefined),
    holds: () => Promise.resolve(held.map((number) => ({ number }) as never)),
  };
  const kept = new KeptSubjects({ store, holds, speech, keys, vault, clock: new FakeClock(), log: silentLog });
  const isThere = (callId: string): boolean => existsSync(speech.pathOf(callId));
  const samplesOf = async (callId: string, opener: Parameters<SpeechFolder["read"]>[1] = vault): Promise<number> => {
    let samples = 0;
    for await (const piece of speech.read(callId, opener)) samples += piece.samples.length;
    return samples;
  };
  const sweepAt = (afterHours: number): Promise<void> => kept.sweepSpeech(unixMs(SAID_AT + afterHours * HOUR_MS));
  return { speech, keys, installation, store, held, kept, isThere, samplesOf, sweepAt };
}

/** As the next start writes it of a call that was up. */
const restartCdr = (callId: string, change: Partial<Cdr> = {}): Cdr =>
  sampleCdr(1, {
    ...{ id: `cdr-${callId}`, callId, caller: MARIA, called: JOHN, cause: "restart", endedBy: "gateway" },
    ...{ startedAt: unixMs(SAID_AT - HOUR_MS), endedAt: unixMs(SAID_AT + HOUR_MS) },
    ...change,
  });

test("speech of a call that a crash has cut off is under the keys of those who spoke after the next start's sweep", async () => {
  const { speech, installation, store, samplesOf, sweepAt } = await leftBehind(["call"]);
  await store.write([{ kind: "cdr", cdr: restartCdr("call") }]);
  assert.equal(await samplesOf("call", installation), 1_600);
  await sweepAt(1);
  assert.equal(await samplesOf("call"), 1_600);
  await assert.rejects(samplesOf("call", installation), { code: "crypto.key" });
  assert.equal(statSync(speech.pathOf("call")).mtimeMs, SAID_AT, "it goes by the age of what was said");
  await sweepAt(24 * 5);
  assert.equal(await samplesOf("call"), 1_600, "what belongs to somebody is kept for as long as kept speech is");
});

test("a deletion by number reaches speech that a crash has left, without waiting for a sweep", async () => {
  const { keys, installation, store, kept, samplesOf } = await leftBehind(["call", "other"]);
  await store.write([
    { kind: "cdr", cdr: restartCdr("call") },
    { kind: "cdr", cdr: restartCdr("other", { caller: "+12025550144" as CallerId }) },
  ]);
  await kept.keepHeld(MARIA);
  assert.ok(keys.destroy(MARIA));
  await assert.rejects(samplesOf("call"), { code: "subject.forgotten" });
  await assert.rejects(samplesOf("call", installation), { code: "crypto.key" });
  assert.equal(await samplesOf("other"), 1_600);
});

test("speech from before a crash, of a call that went on and ended like any other, is found by its record: by the sweep and by a deletion", async () => {
  const answeredAt = unixMs(SAID_AT - HOUR_MS + 5_000);
  const resumed = restartCdr("call", { cause: "normal", endedBy: "caller", answeredAt });
  const swept = await leftBehind(["call"]);
  await swept.store.write([{ kind: "cdr", cdr: resumed }]);
  await swept.sweepAt(25);
  assert.equal(await swept.samplesOf("call"), 1_600);
  await assert.rejects(swept.samplesOf("call", swept.installation), { code: "crypto.key" });

  for (const number of [MARIA, JOHN]) {
    const { keys, store, kept, samplesOf } = await leftBehind(["call"]);
    await store.write([{ kind: "cdr", cdr: resumed }]);
    await kept.keepHeld(number);
    assert.ok(keys.destroy(number));
    await assert.rejects(samplesOf("call"), { code: "subject.forgotten" });
  }
});

test("speech that a crash has left stays with who is under a legal hold when the other party is deleted", async () => {
  const { keys, store, held, kept, samplesOf, installation } = await leftBehind(["call"]);
  await store.write([{ kind: "cdr", cdr: restartCdr("call") }]);
  held.push(JOHN);
  await kept.keepHeld(MARIA);
  assert.ok(keys.destroy(MARIA));
  assert.equal(await samplesOf("call"), 1_600);
  await assert.rejects(samplesOf("call", installation), { code: "crypto.key" });
});

test("the record of a call that nobody answered tells nothing of the next one under its Call-ID, which is up yet", async () => {
  const { store, kept, installation, samplesOf, sweepAt } = await leftBehind(["call"]);
  const { answeredAt: _none, ...cdr } = restartCdr("call", { cause: "failed", status: 486 });
  await store.write([{ kind: "cdr", cdr: { ...cdr, endedAt: unixMs(SAID_AT - 5_000) } }]);
  await kept.keepHeld(MARIA);
  await sweepAt(23);
  assert.equal(await samplesOf("call", installation), 1_600);
});

test("speech that was there only after its text was bound is found by its text", async () => {
  const { installation, store, samplesOf, sweepAt } = await leftBehind(["call"]);
  const endedAt = unixMs(SAID_AT - 1_000);
  await store.write([
    { kind: "transcript", transcript: sampleTranscript(1, { callId: "call", caller: MARIA, called: JOHN, endedAt }) },
  ]);
  await sweepAt(48);
  assert.equal(await samplesOf("call"), 1_600);
  await assert.rejects(samplesOf("call", installation), { code: "crypto.key" });
});

test("speech that belongs to no record is deleted a day after its last word; before that its call may be up", async () => {
  const { isThere, sweepAt } = await leftBehind(["call"]);
  await sweepAt(23);
  assert.ok(isThere("call"));
  await sweepAt(25);
  assert.equal(isThere("call"), false);
});

test("while there is a legal hold, speech of which nobody knows whose it is stays", async () => {
  const { held, isThere, sweepAt } = await leftBehind(["call"]);
  held.push(JOHN);
  await sweepAt(48);
  assert.ok(isThere("call"));
});

const others = [
  { name: "that was over before", times: { startedAt: SAID_AT - 9 * HOUR_MS, endedAt: SAID_AT - 8 * HOUR_MS } },
  { name: "that began later", times: { startedAt: SAID_AT + 2 * HOUR_MS, endedAt: SAID_AT + 3 * HOUR_MS } },
];
for (const { name, times } of others)
  test(`a record of another call of that Call-ID, ${name}, tells nothing of who spoke`, async () => {
    const { store, installation, samplesOf, sweepAt } = await leftBehind(["call"]);
    const cdr = restartCdr("call", { startedAt: unixMs(times.startedAt), endedAt: unixMs(times.endedAt) });
    await store.write([{ kind: "cdr", cdr }]);
    await sweepAt(1);
    assert.equal(await samplesOf("call", installation), 1_600);
  });

test("many calls at once: each finds its own record, over several pages", async () => {
  const calls = Array.from({ length: 12 }, (_, i) => `call-${i}`);
  const { store, installation, samplesOf, sweepAt } = await leftBehind(calls);
  // More than a page of others behind them.
  const records = Array.from({ length: 1_500 }, (_, i) => restartCdr(`other-${i}`));
  const own = calls.map((callId) => restartCdr(callId, { startedAt: unixMs(SAID_AT - 2 * HOUR_MS) }));
  await store.write([...records, ...own].map((cdr) => ({ kind: "cdr", cdr }) as const));
  await sweepAt(1);
  for (const callId of calls) {
    assert.equal(await samplesOf(callId), 1_600);
    await assert.rejects(samplesOf(callId, installation), { code: "crypto.key" });
  }
});
