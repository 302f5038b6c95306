import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
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

test("a later call that takes a Call-ID again neither loses its text nor takes the earlier call's speech from a hold", async (t) => {
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
  const keep = async (index: number, caller: string, called: string): Promise<void> => {
    const plain = Buffer.from(`words of ${caller}`);
    const transcript = sampleTranscript(index, {
      ...{ callId: CALL_ID, caller: caller as CallerId, called: called as CalledId },
      sealed: Buffer.from(installation.seal(plain, transcriptContext(CALL_ID))).toString("base64"),
    });
    const batch = kept.bind({ seq: index, json: JSON.stringify([{ kind: "transcript", transcript }]) });
    await store.write(JSON.parse(batch.json) as StoreRecord[]);
  };
  const textOf = (row: TranscriptRecord): string =>
    Buffer.from(subjectVault(folder).vault.open(Buffer.from(row.sealed, "base64"), keptContext(row))).toString();
  const samples = async (): Promise<number> => {
    let count = 0;
    for await (const piece of speech.read(CALL_ID, subjectVault(folder).vault)) count += piece.samples.length;
    return count;
  };

  const files = new SpeechFiles(
    { callBytes: 1e7, totalBytes: 1e8 },
    { folder: speech, vault: installation, clock: new FakeClock(), metrics: noMetrics, log: silentLog },
  );
  files.keep({ callId: CALL_ID, speaker: "caller", startMs: 0, sampleRateHz: 16_000, samples: new Int16Array(1_600) });
  await files.close();
  await keep(1, MARIA, JOHN);
  const head = (): string => readFileSync(speech.pathOf(CALL_ID)).subarray(0, 64).toString("hex");
  const before = head();
  await until("the speech to be theirs", () => head() !== before || readFileSync(speech.pathOf(CALL_ID))[8] === 2);
  const theirs = head();
  await keep(2, PEDRO, ANNA);
  await until("the later call to be refused", () => logged.includes("subjects.bind-failed") || head() !== theirs);

  const rows = await store.transcripts({ limit: 9 });
  assert.deepEqual(rows.map(textOf), [`words of ${PEDRO}`, `words of ${MARIA}`]);
  assert.equal(head(), theirs, "the speech is still of who spoke");

  await store.legalHolds.place({ number: JOHN, placedBy: "court", placedAt: unixMs(1), reason: "case" });
  const deps = { store, forgetAudio: (callIds: readonly string[]) => speech.forget(callIds) };
  assert.deepEqual(await forgetCalls(deps, PEDRO), { transcripts: 1, audio: 0 });
  await kept.keepHeld(PEDRO);
  assert.equal(keys.destroy(PEDRO), true);
  assert.deepEqual((await store.transcripts({ limit: 9 })).map(textOf), [`words of ${MARIA}`]);
  assert.equal(await samples(), 1_600, "what is held can be heard");
});
