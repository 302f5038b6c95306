import assert from "node:assert/strict";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { apiHarness, KEYS, type Asked } from "../../support/api-harness.js";

interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string; readonly path?: string };
}
const raw = (text: string, type = "application/json"): Asked => ({ body: text, headers: { "content-type": type } });

const cases: readonly (readonly [
  name: string,
  method: string,
  url: string,
  asked: Asked,
  status: number,
  code: string,
])[] = [
  ["malformed JSON", "POST", "/event", raw("{nope"), 400, "request.malformed-json"],
  ["an empty body", "POST", "/event", raw(""), 400, "request.malformed-json"],
  ["a body that is not JSON by its type", "POST", "/event", raw("call_id=1", "text/plain"), 415, "request.media-type"],
  ["a form", "POST", "/event", raw("call_id=1", "application/x-www-form-urlencoded"), 415, "request.media-type"],
  ["__proto__ in a body", "POST", "/event", raw('{"__proto__":{"x":1},"call_id":"c"}'), 400, "request.malformed-json"],
  ["an array where an event belongs", "POST", "/event", { body: [] }, 400, "request.invalid"],
  ["a batch without events", "POST", "/events/batch", { body: { event: [] } }, 400, "request.invalid"],
  [
    "an unknown field in a route of ours",
    "POST",
    "/api/v1/blocks",
    { as: "admin", body: { b_number: "1", trunk: "t", ttl_ms: 9_999, foo: 1 } },
    400,
    "request.invalid",
  ],
  [
    "a block of everybody to a number (R3)",
    "POST",
    "/api/v1/blocks",
    { as: "admin", body: { b_number: "+12025550199", ttl_ms: 60_000 } },
    400,
    "request.invalid",
  ],
  [
    "a block without an end",
    "POST",
    "/api/v1/blocks",
    { as: "admin", body: { b_number: "1", trunk: "t" } },
    400,
    "request.invalid",
  ],
  ["no calls to end", "POST", "/api/v1/calls/end", { as: "admin", body: { call_ids: [] } }, 400, "request.invalid"],
  [
    "too many calls to end",
    "POST",
    "/api/v1/calls/end",
    { as: "admin", body: { call_ids: new Array<string>(1_001).fill("c") } },
    400,
    "request.invalid",
  ],
  ["a limit beyond 1,000", "GET", "/alerts?limit=1001", { as: "viewer" }, 400, "request.invalid"],
  ["a limit that is no number", "GET", "/alerts?limit=many", { as: "viewer" }, 400, "request.invalid"],
  ["an unknown query key", "GET", "/alerts?order=asc", { as: "viewer" }, 400, "request.invalid"],
  ["a time that is none", "GET", "/api/v1/cdrs?since=yesterday", { as: "viewer" }, 400, "request.invalid"],
  [
    "a body over the limit",
    "POST",
    "/event",
    raw(JSON.stringify({ call_id: "x".repeat(300_000) })),
    413,
    "request.too-large",
  ],
  ["an unknown route", "GET", "/nothing/here", {}, 404, "request.not-found"],
  ["an unknown incident", "GET", "/api/v1/incidents/none", { as: "viewer" }, 404, "incident.unknown"],
  ["an unknown incident to undo", "POST", "/api/v1/incidents/none/undo", { as: "admin" }, 404, "incident.unknown"],
  ["a wrong method", "GET", "/event", {}, 405, "request.method"],
  ["a wrong method on a route with a parameter", "PUT", "/api/v1/blocks/b-1", { as: "admin" }, 405, "request.method"],
];
for (const [name, method, url, asked, status, code] of cases) {
  test(`${name}: ${status} ${code}`, async () => {
    const { ask } = await apiHarness();
    const answer = await ask(method, url, asked);
    assert.equal(answer.statusCode, status, answer.body);
    assert.match(String(answer.headers["content-type"]), /^application\/json/);
    const body = answer.json<ErrorBody>();
    assert.equal(body.error.code, code);
    assert.deepEqual(Object.keys(body), ["error"]);
    assert.ok(body.error.message.length > 0);
  });
}

test("405 says which methods there are, and the field that is wrong is named", async () => {
  const { ask } = await apiHarness();
  assert.equal((await ask("PATCH", "/api/v1/blocks", { as: "admin" })).headers["allow"], "GET, POST");
  const body = { b_number: "1", trunk: "t", ttl_ms: 5 };
  assert.equal((await ask("POST", "/api/v1/blocks", { as: "admin", body })).json<ErrorBody>().error.path, "ttl_ms");
});

test("our bugs answer 500 without their text, and are logged", async () => {
  const logged: unknown[] = [];
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (event: string, _fields?: object, cause?: unknown) => void logged.push([event, cause]),
    child: () => log,
  };
  const { ask, control } = await apiHarness({ log });
  control.failure = new Error("secret detail");
  const answer = await ask("GET", "/stats", { as: "viewer" });
  assert.equal(answer.statusCode, 500);
  assert.doesNotMatch(answer.body, /secret detail/);
  assert.deepEqual(logged, [["api.failed", control.failure]]);
});

test("answers carry the headers that keep browsers in check", async () => {
  const { ask } = await apiHarness();
  const { headers } = await ask("GET", "/health");
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.match(String(headers["content-security-policy"]), /default-src 'none'/);
  assert.equal(headers["access-control-allow-origin"], undefined);
});

/** Sends bytes to a listening API and gives what comes back until the other side closes. */
async function exchange(text: string): Promise<string> {
  const { app } = await apiHarness();
  await app.listen({ host: "127.0.0.1", port: 0 });
  try {
    const { port } = app.server.address() as AddressInfo;
    return await new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => socket.write(text));
      let answer = "";
      socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
      socket.on("close", () => resolve(answer));
      socket.on("error", reject);
    });
  } finally {
    await app.close();
  }
}

test("over a real connection: what is not HTTP gets 400 in our shape, and the connection ends", async () => {
  const answer = await exchange("INVITE sip:+12025550199@192.0.2.1 SIP/2.0\r\n\r\n");
  assert.match(answer, /^HTTP\/1\.1 400 /);
  assert.match(answer, /\{"error":\{"code":"request\.malformed"/);
});

test("over a real connection: an event comes in, a batch goes out, keys are read from headers", async () => {
  const { app } = await apiHarness();
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const headers = { "content-type": "application/json", authorization: `Bearer ${KEYS.switch}` };
  const body = JSON.stringify({ events: [{ call_id: "c", a_number: "A", b_number: "B" }] });
  const answer = await fetch(`${url}/events/batch`, { method: "POST", headers, body });
  assert.equal(((await answer.json()) as { processed: number }).processed, 1);
  await app.close();
});
