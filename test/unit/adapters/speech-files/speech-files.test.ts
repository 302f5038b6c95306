import assert from "node:assert/strict";
import { appendFileSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { SpeechFiles, type SpeechFilesOptions } from "../../../../gateway/adapters/speech-files/speech-files.js";
import { SpeechFolder } from "../../../../gateway/adapters/speech-files/speech-folder.js";
import {
  encodePiece,
  FILE_HEAD_BYTES,
  OLD_FILE_MARK,
  speechContext,
} from "../../../../gateway/adapters/speech-files/speech-record.js";
import { AesVault } from "../../../../gateway/adapters/vault/aes-vault.js";
import { silentLog } from "../../../../gateway/core/log.js";
import type { SpeechPiece } from "../../../../gateway/ports/speech-keeper.js";
import { CountingMetrics } from "../../../support/counting-metrics.js";
import { FakeClock } from "../../../support/fake-clock.js";
import { temporaryFolder, until } from "../../../support/processes.js";
import { smallDisk } from "../../../support/small-disk.js";

const root = temporaryFolder("speech-files");
after(() => root.remove());
let folders = 0;

const NAME_KEY = new Uint8Array(32).fill(7);
const vaultOf = (byte: number): AesVault =>
  new AesVault({ current: "k1", keys: new Map([["k1", new Uint8Array(32).fill(byte)]]) });
const LIMITS = { callBytes: 1_000_000, totalBytes: 10_000_000 };

function scene(options: Partial<SpeechFilesOptions> = {}, path = join(root.path, `${folders++}`)) {
  const folder = new SpeechFolder(path, NAME_KEY);
  const metrics = new CountingMetrics();
  const clock = new FakeClock();
  const files = new SpeechFiles(
    { ...LIMITS, ...options },
    { folder, vault: vaultOf(1), clock, metrics, log: silentLog },
  );
  const dropped = (why: string): number => metrics.value("ringfence_speech_dropped_total", why);
  return { folder, files, metrics, clock, dropped };
}

const piece = (callId: string, startMs: number, samples = 1_600): SpeechPiece => ({
  callId,
  speaker: startMs % 2_000 === 0 ? "caller" : "callee",
  startMs,
  sampleRateHz: 16_000,
  samples: Int16Array.from({ length: samples }, (_, i) => (i * 31 + startMs) % 30_000),
});

async function piecesOf(folder: SpeechFolder, callId: string, vault = vaultOf(1)): Promise<SpeechPiece[]> {
  const pieces: SpeechPiece[] = [];
  for await (const each of folder.read(callId, vault)) pieces.push(each);
  return pieces;
}

test("whether there is speech under a name, of this process or one before: until it is deleted", async () => {
  const before = scene();
  before.files.keep(piece("a@192.0.2.1", 0));
  await before.files.close();
  assert.deepEqual([before.files.has("a@192.0.2.1"), before.files.has("b@192.0.2.1")], [true, false]);
  const { files, folder } = scene({}, before.folder.path);
  assert.deepEqual([files.has("a@192.0.2.1"), files.has("b@192.0.2.1")], [true, false]);
  await folder.forget(["a@192.0.2.1"]);
  assert.equal(files.has("a@192.0.2.1"), false);
});

test("what is kept of two calls comes back, in order; nothing of it is readable on disk", async () => {
  const { files, folder } = scene();
  const kept = [piece("a@192.0.2.1", 0), piece("b@192.0.2.1", 0), piece("a@192.0.2.1", 1_000)];
  for (const each of kept) files.keep(each);
  await files.close();
  await files.close();
  assert.deepEqual(await piecesOf(folder, "a@192.0.2.1"), [kept[0], kept[2]]);
  assert.deepEqual(await piecesOf(folder, "b@192.0.2.1"), [kept[1]]);
  const names = readdirSync(folder.path);
  assert.equal(names.length, 2);
  for (const name of names) {
    assert.match(name, /^[0-9a-f]{64}\.speech$/);
    const bytes = readFileSync(join(folder.path, name));
    const clear = Buffer.from(kept[0]?.samples.buffer ?? new ArrayBuffer(0));
    assert.equal(bytes.includes(clear.subarray(200, 232)), false);
    assert.equal(bytes.includes("192.0.2.1"), false);
    assert.equal(statSync(join(folder.path, name)).mode & 0o077, 0);
  }
});

test("another process goes on with a call's file, behind what a crash has left", async () => {
  const first = scene();
  first.files.keep(piece("call", 0));
  await first.files.close();
  appendFileSync(first.folder.pathOf("call"), Buffer.from([0, 0, 1, 0, 1, 2, 3]));
  const second = scene({}, first.folder.path);
  second.files.keep(piece("call", 1_000, 800));
  await second.files.close();
  const starts = (await piecesOf(second.folder, "call")).map(({ startMs }) => startMs);
  assert.deepEqual(starts, [0, 1_000]);
});

const CHANGES: readonly { readonly name: string; readonly change: (bytes: Buffer) => Buffer; readonly code: string }[] =
  [
    { name: "a byte of a sample", change: (bytes) => flipped(bytes, 900), code: "crypto.key" },
    { name: "two records that change places", change: swapped, code: "crypto.key" },
    { name: "the first bytes", change: (bytes) => flipped(bytes, 0), code: "audio.invalid" },
    { name: "a length beyond reason", change: (bytes) => flipped(bytes, FILE_HEAD_BYTES), code: "audio.invalid" },
    { name: "the length of its key", change: (bytes) => flipped(bytes, 4), code: "audio.invalid" },
    { name: "a byte of its key", change: (bytes) => flipped(bytes, 60), code: "crypto.key" },
  ];
for (const { name, change, code } of CHANGES) {
  test(`does not open: ${name} changed`, async () => {
    const { files, folder } = scene();
    for (const startMs of [0, 1_000]) files.keep(piece("call", startMs));
    await files.close();
    const path = folder.pathOf("call");
    writeFileSync(path, change(readFileSync(path)));
    await assert.rejects(piecesOf(folder, "call"), { code });
  });
}

function flipped(bytes: Buffer, at: number): Buffer {
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
  return bytes;
}

function swapped(bytes: Buffer): Buffer {
  const end = FILE_HEAD_BYTES + 4 + bytes.readUInt32BE(FILE_HEAD_BYTES);
  return Buffer.concat([bytes.subarray(0, FILE_HEAD_BYTES), bytes.subarray(end), bytes.subarray(FILE_HEAD_BYTES, end)]);
}

test("a file of before, whose records are under the installation's keys, is read", async () => {
  const { folder, files } = scene();
  const kept = piece("call", 0);
  files.keep(kept);
  await files.close();
  const sealed = vaultOf(1).seal(encodePiece(kept), speechContext("call", 0));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(sealed.byteLength);
  writeFileSync(folder.pathOf("call"), Buffer.concat([OLD_FILE_MARK, length, sealed]));
  assert.deepEqual(await piecesOf(folder, "call"), [kept]);
  assert.equal(await folder.bind("call", vaultOf(1), () => new Uint8Array(1)), false);
});

test("bound to others in mid-call: they read it, the former do not, and what is added is in it", async () => {
  const { folder, files } = scene();
  files.keep(piece("call", 0));
  await until("it to be kept", async () => (await piecesOf(folder, "call").catch(() => [])).length === 1);
  const seal = (key: Uint8Array, context: string): Uint8Array => vaultOf(2).seal(key, context);
  assert.equal(await folder.bind("call", vaultOf(1), seal), true);
  files.keep(piece("call", 1_000));
  await files.close();
  const starts = (await piecesOf(folder, "call", vaultOf(2))).map(({ startMs }) => startMs);
  assert.deepEqual(starts, [0, 1_000]);
  await assert.rejects(piecesOf(folder, "call"), { code: "crypto.key" });
  assert.equal(await folder.bind("nobody", vaultOf(1), seal), false);
});

test("does not open with other keys, nor as another call's", async () => {
  const { files, folder } = scene();
  files.keep(piece("call", 0));
  await files.close();
  await assert.rejects(piecesOf(folder, "call", vaultOf(2)), { code: "crypto.key" });
  writeFileSync(folder.pathOf("other"), readFileSync(folder.pathOf("call")));
  await assert.rejects(piecesOf(folder, "other"), { code: "crypto.key" });
  await assert.rejects(piecesOf(folder, "nobody"), { code: "audio.invalid" });
});

test("limits: a call, all calls, what waits, after the end", async () => {
  const { files, folder, dropped, clock } = scene({ callBytes: 8_000, totalBytes: 12_000, waitingBytes: 30_000 });
  for (const startMs of [0, 1_000, 2_000]) files.keep(piece("a", startMs));
  for (const startMs of [0, 1_000]) files.keep(piece("b", startMs));
  files.keep(piece("c", 0, 16_000));
  await files.close();
  files.keep(piece("a", 3_000));
  const counts = ["call-full", "full", "queue", "closed", "disk"].map(dropped);
  assert.deepEqual(counts, [1, 1, 1, 1, 0]);
  assert.equal((await piecesOf(folder, "a")).length, 2);
  const later = scene({ totalBytes: 12_000 }, folder.path);
  later.files.keep(piece("c", 0));
  await later.files.close();
  assert.equal(later.dropped("full"), 1, "what was there before counts");
  clock.advance(1);
});

test("room that others have made is used within a minute", async () => {
  const { files, folder, dropped, clock } = scene({ totalBytes: 4_000 });
  const keep = async (callId: string): Promise<void> => {
    files.keep(piece(callId, 0));
    await until("it to be kept", async () => (await folder.sizeBytes()) > 0 || dropped("full") > 0);
  };
  await keep("a");
  assert.equal(await folder.forget(["a", "unknown"]), 1);
  assert.equal(await folder.sizeBytes(), 0);
  clock.advance(60_000);
  await keep("b");
  assert.equal(dropped("full"), 0);
  await files.close();
});

test("speech that is deleted while its call goes on does not come back", async () => {
  const { files, folder, dropped } = scene();
  files.keep(piece("call", 0));
  await until("it to be kept", async () => (await folder.sizeBytes()) > 3_000);
  assert.equal(await folder.forget(["call"]), 1);
  files.keep(piece("call", 1_000));
  await until("it to be dropped", () => dropped("forgotten") === 1);
  files.keep(piece("call", 2_000));
  await files.close();
  assert.deepEqual(
    (await piecesOf(folder, "call")).map(({ startMs }) => startMs),
    [2_000],
  );
});

test("old files go, others stay", async () => {
  const { files, folder } = scene();
  files.keep(piece("old", 0));
  files.keep(piece("new", 0));
  await files.close();
  writeFileSync(join(folder.path, "not-ours.txt"), "x");
  utimesSync(join(folder.path, "not-ours.txt"), 1, 1);
  utimesSync(folder.pathOf("old"), 1_000, 1_000);
  assert.equal(await folder.prune(2_000_000), 1);
  assert.equal(readdirSync(folder.path).length, 2);
  assert.equal(await new SpeechFolder(join(root.path, "none"), NAME_KEY).prune(2_000_000), 0);
});

test("a full disk costs pieces, not the call: what fits afterwards is kept, and what was kept stays readable", async (t) => {
  const disk = smallDisk(64);
  if (typeof disk === "string") {
    t.skip(disk);
    return;
  }
  t.after(disk.remove);
  const { files, folder, dropped } = scene({}, join(disk.path, "audio"));
  for (const [index, samples] of [8_000, 8_000, 24_000, 4_000].entries())
    files.keep(piece("call", index * 1_000, samples));
  await files.close();
  assert.equal(dropped("disk"), 1);
  const kept = await piecesOf(folder, "call");
  assert.deepEqual(
    kept.map(({ startMs, samples }) => [startMs, samples.length]),
    [
      [0, 8_000],
      [1_000, 8_000],
      [3_000, 4_000],
    ],
  );
});

test("a long piece is sealed in slices of five seconds, so that nobody waits for all of it; none of it is missing", async () => {
  const { files, folder } = scene();
  const long = piece("call", 2_000, 200_000);
  files.keep(long);
  await files.close();
  const kept = await piecesOf(folder, "call");
  assert.deepEqual(
    kept.map(({ startMs, samples }) => [startMs, samples.length]),
    [
      [2_000, 80_000],
      [7_000, 80_000],
      [12_000, 40_000],
    ],
  );
  assert.deepEqual(Int16Array.from(kept.flatMap(({ samples }) => [...samples])), long.samples);
});
