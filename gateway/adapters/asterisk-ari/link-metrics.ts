import { GatewayError } from "../../core/errors.js";
import type { Counter, Gauge, Metrics } from "../../core/metrics.js";

export interface LinkMetrics {
  readonly up: Gauge;
  readonly connects: Counter;
  readonly events: Counter;
  readonly badEvents: Counter;
  readonly lostEvents: Counter;
  readonly answered: Counter;
  failed(error: unknown): Counter;
}

/** @param server `asterisk.servers[].id` */
export function linkMetrics(metrics: Metrics, server: string): LinkMetrics {
  const events = metrics.counter("ringfence_ari_events_total", "Events of an Asterisk, by what became of them", [
    "server",
    "result",
  ]);
  const requests = metrics.counter("ringfence_ari_requests_total", "Requests to an Asterisk, by what came of them", [
    "server",
    "result",
  ]);
  const cancelled = requests.labels(server, "cancelled");
  const byCode = new Map(
    (["ari.unavailable", "ari.rejected", "ari.credentials"] as const).map((code) => [
      code as string,
      requests.labels(server, code.slice("ari.".length)),
    ]),
  );
  return {
    up: metrics.gauge("ringfence_ari_up", "1: events of that Asterisk come", ["server"]).labels(server),
    connects: metrics
      .counter("ringfence_ari_connects_total", "WebSockets to an Asterisk that were opened", ["server"])
      .labels(server),
    events: events.labels(server, "read"),
    badEvents: events.labels(server, "bad"),
    lostEvents: events.labels(server, "lost"),
    answered: requests.labels(server, "answered"),
    failed: (error) => (error instanceof GatewayError ? byCode.get(error.code) : undefined) ?? cancelled,
  };
}
