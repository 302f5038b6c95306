import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { recordingsSchema } from "../../../gateway/config/recordings-schema.js";
import { Sensitive } from "../../../gateway/core/log.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import { RecordingsIntake } from "../../../gateway/workers/recordings-intake.js";
import { LogDouble } from "../../support/call-doubles.js";
import { FakeClock } from "../../support/fake-clock.js";
import { temporaryFolder, until } from "../../support/processes.js";

const root = temporaryFolder("recordings-intake");
after(() => root.remove());

/** No mode keeps root out. */
function readAsNobody(t: TestContext, folder: string): void {
  if (process.getuid?.() !== 0) return;
  for (const each of [root.path, folder]) chmodSync(each, 0o777);
  process.seteuid?.(65_534);
  t.after(() => process.seteuid?.(0));
}

interface Watched {
  readonly desk: { readonly upload: unknown };
  readonly clock: FakeClock;
  readonly log: LogDouble;
  readonly filesALook?: number;
}

/** Looks at the folder every second, until the test is over. */
function watchFolder(t: TestContext, folder: string, { desk, ...deps }: Watched): void {
  const intake = new RecordingsIntake(
    recordingsSchema.parse({ enabled: true, folder: { path: folder, everyMs: 1_000 } }),
    {
      ...{ desk: desk as never, download: {} as never, ...deps },
      canonical: (number) => Promise.resolve(number),
    },
  );
  intake.start();
  t.after(() => intake.close());
}

test("a file that cannot be read keeps none behind it waiting, and is told once; a store that is gone ends the look", async (t) => {
  const folder = join(root.path, "watched");
  mkdirSync(folder);
  for (const name of ["a", "b+12025550123", "c"]) writeFileSync(join(folder, `${name}.wav`), name);
  chmodSync(join(folder, "b+12025550123.wav"), 0);
  readAsNobody(t, folder);
  const [clock, log] = [new FakeClock(), new LogDouble()];
  const taken: string[] = [];
  let isGone = true;
  let uploads = 0;
  const desk = {
    upload: async ({ callId }: { callId: string }, bytes: AsyncIterable<Uint8Array>) => {
      uploads++;
      if (isGone) throw new GatewayError("store.unavailable", "the database is gone");
      for await (const chunk of bytes) assert.equal(Buffer.from(chunk).toString(), callId);
      taken.push(callId);
    },
  };
  watchFolder(t, folder, { desk, clock, log });
  const looks = async (isSo: () => boolean): Promise<void> =>
    until("the folder to be looked at", () => {
      clock.advance(1_000);
      return isSo();
    });
  await looks(() => uploads >= 2);
  assert.deepEqual(taken, []);
  isGone = false;
  await looks(() => taken.length >= 2);
  // A new one is taken in the second look from now on: the others have been looked at again by then.
  writeFileSync(join(folder, "d.wav"), "d");
  await looks(() => taken.length >= 3);
  assert.deepEqual(taken, ["a", "c", "d"]);
  const told = log.lines.filter(({ event }) => event === "recordings.folder-unreadable");
  assert.equal(told.length, 1, "not with every look");
  assert.equal(told[0]?.fields?.["reason"], "EACCES");
  assert.ok(told[0].fields["file"] instanceof Sensitive);
});

test("of a folder with more files than one look has it is told once how many there are", async (t) => {
  const folder = join(root.path, "large");
  mkdirSync(folder);
  for (const name of ["a", "b", "c", "d", "e"]) writeFileSync(join(folder, `${name}.wav`), name);
  const [clock, log] = [new FakeClock(), new LogDouble()];
  const taken: string[] = [];
  const desk = { upload: ({ callId }: { callId: string }) => Promise.resolve(void taken.push(callId)) };
  watchFolder(t, folder, { desk, clock, log, filesALook: 2 });
  await until("all files to be taken", () => {
    clock.advance(1_000);
    return taken.length === 5;
  });
  assert.deepEqual(taken, ["a", "b", "c", "d", "e"]);
  const told = log.lines.filter(({ event }) => event === "recordings.folder-large");
  assert.deepEqual(
    told.map(({ fields }) => fields),
    [{ files: 5, aLook: 2 }],
  );
});

test("endings that are passed over are told once each, without names, and twenty at most", async (t) => {
  const folder = join(root.path, "endings");
  mkdirSync(join(folder, "old.days"), { recursive: true });
  const others = ["a.txt", "b.TXT", "c.bin", "d", "e.+12025550123", "f.wav.part", ".hidden.doc"];
  for (const name of ["a.wav", ...others]) writeFileSync(join(folder, name), name);
  const [clock, log] = [new FakeClock(), new LogDouble()];
  let taken = 0;
  const desk = {
    upload: () => {
      taken++;
      return Promise.resolve();
    },
  };
  watchFolder(t, folder, { desk, clock, log });
  const taking = (count: number): Promise<void> =>
    until("the recording to be taken", () => {
      clock.advance(1_000);
      return taken === count;
    });
  const told = (): string[][] =>
    log.lines
      .filter(({ event }) => event === "recordings.folder-passed-over")
      .map(({ fields }) => String(fields?.["endings"]).split(" ").sort());
  await taking(1);
  assert.deepEqual(told(), [[".bin", ".part", ".txt", "none", "other"]]);
  for (let i = 0; i < 40; i++) writeFileSync(join(folder, `a.x${i}`), "x");
  writeFileSync(join(folder, "b.wav"), "b");
  await taking(2);
  assert.deepEqual(
    told().map(({ length }) => length),
    [5, 15],
  );
});
