import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { Redactor } from "../../../../detection/index.js";
import { unixMs } from "../../../../gateway/core/time.js";
import { assemble, type PieceText } from "../../../../gateway/pipeline/recordings/assemble.js";
import { crmPayload } from "../../../../gateway/pipeline/recordings/crm-payload.js";
import { PieceSplitter, pieceWav } from "../../../../gateway/pipeline/recordings/piece-splitter.js";
import { retryAt, spokenDuration } from "../../../../gateway/pipeline/recordings/retry.js";
import { webhookRefusal } from "../../../../gateway/pipeline/recordings/webhook-auth.js";
import { openWav } from "../../../../gateway/media/wav/read-wav.js";
import type { RecordingStage } from "../../../../gateway/ports/recordings.js";

const OPTIONS = { firstMs: 1_000, mostMs: 60_000, giveUpMs: 600_000, deliverGiveUpMs: 6_000_000 };
const NOW = unixMs(1_000_000_000);
const RETRIES: readonly {
  name: string;
  attempts?: number;
  stage?: RecordingStage;
  sinceMs?: number;
  asked?: number;
  retryable?: boolean;
  afterMs: number | undefined;
}[] = [
  { name: "the first failure", afterMs: 1_000 },
  { name: "the third", attempts: 2, afterMs: 4_000 },
  { name: "the hundredth", attempts: 99, afterMs: 60_000 },
  { name: "one that will not get better", retryable: false, afterMs: undefined },
  { name: "the peer asks for more", asked: 30_000, afterMs: 30_000 },
  { name: "the peer asks for a year", asked: 3.15e10, afterMs: 60_000 },
  { name: "the budget is spent", attempts: 5, sinceMs: 599_500, afterMs: undefined },
  { name: "the CRM's budget is another", attempts: 5, sinceMs: 599_500, stage: "deliver", afterMs: 32_000 },
  { name: "the CRM's budget is spent", attempts: 5, sinceMs: 5_999_500, stage: "deliver", afterMs: undefined },
  { name: "the budget is spent, and nobody tried: a long stop, or a clock that leapt", sinceMs: 6e9, afterMs: 1_000 },
];
for (const { name, attempts = 0, stage = "download", sinceMs = 0, asked, retryable = true, afterMs } of RETRIES) {
  test(`retry: ${name}`, () => {
    const job = { stage, failingSince: unixMs(NOW - sinceMs), attempts };
    const at = retryAt(job, { retryable, retryAfterMs: asked }, NOW, 1, OPTIONS);
    assert.equal(at === undefined ? undefined : at - NOW, afterMs);
  });
}

for (const [ms, text] of [
  [492_000, "8m12s"],
  [9_400, "9s"],
  [0, "0s"],
  [60_000, "1m00s"],
  [4_000_000, "1h06m40s"],
] as const) {
  test(`duration ${ms} ms is ${text}`, () => assert.equal(spokenDuration(ms), text));
}

const SECRET = "a-secret-of-sixteen";
const BODY = Buffer.from('{"call_id":"a"}');
const crypto = {
  hmacHex: (key: string, parts: readonly (string | Uint8Array)[]): string => {
    const mac = createHmac("sha256", key);
    for (const part of parts) mac.update(part);
    return mac.digest("hex");
  },
  isSame: (a: string, b: string): boolean => a === b,
};
const signature = (seconds: number, key = SECRET): string =>
  `t=${seconds},v1=${crypto.hmacHex(key, [`${seconds}.`, BODY])}`;
const SIGNED: readonly {
  name: string;
  headers: Record<string, string>;
  options?: { secret?: string; token?: string };
  refused: boolean;
}[] = [
  { name: "genuine", headers: { "x-ringfence-signature": signature(1_000) }, refused: false },
  { name: "at the end of the window", headers: { "x-ringfence-signature": signature(700) }, refused: false },
  { name: "a second too old", headers: { "x-ringfence-signature": signature(699) }, refused: true },
  { name: "from the future", headers: { "x-ringfence-signature": signature(1_301) }, refused: true },
  { name: "another key", headers: { "x-ringfence-signature": signature(1_000, "x") }, refused: true },
  { name: "no signature", headers: {}, refused: true },
  { name: "a token where none is set", headers: { authorization: "Bearer abc" }, refused: true },
  { name: "the token", headers: { authorization: "Bearer abc" }, options: { token: "abc" }, refused: false },
  { name: "a part of the token", headers: { authorization: "Bearer ab" }, options: { token: "abc" }, refused: true },
  { name: "nothing configured", headers: { authorization: "Bearer abc" }, options: {}, refused: true },
];
for (const { name, headers, options = { secret: SECRET }, refused } of SIGNED) {
  test(`webhook: ${name}`, () => {
    const why = webhookRefusal(headers, BODY, { ...options, windowMs: 300_000 }, 1_000_000, crypto);
    assert.equal(why !== undefined, refused, why);
  });
}

/** Loud everywhere but in one place. */
const pcmOf = (seconds: number, quietAtS: number, channels = 1): Uint8Array => {
  const samples = new Int16Array(seconds * 16_000 * channels);
  samples.forEach((_, index) => {
    const at = Math.floor(index / channels) / 16_000;
    samples[index] =
      at >= quietAtS && at < quietAtS + 0.4 ? 0 : 8_000 * (index % 2 === 0 ? 1 : -1) * (channels === 2 ? 1 : 1);
  });
  return new Uint8Array(samples.buffer);
};

test("pieces are cut where it is quiet, and are the same however the bytes come", () => {
  const pcm = pcmOf(25, 8);
  const cuts = (chunkBytes: number): readonly number[] => {
    const splitter = new PieceSplitter(1, 10);
    const starts: number[] = [];
    for (let at = 0; at < pcm.byteLength; at += chunkBytes)
      for (const { startMs } of splitter.push(pcm.subarray(at, at + chunkBytes))) starts.push(startMs);
    const last = splitter.end();
    if (last !== undefined) starts.push(last.startMs);
    assert.equal(splitter.durationMs, 25_000);
    return starts;
  };
  const whole = cuts(pcm.byteLength);
  assert.equal(whole[0], 0);
  assert.ok((whole[1] ?? 0) >= 8_000 && (whole[1] ?? 0) <= 8_400, String(whole));
  assert.deepEqual(cuts(1_001), whole);
});

test("two channels that say the same are found, and one of them is heard", () => {
  const same = new PieceSplitter(2, 5);
  const twice = new Int16Array(2 * 16_000);
  twice.forEach((_, index) => (twice[index] = Math.floor(index / 2) % 100));
  same.push(new Uint8Array(twice.buffer));
  const piece = same.end();
  assert.equal(same.same, true);
  const wav = openWav(new Uint8Array(pieceWav(piece?.pcm ?? new Uint8Array(), 2, true)));
  assert.ok(wav.ok);
  assert.deepEqual([wav.value.channels, wav.value.frames, wav.value.sampleRateHz], [1, 16_000, 16_000]);
  const other = new PieceSplitter(2, 5);
  other.push(pcmOf(1, 9, 2));
  other.end();
  assert.equal(other.same, false);
});

const piece = (startMs: number, speaker: "caller" | "callee", text: string): PieceText => ({
  startMs,
  lines: [{ speaker, text, startMs, endMs: startMs + 1_000, confidence: 0.8, language: "en" }],
  verdict: undefined,
  recogniser: "modem",
  withoutText: 0,
});
const nobody = { judge: () => Promise.resolve(undefined) };
const noBreath = (): undefined => undefined;

test("a code that is asked for in one piece and told in the next is taken out", async () => {
  const pieces = [
    piece(0, "caller", "please read me the six digit code"),
    piece(60_000, "callee", "four eight three nine two one"),
  ];
  const { lines, confidence, language } = await assemble(pieces, 61_000, "channel", new Redactor(), nobody, noBreath);
  assert.deepEqual(
    lines.map(({ text }) => text),
    ["please read me the six digit code", "[code]"],
  );
  assert.deepEqual([confidence, language], [0.8, "en"]);
});

test("the CRM gets the five fields as the source shows them, and ours", async () => {
  const whole = await assemble([piece(0, "caller", "hello")], 492_000, "one", new Redactor(), nobody, noBreath);
  const summary = {
    summary: "s",
    topic: "Customer Support",
    sentiment: [],
    actionItems: [],
    by: "extractive",
  } as const;
  const {
    call_id,
    transcript,
    summary: short,
    topic,
    duration,
    ...ours
  } = crmPayload("abc123", "key", { ...whole, summary });
  assert.deepEqual(
    { call_id, transcript, summary: short, topic, duration },
    { call_id: "abc123", transcript: "caller: hello", summary: "s", topic: "Customer Support", duration: "8m12s" },
  );
  assert.equal(ours["job_id"], "key");
});
