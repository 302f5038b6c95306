import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../gateway/core/errors.js";
import type { RecordingDesk, RecordingJob } from "../../../gateway/ports/recordings.js";
import { unixMs } from "../../../gateway/core/time.js";
import { apiHarness, type ApiHarness } from "../../support/api-harness.js";

/** So a source has three requests a minute without a key. */
const LIMITS = { limits: { requestsPerMinute: 30 } };
const PROXY = "192.0.2.1";
const WEBHOOK = "/api/v1/recordings/webhook";
const ORDER = { call_id: "a", recording_url: "https://rec.example.com/a.mp3" };

const job: RecordingJob = {
  ...{ id: "1".repeat(32), callId: "a", origin: "webhook", stage: "download", priority: 5, attempts: 0, pieces: 0 },
  ...{ createdAt: unixMs(1), updatedAt: unixMs(1), dueAt: unixMs(1), failingSince: undefined, piecesDone: 0 },
  ...{ caller: undefined, called: undefined, durationMs: 0, error: undefined, detail: undefined },
  ...{ state: undefined, score: undefined, kind: undefined, home: "h", stageSince: unixMs(1) },
};
const recordings = {
  checkWebhook: ({ authorization }: Record<string, string | undefined>) =>
    authorization === "Bearer right" ? undefined : "not signed",
  add: () => Promise.resolve({ job, isNew: true }),
} as unknown as RecordingDesk;

/** Uses up what a source may do without a key. */
async function flood({ ask }: ApiHarness, headers: Record<string, string> = {}): Promise<void> {
  for (let i = 0; i < 4; i++) await ask("GET", "/no-such-path", { from: PROXY, headers });
  assert.equal((await ask("GET", "/no-such-path", { from: PROXY, headers })).statusCode, 429, "the flood is limited");
}

const webhook = async ({ ask }: ApiHarness, key: string, from = PROXY) =>
  ask("POST", WEBHOOK, { body: ORDER, from, headers: { authorization: `Bearer ${key}` } });

test("a flood without keys through a proxy keeps out neither who watches /health nor signed webhooks", async () => {
  const api = await apiHarness(LIMITS, { recordings });
  await flood(api);
  assert.equal((await api.ask("GET", "/health", { from: PROXY })).statusCode, 200);
  assert.equal((await api.ask("HEAD", "/health", { from: PROXY })).statusCode, 200);
  assert.equal((await webhook(api, "right")).statusCode, 202);
});

test("a platform may send signed webhooks as often as a key may ask, and is limited there", async () => {
  const api = await apiHarness(LIMITS, { recordings });
  const codes: number[] = [];
  for (let i = 0; i < 32; i++) codes.push((await webhook(api, "right")).statusCode);
  assert.deepEqual(codes.slice(0, 30), new Array(30).fill(202));
  assert.deepEqual(codes.slice(30), [429, 429]);
});

test("webhooks that are not signed count by source, and keep out none that is", async () => {
  const api = await apiHarness(LIMITS, { recordings });
  const codes: number[] = [];
  for (let i = 0; i < 5; i++) codes.push((await webhook(api, "wrong")).statusCode);
  assert.deepEqual(codes, [401, 401, 401, 429, 429]);
  const late = await webhook(api, "wrong");
  assert.ok(Number(late.headers["retry-after"]) >= 1);
  assert.ok(api.audit.some(({ action, target }) => action === "rate.limited" && target === `POST ${WEBHOOK}`));
  assert.equal((await webhook(api, "wrong", "192.0.2.77")).statusCode, 401, "another source");
  assert.equal((await webhook(api, "right")).statusCode, 202);
});

test("behind a trusted proxy each client is a source of its own; nobody else is believed what he says of that", async () => {
  const api = await apiHarness({ ...LIMITS, trustedProxies: ["192.0.2.0/30", "198.51.100.0/24"] });
  await flood(api, { "x-forwarded-for": "203.0.113.5" });
  const codeOf = async (forwarded: string, from = PROXY) =>
    (await api.ask("GET", "/no-such-path", { from, headers: { "x-forwarded-for": forwarded } })).statusCode;
  assert.equal(await codeOf("203.0.113.6"), 404);
  assert.equal(await codeOf("203.0.113.99, 203.0.113.5"), 429, "what a client writes before the proxy's own word");
  assert.equal(await codeOf("203.0.113.5, 198.51.100.9"), 429, "through a second proxy");
  const other = "203.0.113.200";
  const codes: number[] = [];
  for (let i = 0; i < 4; i++) codes.push(await codeOf(`203.0.113.${i + 10}`, other));
  assert.deepEqual(codes, [404, 404, 404, 429], "who is no proxy of ours is himself");
});

test("the audit log names the client behind a trusted proxy", async () => {
  const api = await apiHarness({ trustedProxies: [PROXY] });
  await api.ask("GET", "/stats", { from: PROXY, headers: { "x-forwarded-for": "203.0.113.5" } });
  assert.equal(api.audit.at(-1)?.detail["source"], "203.0.113.5");
});

test("what is no network is refused at the start", async () => {
  await assert.rejects(
    apiHarness({ trustedProxies: ["somewhere"] }),
    (error: unknown) => error instanceof GatewayError && error.code === "config.invalid",
  );
});

test("/health that is asked while it is being answered asks nobody twice", async () => {
  const api = await apiHarness();
  let asked = 0;
  let answer = (): void => undefined;
  api.control.health = () => {
    asked++;
    return new Promise((resolve) => (answer = () => resolve([])));
  };
  const both = [api.ask("GET", "/health"), api.ask("GET", "/health")];
  while (asked === 0) await new Promise(setImmediate);
  for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate);
  assert.equal(asked, 1);
  answer();
  assert.deepEqual(
    (await Promise.all(both)).map(({ statusCode }) => statusCode),
    [200, 200],
  );
});
