import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { test, type TestContext } from "node:test";
import { unixMs } from "../../../detection/index.js";
import { WebexFeed, type WebexFeedOptions } from "../../../gateway/adapters/webex-calling/webex-feed.js";
import { SystemClock } from "../../../gateway/adapters/system/system-clock.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import { FakeWebex } from "../../support/fake-webex.js";
import { callFeedContract } from "./call-feed-contract.js";

const MINUTE_MS = 60_000;

async function scene(t: TestContext, options: Partial<WebexFeedOptions> = {}) {
  const webex = new FakeWebex();
  const url = await webex.start();
  t.after(() => webex.close());
  const feed = new WebexFeed(
    {
      url,
      apiUrl: url,
      feed: "cdr_feed",
      orgId: "org",
      locations: [],
      pageSize: 2,
      timeoutMs: 60_000,
      accessToken: "token-1",
      ...options,
    },
    new SystemClock(),
  );
  const now = Date.now();
  const put = (...minutesAgo: readonly number[]): void => {
    for (const ago of minutesAgo)
      webex.items.push({ "Report ID": String(ago), "Report time": new Date(now - ago * MINUTE_MS).toISOString() });
  };
  const person = (uuid: string, always: string): void => {
    const id = Buffer.from(`ciscospark://us/PEOPLE/${uuid}`).toString("base64");
    webex.people.push({ id, emails: ["a@example.com"], locationId: "here", always });
    webex.people.push({ id: "no-calling", emails: ["b@example.com"] });
  };
  const read = async (from = 60, to = 15, { signal } = new AbortController()): Promise<number> => {
    let items = 0;
    for await (const page of feed.items(unixMs(now - from * MINUTE_MS), unixMs(now - to * MINUTE_MS), signal))
      items += page.length;
    return items;
  };
  return { webex, feed, now, put, person, read };
}

callFeedContract("Webex", (t) => scene(t));
callFeedContract("Webex, stream", (t) => scene(t, { feed: "cdr_stream" }));

const RENEWABLE = { clientId: "client", clientSecret: "secret", refreshToken: "refresh" };
const failsWith = (code: string) => (error: unknown) => error instanceof GatewayError && error.code === code;

test("Webex: a token that is refused is renewed, and the request repeated", async (t) => {
  const { put, read, webex } = await scene(t, { accessToken: "old", ...RENEWABLE });
  put(50, 40, 30);
  assert.equal(await read(), 3);
  assert.equal(webex.requests.filter((each) => each.includes("access_token")).length, 1);
});

test("Webex: without a token at all one is made first", async (t) => {
  const { put, read } = await scene(t, { accessToken: undefined, ...RENEWABLE });
  put(50);
  assert.equal(await read(), 1);
});

test("Webex: a token that is refused and cannot be renewed", async (t) => {
  await assert.rejects((await scene(t, { accessToken: "old" })).read(), failsWith("webex.credentials"));
  const wrong = await scene(t, { accessToken: "old", ...RENEWABLE, clientSecret: "wrong" });
  await assert.rejects(wrong.read(), failsWith("webex.credentials"));
});

test("Webex: 429 says how long to wait", async (t) => {
  const { webex, read } = await scene(t);
  webex.script.push({ status: 429, headers: { "retry-after": "77" } });
  await assert.rejects(read(), (error) => {
    assert.ok(error instanceof GatewayError && error.code === "webex.unavailable");
    assert.deepEqual(error.cause, { retryAfterMs: 77_000 });
    return true;
  });
});

const answers = [
  { status: 500, code: "webex.unavailable" },
  { status: 403, code: "webex.rejected" },
  { status: 451, code: "webex.rejected" },
];
for (const { status, code } of answers) {
  test(`Webex: ${status} is ${code}`, async (t) => {
    const { webex, read } = await scene(t);
    webex.script.push({ status });
    await assert.rejects(read(), failsWith(code));
  });
}

test("Webex: a link to another host is not followed with our token", async (t) => {
  const { webex, put, read } = await scene(t);
  put(50, 40, 30);
  webex.linkBase = "http://192.0.2.1/";
  await assert.rejects(read(), failsWith("webex.rejected"));
});

test("Webex: a window that is too long is refused by the service", async (t) => {
  await assert.rejects((await scene(t)).read(13 * 60, 15), failsWith("webex.rejected"));
});

for (const stallsAfter of ["", '{"items":[']) {
  const what = stallsAfter === "" ? "its head" : "a part of its body";
  test(`Webex: an answer of which only ${what} comes ends with the time limit`, { timeout: 20_000 }, async (t) => {
    const { webex, read } = await scene(t, { timeoutMs: 200 });
    webex.script.push({ status: 200, stallsAfter });
    await assert.rejects(read(), failsWith("webex.unavailable"));
  });

  test(`Webex: whoever stops waits for no answer of which only ${what} has come`, { timeout: 20_000 }, async (t) => {
    const { webex, read } = await scene(t, { timeoutMs: 300_000 });
    const stop = new AbortController();
    const reason = new Error("the gateway stops");
    webex.script.push({ status: 200, stallsAfter });
    const onHead = (): void => void setTimeout(() => stop.abort(reason), 50);
    subscribe("undici:request:headers", onHead);
    t.after(() => unsubscribe("undici:request:headers", onHead));
    await assert.rejects(read(60, 15, stop), reason);
  });
}
