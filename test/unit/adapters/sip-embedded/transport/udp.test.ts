import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { GatewayError } from "../../../../../gateway/core/errors.js";
import type { Log, LogFields } from "../../../../../gateway/core/log.js";
import { silentLog } from "../../../../../gateway/core/log.js";
import { createTransports } from "../../../../../gateway/adapters/sip-embedded/transport/create-transports.js";
import type { Received, SipTransports } from "../../../../../gateway/adapters/sip-embedded/transport/transport.js";
import type {
  ListenOptions,
  TransportOptions,
} from "../../../../../gateway/adapters/sip-embedded/transport/transport-options.js";
import {
  PrometheusMetrics,
  renderMetrics,
} from "../../../../../gateway/adapters/metrics-prometheus/prometheus-metrics.js";
import { FakeClock } from "../../../../support/fake-clock.js";

const text = "OPTIONS sip:192.0.2.1 SIP/2.0\r\nContent-Length: 0\r\n\r\n";

async function openOn(listeners: readonly ListenOptions[], log: Log = silentLog, more: Partial<TransportOptions> = {}) {
  const received: Received[] = [];
  let wake = (): void => undefined;
  const transports = createTransports({ listeners, clock: new FakeClock(), log, ...more });
  await transports.open({
    onMessage: (message) => {
      received.push(message);
      wake();
    },
  });
  const next = async (): Promise<Received> => {
    while (received.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return received.shift()!;
  };
  return { transports, next };
}

const udp4: ListenOptions = { protocol: "udp", address: "127.0.0.1", port: 0 };
const udp6: ListenOptions = { protocol: "udp", address: "::1", port: 0 };

for (const { family, options, name } of [
  { family: "IPv4", options: udp4, name: /^udp:127\.0\.0\.1:\d+$/ },
  { family: "IPv6", options: udp6, name: /^udp:\[::1\]:\d+$/ },
]) {
  test(`UDP over ${family}: a datagram arrives with its source and listener, and the answer leaves by the same socket`, async (t) => {
    const a = await openOn([options]);
    const b = await openOn([options]);
    t.after(() => Promise.all([a.transports.close(), b.transports.close()]));
    const aListener = a.transports.listeners[0]!;
    const bListener = b.transports.listeners[0]!;
    assert.match(aListener.name, name);

    a.transports.send(Buffer.from(text), { protocol: "udp", address: bListener.address, port: bListener.port });
    const got = await b.next();
    assert.equal(got.bytes.toString(), text);
    assert.deepEqual(got.source, {
      protocol: "udp",
      address: aListener.address,
      port: aListener.port,
      listener: bListener.name,
    });
    assert.equal(got.listener, bListener);

    b.transports.send(got.bytes, {
      protocol: "udp",
      address: got.source.address,
      port: got.source.port,
      listenerName: got.source.listener,
    });
    assert.equal((await a.next()).source.port, bListener.port);
  });
}

test("UDP: with several sockets an answer leaves by the named listener, whatever comes first in the list", async (t) => {
  const a = await openOn([udp4, udp4, udp6]);
  const b = await openOn([udp4]);
  t.after(() => Promise.all([a.transports.close(), b.transports.close()]));
  const to = { protocol: "udp", address: "127.0.0.1", port: b.transports.listeners[0]!.port } as const;
  const second = a.transports.listeners[1]!;
  a.transports.send(Buffer.from(text), { ...to, listenerName: second.name });
  assert.equal((await b.next()).source.port, second.port);
  a.transports.send(Buffer.from(text), to);
  assert.equal((await b.next()).source.port, a.transports.listeners[0]!.port);
});

test("UDP: NAT keep-alives (CRLF, zeros) are no messages", async (t) => {
  const { transports, next } = await openOn([udp4]);
  const peer = createSocket("udp4");
  t.after(async () => {
    peer.close();
    await transports.close();
  });
  const port = transports.listeners[0]!.port;
  for (const bytes of ["\r\n\r\n", "\0\0\0\0", text]) peer.send(Buffer.from(bytes), port, "127.0.0.1");
  assert.equal((await next()).bytes.toString(), text);
});

test("listenerFor: by protocol and family; undefined where there is none; a loopback target takes the loopback socket", async (t) => {
  const { transports } = await openOn([
    { protocol: "udp", address: "0.0.0.0", port: 0, advertisedHost: "192.0.2.7", advertisedPort: 5062 },
    udp4,
  ]);
  t.after(() => transports.close());
  const target = (protocol: "udp" | "tcp", address: string) => ({ protocol, address, port: 5060 });
  const advertised = transports.listenerFor(target("udp", "192.0.2.99"));
  assert.deepEqual([advertised?.sentByHost, advertised?.sentByPort], ["192.0.2.7", 5062]);
  assert.equal(transports.listenerFor(target("udp", "127.0.0.1"))?.address, "0.0.0.0");
  assert.equal(transports.listenerFor(target("udp", "2001:db8::1")), undefined);
  assert.equal(transports.listenerFor(target("tcp", "192.0.2.99")), undefined);
});

test("send: what cannot be sent is reported once and later, never thrown", async (t) => {
  const { transports } = await openOn([udp4]);
  t.after(() => transports.close());
  const failures: string[] = [];
  const cases = [
    { name: "no socket of that family", bytes: Buffer.from(text), to: { protocol: "udp", address: "::1", port: 5060 } },
    { name: "a port that is none", bytes: Buffer.from(text), to: { protocol: "udp", address: "127.0.0.1", port: 0 } },
    {
      name: "larger than a datagram can be",
      bytes: Buffer.alloc(70_000),
      to: { protocol: "udp", address: "127.0.0.1", port: 5060 },
    },
  ] as const;
  for (const { name, bytes, to } of cases)
    await new Promise<void>((resolve) => {
      let inTheSameTurn = true;
      transports.send(bytes, to, () => {
        assert.equal(inTheSameTurn, false, name);
        failures.push(name);
        resolve();
      });
      inTheSameTurn = false;
    });
  assert.deepEqual(
    failures,
    cases.map((each) => each.name),
  );
});

test("open: a port in use is `listen.failed`, and what was opened before it is closed again", async (t) => {
  const busy = createSocket("udp4");
  busy.bind(0, "127.0.0.1");
  await once(busy, "listening");
  t.after(() => busy.close());
  const transports: SipTransports = createTransports({
    listeners: [udp4, { protocol: "udp", address: "127.0.0.1", port: busy.address().port }],
    clock: new FakeClock(),
  });
  await assert.rejects(
    transports.open({ onMessage: () => undefined }),
    (error) => error instanceof GatewayError && error.code === "listen.failed",
  );
  assert.deepEqual(transports.listeners, []);
});

test("UDP: a receive buffer smaller than asked for is said, with the remedy", async (t) => {
  const warned: LogFields[] = [];
  const log: Log = {
    ...silentLog,
    warn: (event, fields = {}) => {
      if (event === "udp.receive-buffer-small") warned.push(fields);
    },
  };
  const asked = 1024 * 1024 * 1024;
  const transports = createTransports({
    listeners: [udp4],
    udp: { receiveBufferBytes: asked },
    clock: new FakeClock(),
    log,
  });
  await transports.open({ onMessage: () => undefined });
  t.after(() => transports.close());
  assert.equal(warned.length, 1);
  assert.ok(Number(warned[0]!["gotBytes"]) < asked);
});

test("UDP: what the kernel drops while we are busy is counted", async (t) => {
  if (process.platform !== "linux") {
    t.skip("only Linux tells");
    return;
  }
  const metrics = new PrometheusMetrics();
  const busy = await openOn([udp4], silentLog, { udp: { receiveBufferBytes: 4096 }, metrics });
  const sender = await openOn([udp4]);
  t.after(() => Promise.all([busy.transports.close(), sender.transports.close()]));
  const { port } = busy.transports.listeners[0]!;
  // All in one turn: nobody fetches them meanwhile.
  for (let i = 0; i < 500; i++)
    sender.transports.send(Buffer.alloc(1000, text), { protocol: "udp", address: "127.0.0.1", port });
  const counted = async (): Promise<{ arrived: number; dropped: number }> => {
    const scraped = await renderMetrics([await metrics.toJson()]);
    const value = (name: RegExp) => Number(name.exec(scraped)?.[1] ?? NaN);
    return {
      arrived: value(/^ringfence_transport_messages_total\{transport="udp",direction="in"\} (\d+)$/m),
      dropped: value(/^ringfence_transport_udp_dropped_total (\d+)$/m),
    };
  };
  let seen = await counted();
  while (seen.arrived + seen.dropped < 500) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    seen = await counted();
  }
  assert.ok(seen.dropped > 0);
  assert.equal(seen.arrived + seen.dropped, 500);
});
