import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { appendFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FileDialogJournal } from "../../../../gateway/adapters/journal-file/file-dialog-journal.js";
import { nodeFiles, type JournalFiles } from "../../../../gateway/adapters/journal-file/journal-files.js";
import { encodeLine } from "../../../../gateway/adapters/journal-file/journal-line.js";
import { GatewayError } from "../../../../gateway/core/errors.js";
import { silentLog } from "../../../../gateway/core/log.js";
import type { JournalEntry } from "../../../../gateway/ports/dialog-journal.js";
import { smallDisk } from "../../../support/small-disk.js";
import { FakeClock } from "../../../support/fake-clock.js";
import { answered, ended, invited } from "../../../support/journal-entries.js";
import {
  journalFile as fileOf,
  journalFolder as folder,
  journalOnDisk as onDisk,
  openJournal as open,
} from "../../../support/journal-folder.js";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function recovered(path: string) {
  const journal = await open(path);
  const found = await journal.recover();
  await journal.close();
  return {
    calls: found.entries.map((entry) => `${entry.kind} ${entry.callId}`),
    broken: found.broken,
    entries: found.entries,
  };
}

test("what was appended is read back: open calls only, in order, every field as it was", async (t) => {
  const path = folder(t);
  const journal = await open(path);
  for (const entry of [invited("1"), invited("2"), answered("1"), invited("3"), ended("3"), answered("2"), ended("1")])
    journal.append(entry);
  await journal.close();
  await journal.close();
  const { calls, broken, entries } = await recovered(path);
  assert.deepEqual(calls, ["invited 2", "answered 2"]);
  assert.equal(broken, 0);
  assert.deepEqual(entries, JSON.parse(JSON.stringify([invited("2"), answered("2")])));
  assert.equal(statSync(fileOf(path)).mode & 0o777, 0o600);
});

test("a turn's entries are on disk after that turn, in one write; nothing is written within it", async (t) => {
  const path = folder(t);
  const writes: number[] = [];
  const files: JournalFiles = {
    ...nodeFiles,
    writeNow: (fd, bytes) => (writes.push(bytes.length), nodeFiles.writeNow(fd, bytes)),
  };
  const journal = await open(path, { files });
  journal.append(invited("1"));
  journal.append(answered("1"));
  assert.equal(onDisk(path).length, 0);
  await turn();
  assert.equal(onDisk(path).length, 2);
  assert.equal(writes.length, 1);
  await journal.close();
});

test("an end without a beginning writes nothing", async (t) => {
  const path = folder(t);
  const journal = await open(path);
  journal.append(ended("never seen"));
  await turn();
  assert.deepEqual(onDisk(path), []);
  await journal.close();
});

const damages = [
  {
    name: "the last line cut off",
    damage: (file: string) => truncateSync(file, statSync(file).size - 20),
    expect: ["invited 1"],
  },
  {
    name: "the last line without its line end",
    damage: (file: string) => truncateSync(file, statSync(file).size - 1),
    expect: ["invited 1"],
  },
  {
    name: "a line altered in the middle",
    damage: (file: string) => writeFileSync(file, readFileSync(file, "utf8").replace("b-1", "b-9")),
    expect: ["invited 2"],
  },
  {
    name: "garbage at the end",
    damage: (file: string) => appendFileSync(file, Buffer.from([0, 255, 10])),
    expect: ["invited 1", "invited 2"],
  },
  {
    name: "zeros at the end (power cut)",
    damage: (file: string) => appendFileSync(file, Buffer.alloc(4096)),
    expect: ["invited 1", "invited 2"],
  },
  {
    name: "a valid checksum over something else",
    damage: (file: string) =>
      appendFileSync(file, encodeLine({ kind: "nonsense", callId: "1" } as unknown as JournalEntry)),
    expect: ["invited 1", "invited 2"],
  },
  {
    name: "not even JSON of an object",
    damage: (file: string) => appendFileSync(file, encodeLine(null as unknown as JournalEntry)),
    expect: ["invited 1", "invited 2"],
  },
];
for (const { name, damage, expect } of damages)
  test(`${name}: that line is skipped and counted, all others are read`, async (t) => {
    const path = folder(t);
    const journal = await open(path);
    journal.append(invited("1"));
    journal.append(invited("2"));
    await journal.close();
    damage(fileOf(path));
    const first = await recovered(path);
    assert.deepEqual(first.calls, expect);
    assert.equal(first.broken, 1);
    // It was written anew at once: the damage does not come back, and new lines do not stick to a torn one.
    const second = await recovered(path);
    assert.deepEqual([second.calls, second.broken], [expect, 0]);
  });

test("what is appended before the recovery is over is written with it", async (t) => {
  const path = folder(t);
  const first = await open(path);
  first.append(invited("old"));
  await first.close();
  const journal = new FileDialogJournal({ folder: path, clock: new FakeClock() });
  journal.append(invited("early"));
  const found = await journal.recover();
  assert.deepEqual(
    found.entries.map((entry) => entry.callId),
    ["old"],
  );
  assert.equal(await journal.recover(), found);
  await journal.close();
  assert.deepEqual((await recovered(path)).calls.sort(), ["invited early", "invited old"]);
});

test("a recovered call can be ended", async (t) => {
  const path = folder(t);
  const first = await open(path);
  first.append(answered("1"));
  await first.close();
  const second = await open(path);
  second.append(ended("1"));
  await second.close();
  assert.deepEqual((await recovered(path)).calls, []);
});

test("the file is written anew with open calls alone when it has grown; what comes meanwhile is kept", async (t) => {
  const path = folder(t);
  const journal = await open(path, { rewriteBytes: 20_000 });
  journal.append(answered("stays"));
  const busy = async (turns: number) => {
    for (let i = 0; i < turns; i++) {
      for (let call = 0; call < 10; call++) {
        journal.append(invited(`c${i}.${call}`));
        journal.append(ended(`c${i}.${call}`));
      }
      await turn();
    }
  };
  await busy(200);
  while (statSync(fileOf(path)).size > 20_000) await busy(1); // rewriting takes the time that the disk takes
  journal.append(invited("last"));
  await turn();
  await journal.close();
  assert.deepEqual((await recovered(path)).calls, ["answered stays", "invited last"]);
});

for (const kind of ["full", "short"] as const)
  test(`disk ${kind}: appending goes on without a throw, the failure is said, and the file is whole again when there is room`, async (t) => {
    const path = folder(t);
    let full = false;
    const refuse = (): never => {
      throw Object.assign(new Error("no space"), { code: "ENOSPC" });
    };
    const files: JournalFiles = {
      ...nodeFiles,
      writeNow: (fd, bytes) =>
        !full
          ? nodeFiles.writeNow(fd, bytes)
          : kind === "full"
            ? refuse()
            : nodeFiles.writeNow(fd, bytes.subarray(0, 5)),
      writeLater: async (fd, bytes) => (full ? refuse() : nodeFiles.writeLater(fd, bytes)),
    };
    const clock = new FakeClock();
    const said: string[] = [];
    const log = {
      ...silentLog,
      error: (event: string) => void said.push(event),
      warn: (event: string) => void said.push(event),
    };
    const journal = await open(path, { files, clock, log, retryMs: 5000 });
    journal.append(invited("before"));
    await turn();
    full = true;
    journal.append(invited("during"));
    await turn();
    journal.append(answered("during"));
    journal.append(ended("before"));
    await turn();
    assert.deepEqual(said, ["journal.failed"]);
    clock.advance(5000); // tries, fails, will try again
    for (let i = 0; i < 20; i++) await turn();
    full = false;
    clock.advance(5000);
    while (onDisk(path).length !== 2 || !onDisk(path).every((line) => line.includes('"during"'))) await turn();
    journal.append(invited("after"));
    await journal.close();
    assert.deepEqual(await recovered(path).then(({ calls, broken }) => ({ calls, broken })), {
      calls: ["invited during", "answered during", "invited after"],
      broken: 0,
    });
  });

test("a disk that is really full, and then is not: appending never throws, and every open call is read back", async (t) => {
  const disk = smallDisk(256);
  if (typeof disk === "string") {
    t.skip(disk);
    return;
  }
  t.after(() => disk.remove());
  const clock = new FakeClock();
  const said: string[] = [];
  const log = { ...silentLog, error: (event: string) => void said.push(event) };
  const journal = await open(disk.path, { clock, log });
  const filler = join(disk.path, "filler");
  writeFileSync(filler, Buffer.alloc(200 * 1024));
  const calls = Array.from({ length: 150 }, (_, i) => `c${i}`);
  for (const id of calls) {
    journal.append(answered(id));
    await turn();
  }
  assert.ok(said.includes("journal.failed"));
  rmSync(filler);
  clock.advance(5000);
  while (onDisk(disk.path).at(-1)?.includes(`"c149"`) !== true) await turn();
  await journal.close();
  assert.deepEqual(
    (await recovered(disk.path)).calls,
    calls.map((id) => `answered ${id}`),
  );
});

test("a slow disk: after one slow write the next go through the thread pool, and all of them arrive in order", async (t) => {
  const path = folder(t);
  const clock = new FakeClock();
  const later: (() => void)[] = [];
  let direct = 0;
  const files: JournalFiles = {
    ...nodeFiles,
    writeNow: (fd, bytes) => {
      direct++;
      clock.advance(50); // as if it had taken that long
      return nodeFiles.writeNow(fd, bytes);
    },
    writeLater: async (fd, bytes) => {
      await new Promise<void>((resolve) => later.push(resolve));
      return nodeFiles.writeLater(fd, bytes);
    },
  };
  const journal = await open(path, { files, clock, slowWriteMs: 20 });
  for (let i = 0; i < 10; i++) {
    journal.append(invited(`c${i}`));
    await turn();
  }
  assert.equal(direct, 1);
  assert.equal(onDisk(path).length, 1);
  const closing = journal.close();
  const pump = setInterval(() => later.splice(0).forEach((go) => go()), 1);
  await closing;
  clearInterval(pump);
  assert.deepEqual(
    (await recovered(path)).calls,
    Array.from({ length: 10 }, (_, i) => `invited c${i}`),
  );
});

test("beyond maxOpenCalls calls are carried but not journalled; room that comes free is used", async (t) => {
  const path = folder(t);
  const journal = await open(path, { maxOpenCalls: 2 });
  for (const id of ["1", "2", "3"]) journal.append(invited(id));
  journal.append(answered("2"));
  journal.append(ended("1"));
  journal.append(invited("4"));
  await journal.close();
  assert.deepEqual((await recovered(path)).calls, ["invited 2", "answered 2", "invited 4"]);
});

test("a folder that cannot be used stops the start with journal.failed", async (t) => {
  const path = folder(t);
  writeFileSync(join(path, "file"), "");
  await assert.rejects(
    open(join(path, "file", "sub")),
    (e) => e instanceof GatewayError && e.code === "journal.failed",
  );
});

test("kill -9 loses nothing of finished turns", async (t) => {
  const path = folder(t);
  // No disk is slow here: after a write that took long, and a machine may stand still in one, turns no longer wait for theirs.
  const script = `
    import { writeSync } from "node:fs";
    import { FileDialogJournal } from "./gateway/adapters/journal-file/file-dialog-journal.js";
    import { SystemClock } from "./gateway/adapters/system/system-clock.js";
    const options = { clock: new SystemClock(), rewriteBytes: 50_000, slowWriteMs: 1e9 };
    const journal = new FileDialogJournal({ folder: ${JSON.stringify(path)}, ...options });
    await journal.recover();
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    for (let i = 0; ; i++) {
      for (const step of ["a", "b", "c"]) journal.append({ kind: "invited", callId: i + step, bCallId: "b", bFromTag: "t", at: 1 });
      if (i >= 20) journal.append({ kind: "ended", callId: (i - 20) + "a" });
      await turn();
      writeSync(1, i + "\\n");
    }`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  await new Promise<void>((resolve) => {
    child.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.length > 8000 && !child.killed) child.kill("SIGKILL");
    });
    child.on("close", () => resolve());
  });
  const last = Number(said.slice(0, said.lastIndexOf("\n")).split("\n").at(-1));
  const { calls, broken } = await recovered(path);
  const found = new Set(calls);
  assert.ok(last > 100);
  assert.ok(broken <= 1);
  for (let i = 0; i <= last; i++) {
    assert.ok(found.has(`invited ${i}b`) && found.has(`invited ${i}c`), `turn ${i} of ${last}`);
    // The turn after the last one that was reported may have been on its way.
    if (i <= last - 20 || i > last - 19)
      assert.equal(found.has(`invited ${i}a`), i > last - 19, `turn ${i} of ${last}`);
  }
});
