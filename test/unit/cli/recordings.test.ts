import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { addRecording, showStatus } from "../../../gateway/cli/recordings.js";
import { connectionOf } from "../../../gateway/cli/gateway-http.js";
import type { RecordingsService } from "../../../gateway/workers/recordings-service.js";
import { apiHarness, KEYS, type ApiHarness } from "../../support/api-harness.js";
import { MemoryRecordingJobs } from "../../support/memory-recording-jobs.js";
import { temporaryFolder, until } from "../../support/processes.js";
import { hears, secondOfSound, startRecordings } from "../../support/recordings-scene.js";

const root = temporaryFolder("recordings-cli");
const store = new MemoryRecordingJobs();
let desk: RecordingsService;
let harness: ApiHarness;
let url = "";
const as = (role: keyof typeof KEYS) => connectionOf({ url, key: KEYS[role] }, {});
const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));

before(async () => {
  desk = startRecordings({
    ...{ folder: join(root.path, "store"), store, analyzer: hears("hello") },
    config: { download: { hosts: ["rec.example.com"], maxBytes: 1_000_000 } },
  });
  harness = await apiHarness({}, { recordings: desk });
  url = await harness.app.listen({ host: "127.0.0.1", port: 0 });
});
after(async () => {
  await harness.app.close();
  await desk.close();
  root.remove();
});

async function printed(act: (print: (line: string) => void) => Promise<void>): Promise<readonly string[]> {
  const lines: string[] = [];
  await act((line) => void lines.push(line));
  return lines;
}
const fileOf = (name: string, bytes: Uint8Array): string => {
  const path = join(root.path, name);
  writeFileSync(path, bytes);
  return path;
};

test("a file is added, waited for and told; its name is the call id; added again it was there", async () => {
  const path = fileOf("call 7.wav", secondOfSound(1));
  const [line] = await printed((print) => addRecording(as("admin"), path, { wait: true }, print, soon));
  assert.match(line ?? "", /^[0-9a-f]{32} {2}done {7}100 % {2}call 7 {2}clear$/);
  const [again] = await printed((print) => addRecording(as("admin"), path, {}, print, soon));
  assert.match(again ?? "", /^was there {2}/);
});

test("options go along: call id, numbers, priority, channels", async () => {
  const options = {
    callId: "x1",
    caller: "+12025550142",
    called: "+12025550143",
    priority: "9",
    channels: "agent, caller",
  };
  const path = fileOf("other.wav", secondOfSound(2));
  const [line] = await printed((print) => addRecording(as("admin"), path, { ...options, json: true }, print, soon));
  const { id, call_id, priority } = JSON.parse(line ?? "") as Record<string, unknown>;
  assert.deepEqual([call_id, priority], ["x1", 9]);
  const job = store.jobs.get(String(id));
  assert.deepEqual([job?.caller, job?.called], ["+12025550142", "+12025550143"]);
});

for (const [name, source, options, error] of [
  ["a file that is not there", "nowhere.wav", {}, /nowhere\.wav: ENOENT/],
  ["a folder", ".", {}, /no file/],
  ["a host that is not allowed", "https://example.net/a.wav", {}, /recording\.refused: .*download\.hosts/],
  ["a priority that is none", "https://rec.example.com/a.wav", { priority: "high" }, /request\.invalid: priority/],
  ["a speaker that is none", "https://rec.example.com/a.wav", { channels: "left,right" }, /request\.invalid: speakers/],
] as const) {
  test(`${name} is told in a line`, async () => {
    const path = source.startsWith("https:") ? source : join(root.path, source);
    await assert.rejects(
      addRecording(as("admin"), path, options, () => undefined, soon),
      error,
    );
  });
}

test("an empty file, one that is too large, and one that is a page", async () => {
  const nothing = (): void => undefined;
  const add = (path: string) => addRecording(as("admin"), path, { wait: true }, nothing, soon);
  await assert.rejects(add(fileOf("empty.wav", new Uint8Array(0))), /recording\.invalid: it is empty/);
  await assert.rejects(
    add(fileOf("large.wav", new Uint8Array(1_000_001))),
    /recording\.invalid: it is larger than 1000000 bytes/,
  );
  await assert.rejects(
    add(fileOf("page.wav", Buffer.from("<html>"))),
    /recording\.invalid: the recording cannot be used/,
  );
});

test("a URL's job is named after its file, without what is secret in it", async () => {
  const source = "https://rec.example.com/folder/abc123.mp3?token=s3cret";
  const lines = await printed((print) => addRecording(as("admin"), source, {}, print, soon));
  assert.match(lines[0] ?? "", /^added {2}[0-9a-f]{32} {2}\w+ +\d+ % {2}abc123/);
  assert.ok(!lines.join("").includes("s3cret"));
});

test("status: jobs, and how many there are of each stage; by stage; of one; and what is wrong", async () => {
  const all = () => printed((print) => showStatus(as("viewer"), undefined, { limit: "100" }, print, soon));
  // Counted once a second at most.
  await until("the counts", async () => /done \d/.test((await all()).at(-1) ?? ""));
  const failed = await printed((print) => showStatus(as("viewer"), undefined, { stage: "failed" }, print, soon));
  assert.equal(failed.length, 2);
  assert.match(failed[0] ?? "", /failed {7}0 % {2}page {2}recording\.invalid \(1\): .*Invalid data/);
  const [json] = await printed((print) => showStatus(as("viewer"), undefined, { json: true }, print, soon));
  const { queue, jobs } = JSON.parse(json ?? "") as { queue: object; jobs: unknown[] };
  assert.ok("done" in queue && jobs.length > 0);
  await assert.rejects(
    showStatus(as("viewer"), undefined, { limit: "0" }, () => undefined),
    /--limit/,
  );
  await assert.rejects(
    showStatus(as("viewer"), undefined, { stage: "nonsense" }, () => undefined),
    /request\.invalid/,
  );
  await assert.rejects(
    showStatus(as("viewer"), "0".repeat(32), {}, () => undefined),
    /recording\.unknown/,
  );
});

test("--watch goes on until nothing is left to do", async () => {
  mkdirSync(join(root.path, "w"), { recursive: true });
  const path = fileOf("w/watched.wav", secondOfSound(5));
  const [added] = await printed((print) => addRecording(as("admin"), path, { json: true }, print, soon));
  const { id } = JSON.parse(added ?? "") as { id: string };
  const lines = await printed((print) => showStatus(as("viewer"), id, { watch: true }, print, soon));
  assert.match(lines.at(-2) ?? "", /done {7}100 % {2}watched/);
});

test("who may not add is told, and how to say who one is", async () => {
  const path = fileOf("no.wav", secondOfSound(6));
  await assert.rejects(
    addRecording(as("viewer"), path, {}, () => undefined, soon),
    /auth\.forbidden/,
  );
  const nobody = connectionOf({ url }, {});
  await assert.rejects(
    addRecording(nobody, path, {}, () => undefined, soon),
    /RINGFENCE_KEY/,
  );
});

test("what a recorder wrote does not steer the terminal", async () => {
  const path = fileOf("t.wav", secondOfSound(7));
  const lines = await printed((print) => addRecording(as("admin"), path, { callId: "a\u001b[2Jb\u202e" }, print, soon));
  assert.match(lines[0] ?? "", /a�\[2Jb�/);
});
