import assert from "node:assert/strict";
import { cpSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { CallerId } from "../../../detection/index.js";
import { RecordingFiles } from "../../../gateway/adapters/recording-files/recording-files.js";
import { SpeechFiles } from "../../../gateway/adapters/speech-files/speech-files.js";
import { SpeechFolder } from "../../../gateway/adapters/speech-files/speech-folder.js";
import { openStore, type ManagedStore } from "../../../gateway/adapters/store/open-store.js";
import { AesVault } from "../../../gateway/adapters/vault/aes-vault.js";
import { readKeyFile } from "../../../gateway/adapters/vault/key-file.js";
import { transcriptContext } from "../../../gateway/call/transcript-keeper.js";
import { silentLog } from "../../../gateway/core/log.js";
import { noMetrics } from "../../../gateway/core/metrics.js";
import { unixMs } from "../../../gateway/core/time.js";
import type { KeptRecordingJob } from "../../../gateway/ports/recordings.js";
import type { StoreRecord, TranscriptRecord } from "../../../gateway/ports/records.js";
import { KeptSubjects } from "../../../gateway/workers/kept-subjects.js";
import { RecordingSeals } from "../../../gateway/workers/recording-seals.js";
import type { RecordingsService } from "../../../gateway/workers/recordings-service.js";
import { FakeClock } from "../../support/fake-clock.js";
import { temporaryFolder, until } from "../../support/processes.js";
import { sampleTranscript } from "../../support/records.js";
import { FakeCrm } from "../../support/recordings-stage.js";
import {
  chunksOf,
  hears,
  NAME_KEY,
  secondOfSound,
  startRecordings,
  subjectVault,
} from "../../support/recordings-scene.js";
import { storeTemplate } from "../../support/store-template.js";

const [MARIA, JOHN, PEDRO] = ["+12025550142", "+12025550143", "+12025550144"] as const;
const SECRET = "the heron lands at midnight";
const FORGOTTEN = { code: "subject.forgotten" };

/** Everything as in the back office, on a real database: text, speech and recordings of MARIA in every state, and of calls without her. */
describe("deletion by subject: nothing of it can be read, wherever it lies; a hold keeps what two had in common", () => {
  const root = temporaryFolder("forgotten");
  const folder = join(root.path, "store");
  const backup = join(root.path, "backup");
  const crm = new FakeCrm();
  const speech = new SpeechFolder(join(folder, "audio"), NAME_KEY);
  let store: ManagedStore;
  let desk: RecordingsService;
  let kept: KeptSubjects;
  let isHeld = false;
  /** As they were before the deletion: a copy of the database's rows. */
  const rows = { transcripts: [] as TranscriptRecord[], jobs: [] as KeptRecordingJob[] };
  const jobs: Record<string, string> = {};

  const installation = (): AesVault => new AesVault(readKeyFile(join(folder, "keys.json"), false));
  const transcriptOf = (index: number, caller: string, called: string): TranscriptRecord => {
    const record = sampleTranscript(index, { caller: caller as CallerId, called: called as never });
    const plain = Buffer.from(JSON.stringify({ lines: [{ text: SECRET }] }));
    const sealed = installation().seal(plain, transcriptContext(record.callId));
    return { ...record, sealed: Buffer.from(sealed).toString("base64") };
  };
  const textOf = ({ callId, sealed }: TranscriptRecord): string =>
    Buffer.from(subjectVault(folder).vault.open(Buffer.from(sealed, "base64"), transcriptContext(callId))).toString();
  const speechOf = async (at: SpeechFolder, callId: string): Promise<number> => {
    let samples = 0;
    for await (const piece of at.read(callId, subjectVault(folder).vault)) samples += piece.samples.length;
    return samples;
  };
  const jobOf = async (name: string): Promise<KeptRecordingJob> => {
    const job = await store.recordings.get(jobs[name] ?? "");
    assert.ok(job !== undefined, name);
    return job;
  };
  const add = async (name: string, which: number, people: { caller?: string; called?: string }): Promise<void> => {
    const order = { callId: name, origin: "upload", priority: 5, ...people } as const;
    jobs[name] = (await desk.upload(order, chunksOf(secondOfSound(which)))).job.id;
  };
  const reaches = (name: string, stage: string) =>
    until(`${name}: ${stage}`, async () => (await jobOf(name)).stage === stage, 60_000);

  before(async () => {
    store = await openStore({ folder: join(folder, "db"), template: await storeTemplate(), log: silentLog });
    const url = await crm.open();
    const analyzer = hears(SECRET);
    desk = startRecordings({
      folder,
      store: store.recordings,
      // The last one is held in the middle of its work.
      analyzer: {
        analyze: (order) => (isHeld ? new Promise(() => undefined) : analyzer.analyze(order)),
      },
      config: { crm: { url }, concurrency: 4 },
    });
    const { keys, vault } = subjectVault(folder);
    kept = new KeptSubjects({
      ...{ store, holds: store.legalHolds, speech, keys, vault },
      ...{ clock: new FakeClock(), log: silentLog },
    });
    const files = new SpeechFiles(
      { callBytes: 1e7, totalBytes: 1e8 },
      { folder: speech, vault: installation(), clock: new FakeClock(), metrics: noMetrics, log: silentLog },
    );
    const texts = [transcriptOf(1, MARIA, JOHN), transcriptOf(2, PEDRO, MARIA), transcriptOf(3, JOHN, PEDRO)];
    for (const { callId } of texts)
      files.keep({ callId, speaker: "caller", startMs: 0, sampleRateHz: 16_000, samples: new Int16Array(1_600) });
    await files.close();
    const batch = kept.bind({
      seq: 1,
      json: JSON.stringify(texts.map((transcript) => ({ kind: "transcript", transcript }))),
    });
    await store.write(JSON.parse(batch.json) as StoreRecord[]);

    await add("done", 1, { caller: MARIA });
    await add("with-pedro", 2, { caller: PEDRO, called: MARIA });
    await add("not-hers", 3, { caller: JOHN });
    for (const name of ["done", "with-pedro", "not-hers"]) {
      await reaches(name, "done");
      // Its files go after the stage is kept.
      await until("its files to go", () => !existsSync(join(folder, "recordings", jobs[name] ?? "")));
    }
    crm.status = 422;
    await add("dead-letter", 4, { called: MARIA });
    await reaches("dead-letter", "failed");
    crm.status = 503;
    await add("waits-for-crm", 5, { caller: MARIA });
    await reaches("waits-for-crm", "deliver");
    isHeld = true;
    await add("in-work", 6, { caller: MARIA });
    await reaches("in-work", "transcribe");
    await until("speech to be bound", async () => {
      const head = readFileSync(speech.pathOf(texts[2]?.callId ?? ""));
      return await Promise.resolve(head[8] === 2);
    });
    rows.transcripts.push(...(await store.transcripts({ limit: 9 })));
    for (const name of Object.keys(jobs)) rows.jobs.push(await jobOf(name));
    cpSync(join(folder, "recordings"), join(backup, "recordings"), { recursive: true });
    cpSync(join(folder, "audio"), join(backup, "audio"), { recursive: true });
  });
  after(async () => {
    await desk.close();
    kept.close();
    await store.close();
    await crm.close();
    root.remove();
  });

  test("before, all of it can be read, and nothing of it without its keys", async () => {
    for (const row of rows.transcripts) assert.match(textOf(row), new RegExp(SECRET));
    for (const row of rows.transcripts)
      assert.throws(() => installation().open(Buffer.from(row.sealed, "base64"), transcriptContext(row.callId)));
    for (const { callId } of rows.transcripts) assert.equal(await speechOf(speech, callId), 1_600);
    const seals = new RecordingSeals(subjectVault(folder).vault);
    for (const job of rows.jobs) assert.equal(seals.order(job).callId, job.callId);
    const done = await jobOf("done");
    assert.match(JSON.stringify(await desk.result(done.id)), new RegExp(SECRET));
    assert.deepEqual(
      readdirSync(join(folder, "recordings")).sort(),
      [jobs["in-work"], jobs["dead-letter"], jobs["waits-for-crm"]].sort(),
    );
  });

  test("a deletion, with a hold on PEDRO: what is hers is gone, what was hers and his is his", async () => {
    await store.legalHolds.place({ number: PEDRO, placedBy: "court", placedAt: unixMs(1), reason: "case" });
    const callIds = await store.forgetSubject(MARIA);
    await speech.forget(callIds);
    assert.deepEqual(await desk.forget(MARIA), { deleted: 4, held: 1 });
    assert.equal(await kept.keepHeld(MARIA), 1);
    assert.equal(subjectVault(folder).keys.destroy(MARIA), true);

    assert.deepEqual((await store.transcripts({ limit: 9 })).map(({ callId }) => callId).sort(), [
      sampleTranscript(2).callId,
      sampleTranscript(3).callId,
    ]);
    for (const row of await store.transcripts({ limit: 9 })) {
      assert.match(textOf(row), new RegExp(SECRET));
      assert.equal(await speechOf(speech, row.callId), 1_600);
    }
    assert.equal(existsSync(speech.pathOf(sampleTranscript(1).callId)), false);
    for (const name of ["with-pedro", "not-hers"]) {
      const restarted = new RecordingSeals(subjectVault(folder).vault);
      const job = await jobOf(name);
      assert.match(JSON.stringify(restarted.result(job, job.sealedResult ?? "")), new RegExp(SECRET));
    }
    assert.deepEqual(readdirSync(join(folder, "recordings")), []);
  });

  test("copies from before cannot be read any more: rows, results, speech, files of jobs that waited, failed or were in work", async () => {
    const { vault } = subjectVault(folder);
    const copy = new SpeechFolder(join(backup, "audio"), NAME_KEY);
    for (const row of rows.transcripts) {
      const isHers = [row.caller, row.called].includes(MARIA as never);
      if (isHers) {
        assert.throws(() => textOf(row), FORGOTTEN);
        await assert.rejects(speechOf(copy, row.callId), FORGOTTEN);
      } else assert.match(textOf(row), new RegExp(SECRET));
    }
    const seals = new RecordingSeals(vault);
    const hers = rows.jobs.filter(({ caller, called }) => caller === MARIA || called === MARIA);
    assert.equal(hers.length, 5);
    for (const job of hers) {
      assert.throws(() => seals.order(job), FORGOTTEN, job.callId);
      assert.throws(() => seals.vaultOf(job), FORGOTTEN, job.callId);
      if (job.sealedResult !== undefined) assert.throws(() => seals.result(job, job.sealedResult ?? ""), FORGOTTEN);
    }
    // The installation's keys alone open none of the files.
    const files = new RecordingFiles(join(backup, "recordings"));
    for (const id of await files.ids()) {
      const names = readdirSync(join(backup, "recordings", id)).filter(
        (name) => name.endsWith(".text") || name.endsWith(".pcm") || name === "decoded.json",
      );
      assert.ok(names.length > 0, id);
      await assert.rejects(files.job(id, installation()).readDecoded(), { code: "crypto.key" });
    }
  });

  test("a new call of hers has a new key; old copies stay closed", async () => {
    const again = transcriptOf(7, MARIA, JOHN);
    const batch = kept.bind({ seq: 2, json: JSON.stringify([{ kind: "transcript", transcript: again }]) });
    await store.write(JSON.parse(batch.json) as StoreRecord[]);
    const row = await store.transcript(again.callId);
    assert.ok(row !== undefined);
    assert.match(textOf(row), new RegExp(SECRET));
    const old = rows.transcripts.find(({ callId }) => callId === sampleTranscript(1).callId);
    assert.ok(old !== undefined);
    assert.throws(() => textOf(old), { code: "crypto.key" });
  });

  test("what another gateway on the same database has kept does not stand in the way of a deletion", async () => {
    const foreign = sampleTranscript(8, { caller: MARIA as CallerId, called: PEDRO as never });
    const other = new AesVault({ current: "other", keys: new Map([["other", Buffer.alloc(32, 9)]]) });
    const sealed = Buffer.from(other.seal(Buffer.from("{}"), transcriptContext(foreign.callId))).toString("base64");
    await store.write([{ kind: "transcript", transcript: { ...foreign, sealed } }]);
    assert.equal(await kept.keepHeld(MARIA), 2 + 1);
    assert.equal((await store.transcript(foreign.callId))?.sealed, sealed);
  });

  test("keys that nothing needs any more go, but not while there is a hold", async () => {
    const { keys } = subjectVault(folder);
    const count = (): number => readdirSync(join(folder, "subject-keys")).length;
    const there = count();
    const clock = { unix: () => unixMs(Date.now() + 200 * 86_400_000) } as never;
    const later = new KeptSubjects({
      store,
      holds: store.legalHolds,
      speech,
      keys,
      vault: subjectVault(folder).vault,
      clock,
      log: silentLog,
    });
    await later.prune(30);
    assert.equal(count(), there);
    await store.legalHolds.lift(PEDRO);
    await later.prune(180);
    assert.equal(count(), there);
    await later.prune(30);
    assert.equal(count(), 0);
    assert.ok(statSync(join(folder, "subject-keys")).isDirectory());
  });
});
