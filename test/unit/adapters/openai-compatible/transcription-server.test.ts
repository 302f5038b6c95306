import assert from "node:assert/strict";
import { after, before, beforeEach, test, type TestContext } from "node:test";
import { readTranscription } from "../../../../gateway/adapters/openai-compatible/read-transcription.js";
import {
  DEFAULT_TRANSCRIPTION_SERVER,
  TranscriptionServer,
  type TranscriptionServerOptions,
} from "../../../../gateway/adapters/openai-compatible/transcription-server.js";
import { SystemClock } from "../../../../gateway/adapters/system/system-clock.js";
import { GatewayError, type ErrorCode } from "../../../../gateway/core/errors.js";
import type { Transcript } from "../../../../gateway/ports/transcriber.js";
import { FakeTranscriptionServer, type Fault } from "../../../support/fake-transcription-server.js";
import { encodeText } from "../../../support/modem/encode-tones.js";
import { toSpeechRate } from "../../../support/modem/telephone-line.js";

let server: FakeTranscriptionServer;
before(async () => {
  server = await FakeTranscriptionServer.start();
});
after(() => server.close());
beforeEach(() => {
  server.faults.length = 0;
  server.requests.length = 0;
  server.apiKey = undefined;
});

const AUDIO = { sampleRateHz: 16_000, samples: toSpeechRate(encodeText("Hold the line.")) };
const clock = new SystemClock();
function client(options: Partial<TranscriptionServerOptions> = {}): TranscriptionServer {
  const url = options.api === "whisper.cpp" ? server.url : `${server.url}/v1`;
  return new TranscriptionServer({ ...DEFAULT_TRANSCRIPTION_SERVER, url, model: "whisper-1", ...options }, { clock });
}
/** It does not answer the first who asks. */
async function hanging(t: TestContext): Promise<FakeTranscriptionServer> {
  const made = await FakeTranscriptionServer.start();
  t.after(() => made.close());
  made.faults.push("hang");
  return made;
}
const hear = (under: TranscriptionServer, partial = false): Promise<Transcript> =>
  under.transcribe(AUDIO, { partial, language: "es", prompt: "names" }, new AbortController().signal);
const code = (expected: ErrorCode) => (error: unknown) => error instanceof GatewayError && error.code === expected;

test("openai: the request has the fields of OpenAI's reference, the key in its header alone", async () => {
  server.apiKey = "k-1";
  const under = client({ apiKey: "k-1" });
  const { text, language, confidence, tokens } = await hear(under);
  assert.deepEqual([text, language], ["Hold the line.", "es"]);
  assert.equal(confidence, Math.exp(-0.25));
  assert.deepEqual(
    tokens.map((token) => token.text),
    ["Hold", "the", "line."],
  );
  assert.deepEqual(server.requests[0]?.fields, {
    model: ["whisper-1"],
    response_format: ["verbose_json"],
    temperature: ["0"],
    prompt: ["names"],
    language: ["es"],
    "timestamp_granularities[]": ["segment", "word"],
  });
  assert.ok(!under.name.includes("k-1") && !under.detail.includes("k-1"));
});

test("openai: whisper.cpp's own server is asked at /inference, with its fields", async () => {
  const { text, confidence } = await hear(client({ api: "whisper.cpp" }));
  assert.equal(text, "Hold the line.");
  assert.ok(confidence !== undefined && Math.abs(confidence - 0.9) < 1e-9);
  const [request] = server.requests;
  assert.equal(request?.path, "/inference");
  assert.equal(request.fields["temperature_inc"]?.[0], "0");
});

const answers: readonly [string, Fault[], ErrorCode | undefined, number][] = [
  ["a server error that passes", [{ status: 500 }], undefined, 2],
  ["a server error that stays", [{ status: 502 }, { status: 502 }], "stt.unavailable", 2],
  ["a lost connection that comes back", ["drop"], undefined, 2],
  ["too many requests, then room", [{ status: 429, headers: { "retry-after": "0" } }], undefined, 2],
  ["no room at all", [{ status: 503 }, { status: 503 }], "stt.busy", 2],
  ["a wrong key", [{ status: 401 }], "stt.rejected", 1],
  ["a bad request", [{ status: 400 }], "stt.rejected", 1],
  ["a redirect", [{ status: 307, headers: { location: "http://192.0.2.1/" } }], "stt.rejected", 1],
  ["no JSON", [{ status: 200, body: "<html>" }], "stt.rejected", 1],
  ["JSON without text", [{ status: 200, body: '{"message":"hi"}' }], "stt.rejected", 1],
  ["an answer without end", [{ status: 200, body: "x".repeat(2_000_000) }], "stt.rejected", 1],
];
for (const [name, faults, expected, tries] of answers) {
  test(`openai: ${name} ends as ${expected ?? "text"} after ${tries} ${tries === 1 ? "try" : "tries"}`, async () => {
    const under = client();
    server.faults.push(...faults);
    if (expected === undefined) assert.equal((await hear(under)).text, "Hold the line.");
    else await assert.rejects(hear(under), code(expected));
    assert.equal(faults.length + server.requests.length, tries);
    assert.equal(under.ok, expected === undefined);
  });
}

test("openai: a server that does not answer times out and is not asked again; a partial is never tried twice", async (t) => {
  // Servers of their own: the time may be up before they are asked.
  const [first, second] = [await hanging(t), await hanging(t)];
  await assert.rejects(hear(client({ timeoutMs: 100, url: `${first.url}/v1` })), code("stt.timeout"));
  assert.equal(first.requests.length, 0);
  const patient = { partial: false, timed: true, patience: 3 };
  const asked = client({ timeoutMs: 50, url: `${second.url}/v1` });
  await assert.rejects(asked.transcribe(AUDIO, patient, new AbortController().signal), {
    message: "no answer in 150 ms",
  });
  assert.equal(second.requests.length, 0);
  server.faults.push({ status: 500 });
  await assert.rejects(hear(client(), true), code("stt.unavailable"));
  assert.equal(server.requests.length, 0);
});

test("openai: nobody there is unavailable", async () => {
  await assert.rejects(hear(client({ url: "http://127.0.0.1:1/v1" })), code("stt.unavailable"));
});

test("openai: one who gives up while waiting leaves his place to the next", async () => {
  server.delayMs = 30;
  const under = client({ concurrency: 1, maxWaiting: 3 });
  const stale = new AbortController();
  const first = hear(under);
  const second = under.transcribe(AUDIO, { partial: true }, stale.signal);
  const third = hear(under);
  stale.abort(new Error("stale"));
  await assert.rejects(second, /stale/);
  assert.equal((await first).text, (await third).text);
  assert.equal(server.mostAtOnce, 1);
  server.delayMs = 0;
});

test("openai: answers of servers that say less, or more than is so, are read as far as they go", () => {
  assert.deepEqual(readTranscription('{"text":" a \\n b "}', 100), { text: "a b", tokens: [] });
  const odd = {
    ...{ text: "x", language: "Klingon", segments: "none" },
    words: [{ word: "x", start: -1, end: 99 }, { word: 7 }, null, { word: "y", start: 0, end: "1" }],
  };
  assert.deepEqual(readTranscription(JSON.stringify(odd), 500), {
    text: "x",
    tokens: [{ text: "x", probability: 1, startMs: 0, endMs: 500 }],
  });
  for (const body of ["", "[]", '"text"', "null", '{"text":5}', JSON.stringify({ text: "y".repeat(70_000) })]) {
    assert.equal(readTranscription(body, 100), undefined, body.slice(0, 20));
  }
});
