import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { listen, type ListenOptions } from "../../../gateway/cli/listen.js";
import { writeWav } from "../../../gateway/media/wav/write-wav.js";
import { encodeText } from "../../support/modem/encode-tones.js";
import { temporaryFolder } from "../../support/processes.js";
import { SeededRandom } from "../../support/seeded-random.js";
import { babble, joined, silence } from "../../support/sounds.js";

const folder = temporaryFolder("listen");
after(() => folder.remove());

const MODEM = fileURLToPath(import.meta.resolve("../../support/modem/speech-engine.js"));
const REAL_SPEECH = fileURLToPath(new URL("../../../../shared/cases/audio/whisper-unity/jfk.wav", import.meta.url));

function write(name: string, content: Uint8Array | string): string {
  const path = join(folder.path, name);
  writeFileSync(path, content);
  return path;
}
async function run(path: string, options: Partial<ListenOptions> = {}) {
  const printed: string[] = [];
  const complaints: string[] = [];
  const given = { folder: join(folder.path, "no-models"), ...options };
  const status = await listen(
    path,
    given,
    (line) => printed.push(line),
    (line) => complaints.push(line),
  );
  return { status, printed, complaints };
}

const config = write("modem.yaml", `speech:\n  engine: module\n  module:\n    path: ${JSON.stringify(MODEM)}\n`);
const pause = new Float32Array(6_000);
const talk = writeWav({
  sampleRateHz: 8_000,
  channels: [
    Float32Array.from([...pause, ...encodeText("buy gift cards and read me the numbers"), ...pause, ...pause]),
    Float32Array.from([
      ...pause,
      ...new Float32Array(encodeText("buy gift cards and read me the numbers").length),
      ...pause,
      ...pause,
    ]),
  ],
});

test("stretches, text, verdicts as they come, a summary at the end", async () => {
  const { status, printed, complaints } = await run(write("talk.wav", talk), { config });
  assert.deepEqual(complaints, []);
  assert.equal(status, 0);
  assert.equal(printed.length, 3, printed.join("\n"));
  assert.match(printed[0] ?? "", /^0:00\.\d\d–0:0\d\.\d\d  caller  buy gift cards and read me the numbers  \(\d+ %\)$/);
  assert.match(printed[1] ?? "", /^ {4}→ \w+ \d\.\d\d/);
  assert.match(printed[2] ?? "", /^1 stretches \(.* s of .* s\), 1 turns: \w+ \d\.\d\d {2}\[tone modem, tone modem\]$/);
});

test("--json: one object a line", async () => {
  const { printed } = await run(write("talk.wav", talk), { config, json: true, channels: "caller,agent" });
  const objects = printed.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    objects.map(({ kind }) => kind),
    ["segment", "line", "verdict", "summary"],
  );
  assert.equal(objects[1]?.["text"], "buy gift cards and read me the numbers");
});

test("without a model: the stretches, then what to install, and a status that is not 0", async () => {
  const random = new SeededRandom(4);
  const sound = joined(silence(500), babble(1_500, random), silence(1_500), babble(1_200, random), silence(800));
  const path = write("talk-16k.wav", writeWav({ sampleRateHz: 16_000, channels: [sound] }));
  const { status, printed, complaints } = await run(path);
  assert.equal(status, 1);
  assert.equal(printed.length, 3, printed.join("\n"));
  assert.match(printed[2] ?? "", /^2 stretches .*no verdict {2}\[none, energy\]$/);
  assert.match(complaints.join("\n"), /^no text: model\.missing: .*(ringfence models pull|build-engine-whisper)/);
});

test(
  "real speech is found",
  { skip: existsSync(REAL_SPEECH) ? false : "shared/cases is not on this machine" },
  async () => {
    const { printed } = await run(REAL_SPEECH, { json: true });
    const stretches = printed.map((line) => JSON.parse(line) as { kind: string; startMs: number; endMs: number });
    const spokenMs = stretches
      .filter(({ kind }) => kind === "segment")
      .reduce((sum, each) => sum + each.endMs - each.startMs, 0);
    assert.ok(spokenMs > 7_000 && spokenMs < 11_000, `${spokenMs} ms`);
  },
);

test("stretches that got no text are counted, and why is said", async () => {
  const engine = (transcribe: string): string =>
    `export const createSpeechEngine = () => ({ rejectTones: false, transcriber: { name: "x", concurrency: 1, tellsTimes: false, close: async () => {}, ${transcribe} } });`;
  const heard = async (name: string, transcribe: string) => {
    const path = write(`${name}.mjs`, engine(transcribe));
    const named = write(`${name}.yaml`, `speech: { engine: module, module: { path: ${JSON.stringify(path)} } }\n`);
    const random = new SeededRandom(4);
    const sound = joined(silence(500), babble(1_500, random), silence(1_500));
    return run(write("babble.wav", writeWav({ sampleRateHz: 16_000, channels: [sound] })), { config: named });
  };
  const refused = `transcribe: () => Promise.reject(Object.assign(new Error("no Klingon"), { code: "stt.rejected" }))`;
  const failed = await heard("refuses", refused);
  assert.deepEqual(
    [failed.status, failed.complaints],
    [1, ["1 of 1 stretches have no text: stt.rejected: no Klingon"]],
  );
  const silent = await heard("silent", `transcribe: async () => ({ text: "", tokens: [] })`);
  const nothing = ["1 of 1 stretches have no text: the recogniser made nothing of them"];
  assert.deepEqual([silent.status, silent.complaints], [1, nothing]);
});

test("strict-data mode: no recording goes to a server that the configuration forbids", async () => {
  const speech = "speech: { engine: openai, openai: { url: http://192.0.2.1:1/v1 } }";
  const strict = write("strict.yaml", `${speech}\nprivacy: { strict: true }\n`);
  const { status, printed, complaints } = await run(write("talk.wav", talk), { config: strict });
  assert.equal(status, 2);
  assert.deepEqual(printed, []);
  assert.match(complaints.join("\n"), /^config\.invalid: speech\.openai\.url: strict-data mode: "192\.0\.2\.1"/);
});

test("files and options that are wrong", async () => {
  const wrong = async (path: string, options: Partial<ListenOptions> = {}): Promise<string> => {
    const { status, complaints } = await run(path, options);
    return `${status} ${complaints.join("; ")}`;
  };
  assert.match(await wrong(join(folder.path, "nothing.wav"), { config }), /^1 .*ENOENT/);
  assert.match(await wrong(write("a.wav", "no sound at all"), { config }), /^2 audio\.invalid: .*no WAV file/);
  assert.match(await wrong(write("talk.wav", talk), { config, channels: "caller" }), /^2 audio\.invalid: .*2 channels/);
  assert.match(await wrong(write("talk.wav", talk), { channels: "robot,caller" }), /^2 --channels/);
  assert.match(await wrong(write("talk.wav", talk), { language: "english" }), /^2 --language/);
  const broken = write("broken.yaml", "speech:\n  engine: module\n  module:\n    path: /nowhere.js\n");
  assert.match(await wrong(write("talk.wav", talk), { config: broken }), /^2 config\.invalid: speech\.module\.path/);
});
