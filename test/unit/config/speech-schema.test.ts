import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_SILERO } from "../../../gateway/adapters/whisper/silero-voice-activity.js";
import { DEFAULT_WHISPER } from "../../../gateway/adapters/whisper/whisper-transcriber.js";
import { DEFAULT_TRANSCRIPTION_SERVER } from "../../../gateway/adapters/openai-compatible/transcription-server.js";
import { speechSchema } from "../../../gateway/config/speech-schema.js";
import { DEFAULT_LISTENING_OPTIONS } from "../../../gateway/pipeline/listening-options.js";
import { engineOptions, listeningOptions, voiceActivityOptions } from "../../../gateway/workers/start-listening.js";

const speech = (given: unknown) => speechSchema.parse(given);

test("the defaults of the configuration are those of the modules", () => {
  const { limits, ...rest } = listeningOptions(speech({}));
  const { ringBytes, ...others } = limits as typeof limits & { ringBytes: number };
  assert.equal(ringBytes, 16 * 1_024 * 1_024);
  assert.deepEqual({ ...rest, limits: others }, DEFAULT_LISTENING_OPTIONS);
  const whisper = engineOptions(speech({ engine: "whisper" }));
  assert.deepEqual(whisper.recogniser, {
    kind: "whisper",
    // Shorter than for a recogniser that is used otherwise: speech that comes late is of no use.
    whisper: { ...DEFAULT_WHISPER, timeoutMs: 8_000, model: "base.en", folder: "ringfence-models" },
  });
  assert.deepEqual(voiceActivityOptions(speech({})), {
    kind: "silero",
    silero: { ...DEFAULT_SILERO, model: "silero-v6.2.0", folder: "ringfence-models" },
    required: false,
  });
  const server = engineOptions(speech({ engine: "openai", openai: { url: "http://127.0.0.1:8000/v1" } }));
  assert.deepEqual(server.recogniser, {
    kind: "openai",
    server: { ...DEFAULT_TRANSCRIPTION_SERVER, url: "http://127.0.0.1:8000/v1", model: "whisper-1" },
  });
});

test("the language goes to whichever recogniser there is; hashes and keys only where they are given", () => {
  const hash = "a".repeat(64);
  const whisper = engineOptions(speech({ engine: "whisper", language: "es", whisper: { sha256: hash } })).recogniser;
  assert.ok(whisper.kind === "whisper" && whisper.whisper.language === "es" && whisper.whisper.sha256 === hash);
  const openai = { url: "http://127.0.0.1:1/v1", apiKey: "key" };
  const server = engineOptions(speech({ engine: "openai", language: "es", openai })).recogniser;
  assert.ok(server.kind === "openai" && server.server.language === "es" && server.server.apiKey === "key");
  assert.deepEqual(voiceActivityOptions(speech({ voiceActivity: { engine: "energy" } })), { kind: "energy" });
});

test("an engine without what it needs is refused with the key's name", () => {
  const refused = (given: unknown, key: RegExp): void =>
    assert.throws(() => engineOptions(speech(given)), { code: "config.invalid", message: key });
  refused({ engine: "openai" }, /^speech\.openai\.url/);
  refused({ engine: "module" }, /^speech\.module\.path/);
  refused({ engine: "none" }, /^speech\.engine/);
});

test("values out of range, and unknown keys, are refused", () => {
  for (const given of [
    { engine: "magic" },
    { language: "english" },
    { segments: { longestMs: 60_000 } },
    { whisper: { concurrency: 0 } },
    { capacity: { reserve: 1 } },
    { sements: {} },
  ])
    assert.equal(speechSchema.safeParse(given).success, false, JSON.stringify(given));
});

test("recordings are packed where a pass costs the same whatever is in it, or as the operator says", () => {
  const packing = (given: object): string => listeningOptions(speech(given)).packing;
  const cut = { engine: "whisper", whisper: { audioContext: "cut" } };
  assert.equal(packing({ engine: "whisper" }), "windows");
  assert.equal(packing(cut), "stretches");
  assert.equal(packing({ ...cut, engine: "openai" }), "windows");
  assert.equal(packing({ ...cut, analysis: { packing: "windows" } }), "windows");
  assert.equal(packing({ engine: "whisper", analysis: { packing: "stretches" } }), "stretches");
});

test("a hung recogniser is noticed by itself, which starts it anew, before its work is given up", () => {
  const deskOf = (given: object): number => listeningOptions(speech({ engine: "whisper", ...given })).desk.timeoutMs;
  assert.equal(deskOf({}), 10_000);
  assert.equal(deskOf({ whisper: { timeoutMs: 30_000 } }), 32_000);
  assert.equal(deskOf({ queue: { timeoutMs: 60_000 } }), 60_000);
});
