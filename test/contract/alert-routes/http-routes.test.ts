import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test, type TestContext } from "node:test";
import { SplunkRoute } from "../../../gateway/adapters/siem-http/splunk-route.js";
import { SlackRoute } from "../../../gateway/adapters/slack/slack-route.js";
import { SystemClock } from "../../../gateway/adapters/system/system-clock.js";
import { WebexRoute } from "../../../gateway/adapters/webex-bot/webex-route.js";
import { postWebhook } from "../../../gateway/adapters/webhook/post-webhook.js";
import { WebhookRoute } from "../../../gateway/adapters/webhook/webhook-route.js";
import type { AlertRoute } from "../../../gateway/ports/alert-route.js";
import { HOSTILE, hostileNotice, sampleNotice } from "../../support/alert-notices.js";
import { AlertReceiver } from "../../support/alert-receiver.js";
import { alertRouteContract, type RouteScene } from "./alert-route-contract.js";

// The receivers are fakes that keep to the documented requests: nobody here has a Slack, a Webex or a Splunk.
const TIMEOUT_MS = 30_000;
/** For a receiver that hangs. */
const HANG_MS = 300;
const delivery = { id: "case-1.1.route", attempt: 1 };

const ROUTES: Readonly<Record<string, (url: string, timeoutMs: number) => AlertRoute>> = {
  webhook: (url, timeoutMs) => new WebhookRoute({ url, secret: "s3cret", timeoutMs }, new SystemClock(), postWebhook),
  slack: (url, timeoutMs) => new SlackRoute({ url, timeoutMs }, postWebhook),
  webex: (url, timeoutMs) => new WebexRoute({ url, token: "bot-token", roomId: "room-1", timeoutMs }, postWebhook),
  splunk: (url, timeoutMs) =>
    new SplunkRoute({ url, token: "hec-token", index: "fraud", sourcetype: "ringfence:alert", timeoutMs }, postWebhook),
};

async function scene(
  t: TestContext,
  kind: string,
  timeoutMs = TIMEOUT_MS,
): Promise<RouteScene & { receiver: AlertReceiver }> {
  const receiver = await AlertReceiver.start();
  const make = ROUTES[kind];
  assert.ok(make !== undefined);
  const route = make(receiver.url, timeoutMs);
  t.after(async () => {
    await route.close();
    await receiver.close().catch(() => undefined);
  });
  return { route, receiver, received: () => receiver.posts.map(({ body }) => body), goAway: () => receiver.close() };
}

for (const kind of Object.keys(ROUTES)) {
  alertRouteContract(kind, (t) => scene(t, kind));

  test(`${kind}: 429 is tried again when the receiver says, 5xx and a token that is refused too; what is said of the message is final`, async (t) => {
    const { route, receiver } = await scene(t, kind);
    receiver.answer = () => ({ status: 429, headers: { "retry-after": "30" } });
    assert.deepEqual(await route.send(sampleNotice(), delivery), {
      kind: "failed",
      why: "status 429",
      afterMs: 30_000,
    });
    const dates = { date: "Mon, 30 Nov 2026 05:00:00 GMT", "retry-after": "Mon, 30 Nov 2026 05:02:00 GMT" };
    receiver.answer = () => ({ status: 503, headers: dates });
    assert.deepEqual(await route.send(sampleNotice(), delivery), {
      kind: "failed",
      why: "status 503",
      afterMs: 120_000,
    });
    receiver.answer = () => ({ status: 503 });
    assert.deepEqual(await route.send(sampleNotice(), delivery), { kind: "failed", why: "status 503" });
    for (const status of [401, 403, 404]) {
      receiver.answer = () => ({ status, body: "no_service" });
      assert.deepEqual(await route.send(sampleNotice(), delivery), { kind: "failed", why: `status ${status}` });
    }
    for (const status of [400, 410, 413, 422]) {
      receiver.answer = () => ({ status, body: "invalid_blocks" });
      assert.deepEqual(await route.send(sampleNotice(), delivery), { kind: "rejected", why: `status ${status}` });
    }
    // A redirect is not followed.
    const before = receiver.posts.length;
    receiver.answer = () => ({ status: 307, headers: { location: `${receiver.url}/elsewhere` } });
    assert.equal((await route.send(sampleNotice(), delivery)).kind, "rejected");
    assert.equal(receiver.posts.length, before + 1);
  });

  test(`${kind}: a receiver that hangs is given up in time`, async (t) => {
    const { route, receiver } = await scene(t, kind, HANG_MS);
    receiver.answer = () => "hang";
    assert.deepEqual(await route.send(sampleNotice(), delivery), { kind: "failed", why: "TimeoutError" });
  });
}

async function posted(t: TestContext, kind: string, notice = hostileNotice()) {
  const { route, receiver } = await scene(t, kind);
  assert.equal((await route.send(notice, delivery)).kind, "sent");
  const [post] = receiver.posts;
  assert.ok(post !== undefined);
  return { post, json: JSON.parse(post.body) as Record<string, unknown> };
}

test("webhook: signed with its time, the same id in every try, and the field names of GET /alerts", async (t) => {
  const { post, json } = await posted(t, "webhook", sampleNotice());
  const [, at = "", hex] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(post.headers["x-ringfence-signature"])) ?? [];
  assert.equal(createHmac("sha256", "s3cret").update(`${at}.${post.body}`).digest("hex"), hex);
  assert.ok(Math.abs(Number(at) - Date.now() / 1_000) < 60);
  assert.deepEqual(
    [post.headers["x-ringfence-delivery"], post.headers["idempotency-key"], json["delivery_id"]],
    [delivery.id, delivery.id, delivery.id],
  );
  for (const field of ["alert_id", "b_number", "a_numbers", "call_count", "severity", "detected_at", "incident_id"])
    assert.ok(field in json, field);
});

test("slack: what callers write is plain text of one line; nothing of it is a mention, a link or a style", async (t) => {
  const { json } = await posted(t, "slack");
  const texts: { type: string; text: string }[] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if ("type" in value && "text" in value && typeof value.text === "string")
      texts.push(value as { type: string; text: string });
    for (const inner of Object.values(value)) walk(inner);
  };
  walk(json["blocks"]);
  assert.ok(texts.length >= 8);
  for (const { type, text } of texts) {
    assert.equal(type, "plain_text");
    assert.ok(!/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/.test(text), JSON.stringify(text));
  }
  assert.ok(!/<|(?<!&(?:lt|gt|amp);?.*)>/.test(String(json["text"])), "the fallback is escaped");
  assert.ok(String(json["text"]).includes("&lt;!channel&gt;"));
  const blocks = json["blocks"] as { type: string; text?: { text: string }; fields?: unknown[] }[];
  assert.ok((blocks[0]?.text?.text.length ?? 999) <= 150);
  assert.ok(blocks.every(({ fields }) => fields === undefined || (fields.length > 0 && fields.length <= 10)));
});

test("webex: a bot's message to its room, plain text and never markdown; long texts are cut", async (t) => {
  const { post, json } = await posted(t, "webex");
  assert.deepEqual([post.path, post.headers.authorization], ["/messages", "Bearer bot-token"]);
  assert.deepEqual(Object.keys(json).sort(), ["roomId", "text"]);
  assert.ok(!String(json["text"]).includes("\nBcc"));
  const long = await posted(t, "webex", sampleNotice({ trunks: Array(5).fill("\u{1F600}".repeat(900)) as string[] }));
  assert.ok(Buffer.byteLength(String(long.json["text"])) <= 7_439);
});

test("splunk: an event of the collector, with token, index and the delivery's id", async (t) => {
  const { post, json } = await posted(t, "splunk");
  assert.deepEqual([post.path, post.headers.authorization], ["/services/collector/event", "Splunk hec-token"]);
  assert.deepEqual([json["time"], json["index"], json["sourcetype"]], [1_700_000_000, "fraud", "ringfence:alert"]);
  const event = json["event"] as Record<string, unknown>;
  assert.deepEqual([event["delivery_id"], event["b_number"]], [delivery.id, HOSTILE]);
});
