import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { HepExporter } from "../../../../gateway/adapters/hep/hep-exporter.js";
import { encodeHep3, type HepMessage } from "../../../../gateway/adapters/hep/hep-packet.js";
import {
  PrometheusMetrics,
  renderMetrics,
} from "../../../../gateway/adapters/metrics-prometheus/prometheus-metrics.js";
import { LogDouble } from "../../../support/call-doubles.js";
import { CountingMetrics } from "../../../support/counting-metrics.js";
import { FakeClock } from "../../../support/fake-clock.js";

const text = "OPTIONS sip:192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\nContent-Length: 0\r\n\r\n";
const v4: HepMessage = {
  payload: Buffer.from(text),
  transport: "udp",
  from: { address: "192.0.2.1", port: 5060 },
  to: { address: "198.51.100.254", port: 65_535 },
  at: 1_700_000_000_123.456,
};
const v6: HepMessage = {
  ...v4,
  transport: "tls",
  from: { address: "2001:db8::1:2", port: 5061 },
  to: { address: "::ffff:192.0.2.9", port: 40_000 },
};

/** Chunks by type, after checking the framing. */
function decode(packet: Buffer): Map<number, Buffer> {
  assert.equal(packet.toString("latin1", 0, 4), "HEP3");
  assert.equal(packet.readUInt16BE(4), packet.length);
  const chunks = new Map<number, Buffer>();
  for (let at = 6; at < packet.length; at += packet.readUInt16BE(at + 4)) {
    assert.equal(packet.readUInt16BE(at), 0, "vendor");
    chunks.set(packet.readUInt16BE(at + 2), packet.subarray(at + 6, at + packet.readUInt16BE(at + 4)));
  }
  return chunks;
}

test("HEP3: every chunk has the value that the message has, IPv4", () => {
  const chunks = decode(encodeHep3(v4, { captureId: 2001, password: "secret" })!);
  assert.deepEqual([...chunks.keys()], [1, 2, 3, 4, 7, 8, 9, 10, 11, 12, 14, 15]);
  assert.deepEqual([chunks.get(1)![0], chunks.get(2)![0], chunks.get(11)![0]], [2, 17, 1]);
  assert.deepEqual([...chunks.get(3)!], [192, 0, 2, 1]);
  assert.deepEqual([...chunks.get(4)!], [198, 51, 100, 254]);
  assert.deepEqual([chunks.get(7)!.readUInt16BE(), chunks.get(8)!.readUInt16BE()], [5060, 65_535]);
  assert.deepEqual([chunks.get(9)!.readUInt32BE(), chunks.get(10)!.readUInt32BE()], [1_700_000_000, 123_456]);
  assert.equal(chunks.get(12)!.readUInt32BE(), 2001);
  assert.equal(chunks.get(14)!.toString(), "secret");
  assert.equal(chunks.get(15)!.toString(), text);
});

test("HEP3: IPv6 addresses in their own chunks, TCP as protocol, no password chunk without one", () => {
  const chunks = decode(encodeHep3(v6, { captureId: 1 })!);
  assert.deepEqual([...chunks.keys()], [1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 15]);
  assert.deepEqual([chunks.get(1)![0], chunks.get(2)![0]], [10, 6]);
  assert.equal(chunks.get(5)!.toString("hex"), "20010db8000000000000000000010002");
  assert.equal(chunks.get(6)!.toString("hex"), "00000000000000000000ffffc0000209");
});

for (const [why, message] of [
  ["a message longer than a packet can say", { ...v4, payload: Buffer.alloc(65_500) }],
  ["a host name in place of an address", { ...v4, to: { address: "sip.example.com", port: 1 } }],
  ["two families in one packet", { ...v4, to: v6.to }],
] as const)
  test(`HEP3: ${why} is not encoded`, () => assert.equal(encodeHep3(message, { captureId: 1 }), undefined));

test("the exporter sends to the server over UDP and counts; before it knows the server and after close it drops and counts", async (t) => {
  const server = createSocket("udp4");
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const metrics = new PrometheusMetrics();
  const exporter = new HepExporter({
    host: "127.0.0.1",
    port: server.address().port,
    captureId: 9,
    clock: new FakeClock(),
    metrics,
  });
  exporter.capture(v4);
  await exporter.start();
  const arrived = once(server, "message") as Promise<[Buffer]>;
  exporter.capture(v4);
  exporter.capture({ ...v4, payload: Buffer.alloc(70_000) });
  const [packet] = await arrived;
  assert.equal(decode(packet).get(15)!.toString(), text);
  await exporter.close();
  await exporter.close();
  exporter.capture(v4);
  const scraped = await renderMetrics([await metrics.toJson()]);
  assert.match(scraped, /^ringfence_hep_sent_total 1$/m);
  assert.match(scraped, /^ringfence_hep_dropped_total 3$/m);
});

test("a capture server that refuses or cannot be resolved hurts nobody; the name is tried again", async (t) => {
  const gone = createSocket("udp4");
  gone.bind(0, "127.0.0.1");
  await once(gone, "listening");
  const { port } = gone.address();
  gone.close();
  const exporter = new HepExporter({ host: "127.0.0.1", port, captureId: 9, clock: new FakeClock() });
  await exporter.start();
  t.after(() => exporter.close());
  for (let i = 0; i < 5; i++) {
    exporter.capture(v4);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  const warned: string[] = [];
  const log = {
    debug: () => undefined,
    info: () => undefined,
    error: () => undefined,
    child: () => log,
    warn: (event: string) => void warned.push(event),
  };
  const clock = new FakeClock();
  const lost = new HepExporter({ host: "nowhere.invalid", port: 9060, captureId: 9, clock, log });
  await lost.start();
  assert.deepEqual(warned, ["hep.unavailable"]);
  clock.advance(30_000);
  while (warned.length < 2) await new Promise<void>((resolve) => setImmediate(resolve));
  await lost.close();
});

test("a capture server to which there is no way: messages are counted as not copied, nothing throws, and it is tried again", async () => {
  const [clock, log, metrics] = [new FakeClock(), new LogDouble(), new CountingMetrics()];
  // The kernel refuses to connect a socket to it: EACCES, or ENETUNREACH where there is no network at all.
  const exporter = new HepExporter({ host: "255.255.255.255", port: 9060, captureId: 9, clock, log, metrics });
  await exporter.start();
  exporter.capture(v4);
  assert.equal(metrics.value("ringfence_hep_dropped_total"), 1);
  assert.deepEqual(
    log.lines.map(({ event }) => event),
    ["hep.unavailable"],
  );
  clock.advance(30_000);
  while (log.lines.length < 2) await new Promise<void>((resolve) => setImmediate(resolve));
  await exporter.close();
});
