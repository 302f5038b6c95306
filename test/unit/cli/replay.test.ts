import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { replayFile, type ReplayOptions } from "../../../gateway/cli/replay.js";

const folder = mkdtempSync(join(tmpdir(), "replay-"));
after(() => rmSync(folder, { recursive: true }));

const SMALL = ["memory.windowMiB=1", "memory.trackedCalls=4096", "memory.knownPairs=4096"];

function file(name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, lines.join("\n"));
  return path;
}

async function replay(
  path: string,
  options: Partial<ReplayOptions> = {},
): Promise<{ status: number; out: string; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const status = await replayFile(
    path,
    { ...options, set: [...SMALL, ...(options.set ?? [])] },
    { print: (line) => out.push(line), complain: (line) => err.push(line) },
  );
  return { status, out: out.join("\n"), err: err.join("\n") };
}

const attack = Array.from({ length: 6 }, (_, i) =>
  JSON.stringify({
    call_id: `c${i}`,
    a_number: `A00${i}`,
    b_number: "B999",
    timestamp: new Date(Date.UTC(2024, 0, 15, 10, 30, 0, i * 500)).toISOString(),
    status: "active",
    switch_id: "sbc",
  }),
);

test("replay: JSON lines in, a table out; bad lines are named with their number and passed over", async () => {
  const path = file("attack.jsonl", [attack[0] ?? "", "no json", ...attack.slice(1), "", '{"call_id":"x"}']);
  const { status, out, err } = await replay(path);
  assert.equal(status, 0);
  assert.match(out, /8 records, 2 could not be read/);
  assert.match(out, /B999 +1 +high +4 +2 +0/);
  assert.equal(err.split("\n")[0], `${path}:2: replay.json no json`);
  assert.match(err, /:9: replay\.field b_number: nothing/);
});

test("replay: --json is one object; the records may be out of order", async () => {
  const { out } = await replay(file("reverse.jsonl", [...attack].reverse()), { json: true });
  const result = JSON.parse(out) as { incidents: number; cut: number; refused: number; recording: { lines: number } };
  assert.deepEqual([result.recording.lines, result.incidents, result.cut, result.refused], [6, 1, 4, 2]);
});

test("replay: CSV, quoted cells, foreign columns, CRLF and a byte order mark", async () => {
  const rows = attack.map((text) => {
    const { call_id, a_number, b_number, timestamp } = JSON.parse(text) as Record<string, string>;
    return `"${call_id ?? ""}",ignored,"${a_number ?? ""}",${b_number ?? ""},${timestamp ?? ""},active,sbc`;
  });
  const header = "\uFEFFcall_id,note,a_number,b_number,timestamp,status,switch_id";
  const path = file("events.csv", [[header, ...rows, ",,,,,,"].join("\r\n")]);
  const { status, out, err } = await replay(path);
  assert.equal(status, 0);
  assert.match(out, /B999 +1 +high +4 +2/);
  assert.match(err, /:8: replay\.field call_id: nothing/);
});

test("replay: --set changes a setting, --diff compares with a setting and with a file", async () => {
  const path = file("diff.jsonl", attack);
  assert.match((await replay(path, { set: ["detection.masking.threshold=7"] })).out, /incidents +0/);
  const { out } = await replay(path, { diff: "masking.threshold=6" });
  assert.match(out, /ended +4 +5 +\+1/);
  assert.match(out, /B999 +1 → 1 +4 → 5 +2 → 1/);
  const config = file("other.yaml", ["detection: { masking: { mode: shadow } }"]);
  assert.match((await replay(path, { diff: config })).out, /refused +2 +0 +-2/);
});

test("replay: --learn writes a baseline that --baseline takes", async () => {
  const hotline = Array.from({ length: 1_000 }, (_, i) =>
    JSON.stringify({
      call_id: `h${i}`,
      a_number: `+1303${5_550_000 + i}`,
      b_number: "+12025550150",
      timestamp: 1_700_000_000_000 + i * 1_000,
    }),
  );
  const path = file("hotline.jsonl", hotline);
  const learn = join(folder, "baseline.json");
  assert.match((await replay(path, { learn })).out, /incidents +1/);
  const written = JSON.parse(readFileSync(learn, "utf8")) as unknown;
  assert.deepEqual(written, { rows: [{ b_number: "+12025550150", callers_per_window: 5 }] });
  assert.match((await replay(path, { baseline: learn })).out, /incidents +0/);
});

const wrong: readonly { name: string; options: Partial<ReplayOptions>; says: RegExp; status: number }[] = [
  {
    name: "an unknown setting",
    options: { set: ["masking.treshold=6"] },
    says: /detection\.masking\.treshold: unknown key/,
    status: 2,
  },
  {
    name: "a bad value",
    options: { set: ["masking.threshold=one"] },
    says: /detection\.masking\.threshold/,
    status: 2,
  },
  { name: "no value", options: { set: ["masking.threshold"] }, says: /expected key=value/, status: 2 },
  { name: "a path through the prototype", options: { set: ["__proto__.x=1"] }, says: /cannot be set/, status: 2 },
  { name: "an unknown format", options: { format: "xml" }, says: /jsonl or csv/, status: 2 },
  {
    name: "a configuration that is not there",
    options: { config: "/nonexistent.yaml" },
    says: /nonexistent\.yaml/,
    status: 2,
  },
  {
    name: "a configuration that config check refuses",
    options: { config: file("unknown-group.yaml", ["trunks: [{ id: a, hopGroup: nowhere }]"]) },
    says: /trunks\.0\.hopGroup: .*"nowhere"/,
    status: 2,
  },
  {
    name: "more memory than may be asked for",
    options: { set: ["memory.windowMiB=32768"] },
    says: /detection\.memory: .* GiB/,
    status: 2,
  },
  {
    name: "a configuration that contains itself",
    options: { config: file("itself.yaml", ["alerts: &a { routes: [*a] }"]) },
    says: /alerts\.routes\.0: a value that contains itself/,
    status: 2,
  },
  { name: "a baseline that is none", options: { baseline: "/dev/null" }, says: /dev\/null/, status: 2 },
];
for (const { name, options, says, status } of wrong) {
  test(`replay: ${name} is refused and named`, async () => {
    const result = await replay(file("few.jsonl", attack), options);
    assert.equal(result.status, status);
    assert.match(result.err, says);
    assert.equal(result.out, "");
  });
}

test("replay: a missing file, an empty one and one without a readable line end with status 1", async () => {
  assert.equal((await replay(join(folder, "missing.jsonl"))).status, 1);
  assert.equal((await replay(file("empty.jsonl", []))).status, 1);
  assert.equal((await replay(file("bad.jsonl", ["a", "b"]))).status, 1);
});
