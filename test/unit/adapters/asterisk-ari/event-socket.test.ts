import assert from "node:assert/strict";
import { test } from "node:test";
import { EventSocket } from "../../../../gateway/adapters/asterisk-ari/event-socket.js";
import { GatewayError } from "../../../../gateway/core/errors.js";
import type { Log, LogFields } from "../../../../gateway/core/log.js";
import type { DialOptions, WebSocketDialer, WebSocketUser } from "../../../../gateway/ports/web-socket.js";
import { FakeClock } from "../../../support/fake-clock.js";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function scene() {
  const clock = new FakeClock();
  const dials: { options: DialOptions; user: WebSocketUser; atMs: number; closed: boolean }[] = [];
  let failure: GatewayError | undefined;
  const dialer: WebSocketDialer = {
    dial: (options, user) => {
      const dial = { options, user, atMs: clock.mono(), closed: false };
      dials.push(dial);
      if (failure !== undefined) return Promise.reject(failure);
      return Promise.resolve({
        ...{ bufferedBytes: 0, send: () => true, pause: () => undefined, resume: () => undefined },
        close: () => (dial.closed = true),
      });
    },
  };
  const told: string[] = [];
  let subscribe = (): Promise<void> => Promise.resolve();
  const lines: { event: string; fields: LogFields | undefined }[] = [];
  const note = (event: string, fields?: LogFields): void => void lines.push({ event, fields });
  const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log };
  const socket = new EventSocket(
    {
      retryFirstMs: 100,
      retryMostMs: 1_000,
      refusedRetryMs: 60_000,
      pingMs: 10_000,
      maxMessageBytes: 1_000,
      ariUrl: "http://192.0.2.1:8088/ari/",
      app: "ring fence",
      username: "user",
      password: "pass:word",
      requestTimeoutMs: 3_000,
    },
    {
      subscribe: () => subscribe(),
      onText: (text) => told.push(text),
      onUp: () => told.push("up"),
      onDown: () => told.push("down"),
    },
    { dialer, clock, random: { token: () => "0", next: () => 1 }, log },
  );
  const fail = (error: GatewayError): void => void (failure = error);
  const succeed = (): void => void (failure = undefined);
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await turn();
  };
  const subscribing = (how: () => Promise<void>): void => void (subscribe = how);
  return { socket, dials, told, lines, fail, succeed, pass, subscribing };
}

const refused = (status: number): GatewayError =>
  new GatewayError("websocket.rejected", `answered ${status}`, { cause: { status } });

test("the password is in a header and in nothing else", async () => {
  const { socket, dials } = scene();
  socket.start();
  await turn();
  const { options } = dials[0] ?? assert.fail();
  assert.equal(options.url, "ws://192.0.2.1:8088/ari/events?app=ring+fence");
  assert.equal(options.headers?.["authorization"], `Basic ${btoa("user:pass:word")}`);
  socket.close();
});

test("tries are further and further apart, up to the ceiling, and near again after a success", async () => {
  const { socket, dials, fail, succeed, pass } = scene();
  fail(new GatewayError("websocket.unavailable", "ECONNREFUSED"));
  socket.start();
  await turn();
  for (let step = 0; step < 600; step++) await pass(10);
  const gaps = dials.slice(1).map(({ atMs }, at) => atMs - (dials[at]?.atMs ?? 0));
  assert.deepEqual(gaps.slice(0, 7), [100, 200, 400, 800, 1_000, 1_000, 1_000]);
  succeed();
  await pass(1_000);
  assert.equal(socket.up, true);
  const count = dials.length;
  dials.at(-1)?.user.onClose(1006, "");
  assert.equal(socket.up, false);
  await pass(100);
  assert.equal(dials.length, count + 1);
  socket.close();
});

test("one trouble is said once; another, or the same after it was up, is said again", async () => {
  const { socket, dials, lines, fail, succeed, pass } = scene();
  const events = (): readonly string[] => lines.map(({ event }) => event);
  fail(new GatewayError("websocket.unavailable", "ECONNREFUSED"));
  socket.start();
  await turn();
  for (let step = 0; step < 30; step++) await pass(100);
  assert.deepEqual(events(), ["ari.unreachable"]);
  fail(refused(401));
  await pass(1_000);
  assert.deepEqual(events(), ["ari.unreachable", "ari.credentials"]);
  const count = dials.length;
  await pass(59_000);
  assert.equal(dials.length, count, "a wrong password is tried seldom");
  succeed();
  await pass(1_000);
  assert.deepEqual(events().slice(2), ["ari.up"]);
  dials.at(-1)?.user.onClose(1006, "");
  fail(refused(401));
  await pass(100);
  assert.deepEqual(events().slice(3), ["ari.down", "ari.credentials"]);
  socket.close();
});

test("what comes before the socket counts as open is told after that it is up", async () => {
  const { socket, dials, told } = scene();
  socket.start();
  dials[0]?.user.onText?.("first");
  await turn();
  dials[0]?.user.onText?.("second");
  assert.deepEqual(told, ["up", "first", "second"]);
  socket.close();
});

test("it is up once its events are asked for; what comes meanwhile is told then", async () => {
  const { socket, dials, told, subscribing } = scene();
  let answer = (): void => undefined;
  subscribing(() => new Promise((resolve) => (answer = resolve)));
  socket.start();
  await turn();
  dials[0]?.user.onText?.("early");
  assert.deepEqual([socket.up, told], [false, []]);
  answer();
  await turn();
  assert.deepEqual([socket.up, told], [true, ["up", "early"]]);
  socket.close();
});

test("whose events cannot be asked for is closed and opened again, later and later", async () => {
  const { socket, dials, told, lines, pass, subscribing } = scene();
  subscribing(() => Promise.reject(new GatewayError("ari.rejected", "Application not found")));
  socket.start();
  await turn();
  for (let step = 0; step < 30; step++) await pass(10);
  assert.deepEqual(
    dials.map(({ atMs, closed }) => [atMs - (dials[0]?.atMs ?? 0), closed]),
    [
      [0, true],
      [100, true],
      [300, true],
    ],
  );
  assert.deepEqual(
    lines.map(({ event }) => event),
    ["ari.unreachable"],
  );
  // The close of one that was given up is no news.
  dials.at(-1)?.user.onClose(1000, "");
  subscribing(() => Promise.resolve());
  for (let step = 0; step < 40; step++) await pass(10);
  assert.deepEqual([socket.up, told, dials.length], [true, ["up"], 4]);
  socket.close();
});

test("a socket that is cut while its events are asked for is opened again once", async () => {
  const { socket, dials, told, pass, subscribing } = scene();
  let fail = (_error: Error): void => undefined;
  subscribing(() => new Promise((_, reject) => (fail = reject)));
  socket.start();
  await turn();
  dials[0]?.user.onClose(1006, "");
  fail(new GatewayError("ari.unavailable", "no answer"));
  await turn();
  subscribing(() => Promise.resolve());
  for (let step = 0; step < 100; step++) await pass(10);
  assert.deepEqual([dials.length, socket.up, told], [2, true, ["up"]]);
  socket.close();
});

test("a socket that was replaced is closed, said, heard no more, and asked back seldom", async () => {
  const { socket, dials, told, lines, pass } = scene();
  socket.start();
  await turn();
  socket.replaced();
  socket.replaced();
  dials[0]?.user.onText?.("late");
  dials[0]?.user.onClose(1000, "");
  assert.deepEqual(told, ["up", "down"]);
  assert.equal(dials[0]?.closed, true);
  assert.equal(lines.filter(({ event }) => event === "ari.replaced").length, 1);
  await pass(59_999);
  assert.equal(dials.length, 1);
  await pass(1);
  assert.equal(dials.length, 2);
  socket.close();
});

test("once closed nothing is told and nothing is tried", async () => {
  const { socket, dials, told, fail, pass } = scene();
  fail(new GatewayError("websocket.unavailable", "ECONNREFUSED"));
  socket.start();
  await turn();
  socket.close();
  socket.close();
  await pass(100_000);
  assert.equal(dials.length, 1);
  assert.deepEqual(told, []);
});
