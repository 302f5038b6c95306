import assert from "node:assert/strict";
import { linkSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { after, test } from "node:test";
import { exportCdrs } from "../../../gateway/cli/cdr-export.js";
import { importFile, type CdrImportOptions } from "../../../gateway/cli/cdr-import.js";
import { replayFile } from "../../../gateway/cli/replay.js";
import { report, type ReportCommandOptions } from "../../../gateway/cli/report.js";

const folder = mkdtempSync(join(tmpdir(), "same-file-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const ROWS = "id,started_at,called,user\n1,bad,+1,x\n";
const calls = join(folder, "calls.csv");
writeFileSync(calls, ROWS);
symlinkSync(calls, join(folder, "link.csv"));
linkSync(calls, join(folder, "hard.csv"));
symlinkSync(folder, join(folder, "same"));
const NAMES = {
  itself: calls,
  "a link": join(folder, "link.csv"),
  "a hard link": join(folder, "hard.csv"),
  "through a folder's link": join(folder, "same", "calls.csv"),
};

/** Status 2, and the input is as it was. */
async function refuses(run: (said: string[]) => Promise<number>, input = calls, content = ROWS): Promise<void> {
  const said: string[] = [];
  assert.equal(await run(said), 2);
  assert.match(said.join("\n"), /it would be written over$/);
  assert.equal(readFileSync(input, "utf8"), content);
}

const cdrImport = (file: string, options: CdrImportOptions) => (said: string[]) =>
  importFile(file, options, {
    print: (line) => said.push(line),
    complain: (line) => said.push(line),
    progress: undefined,
    hasRoom: () => (said.length < 100 ? Promise.resolve() : Promise.reject(new Error("it does not end"))),
  });

for (const [name, bad] of Object.entries(NAMES)) {
  test(`cdr import: --bad that names the input (${name}) is refused before anything is written`, () =>
    refuses(cdrImport(calls, { detect: true, bad })));
  test(`cdr import --store: the same (${name})`, () =>
    refuses(cdrImport(calls, { bad, store: join(folder, "store") })));
}

test("cdr import: bad rows do not go over changed settings, a mapping or a configuration either", async () => {
  const other = join(folder, "other.csv");
  writeFileSync(other, ROWS);
  const map = join(folder, "map.yaml");
  const mapping = "name: mine\ncolumns: [id, started_at, called, user]\nfields: { id: id, startedAt: started_at }\n";
  writeFileSync(map, mapping);
  await refuses(cdrImport(other, { changes: calls, bad: calls }));
  await refuses(cdrImport(calls, { map, bad: map }), map, mapping);
  const config = join(folder, "ringfence.json");
  writeFileSync(config, "{}");
  await refuses(cdrImport(calls, { config, bad: config }), config, "{}");
});

test("cdr import: where bad rows of --changes go by default is no input", async () => {
  const input = join(folder, "changes.csv.bad.csv");
  writeFileSync(input, ROWS);
  const changes = join(folder, "changes.csv");
  writeFileSync(changes, "");
  await refuses(cdrImport(input, { changes }), input);
});

const made = (name: string, options: ReportCommandOptions) => (said: string[]) =>
  report(name, undefined, options, {
    stdout: new Writable({ write: (_part, _encoding, done) => done() }),
    complain: (line) => said.push(line),
  });

test("report: --out, or the name it has until it is whole, is no input", async () => {
  await refuses(made("executive", { records: [calls], out: join(folder, "link.csv"), format: "csv" }));
  const part = join(folder, "calls.html.part");
  writeFileSync(part, ROWS);
  await refuses(made("executive", { records: [part], out: join(folder, "calls.html") }), part);
});

test("replay: --learn is not the recording; it may be the baseline that was read", async () => {
  const events = '{"event":"call_started"}\n';
  const recording = join(folder, "events.jsonl");
  writeFileSync(recording, events);
  const replay =
    (options: { readonly learn: string; readonly baseline?: string }) =>
    (said: string[]): Promise<number> => {
      const say = (line: string) => said.push(line);
      return replayFile(recording, { set: [], ...options }, { print: say, complain: say });
    };
  await refuses(replay({ learn: recording }), recording, events);
  const baseline = join(folder, "baseline.json");
  writeFileSync(baseline, '{"rows":[]}');
  const said: string[] = [];
  await replay({ learn: baseline, baseline })(said);
  assert.doesNotMatch(said.join("\n"), /written over/);
});

test("cdr export: --out is not the configuration", async () => {
  const config = join(folder, "export.json");
  writeFileSync(config, "{}");
  const stdout = new Writable({ write: (_part, _encoding, done) => done() });
  await refuses(
    (said) => exportCdrs({ format: "csv", config, out: config }, stdout, (line) => said.push(line)),
    config,
    "{}",
  );
});
