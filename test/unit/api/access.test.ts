import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../gateway/core/errors.js";
import { writeWav } from "../../../gateway/media/wav/write-wav.js";
import { apiHarness, KEYS, sha256Hex, type KeyRole } from "../../support/api-harness.js";

interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string; readonly path?: string };
}

/** Every route, the body it needs, and who may use it. Compared with the routes in the OpenAPI document below. */
const READERS: readonly KeyRole[] = ["viewer", "analyst", "admin"];
const ALL: readonly KeyRole[] = ["viewer", "analyst", "switch", "admin"];
const ACTORS: readonly KeyRole[] = ["analyst", "admin"];
const BLOCK = { b_number: "+12025550199", trunk: "t1", ttl_ms: 60_000 };
const EVENT = { call_id: "c", a_number: "A001", b_number: "B999" };
const TABLE: readonly (readonly [method: string, url: string, roles: readonly KeyRole[], body?: object])[] = [
  ["POST", "/event", ["switch", "admin"], EVENT],
  ["POST", "/events/batch", ["switch", "admin"], { events: [EVENT] }],
  ["POST", "/api/v1/fraud/events", ["switch", "admin"], EVENT],
  ["POST", "/api/v1/fraud/events/batch", ["switch", "admin"], [EVENT]],
  ["POST", "/api/v1/fraud/disconnect", ["switch", "admin"], { call_ids: ["c"] }],
  ["GET", "/ready", ALL],
  ["GET", "/alerts", ALL],
  ["GET", "/api/v1/alerts", ALL],
  ["GET", "/stats", ALL],
  ["GET", "/api/v1/stats", ALL],
  ["GET", "/config", ALL],
  ["GET", "/api/v1/config", ALL],
  ["GET", "/api/v1/incidents", READERS],
  ["GET", "/api/v1/incidents/{id}", READERS],
  ["POST", "/api/v1/incidents/{id}/undo", ACTORS],
  ["GET", "/api/v1/blocks", READERS],
  ["POST", "/api/v1/blocks", ACTORS, BLOCK],
  ["DELETE", "/api/v1/blocks/{id}", ACTORS],
  ["GET", "/api/v1/calls", READERS],
  ["POST", "/api/v1/calls/end", ACTORS, { call_ids: ["c"] }],
  [
    "POST",
    "/analyze",
    ["analyst", "switch", "admin"],
    { audio: Buffer.from(writeWav({ sampleRateHz: 8_000, channels: [new Float32Array(8)] })).toString("base64") },
  ],
  ["GET", "/api/v1/calls/{id}/heard", ACTORS],
  ["POST", "/api/v1/calls/{id}/release", ACTORS],
  ["GET", "/api/v1/cdrs", READERS],
  ["GET", "/api/v1/cdrs/export", READERS],
  ["GET", "/api/v1/transcripts", READERS],
  ["GET", "/api/v1/transcripts/{id}", ACTORS],
  ["DELETE", "/api/v1/subjects/{number}", ["admin"]],
  ["PUT", "/api/v1/subjects/{number}/hold", ["admin"], { reason: "case 1" }],
  ["DELETE", "/api/v1/subjects/{number}/hold", ["admin"]],
  ["GET", "/api/v1/holds", ["admin"]],
  ["GET", "/api/v1/findings", READERS],
  ["GET", "/api/v1/findings/{id}", READERS],
  ["GET", "/api/v1/records", READERS],
  ["GET", "/api/v1/reports/{name}", ACTORS],
  ["GET", "/api/v1/journeys/{id}", READERS],
  ["GET", "/api/v1/teardowns", READERS],
  ["GET", "/api/v1/audit", ACTORS],
  ["POST", "/api/v1/baseline", ["admin"], { rows: [{ b_number: "B", callers_per_window: 9 }] }],
  ["POST", "/api/v1/reload", ["admin"]],
  ["POST", "/api/v1/traces", ["admin"], { number: "+12025550101" }],
  ["DELETE", "/api/v1/traces/{id}", ["admin"]],
];

test("every route but /health refuses a stranger with 401, and each role may do what its table says", async () => {
  const { app, ask } = await apiHarness();
  const document = (await ask("GET", "/docs/json", { as: "viewer" })).json<{ paths: Record<string, object> }>();
  const documented = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const expected = [...TABLE.map(([method, url]) => `${method} ${url}`), "GET /health"];
  assert.deepEqual(documented.sort(), expected.sort(), "the table above and the OpenAPI document name the same routes");

  for (const [method, pattern, roles, body] of TABLE) {
    const url = pattern
      .replace("reports/{name}", "reports/daily?from=2026-03-01&to=2026-03-02")
      .replace(/\{\w+\}/, "some-id");
    const stranger = await ask(method, url, { body, from: "192.0.2.9" });
    assert.equal(stranger.statusCode, 401, `${method} ${url} without a key`);
    assert.equal(stranger.json<ErrorBody>().error.code, "auth.required");
    assert.match(String(stranger.headers["www-authenticate"]), /^Bearer/);
    for (const role of ALL) {
      const answer = await ask(method, url, { body, as: role, from: "192.0.2.9" });
      const refused = answer.statusCode === 401 || answer.statusCode === 403;
      assert.equal(!refused, roles.includes(role), `${method} ${url} as ${role}: ${answer.statusCode}`);
      if (refused) assert.equal(answer.statusCode, 403);
      // No reports are made in the harness; who may ask is told that.
      else if (/^\/api\/v1\/(reports|journeys)\//.test(pattern))
        assert.equal(answer.json<ErrorBody>().error.code, "reports.off");
      else assert.ok(answer.statusCode < 500 && answer.statusCode !== 400, `${method} ${url}: ${answer.body}`);
    }
  }
  await app.close();
});

test("documentation pages ask for a key too; a browser may give it as a Basic password there, and only there", async () => {
  const { ask } = await apiHarness();
  const page = await ask("GET", "/docs/");
  assert.equal(page.statusCode, 401);
  assert.match(String(page.headers["www-authenticate"]), /^Basic/);
  const basic = `Basic ${Buffer.from(`anyone:${KEYS.viewer}`).toString("base64")}`;
  const shown = await ask("GET", "/docs/", { headers: { authorization: basic } });
  assert.equal(shown.statusCode, 200);
  const policy = String(shown.headers["content-security-policy"]);
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /https:|swagger\.io|upgrade-insecure/, "nothing from other hosts, no TLS needed");
  assert.equal((await ask("GET", "/stats", { headers: { authorization: basic } })).statusCode, 401);
});

test("keys are taken as Bearer or X-API-Key, given plain or as sha256; a wrong one is refused, also from loopback", async () => {
  const hashed = "a-key-that-is-kept-hashed";
  const { ask } = await apiHarness({
    keys: [
      { key: `sha256:${sha256Hex(hashed).toUpperCase()}`, role: "viewer" },
      { key: KEYS.admin, role: "admin" },
    ],
  });
  const with_ = async (headers: Record<string, string>) => (await ask("GET", "/stats", { headers })).statusCode;
  assert.equal(await with_({ authorization: `Bearer ${hashed}` }), 200);
  assert.equal(await with_({ authorization: `bearer  ${hashed}` }), 200);
  assert.equal(await with_({ "x-api-key": KEYS.admin }), 200);
  assert.equal(await with_({ authorization: `Bearer ${sha256Hex(hashed)}` }), 401, "the hash is not the key");
  assert.equal(await with_({ authorization: `Bearer ${KEYS.admin}x` }), 401);
  assert.equal(await with_({ authorization: `Bearer ${KEYS.admin.slice(0, -1)}` }), 401);
  assert.equal(await with_({ authorization: "Bearer " }), 401);
  assert.equal(await with_({ authorization: `Bearer ${"x".repeat(10_000)}` }), 401);
});

test("a hash of a key that is none is refused, never taken for a key", async () => {
  for (const key of ["sha256:zz", `SHA256:${"a".repeat(63)}`, `sha256:${"a".repeat(64)} `]) {
    await assert.rejects(
      apiHarness({ keys: [{ key, role: "admin" }] }),
      (error: unknown) => error instanceof GatewayError && error.code === "config.invalid",
      key,
    );
  }
});

test("on the event routes a trusted source needs no key, but one that it sends counts", async () => {
  const { ask } = await apiHarness({ switchSources: ["192.0.2.0/24"] });
  const with_ = async (headers: Record<string, string>) =>
    (await ask("POST", "/event", { body: EVENT, from: "192.0.2.1", headers })).statusCode;
  assert.equal(await with_({}), 200);
  assert.equal(await with_({ authorization: `Bearer ${KEYS.switch}` }), 200);
  assert.equal(await with_({ "x-api-key": KEYS.viewer }), 403, "this role may not report");
  assert.equal(await with_({ "x-api-key": `${KEYS.switch}x` }), 401);
  assert.equal(await with_({ authorization: "Bearer " }), 401);
  assert.equal(await with_({ authorization: KEYS.switch }), 401, "a key without its scheme is none");
});

test("only sources in http.switchSources report events without a key; IPv4-mapped addresses count as IPv4", async () => {
  const { ask } = await apiHarness({ switchSources: ["192.0.2.0/24", "2001:db8::/32"] });
  const from = async (address: string) => (await ask("POST", "/event", { body: EVENT, from: address })).statusCode;
  assert.equal(await from("192.0.2.200"), 200);
  assert.equal(await from("::ffff:192.0.2.200"), 200);
  assert.equal(await from("2001:db8::7"), 200);
  assert.equal(await from("127.0.0.1"), 401);
  assert.equal(await from("198.51.100.1"), 401);
  const forwarded = { "x-forwarded-for": "192.0.2.200" };
  assert.equal(
    (await ask("POST", "/event", { body: EVENT, from: "198.51.100.1", headers: forwarded })).statusCode,
    401,
    "a header cannot make a source trusted",
  );
  for (const headers of [
    forwarded,
    { forwarded: "for=192.0.2.200" },
    { origin: "http://rebound.example" },
    { "sec-fetch-site": "same-origin" },
  ] as Record<string, string>[]) {
    const proxied = await ask("POST", "/event", { body: EVENT, from: "192.0.2.1", headers });
    assert.equal(proxied.statusCode, 401, "a proxy that speaks for somebody else is not the switch");
  }
});

test("disconnect needs a key even from a trusted source (R6)", async () => {
  const { ask, control } = await apiHarness();
  const answer = await ask("POST", "/api/v1/fraud/disconnect", { body: { call_ids: ["c"] }, from: "127.0.0.1" });
  assert.equal(answer.statusCode, 401);
  assert.deepEqual(control.ended, []);
});

test("without any key configured the refusal says what to configure, and events still come in", async () => {
  const { ask } = await apiHarness({ keys: [] });
  const answer = await ask("GET", "/alerts", { as: "admin" });
  assert.equal(answer.statusCode, 401);
  assert.match(answer.json<ErrorBody>().error.message, /http\.apiKeys/);
  assert.equal((await ask("POST", "/event", { body: EVENT })).statusCode, 200);
});

test("each action is in the audit log with the key's id and outcome, never the key", async () => {
  const { ask, audit, control } = await apiHarness();
  control.live = ["call-1"];
  await ask("POST", "/api/v1/calls/end", { as: "analyst", body: { call_ids: ["call-1"], reason: "test" } });
  await ask("POST", "/api/v1/fraud/disconnect", { as: "switch", body: { call_ids: ["gone"] } });
  await ask("POST", "/api/v1/blocks", { as: "analyst", body: BLOCK });
  await ask("DELETE", "/api/v1/blocks/block-1", { as: "admin" });
  await ask("DELETE", "/api/v1/blocks/block-1", { as: "admin" });
  await ask("POST", "/api/v1/traces", { as: "admin", body: { number: "+12025550101" } });
  control.failure = new Error("bug");
  await ask("POST", "/api/v1/reload", { as: "admin" });
  assert.deepEqual(
    audit.map(({ actor, role, action, outcome }) => [actor, role, action, outcome]),
    [
      ["the-analyst", "analyst", "calls.end", "done"],
      ["the-switch", "switch", "calls.disconnect", "failed"],
      ["the-analyst", "analyst", "block.add", "done"],
      ["the-admin", "admin", "block.remove", "done"],
      ["the-admin", "admin", "block.remove", "failed"],
      ["the-admin", "admin", "trace.start", "done"],
      ["the-admin", "admin", "reload", "failed"],
    ],
  );
  assert.doesNotMatch(JSON.stringify(audit), /-key-0123456789/);
  assert.equal(new Set(audit.map(({ id }) => id)).size, audit.length);
});

test("what was tried and could not be done is in the audit log too, with the reason", async () => {
  const { ask, audit, control, store } = await apiHarness();
  control.failure = new GatewayError("block.refused", "too-broad");
  await ask("POST", "/api/v1/blocks", { as: "analyst", body: BLOCK });
  control.failure = new GatewayError("backoffice.lost", "no answer");
  await ask("DELETE", "/api/v1/blocks/block-1", { as: "admin" });
  await ask("POST", "/api/v1/incidents/inc-1/undo", { as: "analyst" });
  await ask("POST", "/api/v1/calls/end", { as: "analyst", body: { call_ids: ["call-1"], reason: "test" } });
  store.failure = new GatewayError("store.unavailable", "down");
  await ask("GET", "/api/v1/cdrs/export", { as: "analyst" });
  assert.deepEqual(
    audit.map(({ action, outcome, detail }) => [action, outcome, detail["code"]]),
    [
      ["block.add", "refused", "block.refused"],
      ["block.remove", "failed", "backoffice.lost"],
      ["incident.undo", "failed", "backoffice.lost"],
      ["calls.end", "failed", "backoffice.lost"],
      ["cdr.export", "failed", "store.unavailable"],
    ],
  );
});

test("refusals are audited; a flood of them becomes one entry a minute, with its number", async () => {
  const { ask, audit, clock } = await apiHarness({ limits: { requestsPerMinute: 100_000 } });
  for (let i = 0; i < 500; i++) await ask("GET", "/alerts", { from: "192.0.2.9" });
  await ask("POST", "/api/v1/reload", { as: "viewer" });
  const seen = () => audit.map(({ actor, action, detail }) => [actor, action, detail["count"]]);
  assert.deepEqual(seen(), [
    ["unauthenticated", "auth.refused", 1],
    ["the-viewer", "auth.forbidden", 1],
  ]);
  clock.advance(60_000);
  assert.deepEqual(seen().slice(2), [["unauthenticated", "auth.refused", 499]]);
  assert.deepEqual(audit[2]?.target, "GET /alerts");
  assert.deepEqual(audit[2].detail["source"], "192.0.2.9");
});

test("refusals from ever new sources cannot fill the audit log: beyond a limit they are counted together", async () => {
  const { ask, audit, clock } = await apiHarness();
  for (let i = 0; i < 600; i++) await ask("GET", "/alerts", { from: `198.51.${i >> 8}.${i & 255}` });
  assert.equal(audit.length, 256);
  clock.advance(60_000);
  assert.equal(audit.length, 257);
  assert.deepEqual([audit[256]?.actor, audit[256]?.detail["count"]], ["several", 344]);
});

test("requests beyond the limit of a key get 429 with Retry-After and one audit entry; other keys and events are not held up", async () => {
  const { ask, audit } = await apiHarness({ limits: { requestsPerMinute: 3 } });
  const codes: number[] = [];
  for (let i = 0; i < 5; i++) codes.push((await ask("GET", "/stats", { as: "viewer" })).statusCode);
  assert.deepEqual(codes, [200, 200, 200, 429, 429]);
  const refused = await ask("GET", "/api/v1/calls", { as: "viewer" });
  assert.equal(refused.statusCode, 429, "one budget for all routes");
  assert.ok(Number(refused.headers["retry-after"]) >= 1);
  assert.equal(refused.json<ErrorBody>().error.code, "rate.limited");
  assert.equal((await ask("GET", "/stats", { as: "admin" })).statusCode, 200);
  for (let i = 0; i < 10; i++) assert.equal((await ask("POST", "/event", { body: EVENT })).statusCode, 200);
  assert.deepEqual(
    audit.filter(({ action }) => action === "rate.limited").map(({ target }) => target),
    ["GET /stats", "GET /api/v1/calls"],
  );
});

test("guessing keys is limited by source: after a tenth of the budget even 401 is not answered any more", async () => {
  const { ask } = await apiHarness({ limits: { requestsPerMinute: 30 } });
  const codes: number[] = [];
  for (let i = 0; i < 5; i++) {
    const headers = { authorization: `Bearer guess-${i}` };
    codes.push((await ask("GET", "/stats", { headers, from: "192.0.2.9" })).statusCode);
  }
  assert.deepEqual(codes, [401, 401, 401, 429, 429]);
  assert.equal((await ask("GET", "/stats", { as: "viewer", from: "192.0.2.9" })).statusCode, 200);
});

test("events have a limit of their own, by the second", async () => {
  const { ask } = await apiHarness({ limits: { eventRequestsPerSecond: 2 } });
  const codes: number[] = [];
  for (let i = 0; i < 3; i++) codes.push((await ask("POST", "/event", { body: EVENT })).statusCode);
  assert.deepEqual(codes, [200, 200, 429]);
});

test("what is traced, or could not be blocked, is named in the audit log as the number plan writes it", async () => {
  const { ask, audit, control } = await apiHarness();
  control.addBlock = () => Promise.reject(new GatewayError("block.refused", "guarded"));
  await ask("POST", "/api/v1/traces", { as: "admin", body: { number: "004930123456" } });
  await ask("POST", "/api/v1/blocks", { as: "admin", body: { b_number: "004930123456", trunk: "a", ttl_ms: 60_000 } });
  assert.deepEqual(
    audit.map(({ action, target }) => [action, target]),
    [
      ["trace.start", "+4930123456"],
      ["block.add", "+4930123456"],
    ],
  );
});
