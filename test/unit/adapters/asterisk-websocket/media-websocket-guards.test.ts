import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { describe, test, type TestContext } from "node:test";
import { WebSocket } from "ws";
import { MediaWebSocketConnection } from "../../../../gateway/adapters/asterisk-websocket/media-websocket-connection.js";
import { MediaWebSockets } from "../../../../gateway/adapters/asterisk-websocket/media-websockets.js";
import { SystemClock } from "../../../../gateway/adapters/system/system-clock.js";
import { WsAcceptor } from "../../../../gateway/adapters/websocket/ws-acceptor.js";
import { WsDialer } from "../../../../gateway/adapters/websocket/ws-dialer.js";
import type { Clock } from "../../../../gateway/core/clock.js";
import { SoundWorks } from "../../../../gateway/media/sound/sound-works.js";
import type { MediaConnectionUser } from "../../../../gateway/ports/media-connections.js";
import { FakeClock } from "../../../support/fake-clock.js";
import { until } from "../../../support/processes.js";

function scene(clock: Clock) {
  const counts = new Map<string, number>();
  const closed: string[] = [];
  const user: MediaConnectionUser = {
    onClaim: (connection) => connection.accept(() => true, "slin"),
    onDigit: () => undefined,
    onClosed: (_, reason) => void closed.push(reason),
    onCount: (_, what, by = 1) => void counts.set(what, (counts.get(what) ?? 0) + by),
  };
  return { counts, closed, deps: { clock, works: new SoundWorks(20), user, random: () => 0.5 } };
}

function connection() {
  const clock = new FakeClock();
  const { deps, ...told } = scene(clock);
  const log: string[] = [];
  const peer = {
    bufferedBytes: 0,
    send: () => true,
    pause: () => void log.push("pause"),
    resume: () => void log.push("resume"),
    close: () => void log.push("close"),
  };
  const made = new MediaWebSocketConnection(peer, { claimTimeoutMs: 2_000, idleMs: 300_000 }, deps);
  made.accept(() => true, "slin");
  made.onText("MEDIA_START connection_id:x channel:y format:ulaw optimal_frame_size:160 ptime:20");
  const pass = (ms: number): void => {
    for (let at = 0; at < ms; at += 20) {
      clock.advance(20);
      made.onBinary(new Uint8Array(160));
      made.onTime(clock.mono());
    }
  };
  return { ...told, clock, log, peer, made, pass };
}

describe("a media WebSocket that does not behave", () => {
  test("who reads nothing is cut off after ten seconds, who is slow for a while is not", () => {
    const { peer, closed, log, pass } = connection();
    peer.bufferedBytes = 100;
    pass(9_000);
    peer.bufferedBytes = 0;
    pass(20);
    peer.bufferedBytes = 100;
    pass(9_900);
    assert.deepEqual(closed, []);
    pass(200);
    assert.deepEqual([closed, log], [["does-not-read"], ["close"]]);
  });

  test("more than a mebibyte a second is read later, sound as text; and then it is read on", () => {
    for (const send of ["onBinary", "onText"] as const) {
      const { made, clock, log, counts } = connection();
      const [bytes, text] = [new Uint8Array(65_536), "x".repeat(65_536)];
      for (let i = 0; i < 17; i++)
        if (send === "onBinary") made.onBinary(bytes);
        else made.onText(text);
      assert.deepEqual([log, counts.get("flood")], [["pause"], 1]);
      clock.advance(990);
      made.onTime(clock.mono());
      assert.deepEqual(log, ["pause"]);
      clock.advance(20);
      made.onTime(clock.mono());
      assert.deepEqual(log, ["pause", "resume"]);
    }
  });

  test("the widest sound is no flood", () => {
    const { made, clock, log } = connection();
    for (let i = 0; i < 200; i++) {
      clock.advance(20);
      made.onBinary(new Uint8Array(7_680));
      made.onTime(clock.mono());
    }
    assert.deepEqual(log, []);
  });
});

async function server(t: TestContext, maxConnections = 200) {
  const clock = new SystemClock();
  const { deps, counts } = scene(clock);
  const sockets = new MediaWebSockets(
    {
      ...{ address: "127.0.0.1", port: 0, path: "/media", maxConnections, claimTimeoutMs: 60_000, idleMs: 300_000 },
      ...{ username: "a", password: "b" },
    },
    {
      ...deps,
      acceptor: new WsAcceptor(clock),
      dialer: new WsDialer(clock),
      allowed: (address) => address !== "127.0.0.2",
    },
  );
  await sockets.listen();
  const strangers: Socket[] = [];
  const opened: WebSocket[] = [];
  t.after(async () => {
    for (const each of strangers) each.destroy();
    for (const each of opened) each.terminate();
    await sockets.close();
  });
  const knock = (count: number, localAddress: string): void => {
    for (let i = 0; i < count; i++) {
      const socket = connect({ port: sockets.port, host: "127.0.0.1", localAddress });
      socket.on("error", () => undefined);
      strangers.push(socket);
    }
  };
  const open = (password = "b"): Promise<string> => {
    const headers = { authorization: `Basic ${Buffer.from(`a:${password}`).toString("base64")}` };
    const uuid = "40325ec2-5efd-4bd3-805f-53576e581d13";
    const socket = new WebSocket(`ws://127.0.0.1:${sockets.port}/media?uuid=${uuid}`, ["media"], { headers });
    opened.push(socket);
    return new Promise((resolve) => {
      socket.on("open", () => resolve("open"));
      socket.on("error", ({ message }) => resolve(message));
    });
  };
  return { sockets, counts, knock, open, opened };
}

describe("who knocks at the media WebSocket", () => {
  test("from outside allowFrom: cut off before a byte is read, counted, and in nobody's way", async (t) => {
    const { counts, knock, open } = await server(t);
    knock(200, "127.0.0.2");
    await until("all of them to be cut off", () => counts.get("not-allowed") === 200);
    assert.equal(await open(), "open");
  });

  test("who says nothing takes some places of their own, and none of those who are let in", async (t) => {
    const { counts, knock, open } = await server(t);
    knock(200, "127.0.0.3");
    await until("the rest to be cut off", () => counts.get("full") === 200 - 128);
    assert.equal(await open(), "open");
  });

  test("as many as are allowed are open at a time, and a place that gets free is free", async (t) => {
    const { sockets, open, opened } = await server(t, 2);
    assert.deepEqual([await open(), await open()], ["open", "open"]);
    assert.notEqual(await open(), "open");
    opened[0]?.terminate();
    await until("the place", () => sockets.connections === 1);
    assert.equal(await open("wrong"), "Unexpected server response: 401");
    assert.equal(await open(), "open");
  });

  test("a peer that is paused sends later, and loses nothing", async (t) => {
    const { open, opened, counts } = await server(t);
    assert.equal(await open(), "open");
    for (let i = 0; i < 40; i++) opened[0]?.send("unknown ".repeat(8_000));
    await until("the pause", () => counts.get("flood") === 1);
    const before = counts.get("unknown-event") ?? 0;
    assert.ok(before < 40, String(before));
  });
});
