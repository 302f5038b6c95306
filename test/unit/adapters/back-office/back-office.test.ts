import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Worker } from "node:worker_threads";
import { BackOffice } from "../../../../gateway/adapters/back-office/back-office.js";
import { SystemClock } from "../../../../gateway/adapters/system/system-clock.js";
import type { Clock } from "../../../../gateway/core/clock.js";
import { GatewayError } from "../../../../gateway/core/errors.js";
import { silentLog } from "../../../../gateway/core/log.js";
import { noMetrics } from "../../../../gateway/core/metrics.js";
import { FakeGatewayControl } from "../../../support/fake-gateway-control.js";
import { LeapingClock } from "../../../support/leaping-clock.js";
import { temporaryFolder, until as eventually } from "../../../support/processes.js";

// In the product sockets keep the process up while a restart waits.
const keepUp = setInterval(() => undefined, 60_000);
after(() => clearInterval(keepUp));

/** A worker that speaks the protocol and does what its lines say. */
const script = (lines: string): URL =>
  new URL(
    `data:text/javascript,${encodeURIComponent(
      `import { parentPort as port, workerData } from "node:worker_threads";
       const ready = () => port.postMessage({ kind: "ready", addresses: workerData.previous ?? { http: "http://h", metrics: "http://m" } });
       ${lines}`,
    )}`,
  );
const OBEDIENT = `
  port.on("message", (message) => {
    if (message.kind === "stop") { port.postMessage({ kind: "stopped" }); port.close(); }
    if (message.kind === "ping") port.postMessage({ kind: "pong" });
    if (message.kind === "records") port.postMessage({ kind: "records.taken", seq: message.batch.seq });
    if (message.kind === "rpc.call") port.postMessage({ kind: "rpc.done", id: message.id, value: [message.method, ...message.args] });
  });
  ready();`;

function supervise(
  entry: URL,
  more: {
    readonly startTimeoutMs?: number;
    readonly stopTimeoutMs?: number;
    readonly silentMs?: number;
    readonly flag?: string;
    readonly clock?: Clock;
  } = {},
) {
  const events: string[] = [];
  const control = new FakeGatewayControl();
  let wake: () => void = () => undefined;
  const tell = (event: string): void => {
    events.push(event);
    wake();
  };
  const office = new BackOffice({
    entry,
    options: { flag: more.flag },
    control,
    clock: new SystemClock(),
    log: silentLog,
    metrics: noMetrics,
    onUp: () => tell("up"),
    onDown: () => tell("down"),
    onRecordsTaken: (seq) => tell(`taken ${seq}`),
    ...more,
  });
  const until = async (event: string, times = 1): Promise<void> => {
    while (events.filter((each) => each === event).length < times)
      await new Promise<void>((resolve) => (wake = resolve));
  };
  return { office, events, until, control };
}

test("starts, carries records and their receipts, answers calls, stops", async () => {
  const { office, events, until } = supervise(script(OBEDIENT));
  assert.equal(office.post({ seq: 1, json: "[]" }), false, "not up yet");
  assert.deepEqual(await office.start(), { http: "http://h", metrics: "http://m" });
  assert.equal(office.post({ seq: 2, json: "[]" }), true);
  await until("taken 2");
  assert.deepEqual(await office.activeBlocks(5 as never), ["activeBlocks", 5]);
  await office.stop();
  await office.stop();
  assert.deepEqual(events, ["up", "taken 2"]);
  assert.equal(office.up, false);
  assert.equal(office.post({ seq: 3, json: "[]" }), false);
  await assert.rejects(office.activeBlocks(5 as never), (error) => error instanceof GatewayError);
});

test("the worker asks the gateway and is answered", async () => {
  const { office, until } = supervise(
    script(`port.on("message", (message) => {
      if (message.kind === "rpc.done") { ready(); port.postMessage({ kind: "records.taken", seq: message.value.activeCalls }); }
      if (message.kind === "stop") port.close();
    });
    port.postMessage({ kind: "rpc.call", id: 1, method: "stats", args: [] });`),
  );
  await office.start();
  await until("taken 0");
  await office.stop();
});

for (const [name, lines, code] of [
  [
    "says why it cannot start",
    `port.postMessage({ kind: "start-failed", code: "store.locked", message: "held by 7" });`,
    "store.locked",
  ],
  ["throws while starting", `throw new Error("broken");`, "backoffice.lost"],
  ["ends while starting", `process.exit(3);`, "backoffice.lost"],
] as const) {
  test(`a first worker that ${name} fails the start with ${code}, and is not tried again`, async () => {
    const { office, events } = supervise(script(lines));
    await assert.rejects(office.start(), (error) => error instanceof GatewayError && error.code === code);
    assert.deepEqual(events, []);
    await office.stop();
  });
}

test("a first worker that is silent fails the start in time", async () => {
  const { office } = supervise(script(`port.on("message", () => undefined);`), { startTimeoutMs: 200 });
  await assert.rejects(office.start(), (error) => error instanceof GatewayError && error.code === "backoffice.lost");
});

test("a worker that dies is started again where it served; the gateway hears of both", async () => {
  const workers: Worker[] = [];
  const note = (worker: Worker): void => void workers.push(worker);
  process.on("worker", note);
  const { office, events, until } = supervise(
    script(OBEDIENT.replace("ready();", `if (workerData.previous) workerData.previous.http += "/again"; ready();`)),
  );
  await office.start();
  await workers[0]?.terminate();
  await until("up", 2);
  assert.deepEqual(events, ["up", "down", "up"]);
  assert.equal(office.addresses?.http, "http://h/again", "the new worker knew the old one's addresses");
  await office.stop();
  process.off("worker", note);
});

test("a worker that hangs, up or while it starts again, is ended and another one takes its place", async () => {
  const workers: Worker[] = [];
  const note = (worker: Worker): void => void workers.push(worker);
  process.on("worker", note);
  const hang = "for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);";
  // The first hangs when it gets records, the second before it is ready; the third works.
  const lines = `
    import { existsSync, writeFileSync } from "node:fs";
    if (workerData.previous && !existsSync(workerData.options.flag)) { writeFileSync(workerData.options.flag, ""); ${hang} }
    ${OBEDIENT}
    port.on("message", (message) => { if (message.kind === "records" && !workerData.previous) { ${hang} } });`;
  const folder = temporaryFolder("hung-worker");
  const flag = join(folder.path, "flag");
  // Time enough for a worker that works, and leaps over it for one that hangs.
  const clock = new LeapingClock();
  const { office, events, until } = supervise(script(lines), { silentMs: 10_000, startTimeoutMs: 40_000, flag, clock });
  const endedFor = (next: number): Promise<void> =>
    eventually(`worker ${next}`, () => {
      if (workers.length < next) clock.leap(2_500);
      return workers.length === next;
    });
  await office.start();
  office.post({ seq: 1, json: "[]" });
  await until("taken 1");
  await endedFor(2);
  await eventually("the second to hang", () => existsSync(flag));
  await endedFor(3);
  await until("up", 2);
  assert.deepEqual(events, ["up", "taken 1", "down", "up"]);
  assert.equal(workers.length, 3);
  await office.stop();
  folder.remove();
  process.off("worker", note);
});

test("a worker that does not obey the stop is ended", async () => {
  const { office } = supervise(script(`port.on("message", () => undefined); ready();`), { stopTimeoutMs: 100 });
  await office.start();
  await office.stop();
  assert.equal(office.up, false);
});
