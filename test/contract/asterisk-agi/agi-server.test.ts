import assert from "node:assert/strict";
import { after, test } from "node:test";
import { replyTo } from "../../../gateway/adapters/asterisk-agi/agi-scripts.js";
import { AgiServer, type AgiServerOptions } from "../../../gateway/adapters/asterisk-agi/agi-server.js";
import { SystemClock } from "../../../gateway/adapters/system/system-clock.js";
import { CidrTable } from "../../../gateway/core/cidr.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import type { AskedCall, EndedCall } from "../../../gateway/ports/call-verdict.js";
import { agiEnvironment, askAgi, openAgi } from "../../support/agi-peer.js";
import { LogDouble, MetricsDouble } from "../../support/call-doubles.js";
import { until } from "../../support/processes.js";

function networks(...list: string[]): CidrTable<true> {
  const table = CidrTable.of(list.map((network) => [network, true] as const));
  assert.ok(table.ok);
  return table.value;
}

const OPTIONS: AgiServerOptions = {
  listenAddress: "127.0.0.1",
  listenPort: 0,
  allowFrom: networks("127.0.0.0/8", "::1/128"),
  budgetMs: 60_000,
  maxConnections: 200,
  maxConnectionsPerSource: 150,
};

const open: AgiServer[] = [];
after(() => Promise.all(open.map((server) => server.close())));

async function serve(over: Partial<AgiServerOptions> = {}, ask?: () => never) {
  const metrics = new MetricsDouble();
  const log = new LogDouble();
  const asked: AskedCall[] = [];
  const ended: EndedCall[] = [];
  const scripts = {
    verdicts: {
      ask: (call: AskedCall) => {
        ask?.();
        asked.push(call);
        return { callId: call.callId, verdict: "allow", score: 0, reason: "none" } as const;
      },
      ended: (call: EndedCall) => void ended.push(call),
    },
    serverOf: () => ({ id: "asterisk" }),
  };
  const reply: ConstructorParameters<typeof AgiServer>[1]["reply"] = (request, address) =>
    replyTo(request, address, scripts);
  const server = new AgiServer({ ...OPTIONS, ...over }, { reply, clock: new SystemClock(), metrics, log });
  await server.start();
  open.push(server);
  const outcome = (script: string, name: string): number =>
    metrics.get(`ringfence_agi_requests_total{${script},${name}}`);
  const turnedAway = (why: string): number => metrics.get(`ringfence_agi_turned_away_total{${why}}`);
  return { server, address: server.address ?? "", asked, ended, outcome, turnedAway, log, metrics };
}

const CHECK = agiEnvironment("check");
const never = (): undefined => undefined;

test("agi server: sets the four variables, the verdict last, and closes", async () => {
  const { address, outcome } = await serve();
  const result = await askAgi(address, CHECK);
  assert.deepEqual(Object.keys(result.variables), [
    "RINGFENCE_CALL_ID",
    "RINGFENCE_SCORE",
    "RINGFENCE_REASON",
    "RINGFENCE_VERDICT",
  ]);
  assert.equal(result.variables["RINGFENCE_CALL_ID"], "asterisk;1700000000.1");
  assert.equal(result.closed, true);
  await until("it to be counted", () => outcome("check", "answered") === 1);
});

test("agi server: one command at a time: the next comes when the last was answered", async () => {
  const { address } = await serve({ budgetMs: 2_000 });
  const result = await askAgi(address, CHECK, {
    answer: (line) => (line.includes("CALL_ID") ? "200 result=1" : undefined),
  });
  assert.equal(result.commands.length, 2);
});

const endings: readonly (readonly [name: string, answer: (line: string) => string | undefined, outcome: string])[] = [
  ["a caller who hangs up", (line) => (line.includes("SCORE") ? "HANGUP" : "200 result=1"), "hung-up"],
  ["a hang-up before the answer", () => "HANGUP\n200 result=1", "hung-up"],
  ["a dead channel", () => "511 Command Not Permitted on a dead channel or intercept routine", "refused"],
  ["a command that Asterisk does not know", () => "510 Invalid or unknown command", "refused"],
  [
    "usage text",
    () => "520-Invalid command syntax.  Proper usage follows:\nUsage: x\n520 End of proper usage.",
    "refused",
  ],
  ["an answer that is none", () => "hello", "refused"],
  ["an answer without an end", () => "x".repeat(5_000), "refused"],
];
for (const [name, answer, expected] of endings) {
  test(`agi server: ${name} ends it at once (${expected})`, async () => {
    const { address, outcome } = await serve();
    const result = await askAgi(address, CHECK, { answer });
    assert.equal(result.closed, true);
    await until("it to be counted", () => outcome("check", expected) === 1);
  });
}

const smuggled: readonly (readonly [name: string, rest: string])[] = [
  ["nothing more", ""],
  ["a hang-up", "\nHANGUP"],
  ["a refusal", "\n510 Invalid or unknown command"],
  ["a result that says no", "\n200 result=-1"],
  ["results for all commands", "\n200 result=1".repeat(8)],
  ["no line at all", `\n${"x".repeat(6_000)}`],
  ["an environment of its own", `\n${agiEnvironment("report", {}, ["caller=x"])}200 result=1`],
];
for (const [name, rest] of smuggled) {
  test(`agi server: an empty line in a value, and ${name}: the verdict comes all the same, about the right call`, async () => {
    const { address, asked } = await serve();
    const script = "check?arguments=no&caller=%2B13035550100&called=%2B12025550140";
    for (const field of ["callerid", "calleridname", "extension"]) {
      const result = await askAgi(address, agiEnvironment(script, { [field]: `1\n${rest}` }));
      assert.equal(result.variables["RINGFENCE_VERDICT"], "allow", field);
      assert.equal(result.variables["RINGFENCE_REASON"], "none", field);
      assert.equal(result.closed, true);
    }
    for (const { caller, called, callId } of asked)
      assert.deepEqual([caller, called, callId], ["+13035550100", "+12025550140", "asterisk;1700000000.1"]);
    assert.equal(asked.length, 3);
  });
}

test("agi server: a request with a line break in a value is counted as odd, another is not", async () => {
  const { address, metrics } = await serve();
  await askAgi(address, CHECK);
  assert.equal(metrics.get("ringfence_agi_odd_requests_total"), 0);
  await askAgi(address, agiEnvironment("check", { calleridname: "a\nb" }));
  await until("it to be counted", () => metrics.get("ringfence_agi_odd_requests_total") === 1);
});

test("agi server: HANGUP does not say that the call is over: it comes of a dialplan that waits no longer, too", async () => {
  const { address, ended, asked } = await serve();
  await askAgi(address, CHECK, { answer: () => "HANGUP" });
  assert.deepEqual([asked.length, ended], [1, []]);
});

const hostile: readonly (readonly [name: string, bytes: string | Uint8Array, outcome: string])[] = [
  ["an HTTP request", "GET / HTTP/1.1\r\n\r\n", "malformed"],
  ["binary", Uint8Array.from({ length: 2_000 }, (_each, i) => (i * 73) & 0xff), "malformed"],
  ["a line of 64 KiB", `agi_x: ${"y".repeat(65_536)}`, "too-long"],
  ["ten thousand lines", `${Array.from({ length: 10_000 }, (_each, i) => `agi_x${i}: y`).join("\n")}\n\n`, "too-long"],
];
for (const [name, bytes, expected] of hostile) {
  test(`agi server: ${name} is closed and counted (${expected})`, async () => {
    const { address, outcome, asked, log } = await serve();
    const result = await askAgi(address, bytes);
    assert.deepEqual(result.commands, []);
    await until("it to be counted", () => outcome("none", expected) === 1);
    assert.equal(asked.length, 0);
    assert.ok(log.lines.some(({ event }) => event === "agi.bad-request"));
  });
}

test("agi server: a peer that sends a byte now and then, one that says nothing and one that never answers get the budget, not more", async () => {
  const { address, outcome, server } = await serve({ budgetMs: 2_000 });
  const loris = openAgi(address);
  const dripping = setInterval(() => loris.write("a"), 20);
  loris.on("error", () => clearInterval(dripping));
  const results = await Promise.all([
    new Promise((resolve) => loris.on("close", resolve)),
    askAgi(address, ""),
    askAgi(address, CHECK, { answer: never }),
  ]);
  clearInterval(dripping);
  assert.equal(results.length, 3);
  await until("the connections to be gone", () => server.connections === 0);
  await until("one to be counted", () => outcome("check", "timed-out") === 1);
  // The first may have been malformed by then: "aaa" is no line, but none is whole either.
  await until("the others to be counted", () => outcome("none", "timed-out") === 2);
});

test("agi server: a peer that goes away in the middle is counted and forgotten", async () => {
  const { address, outcome, server } = await serve();
  const half = openAgi(address);
  half.on("error", () => undefined);
  half.write(CHECK.slice(0, 100), () => half.end());
  const reset = openAgi(address);
  reset.on("error", () => undefined);
  reset.write(CHECK);
  reset.once("data", () => reset.resetAndDestroy());
  await until("both to be counted", () => outcome("none", "gone") + outcome("check", "gone") === 2);
  await until("the connections to be gone", () => server.connections === 0);
});

test("agi server: a peer that never closes its side is dropped after a second", async () => {
  const { address, server, outcome } = await serve();
  const socket = openAgi(address);
  const allowHalfOpen = new Promise<void>((resolve) => socket.on("end", resolve));
  socket.on("error", () => undefined);
  socket.on("data", () => undefined);
  socket.allowHalfOpen = true;
  socket.write(agiEnvironment("report"));
  await allowHalfOpen;
  await until("the connection to be dropped", () => server.connections === 0);
  await until("it to be counted", () => outcome("report", "answered") === 1);
  socket.destroy();
});

test("agi server: who may not ask is hung up on before a byte is read", async () => {
  const { address, turnedAway, asked } = await serve({ allowFrom: networks("192.0.2.0/24", "127.0.0.9/32") });
  assert.deepEqual((await askAgi(address, CHECK)).commands, []);
  assert.equal(turnedAway("forbidden"), 1);
  assert.equal(asked.length, 0);
  assert.equal((await askAgi(address, CHECK, { localAddress: "127.0.0.9" })).commands.length, 4);
});

test("agi server: too many of one source, then too many at all, are let through unasked; others are answered", async () => {
  const { address, turnedAway, server } = await serve({ maxConnections: 4, maxConnectionsPerSource: 2 });
  const sockets = ["127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.2"].map((local) => openAgi(address, local));
  await until("four to wait", () => server.connections === 4);
  assert.deepEqual((await askAgi(address, CHECK, { localAddress: "127.0.0.3" })).commands, []);
  assert.equal(turnedAway("full"), 1);
  sockets.pop()?.destroy();
  await until("three to wait", () => server.connections === 3);
  assert.deepEqual((await askAgi(address, CHECK, { localAddress: "127.0.0.1" })).commands, []);
  assert.equal(turnedAway("full-source"), 1);
  assert.equal((await askAgi(address, CHECK, { localAddress: "127.0.0.2" })).commands.length, 4);
  sockets.forEach((socket) => socket.destroy());
});

test("agi server: a hundred at a time", async () => {
  const { address, asked, outcome } = await serve();
  const results = await Promise.all(
    Array.from({ length: 100 }, (_each, i) => askAgi(address, agiEnvironment("check", { uniqueid: `1.${i}` }))),
  );
  assert.ok(results.every(({ variables }) => variables["RINGFENCE_VERDICT"] === "allow"));
  assert.equal(new Set(asked.map(({ callId }) => callId)).size, 100);
  await until("a hundred to be counted", () => outcome("check", "answered") === 100);
});

test("agi server: a bug of ours costs one verdict", async () => {
  const bug = (): never => {
    throw new Error("bug");
  };
  const { address, log } = await serve({}, bug);
  const result = await askAgi(address, CHECK);
  assert.deepEqual([result.commands, result.closed], [[], true]);
  assert.ok(log.lines.some(({ event }) => event === "agi.failed"));
});

test("agi server: closing lets who has a verdict take it, and sends away who is still asking", async () => {
  const { address, server, outcome } = await serve();
  const waiting = askAgi(address, "agi_network: yes\n");
  const slow = openAgi(address);
  slow.write(CHECK);
  await new Promise((resolve) => slow.once("data", resolve));
  await until("both to be there", () => server.connections === 2);
  const closing = server.close();
  slow.on("data", () => slow.write("200 result=1\n"));
  slow.write("200 result=1\n");
  await closing;
  assert.equal((await waiting).closed, true);
  assert.deepEqual([outcome("check", "answered"), outcome("none", "closing")], [1, 1]);
  await server.close();
  assert.equal(server.address, undefined);
});

test("agi server: closing does not wait for a peer that never answers", async () => {
  const { address, server, outcome } = await serve();
  const mute = openAgi(address);
  mute.on("error", () => undefined);
  mute.write(CHECK);
  await new Promise((resolve) => mute.once("data", resolve));
  await server.close();
  assert.equal(outcome("check", "closing"), 1);
  mute.destroy();
});

test("agi server: a port that is taken is said so", async () => {
  const { address } = await serve();
  const port = Number(address.slice(address.lastIndexOf(":") + 1));
  await assert.rejects(
    serve({ listenPort: port }),
    (error) => error instanceof GatewayError && error.code === "listen.failed",
  );
});
