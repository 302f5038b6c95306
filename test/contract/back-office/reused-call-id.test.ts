import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { CalledId, CallerId } from "../../../detection/index.js";
import { SpeechFiles } from "../../../gateway/adapters/speech-files/speech-files.js";
import { SpeechFolder } from "../../../gateway/adapters/speech-files/speech-folder.js";
import { openStore } from "../../../gateway/adapters/store/open-store.js";
import { AesVault } from "../../../gateway/adapters/vault/aes-vault.js";
import { readKeyFile } from "../../../gateway/adapters/vault/key-file.js";
import { forgetCalls } from "../../../gateway/api/forget-calls.js";
import { keptContext, transcriptContext } from "../../../gateway/call/transcript-keeper.js";
import { silentLog } from "../../../gateway/core/log.js";
import { noMetrics } from "../../../gateway/core/metrics.js";
import { unixMs } from "../../../gateway/core/time.js";
import type { StoreRecord, TranscriptRecord } from "../../../gateway/ports/records.js";
import { KeptSubjects } from "../../../gateway/workers/kept-subjects.js";
import { FakeClock } from "../../support/fake-clock.js";
import { temporaryFolder, until } from "../../support/processes.js";
import { sampleTranscript } from "../../support/records.js";
import { NAME_KEY, subjectVault } from "../../support/recordings-scene.js";
import { storeTemplate } from "../../support/store-template.js";

const [MARIA, JOHN, PEDRO, ANNA] = ["+12025550142", "+12025550143", "+12025550144", "+12025550145"] as const;
const CALL_ID = "chosen@192.0.2.1";

/** What keeps text and speech of calls, and what deletes them. */
async function office(t: TestContext) {
  const root = temporaryFolder("reused-call-id");
  const folder = join(root.path, "store");
  const store = await openStore({ folder: join(folder, "db"), template: await storeTemplate(), log: silentLog });
  const { keys, vault } = subjectVault(folder);
  const speech = new SpeechFolder(join(folder, "audio"), NAME_KEY);
  const logged: unknown[] = [];
  const kept = new KeptSubjects({
    ...{ store, holds: store.legalHolds, speech, keys, vault, clock: new FakeClock() },
    log: { ...silentLog, error: (event: string) => void logged.push(event) },
  });
  t.after(async () => {
    kept.close();
    await store.close();
    root.remove();
  });
  const installation = new AesVault(readKeyFile(join(folder, "keys.json"), false));
  const head = (): string => readFileSync(speech.pathOf(CALL_ID)).subarray(0, 64).toString("hex");
  return {
    ...{ store, keys, speech, kept, logged, head },
    isKept: () => existsSync(speech.pathOf(CALL_ID)),
    /** A second of speech, under the installation's keys yet. */
    say: async (): Promise<void> => {
      const files = new SpeechFiles(
        { callBytes: 1e7, totalBytes: 1e8 },
        { folder: speech, vault: installation, clock: new FakeClock(), metrics: noMetrics, log: silentLog },
      );
      const samples = new Int16Array(1_600);
      files.keep({ callId: CALL_ID, speaker: "caller", startMs: 0, sampleRateHz: 16_000, samples });
      await files.close();
    },
    /** The end of a call under that Call-ID. */
    keep: async (index: number, caller: string, called: string): Promise<void> => {
      const plain = Buffer.from(`words of ${caller}`);
      const transcript = sampleTranscript(index, {
        ...{ callId: CALL_ID, caller: caller as CallerId, called: called as CalledId },
        sealed: Buffer.from(installation.seal(plain, transcriptContext(CALL_ID))).toString("base64"),
      });
      const batch = kept.bind({ seq: index, json: JSON.stringify([{ kind: "transcript", transcript }]) });
      await store.write(JSON.parse(batch.json) as StoreRecord[]);
    },
    /** `head` says so: 2 behind mark and length. */
    bound: () => until("the speech to be theirs", () => readFileSync(speech.pathOf(CALL_ID))[8] === 2),
    forget: (number: string) =>
      forgetCalls({ store, forgetAudio: (callIds: readonly string[]) => kept.forgetSpeech(callIds) }, number),
    hold: (number: string) =>
      store.legalHolds.place({ number, placedBy: "court", placedAt: unixMs(1), reason: "case" }),
    texts: async (): Promise<readonly string[]> => {
      const textOf = (row: TranscriptRecord): string =>
        Buffer.from(subjectVault(folder).vault.open(Buffer.from(row.sealed, "base64"), keptContext(row))).toString();
      return (await store.transcripts({ limit: 9 })).map(textOf);
    },
    samples: async (): Promise<number> => {
      let count = 0;
      for await (const piece of speech.read(CALL_ID, subjectVault(folder).vault)) count += piece.samples.length;
      return count;
    },
  };
}

test("a later call that takes a Call-ID again neither loses its text nor takes the earlier call's speech from a hold", async (t) => {
  const { keys, kept, logged, head, ...scene } = await office(t);
  await scene.say();
  await scene.keep(1, MARIA, JOHN);
  await scene.bound();
  const theirs = head();
  await scene.keep(2, PEDRO, ANNA);
  await until("the later call to be refused", () => logged.includes("subjects.bind-failed") || head() !== theirs);

  assert.deepEqual(await scene.texts(), [`words of ${PEDRO}`, `words of ${MARIA}`]);
  assert.equal(head(), theirs, "the speech is still of who spoke");

  await scene.hold(JOHN);
  assert.deepEqual(await scene.forget(PEDRO), { transcripts: 1, audio: 0 });
  await kept.keepHeld(PEDRO);
  assert.equal(keys.destroy(PEDRO), true);
  assert.deepEqual(await scene.texts(), [`words of ${MARIA}`]);
  assert.equal(await scene.samples(), 1_600, "what is held can be heard");
});

test("speech of a call whose Call-ID an earlier one had, of which there is text only, is deleted with its own call and kept by a hold on it", async (t) => {
  const { keys, kept, store, ...scene } = await office(t);
  // Its speech is gone, by age.
  await scene.keep(1, MARIA, JOHN);
  await scene.say();
  await scene.keep(2, MARIA, ANNA);
  await scene.bound();

  await scene.hold(ANNA);
  assert.deepEqual(await store.legalHolds.heldCalls({ limit: 9 }), [CALL_ID], "by age it does not go");
  assert.deepEqual(await scene.forget(JOHN), { transcripts: 1, audio: 0 });
  assert.equal(await scene.samples(), 1_600, "it is not the speech of who was deleted");
  assert.deepEqual(await scene.forget(MARIA), { transcripts: 0, audio: 0 });
  assert.equal(await kept.keepHeld(MARIA), 1);
  assert.equal(keys.destroy(MARIA), true);
  assert.equal(await scene.samples(), 1_600, "what is held can be heard without her key");

  await store.legalHolds.lift(ANNA);
  assert.deepEqual(await scene.forget(ANNA), { transcripts: 1, audio: 1 });
  assert.equal(scene.isKept(), false);
});

test("where both an earlier call, of which there is text only, and the later one under its Call-ID are held, a deletion leaves the speech to whom it is of", async (t) => {
  const { keys, kept, store, ...scene } = await office(t);
  await scene.keep(1, MARIA, JOHN);
  await scene.say();
  await scene.keep(2, MARIA, ANNA);
  await scene.bound();
  for (const number of [JOHN, ANNA]) await scene.hold(number);
  assert.deepEqual(await scene.forget(MARIA), { transcripts: 0, audio: 0 });
  assert.equal(await kept.keepHeld(MARIA), 2);
  assert.equal(keys.destroy(MARIA), true);
  assert.equal(await scene.samples(), 1_600);

  await store.legalHolds.lift(JOHN);
  assert.deepEqual(await scene.forget(JOHN), { transcripts: 1, audio: 0 });
  await kept.keepHeld(JOHN);
  assert.equal(keys.destroy(JOHN), true);
  assert.equal(await scene.samples(), 1_600, "his key was none of it");
});
