import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { AUDIT_INBOX, AuditInbox } from "../../../gateway/adapters/audit-file/audit-inbox.js";
import { loadLogKey } from "../../../gateway/adapters/log-pino/log-key.js";
import { SpeechFiles } from "../../../gateway/adapters/speech-files/speech-files.js";
import { SPEECH_FOLDER, SpeechFolder } from "../../../gateway/adapters/speech-files/speech-folder.js";
import { AesVault } from "../../../gateway/adapters/vault/aes-vault.js";
import { readKeyFile, rotateKeys } from "../../../gateway/adapters/vault/key-file.js";
import { exportAudio, type ExportOptions } from "../../../gateway/cli/audio.js";
import { silentLog } from "../../../gateway/core/log.js";
import { noMetrics } from "../../../gateway/core/metrics.js";
import { readWav } from "../../../gateway/media/wav/read-wav.js";
import { KeptSpeech } from "../../../gateway/pipeline/kept-speech.js";
import { FakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/processes.js";

const root = temporaryFolder("audio-export");
after(() => root.remove());
const CALL = "call-1@192.0.2.1";
const RATE = 16_000;

/** A store folder in which one call's speech is kept, as the gateway does it. */
async function storeFolder(name: string): Promise<string> {
  const folder = join(root.path, name);
  mkdirSync(folder);
  const vault = new AesVault(readKeyFile(join(folder, "keys.json"), true));
  const files = new SpeechFiles(
    { callBytes: 1e7, totalBytes: 1e8 },
    {
      ...{ clock: new FakeClock(), metrics: noMetrics, log: silentLog, vault },
      folder: new SpeechFolder(join(folder, SPEECH_FOLDER), loadLogKey(folder)),
    },
  );
  const kept = new KeptSpeech(CALL, files, () => false);
  const audio = (seconds: number, value: number) => ({
    sampleRateHz: RATE,
    samples: new Float32Array(seconds * RATE).fill(value),
  });
  const words = ["the", "code", "is", "one", "two", "three", "four"];
  const tokens = words.map((text, i) => ({ text, probability: 1, startMs: i * 500, endMs: i * 500 + 400 }));
  const transcript = { text: words.join(" "), tokens };
  const text = { text: "yes", tokens: [] };
  kept.add({ speaker: "callee", segment: 0, startMs: 1_000, audio: audio(4, 0.5), transcript }, [
    { start: 12, end: transcript.text.length, kind: "code" },
  ]);
  kept.add({ speaker: "caller", segment: 1, startMs: 4_500, audio: audio(1, -0.25), transcript: text }, []);
  await files.close();
  return folder;
}

async function run(callId: string, options: ExportOptions) {
  const printed: string[] = [];
  const complaints: string[] = [];
  const status = await exportAudio(
    callId,
    options,
    (line) => void printed.push(line),
    (line) => void complaints.push(line),
  );
  return { status, printed, complaints };
}

test("the caller left, the called side right, each at its time; what was redacted is silent", async () => {
  const folder = await storeFolder("whole");
  const out = join(folder, "call.wav");
  const { status, printed } = await run(CALL, { out, folder });
  assert.equal(status, 0);
  assert.deepEqual(await audited(folder), [`audio.export ${CALL} done`]);
  assert.match(printed[0] ?? "", /2 pieces, 5\.5 s$/);
  const read = readWav(readFileSync(out));
  assert.ok(read.ok);
  const [left, right] = read.value.channels;
  const at = (channel: Float32Array | undefined, ms: number): number => channel?.[(ms * RATE) / 1_000] ?? Number.NaN;
  assert.equal(read.value.sampleRateHz, RATE);
  assert.deepEqual([at(left, 500), at(right, 500)], [0, 0], "before anybody speaks");
  assert.ok(Math.abs(at(right, 1_100) - 0.5) < 0.001 && at(left, 1_100) === 0, "the called side alone");
  for (let ms = 2_500; ms < 4_400; ms += 10) assert.equal(at(right, ms), 0, `${ms} ms: a digit of the code is heard`);
  assert.ok(Math.abs(at(left, 4_600) + 0.25) < 0.001, "the caller speaks meanwhile");
  assert.ok(Math.abs(at(right, 4_900) - 0.5) < 0.001, "behind the code");
});

test("after a rotation what was kept before still opens", async () => {
  const folder = await storeFolder("rotated");
  rotateKeys(join(folder, "keys.json"));
  assert.equal((await run(CALL, { out: join(folder, "call.wav"), folder })).status, 0);
});

test("without an audit entry nothing is written", async () => {
  const folder = await storeFolder("unaudited");
  writeFileSync(join(folder, AUDIT_INBOX), "a file is in the way");
  const out = join(folder, "call.wav");
  const { status, complaints } = await run(CALL, { out, folder });
  assert.deepEqual([status, existsSync(out)], [1, false]);
  assert.match(complaints[0] ?? "", /^store\.unavailable: .*audit/);
});

test("an export that comes to nothing is in the audit log with the reason", async () => {
  const folder = await storeFolder("nothing");
  await run("other", { out: join(folder, "call.wav"), folder });
  assert.deepEqual(await audited(folder), ["audio.export other done", "audio.export other failed audio.invalid"]);
});

/** What the gateway's audit log will say. */
async function audited(folder: string): Promise<string[]> {
  const entries: string[] = [];
  await new AuditInbox(folder, () => undefined).take(({ action, target, outcome, detail }) => {
    entries.push([action, target, outcome, ...Object.values(detail)].join(" "));
    return Promise.resolve();
  });
  return entries.sort();
}

const REFUSALS: readonly {
  readonly name: string;
  readonly change: (folder: string) => void;
  readonly callId?: string;
  readonly says: RegExp;
}[] = [
  { name: "without keys", change: (folder) => rmSync(join(folder, "keys.json")), says: /^crypto\.key/ },
  {
    name: "with other keys",
    change: (folder) => {
      rmSync(join(folder, "keys.json"));
      readKeyFile(join(folder, "keys.json"), true);
    },
    says: /^crypto\.key/,
  },
  { name: "without the installation's key", change: (folder) => rmSync(join(folder, "log.key")), says: /^crypto\.key/ },
  { name: "a call that is not kept", change: () => undefined, callId: "other", says: /^audio\.invalid/ },
  {
    name: "onto a file that is there",
    change: (folder) => writeFileSync(join(folder, "call.wav"), "mine"),
    says: /^store\.unavailable/,
  },
];
for (const { name, change, callId = CALL, says } of REFUSALS) {
  test(`refuses ${name}, and leaves no file behind`, async () => {
    const folder = await storeFolder(name.replaceAll(/\W/g, "-"));
    change(folder);
    const out = join(folder, "call.wav");
    const { status, complaints } = await run(callId, { out, folder });
    assert.equal(status, 1);
    assert.match(complaints[0] ?? "", says);
    assert.equal(existsSync(out) ? readFileSync(out, "utf8") : "mine", "mine");
  });
}
