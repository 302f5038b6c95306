import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { inspectGgml } from "../../../../gateway/adapters/whisper/ggml-file.js";
import { findKnownModel, KNOWN_MODELS, modelUrl } from "../../../../gateway/adapters/whisper/known-models.js";
import { verifyModel } from "../../../../gateway/adapters/whisper/model-file.js";
import { findEngine, readCpuFlags } from "../../../../gateway/adapters/whisper/whisper-engine.js";
import { GatewayError, type ErrorCode } from "../../../../gateway/core/errors.js";
import { handmadeSilero } from "../../../support/models/handmade-silero.js";
import { randomWhisper } from "../../../support/models/random-whisper.js";
import { temporaryFolder } from "../../../support/processes.js";

const folder = temporaryFolder("model-file");
after(() => folder.remove());
const code = (expected: ErrorCode, words: RegExp) => (error: unknown) =>
  error instanceof GatewayError && error.code === expected && words.test(error.message);
const whisper = (): string => randomWhisper({ size: "mini", tokens: 12 });
const sha256 = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");

test("models: names, files and hashes are well formed and all different", () => {
  for (const { name, file, sizeBytes, sha256: hash } of KNOWN_MODELS) {
    assert.match(hash, /^[0-9a-f]{64}$/);
    assert.ok(sizeBytes > 800_000 && file === `ggml-${name}.bin`);
    assert.equal(findKnownModel(file)?.name, name);
  }
  assert.equal(new Set(KNOWN_MODELS.map((model) => model.sha256)).size, KNOWN_MODELS.length);
  const base = findKnownModel("base.en");
  assert.ok(base !== undefined && !base.multilingual && findKnownModel("base")?.multilingual === true);
  assert.equal(modelUrl(base), "https://huggingface.co/ggerganov/whisper.cpp/resolve/main/ggml-base.en.bin");
  assert.equal(modelUrl(base, "http://m/x/"), "http://m/x/ggerganov/whisper.cpp/resolve/main/ggml-base.en.bin");
});

test("models: a file is taken with the operator's hash, and with no other", async () => {
  const path = whisper();
  const file = await verifyModel({ model: path, folder: "", sha256: sha256(path).toUpperCase() });
  assert.deepEqual([file.path, file.kind, file.known], [path, "whisper", undefined]);
  await assert.rejects(
    verifyModel({ model: path, folder: "", sha256: "0".repeat(64) }),
    code("model.invalid", /not the one that is configured/),
  );
  await assert.rejects(verifyModel({ model: path, folder: "" }), code("model.invalid", new RegExp(sha256(path))));
});

test("models: one that knows English only is refused for another language", async () => {
  const path = whisper();
  const choice = { model: path, folder: "", sha256: sha256(path) };
  assert.equal((await verifyModel({ ...choice, language: "en" })).path, path);
  await assert.rejects(verifyModel({ ...choice, language: "es" }), code("model.invalid", /English only.* is es/));
  const all = randomWhisper({ size: "mini", tokens: 12, multilingual: true });
  assert.equal((await verifyModel({ ...choice, model: all, sha256: sha256(all), language: "es" })).path, all);
});

test("models: a known name with another file behind it, a folder, and nothing at all are told apart", async () => {
  await assert.rejects(
    verifyModel({ model: "tiny.en", folder: folder.path }),
    code("model.missing", /models pull tiny\.en/),
  );
  await assert.rejects(verifyModel({ model: folder.path, folder: "" }), code("model.missing", /no file/));
  await assert.rejects(
    verifyModel({ model: join(folder.path, "x.bin"), folder: "" }),
    code("model.missing", /models list/),
  );
  writeFileSync(join(folder.path, "ggml-tiny.en.bin"), readFileSync(whisper()));
  await assert.rejects(verifyModel({ model: "tiny.en", folder: folder.path }), code("model.invalid", /77704715/));
  writeFileSync(
    join(folder.path, "text.bin"),
    "This is no model at all, but long enough to be read as one.".repeat(10),
  );
  await assert.rejects(
    verifyModel({ model: join(folder.path, "text.bin"), folder: "" }),
    code("model.invalid", /no model/),
  );
});

test("models: both kinds are told apart; every cut is noticed", async () => {
  for (const [path, kind] of [
    [whisper(), "whisper"],
    [handmadeSilero(), "voice-activity"],
  ] as const) {
    const found = await inspectGgml(path);
    assert.ok(found.ok);
    assert.equal(found.value.kind, kind);
    const bytes = readFileSync(path);
    for (let i = 1; i <= 40; i++) {
      const cut = join(folder.path, "cut.bin");
      writeFileSync(cut, bytes.subarray(0, Math.floor((bytes.length * i) / 41)));
      assert.equal((await inspectGgml(cut)).ok, false, `${kind} cut at ${i} of 41`);
    }
  }
});

test("engine: one that is not built, or built for another CPU, says what to do instead of ending the process", () => {
  assert.throws(() => findEngine(folder.path), code("model.missing", /build-engine-whisper/));
  writeFileSync(join(folder.path, "ringfence_whisper.node"), "");
  const stamp = { version: "1.9.1", arch: process.arch, cpu: "native", flags: ["avx2", "avx512f"] };
  writeFileSync(join(folder.path, "stamp.json"), JSON.stringify(stamp));
  assert.throws(() => findEngine(folder.path, new Set(["avx2"])), code("model.missing", /without avx512f/));
  assert.equal(findEngine(folder.path, new Set(["avx2", "avx512f", "fma"])).stamp.version, "1.9.1");
  writeFileSync(join(folder.path, "stamp.json"), JSON.stringify({ ...stamp, arch: "s390x" }));
  assert.throws(() => findEngine(folder.path, new Set(["avx2", "avx512f"])), code("model.missing", /another machine/));
  writeFileSync(join(folder.path, "stamp.json"), "{");
  assert.throws(() => findEngine(folder.path), code("model.missing", /not built/));
  assert.equal(readCpuFlags(join(folder.path, "no-cpuinfo")), undefined);
});
