import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { readKeyFile, rotateKeys } from "../../../gateway/adapters/vault/key-file.js";
import { connectionOf } from "../../../gateway/cli/gateway-http.js";
import { listKeys } from "../../../gateway/cli/keys.js";
import { forgetNumber, listTranscripts, showTranscript } from "../../../gateway/cli/transcripts.js";
import { apiHarness, KEYS, type ApiHarness } from "../../support/api-harness.js";
import { sampleTranscript } from "../../support/records.js";

let harness: ApiHarness;
let url = "";
const as = (role: keyof typeof KEYS) => connectionOf({ url, key: KEYS[role] }, {});
const opened = JSON.stringify({
  lines: [{ speaker: "caller", text: "pay today\u001b[2J", startMs: 1_500, endMs: 2_000 }],
  verdict: null,
});

before(async () => {
  harness = await apiHarness({}, { openTranscript: () => opened });
  url = await harness.app.listen({ host: "127.0.0.1", port: 0 });
});
after(() => harness.app.close());

async function printed(act: (print: (line: string) => void) => Promise<void>): Promise<readonly string[]> {
  const lines: string[] = [];
  await act((line) => void lines.push(line));
  return lines;
}

test("transcripts are listed, shown and forgotten; what was recognised does not steer the terminal", async () => {
  const empty = await printed((print) => listTranscripts(as("viewer"), {}, print));
  assert.match(empty[0] ?? "", /no transcripts are kept/);
  const transcript = sampleTranscript(1);
  await harness.store.write([{ kind: "transcript", transcript }]);
  const [row] = await printed((print) => listTranscripts(as("viewer"), { limit: "5" }, print));
  assert.match(row ?? "", /\+12025550001 → \+12025550101 {2}suspicious 0\.71 tax {2}call-1@192\.0\.2\.1$/);
  const [, line] = await printed((print) => showTranscript(as("analyst"), transcript.callId, false, print));
  assert.match(line ?? "", /^ +1\.5 s {2}caller {2}pay today�\[2J$/);
  const [gone] = await printed((print) => forgetNumber(as("admin"), "+12025550001", false, print));
  assert.equal(gone, "+12025550001: 1 transcripts, the audio of 0 calls and 0 recordings deleted");
});

test("who may not read is told so; a call without a transcript and a bad limit are errors", async () => {
  const nothing = (): void => undefined;
  await assert.rejects(showTranscript(as("viewer"), "c", false, nothing), /auth\.forbidden|forbidden/);
  await assert.rejects(showTranscript(as("analyst"), "c", false, nothing), /transcript\.unknown/);
  await assert.rejects(listTranscripts(as("viewer"), { limit: "many" }, nothing), /--limit/);
});

test("keys are listed by id, never by their bytes", () => {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-keys-"));
  const file = join(folder, "keys.json");
  try {
    readKeyFile(file, true);
    rotateKeys(file);
    const lines: string[] = [];
    listKeys(file, (line) => void lines.push(line));
    assert.match(lines.join(), /^k1-\w+,k2-\w+ \(current\)$/);
    assert.equal(Object.keys((JSON.parse(readFileSync(file, "utf8")) as { keys: object }).keys).length, 2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
