import assert from "node:assert/strict";
import { existsSync, rmSync, statSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { nodeFiles, type JournalFiles } from "../../../../gateway/adapters/journal-file/journal-files.js";
import { encodeLine } from "../../../../gateway/adapters/journal-file/journal-line.js";
import type { JournalEntry } from "../../../../gateway/ports/dialog-journal.js";
import { FakeClock } from "../../../support/fake-clock.js";
import { answered, ended, invited, snapshot } from "../../../support/journal-entries.js";
import {
  journalFile as fileOf,
  journalFolder as folder,
  journalOnDisk as onDisk,
  openJournal as open,
} from "../../../support/journal-folder.js";
import { until } from "../../../support/processes.js";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A call whose end is somewhere else now: a re-INVITE with another Contact. */
const movedTo = (callId: string, remoteTarget: string): JournalEntry => ({
  ...answered(callId),
  b: { ...snapshot, remoteTarget },
});

test("a call that moves thousands of times has one answer in the file when it is written anew, the last", async (t) => {
  const path = folder(t);
  const journal = await open(path, { rewriteBytes: 50_000 });
  journal.append(invited("1"));
  for (let i = 0; i < 3_000; i++) {
    journal.append(movedTo("1", `sip:b@192.0.2.2:${i}`));
    if (i % 10 === 0) await turn();
  }
  const one = encodeLine(movedTo("1", "sip:b@192.0.2.2:2999")).length;
  await until("it to be written anew", async () => {
    journal.append(invited("2"));
    journal.append(ended("2"));
    await turn();
    return statSync(fileOf(path)).size < 50_000 + 20 * one;
  });
  await journal.close();
  const again = await open(path);
  const { entries } = await again.recover();
  await again.close();
  assert.deepEqual(entries, JSON.parse(JSON.stringify([invited("1"), movedTo("1", "sip:b@192.0.2.2:2999")])));
});

test("of a call that moved thousands of times its last answer is read", async (t) => {
  const path = folder(t);
  const lines = Array.from({ length: 5_000 }, (_, i) => encodeLine(movedTo("1", `sip:b@192.0.2.2:${i}`)));
  writeFileSync(fileOf(path), lines.join(""));
  const journal = await open(path);
  const { entries } = await journal.recover();
  assert.deepEqual(entries, JSON.parse(JSON.stringify([movedTo("1", "sip:b@192.0.2.2:4999")])));
  assert.equal(onDisk(path).length, 1);
  await journal.close();
});

test("what the file says of a call that is over is gone from it minutes later, without another call or a restart", async (t) => {
  const path = folder(t);
  const clock = new FakeClock();
  const journal = await open(path, { clock });
  for (const id of ["over", "stays"]) journal.append(answered(id));
  journal.append(ended("over"));
  await turn();
  clock.advance(4 * 60_000);
  journal.append(invited("late"));
  journal.append(ended("late"));
  await turn();
  assert.ok(onDisk(path).some((line) => line.includes('"over"')));
  clock.advance(60_000);
  await until("the file to be written anew", () => onDisk(path).length === 1);
  assert.match(onDisk(path)[0] ?? "", /"stays"/);
  journal.append(ended("stays"));
  await turn();
  clock.advance(5 * 60_000);
  await until("the file to be empty", () => onDisk(path).length === 0);
  await journal.close();
});

test("a call that ends while the file is written anew is gone from it minutes later too", async (t) => {
  const path = folder(t);
  const clock = new FakeClock();
  const journal = await open(path, { clock });
  for (const id of ["1", "2"]) journal.append(answered(id));
  journal.append(ended("1"));
  await turn();
  clock.advance(5 * 60_000);
  journal.append(ended("2"));
  await until("it to be written anew", () => !onDisk(path).some((line) => line.includes('"callId":"1"')));
  clock.advance(5 * 60_000);
  await until("the file to be empty", () => onDisk(path).length === 0);
  await journal.close();
});

test("writing anew for the sake of calls that are over is tried again after a failure", async (t) => {
  const path = folder(t);
  const clock = new FakeClock();
  let refused = 0;
  let full = false;
  const files: JournalFiles = {
    ...nodeFiles,
    rename: (from, to) => {
      if (!full) nodeFiles.rename(from, to);
      else {
        refused++;
        throw Object.assign(new Error("no space"), { code: "ENOSPC" });
      }
    },
  };
  const journal = await open(path, { clock, files, retryMs: 5000 });
  journal.append(answered("1"));
  journal.append(ended("1"));
  await turn();
  full = true;
  clock.advance(5 * 60_000);
  await until("it to fail", () => refused === 1);
  for (let i = 0; i < 5; i++) await turn();
  full = false;
  clock.advance(5000);
  await until("the file to be empty", () => onDisk(path).length === 0);
  await journal.close();
});

test("a journal that is closed leaves nothing of calls that are over, and writes nothing any more", async (t) => {
  const path = folder(t);
  const clock = new FakeClock();
  const journal = await open(path, { clock });
  for (const id of ["1", "2"]) journal.append(answered(id));
  journal.append(ended("1"));
  await journal.close();
  assert.deepEqual(
    onDisk(path).map((line) => /"callId":"2"/.test(line)),
    [true],
  );
  journal.append(ended("2"));
  rmSync(fileOf(path));
  clock.advance(60 * 60_000);
  for (let i = 0; i < 20; i++) await turn();
  assert.equal(existsSync(fileOf(path)), false);
});
