import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "./api-options.js";

const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** Counts and times every request by route pattern and status class: labels are ours, never what a client wrote. */
export function countRequests(app: FastifyInstance, { metrics, clock }: Pick<ApiDeps, "metrics" | "clock">): void {
  const requests = metrics.counter("ringfence_http_requests_total", "HTTP requests answered", ["route", "status"]);
  const duration = metrics.histogram("ringfence_http_request_seconds", "Time from a request to its answer", BUCKETS);
  app.decorateRequest("startedAtMs", 0);
  app.addHook("onRequest", (request, _reply, done) => {
    request.startedAtMs = clock.mono();
    done();
  });
  app.addHook("onResponse", (request, reply, done) => {
    requests.labels(request.routeOptions.url ?? "unknown", String(reply.statusCode)).inc();
    duration.observe((clock.mono() - request.startedAtMs) / 1_000);
    done();
  });
}
