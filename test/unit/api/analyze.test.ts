import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../gateway/core/errors.js";
import { silentLog, type Log } from "../../../gateway/core/log.js";
import { writeWav } from "../../../gateway/media/wav/write-wav.js";
import type { AudioAnalysis } from "../../../gateway/ports/audio-analysis.js";
import { apiHarness, type Asked } from "../../support/api-harness.js";

const WAV = Buffer.from(writeWav({ sampleRateHz: 8_000, channels: [new Float32Array(800).fill(0.1)] }));
const ANALYSIS: AudioAnalysis = {
  durationMs: 100,
  truncated: false,
  segments: [
    { segment: 0, speaker: "caller", startMs: 0, endMs: 50, text: "buy gift cards", confidence: 0.9, language: "en" },
    { segment: 1, speaker: "callee", startMs: 50, endMs: 90, text: undefined },
  ],
  turns: [{ speaker: "caller", text: "buy gift cards", atMs: 0 }],
  verdict: {
    index: 0,
    state: "scam",
    score: 0.97,
    kind: "gift-card",
    stage: "request",
    evidence: [{ turn: 0, start: 0, end: 14, text: "buy gift cards", cue: "request.gift-card", weight: 2 }],
  },
  recogniser: "whisper base.en",
  voiceActivity: "energy",
};

const harness = async (limits = {}) => {
  const logged: string[] = [];
  const log: Log = {
    ...silentLog,
    error: (event) => void logged.push(event),
  };
  const api = await apiHarness({ limits, log });
  api.control.analysis = ANALYSIS;
  const post = (asked: Asked, url = "/analyze") => api.ask("POST", url, { as: "switch", ...asked });
  const errorOf = async (asked: Asked, url?: string): Promise<string> => {
    const answer = await post(asked, url);
    const { error } = answer.json<{ error: { code: string; message: string; path?: string } }>();
    return `${answer.statusCode} ${error.code} ${error.path ?? ""}: ${error.message}`;
  };
  return { ...api, post, errorOf, logged };
};
const form = (boundary: string, head: string, file: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n--${boundary}\r\n${head}\r\n\r\n`,
    ),
    file,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);

test("JSON with the file in base64: the answer that was asked for, and ours", async () => {
  const { post, control, audit } = await harness();
  const answer = await post({ body: { audio: WAV.toString("base64"), language: "en", speakers: ["caller"] } });
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(answer.json(), {
    threat_detected: true,
    threat_details:
      "The call sounds like somebody who wants to be paid in gift cards. Money, a code or access has been asked for. Grounds: “buy gift cards”.",
    state: "scam",
    score: 0.97,
    kind: "gift-card",
    stage: "request",
    evidence: [{ turn: 0, text: "buy gift cards", cue: "request.gift-card", weight: 2 }],
    segments: [
      {
        segment: 0,
        speaker: "caller",
        start_ms: 0,
        end_ms: 50,
        text: "buy gift cards",
        confidence: 0.9,
        language: "en",
      },
      { segment: 1, speaker: "callee", start_ms: 50, end_ms: 90, text: null },
    ],
    transcript: [{ speaker: "caller", text: "buy gift cards", at_ms: 0 }],
    duration_ms: 100,
    truncated: false,
    engine: { recogniser: "whisper base.en", voice_activity: "energy" },
  });
  const [order] = control.analysed;
  assert.ok(order !== undefined);
  assert.deepEqual(Buffer.from(order.wav), WAV);
  assert.deepEqual([order.language, order.speakers], ["en", ["caller"]]);
  const entry = audit.at(-1);
  assert.deepEqual([entry?.action, entry?.target, entry?.outcome], ["audio.analyze", `${WAV.length} bytes`, "done"]);
  assert.ok(!JSON.stringify(audit).includes("gift cards"), "what was said is not in the audit log");
});

test("the file as the whole body, with the rest in the query; as a form; as a data URL", async () => {
  const { post, control } = await harness();
  const sent = async (asked: Asked, url?: string): Promise<void> => {
    const answer = await post(asked, url);
    assert.equal(answer.statusCode, 200, answer.body);
    assert.deepEqual(Buffer.from(control.analysed.at(-1)?.wav ?? new ArrayBuffer(0)), WAV);
  };
  for (const type of ["audio/wav", "audio/x-wav", "application/octet-stream"]) {
    await sent({ body: WAV, headers: { "content-type": type } }, "/analyze?language=es&speakers=caller,agent");
    assert.deepEqual(
      [control.analysed.at(-1)?.language, control.analysed.at(-1)?.speakers],
      ["es", ["caller", "agent"]],
    );
  }
  const type = { "content-type": "multipart/form-data; boundary=xYz" };
  const named = 'Content-Disposition: form-data; name="upload"; filename="a.wav"\r\nContent-Type: audio/wav';
  await sent({ body: form("xYz", named, WAV), headers: type });
  await sent({ body: form("xYz", 'Content-Disposition: form-data; name="audio"', WAV), headers: type });
  await sent({ body: { audio: `data:audio/wav;base64,${WAV.toString("base64")}` } });
});

test("honest talk: no threat, no details", async () => {
  const { post, control } = await harness();
  control.analysis = { ...ANALYSIS, verdict: undefined, segments: [], turns: [] };
  const answer = (await post({ body: { audio: WAV.toString("base64") } })).json<Record<string, unknown>>();
  assert.deepEqual([answer["threat_detected"], answer["threat_details"], answer["state"]], [false, null, "clear"]);
});

test("who may: analysts and switches with a key, from wherever they are", async () => {
  const { ask } = await harness();
  const body = { audio: WAV.toString("base64") };
  const status = async (asked: Asked): Promise<number> =>
    (await ask("POST", "/analyze", { body, ...asked })).statusCode;
  assert.equal(await status({}), 401);
  assert.equal(await status({ as: "viewer" }), 403);
  assert.equal(await status({ as: "analyst" }), 200);
  assert.equal(await status({ as: "switch" }), 200);
  assert.equal(await status({ as: "admin", from: "192.0.2.7" }), 200);
});

test("bad requests are told apart", async () => {
  const { errorOf } = await harness();
  assert.match(await errorOf({ body: {} }), /^400 request\.invalid audio/);
  assert.match(await errorOf({ body: { audio: "$$$" } }), /^400 request\.invalid audio: not base64/);
  assert.match(await errorOf({ body: { audio: "AAAA", speakers: ["robot"] } }), /^400 request\.invalid speakers/);
  const wav = { body: WAV, headers: { "content-type": "audio/wav" } };
  assert.match(await errorOf(wav, "/analyze?language=english"), /^400 request\.invalid language/);
  assert.match(await errorOf(wav, "/analyze?speakers=a,b"), /^400 request\.invalid speakers/);
  assert.match(await errorOf({ body: WAV, headers: { "content-type": "image/png" } }), /^415 request\.media-type/);
  const type = { "content-type": "multipart/form-data; boundary=xYz" };
  assert.match(
    await errorOf({ body: "--xYz\r\nnothing", headers: type }),
    /^400 request\.invalid audio: the form is cut off/,
  );
  assert.match(
    await errorOf({ body: "none at all", headers: type }),
    /^400 request\.invalid audio: the form holds no file/,
  );
  assert.match(
    await errorOf({ body: WAV, headers: { "content-type": "multipart/form-data" } }),
    /^400 request\.invalid audio: the form has no boundary/,
  );
});

test("what the listening side refuses is told with its reason", async () => {
  const { errorOf, control, logged } = await harness();
  const asked = { body: { audio: WAV.toString("base64") } };
  control.failure = new GatewayError("audio.invalid", "the audio cannot be read: it is no WAV file");
  assert.equal(await errorOf(asked), "400 audio.invalid audio: the audio cannot be read: it is no WAV file");
  control.failure = new GatewayError("stt.language", "whisper base.en knows en only, and the language is es");
  assert.match(await errorOf(asked), /^400 stt\.language language: whisper base\.en knows en only/);
  control.failure = new GatewayError("stt.timeout", "the recording could not be analysed in 5 ms");
  assert.match(await errorOf(asked), /^504 stt\.timeout/);
  control.failure = new GatewayError("stt.busy", "2 recordings are being analysed already");
  assert.match(await errorOf(asked), /^503 stt\.busy/);
  control.failure = undefined;
  control.analysis = undefined;
  assert.match(await errorOf(asked), /^503 stt\.unavailable .*speech\.engine/);
  assert.deepEqual(logged, [], "who asks can fill no log with it");
});

test("what is no recording is refused before the listening side is asked, whether there is one or not", async () => {
  const { errorOf, control, audit } = await harness();
  control.analysis = undefined;
  const told = "400 audio.invalid audio: the audio cannot be read: it is no WAV file";
  assert.equal(await errorOf({ body: Buffer.from("ID3"), headers: { "content-type": "audio/wav" } }), told);
  assert.equal(await errorOf({ body: { audio: "SUQz" } }), told);
  assert.deepEqual([control.analysed.length, audit.filter(({ action }) => action === "audio.analyze").length], [0, 0]);
});

test("limits: size of the file whichever way it comes, and recordings at a time", async () => {
  const { errorOf, control, post } = await harness({ analysisBytes: 1_000, analysisRequests: 1 });
  assert.match(await errorOf({ body: { audio: WAV.toString("base64") } }), /^413 request\.too-large audio/);
  const huge = Buffer.alloc(100_000);
  assert.match(await errorOf({ body: huge, headers: { "content-type": "audio/wav" } }), /^413 request\.too-large/);
  let answer: (analysis: AudioAnalysis) => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    control.analyze = () => {
      resolve();
      return new Promise((done) => (answer = done));
    };
  });
  const small = { body: { audio: WAV.subarray(0, 900).toString("base64") } };
  // A request of `inject` begins when it is waited for.
  const first = post(small).then(({ statusCode }) => statusCode);
  await asked;
  assert.match(await errorOf(small), /^503 stt\.busy/);
  answer(ANALYSIS);
  assert.equal(await first, 200);
  control.analyze = () => Promise.resolve(ANALYSIS);
  assert.equal((await post(small)).statusCode, 200, "its place is free again");
});
