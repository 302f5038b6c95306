import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { unixMs } from "../../detection/index.js";
import { openStore } from "../../gateway/adapters/store/open-store.js";
import { silentLog } from "../../gateway/core/log.js";
import { CSV_HEADER, csvLine } from "../../gateway/pipeline/records/csv-columns.js";
import { ringfenceEntry } from "../support/gateway-process.js";
import { sampleCallRecord } from "../support/records.js";

const folder = mkdtempSync(join(tmpdir(), "broken-pipe-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const START = Date.UTC(2026, 2, 2, 15);
const calls = join(folder, "calls.csv");
const COUNT = 4_000;
/** To neighbouring numbers, by many users: thousands of findings. */
const row = (i: number): string =>
  csvLine(
    sampleCallRecord(i, {
      user: `user-${Math.floor(i / 20)}`,
      caller: "+576014000001",
      called: `+5760155${10_000 + i}`,
      country: "CO",
      startedAt: unixMs(START + i * 10_000),
      endedAt: unixMs(START + i * 10_000 + 3_000),
    }),
  );
writeFileSync(calls, CSV_HEADER + Array.from({ length: COUNT }, (_, i) => row(i)).join(""));

interface Ended {
  readonly status: number | null;
  readonly stderr: string;
}

function ended(running: ChildProcess): Promise<Ended> {
  return new Promise((resolve) => {
    let stderr = "";
    running.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
    running.on("close", (status) => resolve({ status, stderr }));
  });
}

/** `ringfence …`, of which nobody reads the standard output. */
function unread(...words: readonly string[]): Promise<Ended> {
  const running = spawn(process.execPath, [...ringfenceEntry(), ...words], { stdio: ["ignore", "pipe", "pipe"] });
  running.stdout.destroy();
  return ended(running);
}

/** `ringfence …`, whose standard output has no room. */
function intoFull(...words: readonly string[]): Promise<Ended> {
  const full = openSync("/dev/full", "w");
  const running = spawn(process.execPath, [...ringfenceEntry(), ...words], { stdio: ["ignore", full, "pipe"] });
  closeSync(full);
  return ended(running);
}

const noFull = existsSync("/dev/full") ? false : "there is no /dev/full";
const QUIET = { status: 141, stderr: "" };
const DAYS = ["--from", "2026-03-01", "--to", "2026-03-03"];

test("report: a reader that has gone ends it without a word", async () => {
  assert.deepEqual(await unread("report", "executive", "--records", calls, ...DAYS), QUIET);
  assert.deepEqual(await unread("report", "executive", "--records", calls, ...DAYS, "--trace", "calls.in"), QUIET);
});

test("cdr import --detect --json: the same", async () => {
  assert.deepEqual(await unread("cdr", "import", calls, "--detect", "--json"), QUIET);
});

test("cdr import --store goes on to the end of the file; cdr export closes the store that it reads", async () => {
  const store = join(folder, "store");
  const { status, stderr } = await unread("cdr", "import", calls, "--detect", "--json", "--store", store);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /4,?000 rec/);
  assert.deepEqual(await unread("cdr", "export", "--store", store), QUIET);
  const opened = await openStore({ folder: store, log: silentLog });
  await opened.close();
});

test(
  "cdr import --store where what is found has no room: all records are stored, and it is told",
  { skip: noFull },
  async () => {
    const store = join(folder, "store-of-full");
    const { status, stderr } = await intoFull("cdr", "import", calls, "--detect", "--json", "--store", store);
    assert.equal(status, 1, stderr);
    assert.match(stderr, /4,?000 rec/);
    assert.match(stderr, /^cdr import: not all that was found could be printed: ENOSPC/m);
  },
);
