import type { Metrics } from "../../../core/metrics.js";
import type { StreamHub } from "./stream-hub.js";
import { readUdpDrops } from "./udp-drops.js";
import type { UdpSocket } from "./udp-socket.js";

/** Sockets count in plain fields; a scrape carries the difference over. */
export function publishTransportMetrics(metrics: Metrics, udp: readonly UdpSocket[], streams: StreamHub): void {
  const messages = metrics.counter("ringfence_transport_messages_total", "SIP messages through sockets.", [
    "transport",
    "direction",
  ]);
  const failures = metrics.counter("ringfence_transport_failures_total", "What sockets could not do, by reason.", [
    "reason",
  ]);
  const connections = metrics.gauge("ringfence_transport_connections", "Open TCP and TLS connections.", ["side"]);
  const accepted = connections.labels("accepted");
  const opened = connections.labels("opened");
  const { counts } = streams;
  const sum = (field: "received" | "sent" | "failed"): number =>
    udp.reduce((total, socket) => total + socket[field], 0);
  const follow = [
    follower(messages.labels("udp", "in"), () => sum("received")),
    follower(messages.labels("udp", "out"), () => sum("sent")),
    follower(messages.labels("stream", "in"), () => counts.received),
    follower(messages.labels("stream", "out"), () => counts.sent),
    follower(failures.labels("udp-send"), () => sum("failed")),
    follower(failures.labels("stream-send"), () => counts.failed),
    follower(failures.labels("connection-limit"), () => counts.refusedTotal),
    follower(failures.labels("source-limit"), () => counts.refusedSource),
    follower(failures.labels("unframeable"), () => counts.unframeable),
    follower(failures.labels("tls-handshake"), () => counts.handshakeFailed),
  ];
  const ports = new Set(udp.map((socket) => socket.listener.port));
  let drops = 0;
  const dropped = metrics.counter(
    "ringfence_transport_udp_dropped_total",
    "Datagrams that the kernel dropped because our receive buffer was full; one scrape late.",
  );
  follow.push(follower(dropped, () => drops));
  metrics.onScrape(() => {
    for (const each of follow) each();
    if (ports.size > 0) void readUdpDrops(ports).then((found) => (drops = Math.max(drops, found ?? 0)));
    accepted.set(streams.accepted);
    opened.set(streams.opened);
  });
}

function follower(counter: { inc(by?: number): void }, read: () => number): () => void {
  let last = 0;
  return () => {
    const now = read();
    counter.inc(now - last);
    last = now;
  };
}
