import assert from "node:assert/strict";
import { test } from "node:test";
import { transcriptAnswer, transcriptTextAnswer } from "../../../gateway/api/schemas/transcripts.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import type { StoreRecord } from "../../../gateway/ports/records.js";
import { apiHarness } from "../../support/api-harness.js";
import { sampleTranscript } from "../../support/records.js";

const CALLER = "+12025550001";
const record = (index: number): StoreRecord => ({ kind: "transcript", transcript: sampleTranscript(index) });
const url = (index: number): string => `/api/v1/transcripts/${encodeURIComponent(sampleTranscript(index).callId)}`;
const opened = JSON.stringify({
  lines: [{ speaker: "caller", text: "you must pay today", startMs: 0, endMs: 900, confidence: 0.8 }],
  verdict: null,
});

test("the list has numbers and verdicts, not the text", async () => {
  const { store, ask } = await apiHarness();
  await store.write([record(1), record(2)]);
  const rows = transcriptAnswer.array().parse((await ask("GET", "/api/v1/transcripts", { as: "viewer" })).json());
  assert.deepEqual(
    rows.map((row) => row.call_id),
    [sampleTranscript(2).callId, sampleTranscript(1).callId],
  );
  const filtered = await ask("GET", `/api/v1/transcripts?a_number=${encodeURIComponent(CALLER)}`, { as: "viewer" });
  assert.equal(filtered.json<unknown[]>().length, 1);
});

test("the text is opened for an analyst, and the reading is audited without a word of it", async () => {
  const { store, ask, audit } = await apiHarness({}, { openTranscript: () => opened });
  await store.write([record(1)]);
  const answer = transcriptTextAnswer.parse((await ask("GET", url(1), { as: "analyst" })).json());
  assert.equal(answer.lines[0]?.text, "you must pay today");
  assert.deepEqual([audit.at(-1)?.action, audit.at(-1)?.outcome], ["transcript.read", "done"]);
  assert.ok(!JSON.stringify(audit).includes("pay today"));
  assert.equal((await ask("GET", url(2), { as: "analyst" })).statusCode, 404);
});

test("without keys, or with the wrong ones, there is an error and no text", async () => {
  const without = await apiHarness();
  await without.store.write([record(1)]);
  assert.equal((await without.ask("GET", url(1), { as: "analyst" })).statusCode, 409);
  const wrong = await apiHarness(
    {},
    {
      openTranscript: () => {
        throw new GatewayError("crypto.key", "there is no key k1 any more");
      },
    },
  );
  await wrong.store.write([record(1)]);
  const answer = await wrong.ask("GET", url(1), { as: "analyst" });
  assert.ok(answer.statusCode >= 500);
  assert.equal(wrong.audit.at(-1)?.outcome, "failed");
});

test("an admin deletes all of one subject, text and audio, by whatever form of the number; the audit log counts", async () => {
  const forgotten: (readonly string[])[] = [];
  const forgetAudio = (callIds: readonly string[]): Promise<number> => Promise.resolve(forgotten.push(callIds));
  const { store, ask, audit } = await apiHarness({}, { forgetAudio });
  await store.write([record(1), record(2)]);
  const answer = await ask("DELETE", `/api/v1/subjects/${CALLER.replace("+", "00")}`, { as: "admin" });
  const kept = { cdrs: 0, transcripts_held: 0 };
  assert.deepEqual(answer.json(), { number: CALLER, transcripts: 1, audio: 1, key_destroyed: false, kept });
  assert.deepEqual(forgotten, [[sampleTranscript(1).callId]]);
  assert.equal(await store.transcript(sampleTranscript(1).callId), undefined);
  assert.notEqual(await store.transcript(sampleTranscript(2).callId), undefined);
  assert.deepEqual(audit.at(-1)?.detail, { transcripts: 1, audio: 1, keyDestroyed: false, cdrsKept: 0 });
});

test("a deletion that fails half-way is audited as failed", async () => {
  const forgetAudio = (): Promise<number> => Promise.reject(new GatewayError("store.unavailable", "no answer"));
  const { store, ask, audit } = await apiHarness({}, { forgetAudio });
  await store.write([record(1)]);
  const answer = await ask("DELETE", `/api/v1/subjects/${encodeURIComponent(CALLER)}`, { as: "admin" });
  assert.ok(answer.statusCode >= 500);
  assert.deepEqual([audit.at(-1)?.action, audit.at(-1)?.outcome], ["subject.forget", "failed"]);
});

test("a deletion that broke off at the audio is taken up where it was, and nothing of it is lost", async () => {
  let isBroken = true;
  const kept = new Set([sampleTranscript(1).callId]);
  const forgetAudio = (callIds: readonly string[]): Promise<number> =>
    isBroken
      ? Promise.reject(new GatewayError("store.unavailable", "read-only file system"))
      : Promise.resolve(callIds.filter((callId) => kept.delete(callId)).length);
  const { store, ask } = await apiHarness({}, { forgetAudio });
  await store.write([record(1)]);
  const forget = () => ask("DELETE", `/api/v1/subjects/${encodeURIComponent(CALLER)}`, { as: "admin" });
  assert.equal((await forget()).statusCode, 503);
  isBroken = false;
  const again = (await forget()).json<{ transcripts: number; audio: number }>();
  assert.deepEqual([again.transcripts, again.audio, kept.size], [1, 1, 0]);
});

test("while records wait on disk a subject's deletion is refused, as it would miss them; then it is done", async () => {
  let isStored = false;
  const { store, ask, audit } = await apiHarness({}, { allStored: () => Promise.resolve(isStored) });
  await store.write([record(1)]);
  const forget = () => ask("DELETE", `/api/v1/subjects/${encodeURIComponent(CALLER)}`, { as: "admin" });
  const refused = await forget();
  assert.equal(refused.statusCode, 503);
  assert.equal(refused.json<{ error: { code: string } }>().error.code, "store.unavailable");
  assert.deepEqual([audit.at(-1)?.action, audit.at(-1)?.outcome], ["subject.forget", "failed"]);
  assert.notEqual(await store.transcript(sampleTranscript(1).callId), undefined);
  isStored = true;
  assert.equal((await forget()).statusCode, 200);
  assert.equal(await store.transcript(sampleTranscript(1).callId), undefined);
});
