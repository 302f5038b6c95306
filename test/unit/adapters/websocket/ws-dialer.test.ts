import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { createServer as createTcpServer, type AddressInfo, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { WebSocketServer, type WebSocket } from "ws";
import { WsDialer } from "../../../../gateway/adapters/websocket/ws-dialer.js";
import { GatewayError, type ErrorCode } from "../../../../gateway/core/errors.js";
import { refusedStatus, type DialOptions, type WebSocketUser } from "../../../../gateway/ports/web-socket.js";
import { SystemClock } from "../../../../gateway/adapters/system/system-clock.js";
import { until } from "../../../support/processes.js";

describe("a WebSocket that is dialled", () => {
  let http: Server;
  let server: WebSocketServer;
  const dialer = new WsDialer(new SystemClock());
  const peers: WebSocket[] = [];
  const seen: { url: string | undefined; authorization: string | undefined }[] = [];

  before(async () => {
    http = createServer();
    server = new WebSocketServer({ noServer: true });
    http.on("upgrade", (request, socket: Socket, head) => {
      seen.push({ url: request.url, authorization: request.headers.authorization });
      const status = /status=(\d+)/.exec(request.url ?? "")?.[1];
      if (status !== undefined) {
        socket.end(`HTTP/1.1 ${status} No\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      server.handleUpgrade(request, socket, head, (peer) => {
        peers.push(peer);
        if (request.url === "/greets") peer.send("hello");
        peer.on("message", (data, isBinary) => peer.send(data as Buffer, { binary: isBinary }));
      });
    });
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  });
  after(async () => {
    for (const peer of peers) peer.terminate();
    await new Promise<void>((resolve) => http.close(() => resolve()));
  });

  const port = (): number => (http.address() as AddressInfo).port;
  const dial = (path: string, user: WebSocketUser, change: Partial<DialOptions> = {}) =>
    dialer.dial(
      {
        url: `ws://127.0.0.1:${port()}${path}`,
        timeoutMs: 20_000,
        maxMessageBytes: 1_000,
        maxBufferedBytes: 100_000,
        pingMs: 0,
        ...change,
      },
      user,
    );
  const quiet: WebSocketUser = { onClose: () => undefined };
  const failsWith =
    (code: ErrorCode, status?: number) =>
    (error: unknown): boolean => {
      assert.ok(error instanceof GatewayError);
      assert.deepEqual([error.code, refusedStatus(error)], [code, status]);
      return true;
    };

  test("text and bytes go both ways, with the headers that were asked for", async () => {
    const got: (string | number[])[] = [];
    const peer = await dial(
      "/echo",
      { ...quiet, onText: (text) => got.push(text), onBinary: (bytes) => got.push([...bytes]) },
      { headers: { authorization: "Basic abc" } },
    );
    const bytes = Uint8Array.of(1, 2, 3);
    assert.ok(peer.send("häuser"));
    assert.ok(peer.send(bytes));
    bytes.fill(9);
    await until("both to come back", () => got.length === 2);
    assert.deepEqual(got, ["häuser", [1, 2, 3]]);
    assert.deepEqual(seen.at(-1), { url: "/echo", authorization: "Basic abc" });
    peer.close();
  });

  test("what the peer says first is not lost", async () => {
    const got: string[] = [];
    const peer = await dial("/greets", { ...quiet, onText: (text) => got.push(text) });
    await until("the greeting", () => got.length === 1);
    peer.close();
  });

  test("closing is told once, by whichever side, and closed is closed", async () => {
    const closed: number[] = [];
    const peer = await dial("/", { onClose: (code) => closed.push(code) });
    peer.close(1000, "x".repeat(200));
    peer.close();
    await until("the end", () => closed.length > 0);
    assert.deepEqual(closed, [1000]);
    assert.equal(peer.send("late"), false);

    await dial("/", { onClose: (code) => closed.push(code) });
    peers.at(-1)?.terminate();
    await until("the second end", () => closed.length > 1);
    assert.deepEqual(closed, [1000, 1006]);
  });

  test("a message that is too long closes the socket", async () => {
    const closed: number[] = [];
    await dial("/", { onText: () => assert.fail("too long"), onClose: (code) => closed.push(code) });
    peers.at(-1)?.send("x".repeat(1_001));
    await until("the end", () => closed.length > 0);
  });

  test("more than may wait is not taken", async () => {
    const peer = await dial("/", quiet, { maxBufferedBytes: 10 });
    assert.equal(peer.send("x".repeat(11)), false);
    assert.equal(peer.send("x".repeat(10)), true);
    peer.close();
  });

  test("a peer that answers no pings is taken for gone", async () => {
    const closed: number[] = [];
    await dial("/", { onClose: (code) => closed.push(code) }, { pingMs: 20 });
    // Its socket is not read any more.
    peers.at(-1)?.pause();
    await until("the end", () => closed.length > 0);
    assert.deepEqual(closed, [1006]);
  });

  for (const status of [401, 404, 500, 302]) {
    test(`an answer of ${status} is a refusal that has its status`, async () => {
      await assert.rejects(dial(`/?status=${status}`, quiet), failsWith("websocket.rejected", status));
    });
  }

  test("nobody there, somebody who says nothing, nonsense: unavailable", async () => {
    const silent = createTcpServer((socket) => socket.on("error", () => undefined).resume());
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port: silentPort } = silent.address() as AddressInfo;
    const unavailable = failsWith("websocket.unavailable");
    await assert.rejects(dial("/", quiet, { url: `ws://127.0.0.1:${silentPort}/`, timeoutMs: 50 }), unavailable);
    await new Promise<void>((resolve) => silent.close(() => resolve()));
    await assert.rejects(dial("/", quiet, { url: `ws://127.0.0.1:${silentPort}/` }), unavailable);
    await assert.rejects(dial("/", quiet, { url: "nonsense" }), unavailable);
  });
});
