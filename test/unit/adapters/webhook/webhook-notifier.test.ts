import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import {
  postWebhook,
  type WebhookReply,
  type WebhookRequest,
} from "../../../../gateway/adapters/webhook/post-webhook.js";
import { WebhookNotifier, type WebhookOptions } from "../../../../gateway/adapters/webhook/webhook-notifier.js";
import { silentLog } from "../../../../gateway/core/log.js";
import { noMetrics } from "../../../../gateway/core/metrics.js";
import { FakeClock } from "../../../support/fake-clock.js";

const URL_ = "http://192.0.2.1/hook";
const OPTIONS = { url: URL_, secret: "s3cret", timeoutMs: 1_000, attempts: 4, retryFirstMs: 500, retryMostMs: 60_000 };

/** Lets promises that are settled go on, however many steps they take. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function notifier(
  replies: readonly (WebhookReply | "hang")[],
  options: Partial<WebhookOptions> = {},
  base: WebhookOptions = OPTIONS,
) {
  const clock = new FakeClock();
  const requests: (WebhookRequest & { readonly at: number })[] = [];
  const post = (request: WebhookRequest): Promise<WebhookReply> => {
    const reply = replies[Math.min(requests.length, replies.length - 1)];
    requests.push({ ...request, at: clock.mono() });
    if (reply !== "hang" && reply !== undefined) return Promise.resolve(reply);
    return new Promise((resolve) =>
      request.signal.addEventListener("abort", () => resolve({ kind: "no-answer", why: "aborted" })),
    );
  };
  const random = { token: () => "0", next: () => 1 };
  const hook = new WebhookNotifier(
    { ...base, ...options },
    { clock, random, log: silentLog, metrics: noMetrics, post },
  );
  return { hook, clock, requests };
}
const status = (code: number, retryAfterMs?: number): WebhookReply => ({
  kind: "answer",
  status: code,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

test("a delivery is signed over time and body with the shared secret, and carries its id", async () => {
  const { hook, requests } = notifier([status(204)]);
  hook.notify("alert-1", { alert: { text: 'quote " and \r\n' } });
  await settle();
  const [request] = requests;
  assert.equal(request?.url, URL_);
  assert.equal(request.headers["x-ringfence-delivery"], "alert-1");
  const seconds = 1_700_000_000;
  const hex = createHmac("sha256", "s3cret").update(`${seconds}.${request.body}`).digest("hex");
  assert.equal(request.headers["x-ringfence-signature"], `t=${seconds},v1=${hex}`);
  assert.deepEqual(JSON.parse(request.body), { alert: { text: 'quote " and \r\n' } });
  assert.equal(hook.healthy, true);
});

test("without a secret there is no signature header", async () => {
  const { hook, requests } = notifier([status(200)], undefined, { url: URL_, timeoutMs: 1_000, attempts: 1 });
  hook.notify("a", {});
  await settle();
  assert.equal(requests[0]?.headers["x-ringfence-signature"], undefined);
});

for (const [name, reply] of [
  ["no answer", { kind: "no-answer", why: "TimeoutError" }],
  ["503", status(503)],
  ["429", status(429)],
  ["408", status(408)],
] as const) {
  test(`after ${name} a delivery is tried again with doubling pauses, then given up`, async () => {
    const { hook, clock, requests } = notifier([reply]);
    hook.notify("a", {});
    for (let i = 0; i < 100; i++) {
      await settle();
      clock.advance(100);
    }
    assert.deepEqual(
      requests.map(({ at }) => at),
      [0, 500, 1_500, 3_500],
    );
    assert.equal(hook.healthy, false);
    assert.equal(hook.pending, 0);
  });
}

for (const code of [301, 307, 400, 401, 404, 410]) {
  test(`${code} is final: not tried again`, async () => {
    const { hook, clock, requests } = notifier([status(code)]);
    hook.notify("a", {});
    await settle();
    clock.advance(600_000);
    await settle();
    assert.equal(requests.length, 1);
    assert.equal(hook.healthy, false);
  });
}

test("Retry-After lengthens the pause, up to the limit", async () => {
  const { hook, clock, requests } = notifier([status(503, 5_000), status(503, 3_600_000), status(200)]);
  hook.notify("a", {});
  for (let i = 0; i < 100; i++) {
    await settle();
    clock.advance(1_000);
  }
  assert.deepEqual(
    requests.map(({ at }) => at),
    [0, 5_000, 65_000],
  );
  assert.equal(hook.healthy, true);
});

test("a repeated try is signed anew, so that its time is fresh", async () => {
  const { hook, clock, requests } = notifier([status(500), status(200)]);
  hook.notify("a", {});
  await settle();
  clock.advance(2_000);
  await settle();
  const [first, second] = requests.map(({ headers }) => headers["x-ringfence-signature"]);
  assert.notEqual(first, second);
});

test("a hanging receiver holds four deliveries; the queue has a limit and close gives up in time", async () => {
  const { hook, clock, requests } = notifier(["hang"], { maxQueue: 5 });
  for (let i = 0; i < 20; i++) hook.notify(`a-${i}`, {});
  await settle();
  assert.equal(requests.length, 4);
  assert.equal(hook.pending, 9);
  const closed = hook.close(1_000);
  for (let i = 0; i < 30; i++) {
    await settle();
    clock.advance(50);
  }
  await closed;
  assert.equal(hook.pending, 0);
  hook.notify("late", {});
  await settle();
  assert.equal(requests.length, 4);
});

test("over real HTTP: a redirect to another host is not followed", async () => {
  const seen: string[] = [];
  const other = createServer((request, response) => {
    seen.push(request.url ?? "");
    response.end();
  });
  const first = createServer((_request, response) => {
    response.writeHead(307, { location: `http://127.0.0.1:${(other.address() as AddressInfo).port}/stolen` }).end();
  });
  await Promise.all(
    [first, other].map((server) => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))),
  );
  const reply = await postWebhook({
    url: `http://127.0.0.1:${(first.address() as AddressInfo).port}/hook`,
    headers: {},
    body: "{}",
    timeoutMs: 5_000,
    signal: new AbortController().signal,
  });
  assert.deepEqual(reply, { kind: "answer", status: 307 });
  assert.deepEqual(seen, []);
  for (const server of [first, other]) {
    server.closeAllConnections();
    server.close();
  }
});
