import assert from "node:assert/strict";
import { test } from "node:test";
import { hashFile } from "../../../gateway/adapters/whisper/model-file.js";
import { configSchema } from "../../../gateway/config/schema.js";
import { engineProblems } from "../../../gateway/wiring/check-engines.js";
import { randomWhisper } from "../../support/models/random-whisper.js";

type Input = Parameters<typeof configSchema.parse>[0];
const INSTALLED = import.meta.filename;
const problems = async (input: Input, llamaEntry = INSTALLED): Promise<string> =>
  (await engineProblems(configSchema.parse(input), llamaEntry)).join("\n");

test("engines that nobody asks for are not looked for", async () => {
  assert.equal(await problems({}), "");
  assert.equal(await problems({ speech: { voiceActivity: { engine: "silero" } } }), "", "nobody is listened to");
});

test("a recogniser without its model is refused, with the command that gets it", async () => {
  const speech = { engine: "whisper", modelFolder: "/nowhere" } as const;
  const says = /^speech\.whisper\.model: \/nowhere\/ggml-base\.en\.bin is not there: `ringfence models pull base\.en`/m;
  assert.match(await problems({ speech }), says);
  assert.doesNotMatch(await problems({ speech }), /voiceActivity/, "auto takes our own detector where there is none");
  const silero = { ...speech, voiceActivity: { engine: "silero" } } as const;
  assert.match(await problems({ speech: silero }), /^speech\.voiceActivity\.model: \/nowhere\/.* is not there/m);
});

test("a file that is no model, a module and a judge's model that are not there are named", async () => {
  const whisper = { model: import.meta.filename, sha256: "0".repeat(64) };
  assert.match(await problems({ speech: { engine: "whisper", whisper } }), /^speech\.whisper\.model: .* is no model/m);
  assert.equal(
    await problems({ speech: { engine: "module", module: { path: "/nowhere/engine.js" } } }),
    'speech.module.path: "/nowhere/engine.js" is not there',
  );
  assert.equal(
    await problems({ threat: { judge: { engine: "llama", modelPath: "/nowhere/judge.gguf" } } }),
    'threat.judge.modelPath: "/nowhere/judge.gguf" is not there',
  );
});

test("a judge whose engine is not installed is refused, with the command that installs it", async () => {
  const judge = { engine: "llama", modelPath: import.meta.filename } as const;
  assert.equal(await problems({ threat: { judge } }), "");
  assert.equal(
    await problems({ threat: { judge } }, "/nowhere/index.js"),
    "threat.judge.engine: llama is not installed: run `node scripts/engine-llama.mjs`",
  );
});

test("a file of English only, whatever it is called, is refused for another language: calls' and the prompts'", async () => {
  const model = randomWhisper({ size: "mini", tokens: 12 });
  const speech = { engine: "whisper", language: "es", whisper: { model, sha256: await hashFile(model) } } as const;
  const server = { id: "pbx", ariUrl: "http://127.0.0.1:8088/ari", username: "u", password: "p" };
  const asterisk = { servers: [server], screening: { enabled: true, defaultLanguage: "es" } };
  const found = await problems({ speech, asterisk });
  for (const path of ["speech.language", "asterisk.screening.defaultLanguage"])
    assert.ok(found.includes(`${path}: es, but ${model} knows English only`), found);
  assert.doesNotMatch(await problems({ speech: { ...speech, language: "en" } }), /knows English only/);
});
