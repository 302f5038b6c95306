import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type {
  StreamOptions,
  ListenOptions,
} from "../../../../../gateway/adapters/sip-embedded/transport/transport-options.js";
import type { SendTo } from "../../../../../gateway/adapters/sip-embedded/transport/transport.js";
import { GatewayError } from "../../../../../gateway/core/errors.js";
import { OpenTransports, RawPeer, RawServer } from "../../../../support/open-transports.js";
import { until } from "../../../../support/processes.js";

const tcp: ListenOptions = { protocol: "tcp", address: "127.0.0.1", port: 0 };
const message = (name: string) => Buffer.from(`OPTIONS sip:${name} SIP/2.0\r\nContent-Length: 0\r\n\r\n`);

async function open(t: TestContext, streams: Partial<StreamOptions> = {}, reply?: Uint8Array): Promise<OpenTransports> {
  const opened = await new OpenTransports([tcp], { streams }, reply).open();
  t.after(() => opened.transports.close());
  return opened;
}

/** Until so many accepted connections are open at that side. */
const acceptedAre = (opened: OpenTransports, count: number): Promise<void> =>
  until(`${count} accepted connections`, () => opened.accepted === count);

async function rawServer(t: TestContext): Promise<RawServer> {
  const server = await RawServer.listen();
  t.after(() => server.close());
  return server;
}

const to = (port: number, more: Partial<SendTo> = {}): SendTo => ({
  protocol: "tcp",
  address: "127.0.0.1",
  port,
  ...more,
});

/** Lets the event loop deliver what is on its way over loopback. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await new Promise<void>((resolve) => setImmediate(resolve));
};

const failure = (opened: OpenTransports, bytes: Uint8Array, target: SendTo) =>
  new Promise<Error>((resolve) => opened.transports.send(bytes, target, resolve));

test("TCP: requests share one connection, the answer comes back on it, and so do requests of the other side to its port", async (t) => {
  const [a, b] = [await open(t), await open(t)];
  a.transports.send(message("one"), to(b.port));
  a.transports.send(message("two"), to(b.port));
  const [one, two] = [await b.next(), await b.next()];
  assert.equal(one.bytes.toString(), message("one").toString());
  assert.equal(one.connectionId, two.connectionId);
  assert.equal(one.source.listener, b.transports.listeners[0]!.name);

  b.transports.send(message("answer"), to(1, { connectionId: one.connectionId! }));
  const answer = await a.next();
  assert.equal(answer.source.port, b.port);

  b.transports.send(message("back"), to(one.source.port));
  assert.equal((await a.next()).connectionId, answer.connectionId);
});

test("TCP: without reuse of accepted connections a request opens its own", async (t) => {
  const b = await open(t, { reuseAccepted: false });
  const peer = await RawPeer.connect(b.port);
  t.after(() => peer.socket.destroy());
  peer.socket.write(message("hello"));
  const { source } = await b.next();
  const error = await failure(b, message("x"), to(source.port));
  assert.ok(error instanceof GatewayError && error.code === "sip.transport");
});

test("TCP: a refused connection is reported once, later, for each message that waited for it", async (t) => {
  const a = await open(t);
  const server = await RawServer.listen();
  const { port } = server;
  server.close();
  const errors = await Promise.all([
    failure(a, message("1"), to(port)),
    failure(a, message("2"), to(port)),
    failure(a, message("3"), to(port)),
  ]);
  for (const error of errors) assert.match(error.message, /ECONNREFUSED/);
});

test("TCP: an answer whose connection is gone takes a new one to the address given (RFC 3261 §18.2.2)", async (t) => {
  const a = await open(t);
  const server = await rawServer(t);
  const peer = await RawPeer.connect(a.port);
  peer.socket.write(message("x"));
  const { connectionId } = await a.next();
  peer.socket.destroy();
  await acceptedAre(a, 0);
  a.transports.send(message("answer"), to(server.port, { connectionId: connectionId! }));
  const arrived = new RawPeer(await server.next());
  assert.equal(await arrived.read(message("answer").length), message("answer").toString());
});

test("TCP: a message that meets a connection just reset by the peer is sent once more on a new one", async (t) => {
  const a = await open(t);
  const server = await rawServer(t);
  a.transports.send(message("first"), to(server.port));
  const first = new RawPeer(await server.next());
  await first.read(message("first").length);
  first.socket.resetAndDestroy();
  // No turn of the event loop in between: our side has not heard of the reset yet.
  a.transports.send(message("second"), to(server.port));
  const second = new RawPeer(await server.next());
  assert.equal(await second.read(message("second").length), message("second").toString());
});

test("TCP: a double CRLF is answered by one CRLF (RFC 5626 §4.4.1), a single one is not", async (t) => {
  const a = await open(t);
  const peer = await RawPeer.connect(a.port);
  t.after(() => peer.socket.destroy());
  peer.socket.write("\r\n\r\n");
  assert.equal(await peer.read(2), "\r\n");
  peer.socket.write("\r\n");
  peer.socket.write(message("x"));
  await a.next();
  await settle();
  assert.equal(peer.text, "");
});

test("TCP: our ping after the interval; a peer that has answered once and then does not is given up, one that never did is not", async (t) => {
  const a = await open(t, { pingIntervalMs: 100_000, pongTimeoutMs: 10_000, idleMs: 1e9 });
  const server = await rawServer(t);
  a.transports.send(message("x"), to(server.port));
  const peer = new RawPeer(await server.next());
  await peer.read(message("x").length);
  await settle();
  a.clock.advance(99_000);
  await settle();
  assert.equal(peer.text, "");
  a.clock.advance(1500);
  assert.equal(await peer.read(4), "\r\n\r\n");
  a.clock.advance(20_000); // this peer has not shown yet that it knows pings
  await settle();
  assert.equal(peer.socket.destroyed, false);
  // Its answer; once what came behind it is there, it is too.
  peer.socket.write(Buffer.concat([Buffer.from("\r\n"), message("y")]));
  await a.next();
  a.clock.advance(101_000);
  assert.equal(await peer.read(4), "\r\n\r\n");
  a.clock.advance(10_500);
  await peer.closed();
});

test("TCP: a message that dribbles in is cut off after partialMessageMs, whatever keeps coming", async (t) => {
  const a = await open(t, { partialMessageMs: 10_000 });
  const peer = await RawPeer.connect(a.port);
  // The first byte comes with a whole message: once that is there its time has begun.
  peer.socket.write(Buffer.concat([message("whole"), Buffer.from("O")]));
  await a.next();
  for (const byte of "PTIONS sip:") {
    peer.socket.write(byte);
    await settle();
    a.clock.advance(900);
  }
  a.clock.advance(500);
  await peer.closed();
});

test("TCP: a connection without any message for idleMs is closed; one that never brought one, after a minute", async (t) => {
  const a = await open(t, { idleMs: 600_000 });
  const [used, silent] = [await RawPeer.connect(a.port), await RawPeer.connect(a.port)];
  used.socket.write(message("x"));
  await a.next();
  await acceptedAre(a, 2);
  a.clock.advance(61_000);
  await silent.closed();
  assert.equal(used.socket.destroyed, false);
  a.clock.advance(540_000);
  await used.closed();
});

test("TCP: what cannot be framed gets the answer that the handler makes, then the connection is closed", async (t) => {
  const reply = Buffer.from("SIP/2.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  const a = await open(t, {}, reply);
  const peer = await RawPeer.connect(a.port);
  peer.socket.write(
    Buffer.concat([message("good"), Buffer.from("OPTIONS sip:x SIP/2.0\r\nSubject: no length\r\n\r\nOPTIONS more")]),
  );
  assert.equal((await a.next()).bytes.toString(), message("good").toString());
  assert.equal(await peer.read(reply.length), reply.toString());
  await peer.closed();
});

test("TCP: one source cannot take all connections, all sources together not more than the limit; closing makes room", async (t) => {
  for (const streams of [{ maxAcceptedPerSource: 2 }, { maxAccepted: 2 }]) {
    const a = await open(t, streams);
    const first = await RawPeer.connect(a.port);
    const second = await RawPeer.connect(a.port);
    const third = await RawPeer.connect(a.port);
    await third.closed();
    first.socket.destroy();
    await acceptedAre(a, 1);
    const fourth = await RawPeer.connect(a.port);
    fourth.socket.write(message("x"));
    await a.next();
    second.socket.destroy();
    fourth.socket.destroy();
  }
});

test("TCP: connections that we open are limited too", async (t) => {
  const a = await open(t, { maxOpened: 1 });
  const [one, two] = [await rawServer(t), await rawServer(t)];
  a.transports.send(message("x"), to(one.port));
  assert.match((await failure(a, message("y"), to(two.port))).message, /too many connections/);
});

test("TCP: a peer that does not read is cut off when its queue is full; the message is reported, memory stays bounded", async (t) => {
  const a = await open(t, { maxQueuedBytes: 200_000 });
  const server = await rawServer(t);
  const errors: string[] = [];
  a.transports.send(message("x"), to(server.port));
  const socket = await server.next();
  socket.pause();
  const block = Buffer.alloc(100_000, "x");
  for (let i = 0; i < 400 && errors.length === 0; i++) {
    a.transports.send(block, to(server.port), (error) => errors.push(error.message));
    await settle();
  }
  assert.match(errors.at(0) ?? "", /does not read/);
});

test("TCP: with port 0 for both, UDP and TCP share one port number; a busy port is listen.failed", async (t) => {
  const both = await new OpenTransports([{ ...tcp, protocol: "udp" }, tcp]).open();
  t.after(() => both.transports.close());
  const [udp, stream] = both.transports.listeners;
  assert.equal(stream!.port, udp!.port);
  await assert.rejects(
    new OpenTransports([{ ...tcp, port: stream!.port }]).open(),
    (e) => e instanceof GatewayError && e.code === "listen.failed",
  );
});

test("TCP over IPv6", async (t) => {
  const v6: ListenOptions = { ...tcp, address: "::1" };
  const [a, b] = [await new OpenTransports([v6]).open(), await new OpenTransports([v6]).open()];
  t.after(() => Promise.all([a.transports.close(), b.transports.close()]));
  a.transports.send(message("six"), { protocol: "tcp", address: "::1", port: b.port });
  const got = await b.next();
  assert.equal(got.source.address, "::1");
  assert.equal(got.source.listener, `tcp:[::1]:${b.port}`);
});

test("close: what was written leaves, then nothing is open any more; twice is fine", async (t) => {
  const a = await new OpenTransports([tcp]).open();
  const server = await rawServer(t);
  a.transports.send(message("last"), to(server.port));
  const peer = new RawPeer(await server.next());
  await peer.read(message("last").length);
  await a.transports.close();
  await a.transports.close();
  await peer.closed();
  await assert.rejects(RawPeer.connect(a.port));
  assert.match((await failure(a, message("x"), to(server.port))).message, /closing/);
});
