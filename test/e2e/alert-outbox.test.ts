import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { AlertReceiver } from "../support/alert-receiver.js";
import { startGateway, testConfig, WIDE_WINDOW, type GatewayProcess } from "../support/gateway-process.js";
import { temporaryFolder, until } from "../support/processes.js";

const SECRET = "outbox-secret";

async function attack(gateway: GatewayProcess, called: string): Promise<void> {
  for (let caller = 1; caller <= 6; caller++) {
    const body = {
      call_id: `${called}-${caller}`,
      a_number: `+1202555010${caller}`,
      b_number: called,
      timestamp: new Date().toISOString(),
      status: "active",
    };
    assert.equal((await gateway.api("/event", { body })).status, 200);
  }
}

/** As a receiver drops doubles: an answer that came too late on a busy machine makes one. */
const onceEach = (posts: AlertReceiver["posts"]): AlertReceiver["posts"] => [
  ...new Map(posts.map((post) => [post.headers["x-ringfence-delivery"], post])).values(),
];

const isSigned = (post: AlertReceiver["posts"][number]): boolean => {
  const [, at = "", hex = ""] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(post.headers["x-ringfence-signature"])) ?? [];
  return createHmac("sha256", SECRET).update(`${at}.${post.body}`).digest("hex") === hex;
};

const ESCALATE_MS = 8_000;
type Notice = Readonly<Record<string, unknown>>;

test("alerts that were under way when the process was killed arrive after the restart, under the same id; escalations in their time; routes follow a reload", async (t) => {
  const folder = temporaryFolder("alert-outbox");
  const receiver = await AlertReceiver.start();
  let running: GatewayProcess | undefined;
  t.after(async () => {
    await running?.stop("SIGKILL").catch(() => undefined);
    await receiver.close();
    folder.remove();
  });
  const route = {
    kind: "webhook",
    name: "hook",
    url: `${receiver.url}/alerts`,
    secret: SECRET,
    timeoutMs: 2_000,
    events: ["opened"],
    retryFirstMs: 100,
  };
  const boss = { kind: "webhook", name: "boss", url: `${receiver.url}/boss`, events: [], timeoutMs: 2_000 };
  const escalation = [{ afterMs: ESCALATE_MS, routes: ["boss"], minSeverity: "low" }];
  const sections = {
    detection: WIDE_WINDOW,
    alerts: { routes: [route, boss], escalation },
    webhook: { alertUrl: `${receiver.url}/raised`, secret: SECRET, timeoutMs: 2_000 },
  };
  const all: AlertReceiver["posts"][number][] = [];
  const on = (path: string): AlertReceiver["posts"] => onceEach(all.filter((post) => post.path === path));
  const noted = (answer: AlertReceiver["answer"]) => (post: AlertReceiver["posts"][number]) => {
    all.push(post);
    return answer(post);
  };

  // The receiver takes the first alert and never answers; the second one waits behind it.
  receiver.answer = noted(({ path }) => (path === "/boss" ? { status: 200 } : "hang"));
  const first = (running = await startGateway(sections, { folder: folder.path }));
  await attack(first, "+12025550150");
  await until("the first tries", () => on("/alerts").length === 1 && on("/raised").length === 1, 30_000);
  await attack(first, "+12025550151");
  await until(
    "both in the outbox",
    async () => {
      const { json } = await first.api("/api/v1/alerts/deliveries?state=waiting");
      return Array.isArray(json) && json.filter((row: Notice) => row["route"] !== "boss").length === 4;
    },
    30_000,
  );
  await first.running.stop("SIGKILL");
  const lost = on("/alerts")[0];
  const lostAlert = on("/raised")[0];
  assert.ok(lost !== undefined && isSigned(lost));

  const before = all.length;
  receiver.answer = noted(() => ({ status: 200 }));
  const second = (running = await startGateway(sections, { folder: folder.path }));
  const after = (path: string): AlertReceiver["posts"] =>
    onceEach(all.slice(before).filter((post) => post.path === path));
  await until("both alerts", () => after("/alerts").length === 2 && after("/raised").length === 2, 60_000);
  const numbers = after("/alerts").map(({ body }) => (JSON.parse(body) as { b_number: string }).b_number);
  assert.deepEqual(numbers.sort(), ["+12025550150", "+12025550151"]);
  const idsOf = (posts: AlertReceiver["posts"]): readonly unknown[] =>
    posts.map(({ headers }) => headers["x-ringfence-delivery"]);
  assert.ok(idsOf(after("/alerts")).includes(lost.headers["x-ringfence-delivery"]), "it keeps its id");
  const raised = after("/raised").map(
    ({ body }) => JSON.parse(body) as { event: string; alert: Notice; incident: Notice },
  );
  assert.deepEqual(
    raised.map(({ event, alert, incident }) => [event, alert["b_number"], incident["b_number"]]).sort(),
    ["+12025550150", "+12025550151"].map((called) => ["alert", called, called]),
  );
  assert.deepEqual(idsOf(after("/raised")).slice().sort(), raised.map(({ alert }) => alert["alert_id"]).sort());
  assert.ok(idsOf(after("/raised")).includes(lostAlert?.headers["x-ringfence-delivery"]));
  assert.ok([...after("/alerts"), ...after("/raised")].every(isSigned));

  await until("the escalations", () => on("/boss").length >= 2, 30_000);
  for (const { body } of on("/boss")) {
    const { event, at, opened_at: openedAt } = JSON.parse(body) as { event: string; at: string; opened_at: string };
    assert.equal(event, "escalated");
    assert.ok(Date.parse(at) - Date.parse(openedAt) >= ESCALATE_MS, "not before its time");
  }
  await until("the outbox to be empty", async () => {
    const { json } = await second.api("/api/v1/alerts/deliveries?state=waiting");
    return Array.isArray(json) && json.length === 0;
  });
  assert.deepEqual([after("/alerts").length, after("/raised").length, on("/boss").length], [2, 2, 2]);

  const moved = { ...sections, alerts: { routes: [{ ...route, url: `${receiver.url}/moved` }] } };
  writeFileSync(join(folder.path, "ringfence.json"), JSON.stringify(testConfig(folder.path, moved)));
  const { json } = await second.api("/api/v1/reload", { method: "POST" });
  assert.ok((json as { changed: string[] }).changed.includes("alerts"), JSON.stringify(json));
  await attack(second, "+12025550152");
  await until("the alert by the route as it is now", () => on("/moved").length === 1, 30_000);
  assert.ok(on("/moved").every(isSigned));
  await until("the same by webhook.alertUrl", () => after("/raised").length === 3, 30_000);
  await second.stop();
});
