import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { AlertReceiver } from "../support/alert-receiver.js";
import {
  ringfenceEntry,
  startGateway,
  TEST_KEYS,
  WIDE_WINDOW,
  type GatewayProcess,
} from "../support/gateway-process.js";
import { until } from "../support/processes.js";

const CALLED = "+12025550160";
type Row = Readonly<Record<string, unknown>>;

async function attack(gateway: GatewayProcess, called: string, from: number): Promise<Row> {
  let last: Row = {};
  for (let caller = from; caller < from + 6; caller++) {
    const { json } = await gateway.api("/event", {
      body: {
        call_id: `${called}-${caller}`,
        a_number: `+120255501${caller}`,
        b_number: called,
        timestamp: new Date().toISOString(),
        status: "active",
      },
    });
    last = json as Row;
  }
  return last;
}

test("the life of an alert: told, acknowledged, commented, escalated, marked as false; dead letters, replay, test", async (t) => {
  const receiver = await AlertReceiver.start();
  let isDown = false;
  receiver.answer = ({ path }) => ({ status: path === "/hook" && isDown ? 410 : 200 });
  const hook = { kind: "webhook", name: "hook", url: `${receiver.url}/hook` };
  const boss = { kind: "slack", name: "boss", url: `${receiver.url}/boss`, events: [], maskNumbers: "last-two" };
  const gateway = await startGateway({
    alerts: {
      routes: [hook, boss],
      groupMs: 1_000,
      escalation: [{ afterMs: 1_000, routes: ["boss"], minSeverity: "low" }],
    },
    detection: { masking: { ...WIDE_WINDOW.masking, quietMs: 3_600_000 } },
  });
  t.after(async () => {
    await gateway.stop();
    await receiver.close();
  });
  const rows = async (path: string): Promise<readonly Row[]> => (await gateway.api(path)).json as readonly Row[];
  const ringfence = async (...args: string[]): Promise<string> => {
    const connection = ["--url", gateway.ready.http, "--key", TEST_KEYS.analyst];
    const run = await promisify(execFile)(process.execPath, [...ringfenceEntry(), "alerts", ...args, ...connection]);
    return run.stdout;
  };
  /** As a receiver drops doubles: an answer that came too late on a busy machine makes one. */
  const told = (path: string): readonly Row[] => {
    const posts = receiver.posts.filter((post) => post.path === path);
    const once = new Map(posts.map((post, at) => [post.headers["x-ringfence-delivery"] ?? at, post]));
    return [...once.values()].map(({ body }) => JSON.parse(body) as Row);
  };

  await attack(gateway, CALLED, 10);
  await until("the webhook", () => told("/hook").some(({ event }) => event === "opened"), 30_000);
  await until("the escalation", () => told("/boss").length === 1, 30_000);
  const [escalation] = receiver.posts.filter(({ path }) => path === "/boss");
  assert.ok(escalation !== undefined && !escalation.body.includes(CALLED.slice(1)), "masked for that route");

  const [of] = await rows("/api/v1/alerts/cases?state=open");
  const id = String(of?.["case_id"]);
  assert.equal(of?.["b_number"], CALLED);
  // Its alert was raised at the fifth caller, and no other since.
  await until("its counts", async () => {
    const [now] = await rows("/api/v1/alerts/cases?state=open");
    return now?.["call_count"] === 6 && now["a_number_count"] === 6;
  });
  assert.match(await ringfence("list"), new RegExp(`${id}.*open`));
  assert.match(await ringfence("ack", id), /acknowledged by/);
  await until("the acknowledgement", () => told("/hook").some(({ event }) => event === "acknowledged"), 30_000);
  await ringfence("comment", id, "spoke to the carrier");
  const { json } = await gateway.api(`/api/v1/alerts/cases/${id}`);
  const [comment] = (json as { comments: Row[] }).comments;
  assert.equal(comment?.["text"], "spoke to the carrier");
  assert.equal(
    (await gateway.api(`/api/v1/alerts/cases/${id}/ack`, { method: "POST", key: TEST_KEYS.viewer })).status,
    403,
  );
  assert.equal((await gateway.api("/api/v1/alerts/cases/none/ack", { method: "POST" })).status, 404);

  isDown = true;
  await ringfence("false-positive", id, "--guard-called", CALLED, "--reason", "hotline of a campaign");
  await until("a dead letter", async () => (await rows("/api/v1/alerts/deliveries?state=dead")).length === 1, 30_000);
  assert.match(await ringfence("dead"), /hook.*false-positive.*status 410/);
  await assert.rejects(ringfence("test", "hook"), /rejected: status 410/);
  isDown = false;
  assert.match(await ringfence("test", "hook"), /hook: sent/);
  assert.match(await ringfence("replay", "--route", "hook"), /^1 /);
  await until("the replayed one", () => told("/hook").some(({ event }) => event === "false-positive"), 30_000);

  await assert.rejects(ringfence("close", id), /case\.false-positive: .*nothing was changed/);

  await until("the incident to be undone", async () => (await rows("/api/v1/incidents"))[0]?.["state"] === "closed");
  // The mark holds in the call path too: the next attack on that number is reported, not cut, and nobody is told.
  await until("the guard", async () => (await rows("/api/v1/alerts/guards")).length === 1);
  const before = told("/hook").length;
  let disposition: unknown;
  await until(
    "an attack that is guarded",
    async () => {
      for (let round = 0; round < 4; round++) await attack(gateway, CALLED, 20 + 6 * round);
      const open = await rows("/api/v1/incidents?state=open");
      disposition = open[0]?.["disposition"];
      return open.length > 0;
    },
    30_000,
  );
  assert.equal(disposition, "guarded");
  await until(
    "its case",
    async () => {
      const cases = await rows("/api/v1/alerts/cases");
      return cases.some(({ suppressed_by: by }) => String(by).startsWith("false-positive"));
    },
    30_000,
  );
  assert.equal(told("/hook").length, before);
});
