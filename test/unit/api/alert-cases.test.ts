import assert from "node:assert/strict";
import { test } from "node:test";
import { AlertDeskScene } from "../../support/alert-desk-scene.js";
import { apiHarness, KEYS, type KeyRole } from "../../support/api-harness.js";
import { sampleAlert, sampleIncident } from "../../support/records.js";

const CASES = "/api/v1/alerts/cases";
type Row = Readonly<Record<string, unknown>>;

/** Two cases, newest second, of which routes have been told. */
async function scene() {
  const alerts = new AlertDeskScene();
  for (const index of [1, 2]) {
    const alert = sampleAlert(index, { called: `+1202555019${index}` as never });
    await alerts.store.write([
      { kind: "incident", incident: sampleIncident(index, { id: alert.incidentId, state: "open" }) },
      { kind: "alert", alert },
    ]);
  }
  await alerts.pass();
  const harness = await apiHarness({}, { alerts: alerts.desk });
  const { ask } = harness;
  const rows = async (query = ""): Promise<readonly Row[]> =>
    (await ask("GET", `${CASES}${query}`, { as: "viewer" })).json();
  const [second, first] = await rows();
  const path = (of: Row | undefined): string => `${CASES}/${String(of?.["case_id"])}`;
  return { ...harness, alerts, rows, first: path(first), second: path(second) };
}

test("cases are listed by their latest alert, newest first, by state and up to a limit", async () => {
  const { rows, ask, first } = await scene();
  assert.deepEqual(
    (await rows()).map(({ b_number: called, state }) => [called, state]),
    [
      ["+12025550192", "open"],
      ["+12025550191", "open"],
    ],
  );
  assert.equal((await rows("?limit=1")).length, 1);
  await ask("POST", `${first}/ack`, { as: "analyst" });
  assert.deepEqual(
    (await rows("?state=acknowledged")).map(({ b_number: called }) => called),
    ["+12025550191"],
  );
  assert.deepEqual(await rows("?state=closed"), []);
});

test("one case is found by its id and by that of its alert, with comments and deliveries", async () => {
  const { ask, second } = await scene();
  const byId = (await ask("GET", second, { as: "viewer" })).json<Row & { deliveries: Row[]; comments: Row[] }>();
  assert.deepEqual(byId.comments, []);
  assert.deepEqual(
    byId.deliveries.map(({ route, event, state }) => [route, event, state]),
    [["hook", "opened", "sent"]],
  );
  const byAlert = await ask("GET", `${CASES}/${sampleAlert(2).id}`, { as: "viewer" });
  assert.equal(byAlert.json<Row>()["case_id"], byId["case_id"]);
});

test("an acknowledgement says by whom, is told once, and is in the audit log", async () => {
  const { ask, first, alerts, audit } = await scene();
  const answer = (await ask("POST", `${first}/ack`, { as: "analyst" })).json<Row>();
  assert.deepEqual([answer["state"], answer["acknowledged_by"]], ["acknowledged", "the-analyst"]);
  assert.equal((await ask("POST", `${first}/ack`, { as: "admin" })).json<Row>()["acknowledged_by"], "the-analyst");
  await alerts.pass(1_000);
  assert.equal(alerts.told.filter((each) => each === "hook acknowledged").length, 1);
  assert.deepEqual(
    audit.map(({ action, actor, outcome }) => [action, actor, outcome]).filter(([action]) => action === "alert.ack"),
    [
      ["alert.ack", "the-analyst", "done"],
      ["alert.ack", "the-admin", "done"],
    ],
  );
});

test("who closes a case is told with it; it opens again when its attack goes on", async () => {
  const { ask, second, alerts } = await scene();
  const closed = (await ask("POST", `${second}/close`, { as: "analyst" })).json<Row>();
  assert.deepEqual([closed["state"], closed["closed_why"]], ["closed", "by-hand"]);
  assert.ok(typeof closed["closed_at"] === "string");
  await alerts.pass(1_000);
  const { notice } = alerts.sent.at(-1) ?? {};
  assert.deepEqual([notice?.event, notice?.by, notice?.closedWhy], ["closed", "the-analyst", "by-hand"]);
  const { incidentId, called } = sampleAlert(2, { called: "+12025550192" as never });
  await alerts.store.write([{ kind: "alert", alert: sampleAlert(3, { incidentId, called, severity: "critical" }) }]);
  await alerts.pass(1_000);
  const again = (await ask("GET", second, { as: "viewer" })).json<Row>();
  assert.deepEqual([again["state"], again["closed_at"], again["closed_why"]], ["open", undefined, undefined]);
});

test("who acknowledges what is over, or closes a false positive, is told that nothing was changed", async () => {
  const { ask, first, second, alerts, audit } = await scene();
  const answerTo = async (path: string): Promise<readonly unknown[]> => {
    const answer = await ask("POST", path, { as: "analyst" });
    const { error, state } = answer.json<Row & { error?: Row }>();
    return [answer.statusCode, error?.["code"] ?? state, error?.["message"]];
  };
  await ask("POST", `${first}/close`, { as: "analyst" });
  await ask("POST", `${second}/false-positive`, { as: "analyst", body: {} });
  await alerts.pass(1_000);
  const told = alerts.sent.length;
  const [status, code, message] = await answerTo(`${first}/ack`);
  assert.deepEqual([status, code], [409, "case.closed"]);
  assert.match(String(message), /^case-\S+ is closed since \S+Z \(by-hand\): nothing was changed$/);
  for (const verb of ["ack", "close"]) {
    const [refused, why, words] = await answerTo(`${second}/${verb}`);
    assert.deepEqual([refused, why], [409, "case.false-positive"], verb);
    assert.match(String(words), /is marked as a false positive since \S+Z: nothing was changed$/);
  }
  assert.deepEqual(
    (await answerTo(`${first}/close`)).slice(0, 2),
    [200, "closed"],
    "who asks again is answered as before",
  );
  await alerts.pass(1_000);
  assert.equal(alerts.sent.length, told);
  assert.deepEqual(
    audit.filter(({ outcome }) => outcome === "refused").map(({ action, detail }) => [action, detail["code"]]),
    [
      ["alert.ack", "case.closed"],
      ["alert.ack", "case.false-positive"],
      ["alert.close", "case.false-positive"],
    ],
  );
});

test("who closed a case is not who had acknowledged it", async () => {
  const { ask, first, second, alerts } = await scene();
  await ask("POST", `${first}/ack`, { as: "analyst" });
  const closed = (await ask("POST", `${first}/close`, { as: "admin" })).json<Row>();
  assert.deepEqual([closed["acknowledged_by"], closed["closed_by"]], ["the-analyst", "the-admin"]);
  await ask("POST", `${first}/close`, { as: "analyst" });
  assert.equal((await ask("GET", first, { as: "viewer" })).json<Row>()["closed_by"], "the-admin");
  await ask("POST", `${second}/ack`, { as: "admin" });
  const falseOne = (await ask("POST", `${second}/false-positive`, { as: "analyst", body: {} })).json<Row>();
  assert.equal(falseOne["closed_by"], "the-analyst");
  const { incidentId, called } = sampleAlert(1, { called: "+12025550191" as never });
  await alerts.store.write([{ kind: "alert", alert: sampleAlert(3, { incidentId, called, severity: "critical" }) }]);
  await alerts.pass(1_000);
  const again = (await ask("GET", first, { as: "viewer" })).json<Row>();
  assert.deepEqual([again["state"], again["closed_by"]], ["open", undefined], "it has begun again");
});

test("a comment is kept as it is, with its author; the audit log has that there is one, and not its text", async () => {
  const { ask, first, audit } = await scene();
  const text = "called the carrier <b>\u202e";
  const made = await ask("POST", `${first}/comments`, { as: "analyst", body: { text } });
  assert.equal(made.statusCode, 201);
  const { comments } = (await ask("GET", first, { as: "viewer" })).json<{ comments: Row[] }>();
  assert.deepEqual(
    comments.map(({ author, text: said }) => [author, said]),
    [["the-analyst", text]],
  );
  const entry = audit.find(({ action }) => action === "alert.comment");
  assert.equal(entry?.outcome, "done");
  assert.ok(!JSON.stringify(entry).includes("carrier"));
});

test("a false positive is over, its incidents are undone, and what it guards can be lifted", async () => {
  const { ask, first, control, alerts } = await scene();
  const undone: string[] = [];
  control.undoIncident = (id) => Promise.resolve(void undone.push(id));
  const body = { reason: "hotline", guard_called: "+12025550191", guard_caller: "+120255501*", ttl_ms: 60_000 };
  const marked = (await ask("POST", `${first}/false-positive`, { as: "analyst", body })).json<Row>();
  assert.equal(marked["state"], "false-positive");
  assert.deepEqual(undone, [sampleAlert(1).incidentId]);
  const guards = async (): Promise<readonly Row[]> =>
    (await ask("GET", "/api/v1/alerts/guards", { as: "viewer" })).json();
  assert.deepEqual(
    (await guards()).map(({ side, number, reason, created_by: by }) => [side, number, reason, by]),
    [
      ["called", "+12025550191", "hotline", "the-analyst"],
      ["caller", "+120255501*", "hotline", "the-analyst"],
    ],
  );
  const [guard] = await guards();
  const path = `/api/v1/alerts/guards/${String(guard?.["guard_id"])}`;
  assert.deepEqual((await ask("DELETE", path, { as: "analyst" })).json(), { removed: true });
  assert.equal((await ask("DELETE", path, { as: "analyst" })).statusCode, 404);
  assert.equal((await guards()).length, 1);
  await alerts.pass(61_000);
  assert.equal((await alerts.store.alertCases.guards(alerts.clock.unix())).length, 0, "its time is over");
});

test("dead letters are listed and tried again; a route is tried, and one that there is not is 404", async () => {
  const { ask, alerts, first } = await scene();
  alerts.reply = () => ({ kind: "rejected", why: "status 410" });
  await ask("POST", `${first}/ack`, { as: "analyst" });
  await alerts.pass(1_000);
  const dead = (await ask("GET", "/api/v1/alerts/deliveries?state=dead&route=hook", { as: "viewer" })).json<Row[]>();
  assert.deepEqual(
    dead.map(({ event, last_error: why }) => [event, why]),
    [["acknowledged", "status 410"]],
  );
  const test_ = await ask("POST", "/api/v1/alerts/routes/hook/test", { as: "analyst" });
  assert.deepEqual(test_.json(), { route: "hook", outcome: "rejected", why: "status 410" });
  alerts.reply = () => ({ kind: "sent" });
  const replay = { as: "analyst", body: { ids: [dead[0]?.["delivery_id"]] } } as const;
  assert.deepEqual((await ask("POST", "/api/v1/alerts/deliveries/replay", replay)).json(), { replayed: 1 });
  await alerts.pass(1_000);
  assert.equal((await ask("GET", "/api/v1/alerts/deliveries?state=dead", { as: "viewer" })).json<Row[]>().length, 0);
  assert.equal((await ask("POST", "/api/v1/alerts/routes/none/test", { as: "analyst" })).statusCode, 404);
});

test("the 1,001st guard is refused before the case is marked, and says what to do", async () => {
  const { ask, first, second, alerts } = await scene();
  const store = alerts.store.alertCases;
  const now = alerts.clock.unix();
  const caseId = second.replace(/^.*\//, "");
  const guard = { side: "called", caseId, createdAt: now, createdBy: "ana", reason: "" } as const;
  const all = Array.from({ length: 999 }, (_, index) => ({ ...guard, id: `g${index}`, number: `+1202555${index}` }));
  await store.changeAndGuard(caseId, all, all.length, now, (after) => ({ after, deliveries: [] }));
  const mark = (body: object) =>
    ask("POST", `${first}/false-positive`, { as: "analyst", body: { reason: "hotline", ...body } });
  const refused = await mark({ guard_called: "+12025550191", guard_caller: "+12025550101" });
  assert.deepEqual([refused.statusCode, refused.json<{ error: Row }>().error["code"]], [409, "guard.full"]);
  assert.equal((await ask("GET", first, { as: "viewer" })).json<Row>()["state"], "open");
  const both = await Promise.all([mark({ guard_called: "+12025550191" }), mark({ guard_called: "+12025550193" })]);
  assert.deepEqual(
    both.map(({ statusCode }) => statusCode).sort(),
    [200, 409],
    "two who come at once: one place is left",
  );
  assert.equal((await mark({})).statusCode, 200, "without a guard it may be marked all the same");
});

const READS = ["", "/ID", "guards", "deliveries"] as const;
const ACTS = ["/ID/ack", "/ID/close", "/ID/comments", "/ID/false-positive", "deliveries/replay", "routes/hook/test"];
const at = (path: string, id: string): string =>
  path === "" || path.startsWith("/")
    ? id.replace(/\/[^/]*$/, "") + path.replace("/ID", id.replace(/^.*\//, "/"))
    : `/api/v1/alerts/${path}`;

test("who may read and who may act: nobody without a key, switches never, viewers only read", async () => {
  const { ask, first, audit } = await scene();
  const body = { text: "x", ids: ["none"] };
  const bodyOf = (path: string): object =>
    path.endsWith("comments") ? { text: body.text } : path.endsWith("replay") ? { ids: body.ids } : {};
  for (const [role, reads, acts] of [
    [undefined, 401, 401],
    ["switch", 403, 403],
    ["viewer", 200, 403],
  ] as const satisfies readonly (readonly [KeyRole | undefined, number, number])[]) {
    const as = role === undefined ? {} : { as: role };
    for (const path of READS)
      assert.equal((await ask("GET", at(path, first), as)).statusCode, reads, `${role ?? "nobody"} GET ${path}`);
    for (const path of ACTS) {
      const { statusCode } = await ask("POST", at(path, first), { ...as, body: bodyOf(path) });
      assert.equal(statusCode, acts, `${role ?? "nobody"} POST ${path}`);
    }
  }
  const wrong = await ask("GET", CASES, { headers: { authorization: `Bearer ${KEYS.viewer}x` } });
  assert.equal(wrong.statusCode, 401);
  assert.equal((await ask("GET", first, { as: "viewer" })).json<Row>()["state"], "open", "nothing was done");
  assert.ok(audit.some(({ outcome }) => outcome === "refused"));
});

test("what is not known is 404, and what cannot be read is 400", async () => {
  const { ask, first } = await scene();
  for (const path of ["", "/ack", "/close", "/comments", "/false-positive"]) {
    const body = path === "/comments" ? { text: "x" } : {};
    const asked = path === "" ? {} : { body };
    const answer = await ask(path === "" ? "GET" : "POST", `${CASES}/none${path}`, { as: "analyst", ...asked });
    assert.equal(answer.statusCode, 404, path);
    assert.equal(answer.json<{ error: { code: string } }>().error.code, "alert.unknown");
  }
  for (const [path, body] of [
    [`${first}/comments`, { text: "" }],
    [`${first}/comments`, { text: "x".repeat(4_001) }],
    [`${first}/comments`, {}],
    [`${first}/false-positive`, { guard_called: "*" }],
    [`${first}/false-positive`, { guard_called: "+1*2" }],
    [`${first}/false-positive`, { ttl_ms: 1 }],
    [`${first}/false-positive`, { reasons: "typo" }],
    ["/api/v1/alerts/deliveries/replay", {}],
    ["/api/v1/alerts/deliveries/replay", { ids: [] }],
  ] as const)
    assert.equal((await ask("POST", path, { as: "analyst", body })).statusCode, 400, JSON.stringify(body));
  for (const query of ["?state=none", "?limit=0", "?limit=x", "?order=up"])
    assert.equal((await ask("GET", `${CASES}${query}`, { as: "viewer" })).statusCode, 400, query);
});
