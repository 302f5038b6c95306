import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../gateway/core/errors.js";
import { RecordingsRoom } from "../../../gateway/workers/recordings-room.js";
import { LogDouble } from "../../support/call-doubles.js";
import { FakeClock } from "../../support/fake-clock.js";

const LIMIT = 1_000;
const is =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof GatewayError && error.code === code;

function roomOf() {
  const disk = { usedBytes: 0, failedBytes: 0, asked: 0 };
  const waiting = new Set<string>();
  const [clock, log] = [new FakeClock(), new LogDouble()];
  const ofJob = new Map<string, number>();
  const measure = { now: (): Promise<number> => Promise.resolve(disk.usedBytes) };
  const room = new RecordingsRoom(LIMIT, {
    usedBytes: () => measure.now(),
    bytesOf: (id) => Promise.resolve(ofJob.get(id) ?? 0),
    free: (bytes) => {
      disk.asked++;
      // Files go as a whole: of 100 bytes each here.
      const freed = Math.min(disk.failedBytes, Math.ceil(bytes / 100) * 100);
      disk.failedBytes -= freed;
      disk.usedBytes -= freed;
      return Promise.resolve(freed);
    },
    isWaiting: (id) => Promise.resolve(waiting.has(id)),
    ...{ clock, log },
  });
  return { disk, ofJob, waiting, clock, log, room, measure };
}

test("what is on its way counts with all that it will be, and what has come until the disk is looked at again", async () => {
  const { disk, clock, room } = roomOf();
  const leave = await room.hold("x", 600);
  await assert.rejects(room.hold("x", 600), is("recording.full"));
  leave();
  leave();
  await assert.rejects(room.hold("x", 600), is("recording.full"), "it is on the disk now");
  // It was less than was said, or is gone again.
  disk.usedBytes = 300;
  clock.advance(11_000);
  (await room.hold("x", 600))();
});

test("of two who come at once, one finds the room that is there for one", async () => {
  const { room } = roomOf();
  await room.isFull();
  const came = await Promise.allSettled([room.hold("x", 600), room.hold("x", 600)]);
  assert.deepEqual(came.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
});

test("what can never fit is refused, not kept waiting", () =>
  assert.rejects(roomOf().room.hold("x", LIMIT + 1), is("recording.invalid")));

test("all room is taken by what was handed over: it is decoded one by one, and none waits for ever", async () => {
  const { disk, waiting, room, log } = roomOf();
  disk.usedBytes = 5_000;
  assert.equal(await room.isFull(), true);
  assert.equal(await room.isFull(), true);
  assert.equal(log.lines.filter(({ event }) => event === "recordings.spool-full").length, 1, "told once");
  waiting.add("a");
  const leave = await room.holdDecoded("a", 4_000);
  await assert.rejects(room.holdDecoded("b", 10), is("recording.full"));
  leave();
  await assert.rejects(room.holdDecoded("b", 10), is("recording.full"), "its sound is not heard yet");
  (await room.holdDecoded("a", 4_000))();
  waiting.delete("a");
  waiting.add("b");
  await room.holdDecoded("b", 10);
});

test("two that come at the same moment: one goes beyond the limit", async () => {
  const { disk, waiting, room } = roomOf();
  disk.usedBytes = LIMIT;
  for (const id of ["a", "b", "c"]) waiting.add(id);
  const all = await Promise.allSettled(["a", "b", "c"].map((id) => room.holdDecoded(id, 100)));
  assert.equal(all.filter(({ status }) => status === "fulfilled").length, 1);
});

test("what failed makes room for what comes, no more of it than is needed; whoever asks again and again does not look again and again", async () => {
  const { disk, clock, room, log } = roomOf();
  Object.assign(disk, { usedBytes: LIMIT, failedBytes: 500 });
  assert.equal(await room.isFull(), false);
  assert.equal(disk.failedBytes, 400);
  const leave = await room.hold("x", 250);
  assert.equal(disk.failedBytes, 200);
  await room.hold("x", 150);
  await room.hold("x", 50);
  assert.equal(disk.failedBytes, 0);
  for (let i = 0; i < 5; i++) await assert.rejects(room.hold("x", 900), is("recording.full"));
  const { asked } = disk;
  assert.equal(asked, 5);
  clock.advance(11_000);
  await assert.rejects(room.hold("x", 900), is("recording.full"));
  assert.equal(disk.asked, asked + 1);
  assert.equal(log.lines.filter(({ event }) => event === "recordings.spool-freed").length, 4);
  leave();
});

test("two that look at the disk at once: what the one frees is not freed again for the other, who measured before and is told later", async () => {
  const { disk, room, measure } = roomOf();
  Object.assign(disk, { usedBytes: LIMIT + 200, failedBytes: 1_000 });
  const told: (() => void)[] = [];
  measure.now = () => {
    const { usedBytes } = disk;
    return new Promise((resolve) => told.push(() => resolve(usedBytes)));
  };
  const full: boolean[] = [];
  for (let i = 0; i < 2; i++) void room.isFull().then((isFull) => full.push(isFull));
  // Whoever has measured is told once nothing else can go on.
  while (full.length < 2) {
    await new Promise((resolve) => setImmediate(resolve));
    told.shift()?.();
  }
  assert.deepEqual(full, [false, false]);
  assert.deepEqual(disk, { usedBytes: LIMIT - 100, failedBytes: 700, asked: 1 });
});

test("what comes piece by piece holds its room as it comes, and leaves what does not stay", async () => {
  const { room } = roomOf();
  const [one, other] = [room.holdGrowing("a"), room.holdGrowing("b")];
  await one.take(400);
  await other.take(400);
  await assert.rejects(one.take(400), is("recording.full"));
  await assert.rejects(room.hold("x", 400), is("recording.full"));
  one.end(0);
  await other.take(400);
  other.end(300);
  (await room.hold("x", 700))();
  await assert.rejects(room.hold("x", 1), is("recording.full"), "300 and 700 are on the disk");
});

test("what has come of a slow upload is on the disk when that is looked at again, and counts once", async () => {
  const { disk, ofJob, clock, room } = roomOf();
  const upload = room.holdGrowing("a");
  await upload.take(600);
  disk.usedBytes = 700;
  ofJob.set("a", 300);
  clock.advance(11_000);
  await assert.rejects(upload.take(400), is("recording.full"), "400 are others'");
  Object.assign(disk, { usedBytes: 300, asked: 0 });
  clock.advance(11_000);
  await upload.take(400);
  assert.equal(disk.asked, 0, "nothing had to go for it");
  await assert.rejects(room.hold("x", 1), is("recording.full"));
  upload.end(500);
  (await room.hold("x", 500))();
  await assert.rejects(room.hold("x", 1), is("recording.full"), "500 stayed, and 500 came");
});

test("nor does what is fetched or decoded count twice; what was there before of its job counts beside it", async () => {
  const { disk, ofJob, clock, room } = roomOf();
  disk.usedBytes = 100;
  ofJob.set("a", 100);
  const leave = await room.hold("a", 300);
  const leaveDecoded = await room.holdDecoded("b", 300);
  ofJob.set("a", 300).set("b", 250);
  disk.usedBytes = 550;
  clock.advance(11_000);
  const other = await room.hold("x", 300);
  await assert.rejects(room.hold("x", 1), is("recording.full"));
  for (const end of [leave, leaveDecoded, other]) end();
  await assert.rejects(room.hold("x", 1), is("recording.full"));
});

test("what is over while the disk is looked at is not taken off it", async () => {
  const { disk, ofJob, clock, room, measure } = roomOf();
  const upload = room.holdGrowing("a");
  await upload.take(600);
  ofJob.set("a", 300);
  clock.advance(11_000);
  measure.now = () => {
    upload.end(300);
    return Promise.resolve(disk.usedBytes);
  };
  disk.usedBytes = 300;
  await assert.rejects(room.hold("x", 701), is("recording.full"));
  await room.hold("x", 700);
});

test("what comes piece by piece and can never fit is refused for good", async () => {
  const upload = roomOf().room.holdGrowing("a");
  await upload.take(LIMIT);
  await assert.rejects(upload.take(1), is("recording.invalid"));
});
