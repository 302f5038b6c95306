import type { FastifyInstance } from "fastify";
import type { ApiDeps } from "./api-options.js";

const BUCKETS_MS = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000];

/** Counts and times every request by route pattern and status class: labels are ours, never what a client wrote. */
export function countRequests(app: FastifyInstance, { metrics, clock }: Pick<ApiDeps, "metrics" | "clock">): void {
  const requests = metrics.counter("ringfence_http_requests_total", "HTTP requests answered", ["route", "status"]);
  const duration = metrics.histogram("ringfence_http_request_ms", "Time from a request to its answer, ms", BUCKETS_MS);
  app.decorateRequest("startedAtMs", 0);
  app.addHook("onRequest", (request, _reply, done) => {
    request.startedAtMs = clock.mono();
    done();
  });
  app.addHook("onResponse", (request, reply, done) => {
    requests.labels(request.routeOptions.url ?? "unknown", String(reply.statusCode)).inc();
    duration.observe(clock.mono() - request.startedAtMs);
    done();
  });
}
