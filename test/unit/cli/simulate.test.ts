import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { simulate, simulatedCalls, type SimulateOptions } from "../../../gateway/cli/simulate.js";

interface Received {
  readonly path: string | undefined;
  readonly authorization: string | undefined;
  readonly body: Record<string, string>;
}

/** A gateway that detects from the fifth event on, as long as `run` takes. */
async function withGateway(status: number, run: (url: string, received: Received[]) => Promise<void>): Promise<void> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      received.push({ path: request.url, authorization: request.headers.authorization, body });
      const detected = received.length >= 5;
      response.writeHead(status, { "content-type": "application/json" });
      const found = detected ? { detected, alert_id: "alert-1", verdict: "refuse" } : { detected, verdict: "allow" };
      response.end(JSON.stringify({ status: "processed", ...found }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, received);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function readBody(request: IncomingMessage): Promise<Record<string, string>> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text) as Record<string, string>;
}

const options: SimulateOptions = {
  url: "",
  called: "+12025550123",
  callers: "6",
  spreadMs: "0",
  seconds: "1",
  trunk: "simulated",
  shape: "attack",
};

async function run(changes: Partial<SimulateOptions>): Promise<{ status: number; out: string[]; err: string[] }> {
  const out: string[] = [];
  const err: string[] = [];
  const status = await simulate(
    { ...options, ...changes },
    (line) => out.push(line),
    (line) => err.push(line),
  );
  return { status, out, err };
}

test("simulate: an attack is reported event by event as a switch does, and each verdict is printed", async () => {
  await withGateway(200, async (url, received) => {
    const { status, out } = await run({ url, key: "test-key" });
    assert.equal(status, 0);
    assert.equal(received.length, 6);
    assert.deepEqual([received[0]?.path, received[0]?.authorization], ["/event", "Bearer test-key"]);
    assert.deepEqual(Object.keys(received[0]?.body ?? {}), [
      "call_id",
      "a_number",
      "b_number",
      "timestamp",
      "status",
      "switch_id",
    ]);
    assert.equal(new Set(received.map(({ body }) => body["a_number"])).size, 6);
    assert.deepEqual([...new Set(received.map(({ body }) => body["b_number"]))], ["+12025550123"]);
    assert.match(out[4] ?? "", /refuse {2}DETECTED alert-1$/);
    assert.equal(out.at(-1), "6 calls: 2 part of an attack, 2 refused");
  });
});

test("simulate: --json prints an object a call", async () => {
  await withGateway(200, async (url) => {
    const { out } = await run({ url, json: true });
    const last = JSON.parse(out.at(-1) ?? "") as { detected: boolean; alertId: string };
    assert.deepEqual([out.length, last.detected, last.alertId], [6, true, "alert-1"]);
  });
});

test("simulate: a gateway that refuses, and one that is not there, end it with status 1 and the reason", async () => {
  await withGateway(401, async (url) => {
    const { status, err } = await run({ url });
    assert.equal(status, 1);
    assert.match(err[0] ?? "", /HTTP 401/);
  });
  const gone = await run({ url: "http://127.0.0.1:1" });
  assert.equal(gone.status, 1);
  assert.match(gone.err[0] ?? "", /127\.0\.0\.1:1/);
});

test("simulate: the shapes", () => {
  const given = { called: "+12025550123", callers: 5, spreadMs: 2_000, seconds: 3 };
  const attack = simulatedCalls("attack", given);
  assert.deepEqual(
    attack.map((call) => call.afterMs),
    [0, 500, 1_000, 1_500, 2_000],
  );
  const honest = simulatedCalls("honest", given);
  assert.equal(new Set(honest.map((call) => call.called)).size, honest.length);
  const hotline = simulatedCalls("hotline", given);
  assert.deepEqual(
    hotline.map((call) => [call.afterMs, call.called]),
    [0, 1_000, 2_000].map((ms) => [ms, "+12025550123"]),
  );
  assert.equal(
    new Set(simulatedCalls("attack", { ...given, callers: 10_000 }).map((call) => call.caller)).size,
    10_000,
  );
});

for (const [name, changes] of Object.entries({
  "an unknown shape": { shape: "storm" },
  "no callers": { callers: "0" },
  "too many callers": { callers: "10001" },
  "a bad address": { url: "ftp://127.0.0.1" },
  "a negative spread": { spreadMs: "-1" },
})) {
  test(`simulate: ${name} is refused before anything is sent`, async () => {
    assert.equal((await run({ url: "http://127.0.0.1:1", ...changes })).status, 2);
  });
}
