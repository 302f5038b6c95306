import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { GatewayError } from "../../../gateway/core/errors.js";
import { unixMs } from "../../../gateway/core/time.js";
import type { KeptRecordingJob } from "../../../gateway/ports/recordings.js";
import type { RecordingsService } from "../../../gateway/workers/recordings-service.js";
import { LogDouble } from "../../support/call-doubles.js";
import { FakeClock } from "../../support/fake-clock.js";
import { MemoryRecordingJobs } from "../../support/memory-recording-jobs.js";
import { temporaryFolder, until } from "../../support/processes.js";
import { chunksOf, secondOfSound, startRecordings } from "../../support/recordings-scene.js";

const DAY = 86_400_000;
const OVER: ReadonlySet<string> = new Set(["done", "failed"]);
const NUMBER = "+12025550123";

describe("sources that name the same again and again", () => {
  const root = temporaryFolder("recordings-service");
  const store = new MemoryRecordingJobs();
  const clock = new FakeClock();
  const log = new LogDouble();
  const watched = join(root.path, "watched");
  let list: unknown[] = [];
  let asked = 0;
  let server: Server;
  let url: string;
  let service: RecordingsService;
  before(async () => {
    mkdirSync(watched);
    server = createServer((request, response) => {
      // Recordings are asked for here as well.
      if (request.url === "/list") asked++;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(list));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    service = open();
  });
  after(async () => {
    await service.close();
    server.close();
    root.remove();
  });

  const open = (more: Readonly<Record<string, unknown>> = {}): RecordingsService =>
    startRecordings({
      ...{ folder: root.path, store, clock, log },
      config: {
        concurrency: 1,
        folder: { path: watched, everyMs: 1_000 },
        poll: { url: `${url}/list`, everyMs: 1_000 },
        download: { hosts: ["127.0.0.1"], plainHttp: true, privateNetworks: ["127.0.0.0/8"] },
        ...more,
      },
    });
  /** Time goes on, a second at a look. */
  const goesOn = (what: string, isSo: () => boolean): Promise<void> =>
    until(what, () => {
      clock.advance(1_000);
      return isSo();
    });
  /** Two looks at the list are over: the one behind them has begun. */
  const looks = (): Promise<void> => {
    const before = asked;
    return goesOn("the list to be asked for", () => asked >= before + 3);
  };
  const kept = (): readonly string[] =>
    [...store.jobs.values()].map(({ origin, callId }) => `${origin} ${callId}`).sort();
  const listedOf = (callId: string, more: object = {}) => ({
    call_id: callId,
    recording_url: `${url}/${callId}.wav`,
    ...more,
  });

  test("a list says all that the webhook may say", async () => {
    list = [
      listedOf("full", { caller: "0012025550123", called: "+12025550199", language: "es", priority: 9 }),
      listedOf("short"),
      { call_id: "bad", recording_url: `${url}/bad.wav`, priority: 99 },
      { call_id: "elsewhere", recording_url: "https://elsewhere.example/a.wav" },
      7,
    ];
    await looks();
    assert.deepEqual(kept(), ["poll full", "poll short"]);
    const [full, short] = ["full", "short"].map((id) => [...store.jobs.values()].find(({ callId }) => callId === id));
    assert.deepEqual([full?.caller, full?.called, full?.priority], [NUMBER, "+12025550199", 9]);
    assert.deepEqual([short?.caller, short?.priority], [undefined, 3]);
    const told = log.lines.filter(({ event }) => event === "recordings.poll-passed-over");
    assert.deepEqual(
      told.map(({ fields }) => fields),
      [{ none: 2, field: "priority", beyond: 0 }],
    );
    const refused = log.lines.filter(({ event }) => event === "recordings.poll-refused");
    assert.equal(refused.length, 1, "not with every look");
  });

  /** When a new one is there, all that stood there before has been looked at: in the order of their names, and of the list. */
  const comes = async (name: string): Promise<void> => {
    writeFileSync(join(watched, `${name}.wav`), secondOfSound(name.length));
    await goesOn(`${name} to come`, () => kept().includes(`folder ${name}`));
    await looks();
  };

  test("who is to be forgotten, and whose recordings the store names but does not have, is no endless work", async () => {
    const ofNumber = store.ofNumber.bind(store);
    let asked = 0;
    store.ofNumber = (number, held, after) => {
      if (held) return ofNumber(number, held, after);
      assert.ok(++asked < 100, "asked again and again");
      return Promise.resolve(["not-there"]);
    };
    try {
      assert.deepEqual(await service.forget("+12025550177"), { deleted: 0, held: 0 });
    } finally {
      store.ofNumber = ofNumber;
    }
  });

  test("what was deleted does not come back, neither with the next look nor after a restart; a person can have it again", async () => {
    await comes("a-call");
    assert.deepEqual(kept(), ["folder a-call", "poll full", "poll short"]);
    assert.equal((await service.forget(NUMBER)).deleted, 1);
    assert.equal(await service.remove([...store.jobs.keys()]), 2);
    await comes("b-call");
    assert.deepEqual(kept(), ["folder b-call"]);
    await service.close();
    service = open();
    await comes("c-call");
    assert.deepEqual(kept(), ["folder b-call", "folder c-call"]);
    const order = { callId: "short", source: `${url}/short.wav`, priority: 5 } as const;
    await assert.rejects(
      service.add({ ...order, origin: "webhook" }),
      (error) => error instanceof GatewayError && error.code === "recording.deleted",
    );
    assert.equal((await service.add({ ...order, origin: "api" })).isNew, true);
    assert.deepEqual(kept(), ["api short", "folder b-call", "folder c-call"]);
    list = [];
  });

  test("files of a recording that is done go, though we were killed before they did; those of one that failed stay for a retry", async () => {
    const files: string[] = [];
    for (const [which, stage] of ["done", "failed"].entries()) {
      const order = { callId: stage, origin: "upload", priority: 0 } as const;
      const { job } = await service.upload(order, chunksOf(secondOfSound(which + 4)));
      await service.close();
      files.push(join(root.path, "recordings", job.id));
      await store.change(job.id, { stage: stage as KeptRecordingJob["stage"], updatedAt: clock.unix() });
      mkdirSync(files.at(-1)!, { recursive: true });
      writeFileSync(join(files.at(-1)!, "0.pcm"), "sound");
      service = open();
    }
    clock.advance(31_000);
    await until("the files to go", () => !existsSync(files[0]!));
    assert.equal(existsSync(files[1]!), true);
  });

  test("a recording that failed does not keep others out for want of room: its files go, the oldest first", async () => {
    await service.close();
    const of = (callId: string, which: number) =>
      service.upload({ callId, origin: "upload", priority: 0 }, chunksOf(secondOfSound(which)));
    service = open({ spoolLimitBytes: 1_000_000 });
    const failed: string[] = [];
    for (const which of [11, 12]) {
      const { job } = await of(`bad-${which}`, which);
      failed.push(job.id);
      const files = join(root.path, "recordings", job.id);
      await until("it to be over", () => OVER.has(store.jobs.get(job.id)!.stage));
      // They go after the stage is kept: what is written before they did would go with them.
      await until("its own files to go", () => !existsSync(files));
      await store.change(job.id, { stage: "failed", updatedAt: unixMs(clock.unix() - 60_000 + which) });
      mkdirSync(files, { recursive: true });
      writeFileSync(join(files, "source.sealed"), Buffer.alloc(600_000));
    }
    clock.advance(11_000);
    const { isNew } = await of("good", 13);
    assert.equal(isNew, true);
    assert.deepEqual(
      failed.map((id) => existsSync(join(root.path, "recordings", id))),
      [false, true],
    );
    await service.close();
    service = open();
  });

  test("what ended so long ago that it is not kept is not worked on anew", async () => {
    const failed = [...store.jobs.values()].find(({ stage }) => stage === "failed")!.id;
    clock.advance(31 * DAY);
    const hourly = (what: string, isSo: () => boolean): Promise<void> =>
      until(what, () => {
        clock.advance(3_600_000);
        return isSo();
      });
    await hourly("it to go", () => !store.jobs.has(failed));
    assert.equal(await store.wasRemoved(failed), true);
    store.removed.set("long ago", unixMs(clock.unix() - 401 * DAY));
    await hourly("the note to go", () => !store.removed.has("long ago"));
    assert.equal(await store.wasRemoved(failed), true);
  });
});

test("an upload holds its room while it comes in: another one that found the disk empty is refused", async (t) => {
  const root = temporaryFolder("recordings-upload-room");
  const service = startRecordings({
    ...{ folder: root.path, store: new MemoryRecordingJobs() },
    config: { concurrency: 1, spoolLimitBytes: 1_000_000 },
  });
  t.after(async () => {
    await service.close();
    root.remove();
  });
  let letGo = (): void => undefined;
  const gate = new Promise<void>((resolve) => (letGo = resolve));
  let isTaken = false;
  async function* slowly(): AsyncIterable<Uint8Array> {
    yield new Uint8Array(300_000);
    isTaken = true;
    await gate;
    yield new Uint8Array(100_000).fill(1);
  }
  const order = { origin: "upload", priority: 0 } as const;
  const first = service.upload({ ...order, callId: "first" }, slowly());
  await until("its first bytes to be taken", () => isTaken);
  await assert.rejects(service.upload({ ...order, callId: "second" }, chunksOf(new Uint8Array(300_000).fill(2))), {
    code: "recording.full",
  });
  letGo();
  assert.equal((await first).isNew, true);
});
