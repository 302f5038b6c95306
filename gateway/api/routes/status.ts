import { z } from "zod";
import type { Alert, Incident } from "../../../detection/index.js";
import type { ComponentHealth } from "../../ports/gateway-control.js";
import type { PageQuery } from "../../ports/records.js";
import type { RecordStats } from "../api-options.js";
import type { Principal } from "../access/permissions.js";
import { seenAlert } from "../../core/data-scope.js";
import { placesOf } from "../access/scope.js";
import { answers, zodApp, type ApiContext, type Routes } from "../api-context.js";
import { publicWords } from "../health-words.js";
import { isoTime, pageQuery } from "../schemas/common.js";
import { alertAnswer, healthAnswer, readyAnswer, statsAnswer } from "../schemas/switch-contract.js";
import { newestFirst, onPage, pageOf } from "../page.js";
import { alertView } from "../views.js";

/** What the switch contract reads: `/health`, `/alerts`, `/stats`, `/config`; `/ready` beside them; twins under /api/v1. */
export const statusRoutes: Routes = (app, context) => {
  healthRoutes(app, context);
  for (const url of ["/alerts", "/api/v1/alerts"]) {
    zodApp(app).get(
      url,
      {
        config: { permission: "contract.read", scoped: true },
        schema: {
          tags: ["alerts"],
          summary: "Alerts, newest first, with the callers and calls that their attacks have by now",
          querystring: z.strictObject(pageQuery),
          response: answers(z.array(alertAnswer)),
        },
      },
      async ({ query, principal }) => {
        const page = pageOf(query);
        const alerts = await newestAlerts(context, page, principal);
        const incidents = await incidentsNow(context, alerts);
        return alerts
          .flatMap((alert) => {
            const incident = incidents.get(alert.incidentId);
            return seenAlert(asGrown(alert, incident), incident, principal.scope) ?? [];
          })
          .slice(0, page.limit)
          .map(alertView);
      },
    );
  }
  for (const url of ["/stats", "/api/v1/stats"]) {
    zodApp(app).get(
      url,
      {
        config: { permission: "contract.read" },
        schema: { tags: ["status"], summary: "Counters since start", response: answers(statsAnswer) },
      },
      async () => statsView(context),
    );
  }
  for (const url of ["/config", "/api/v1/config"]) {
    zodApp(app).get(
      url,
      {
        config: { permission: "contract.read" },
        schema: { tags: ["status"], summary: "Values in force, secrets hidden", response: answers(z.unknown()) },
      },
      async () => context.control.config(),
    );
  }
};

const healthRoutes: Routes = (app, context) => {
  const health = oneAtATime(() => allHealth(context));
  zodApp(app).get(
    "/health",
    {
      // Whoever watches the gateway must not be kept out by others who come through the same proxy.
      config: { permission: "public", rateLimit: false },
      exposeHeadRoute: true,
      schema: {
        tags: ["status"],
        summary: "healthy or degraded (something optional is down): 200; unhealthy (calls are not carried): 503",
        security: [],
        response: answers(healthAnswer, { 503: healthAnswer }),
      },
    },
    async (_request, reply) => {
      const components = await health();
      const status = healthStatus(components);
      const shown = components.map(({ name, ok, vital, detail }) => ({
        ...{ name, ok, vital },
        ...(ok ? {} : { why: publicWords(detail) }),
      }));
      return reply.code(status === "unhealthy" ? 503 : 200).send({
        status,
        timestamp: isoTime(context.clock.unix()),
        version: context.options.version,
        components: shown,
      });
    },
  );
  zodApp(app).get(
    "/ready",
    {
      config: { permission: "contract.read" },
      schema: {
        tags: ["status"],
        summary: "200: send calls here. 503: do not (a vital part is down, or the gateway is draining)",
        response: answers(readyAnswer, { 503: readyAnswer }),
      },
    },
    async (_request, reply) => {
      const components = await health();
      const draining = await context.control.stats().then(
        (stats) => stats.draining,
        () => false,
      );
      const ready = !draining && healthStatus(components) !== "unhealthy";
      return reply.code(ready ? 200 : 503).send({ ready, draining, components });
    },
  );
};

const healthStatus = (components: readonly ComponentHealth[]): "healthy" | "degraded" | "unhealthy" => {
  if (components.some(({ ok, vital }) => vital && !ok)) return "unhealthy";
  return components.every(({ ok }) => ok) ? "healthy" : "degraded";
};

/** Whoever asks while another is being answered gets the same answer: a flood costs no more than one. */
function oneAtATime<T>(work: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | undefined;
  return () =>
    (underWay ??= work().finally(() => {
      underWay = undefined;
    }));
}

async function allHealth({ control, localHealth }: ApiContext): Promise<readonly ComponentHealth[]> {
  const gateway = control
    .health()
    .catch((): readonly ComponentHealth[] => [
      { name: "gateway", ok: false, vital: true, detail: "the SIP thread does not answer" },
    ]);
  return [...(await gateway), ...(await localHealth())];
}

/**
 * From memory and from the store; from memory alone when the store is down and memory has some. With a scope there may be more than
 * the page has room for: those in memory are not filtered yet, and must not take the place of the team's own.
 */
async function newestAlerts(context: ApiContext, page: PageQuery, principal: Principal): Promise<readonly Alert[]> {
  // Asking the SIP thread anything brings what it has reported so far along (see ApiDeps.settle).
  await context.settle();
  const recent = context.recentAlerts().filter(({ detectedAt, id }) => onPage(page, detectedAt, id));
  const stored = await context.store.alerts({ ...page, ...placesOf(principal) }).catch((error: unknown) => {
    if (recent.length === 0) throw error;
    return [];
  });
  const byId = new Map([...stored, ...recent].map((alert) => [alert.id, alert]));
  const sorted = [...byId.values()].sort(newestFirst(({ detectedAt }) => detectedAt));
  return principal.scope === undefined ? sorted.slice(0, page.limit) : sorted;
}

/** Attacks that the SIP thread is asked about for one page: it has calls to carry. */
const MOST_LIVE = 50;

/**
 * How the alerts' attacks stand now: the newest ones from the SIP thread while they are open, the others from the store, which is
 * at most a second behind. What does not answer is left out.
 */
async function incidentsNow(
  { control, store }: ApiContext,
  alerts: readonly Alert[],
): Promise<ReadonlyMap<string, Incident>> {
  const wanted = new Set(alerts.map(({ incidentId }) => incidentId));
  if (wanted.size === 0) return new Map();
  const none = (): readonly Incident[] => [];
  const open = await control.openIncidents([...wanted].slice(0, MOST_LIVE)).catch(none);
  for (const { id } of open) wanted.delete(id);
  const stored = wanted.size === 0 ? [] : await store.incidentsOf([...wanted]).catch(none);
  return new Map([...open, ...stored].map((incident) => [incident.id, incident]));
}

/** An alert is made when an attack gets worse; whoever reads it later wants to know how far it went. */
function asGrown(alert: Alert, incident: Incident | undefined): Alert {
  if (incident === undefined || incident.callCount <= alert.callCount) return alert;
  const { callers, callerCount, callCount, calls } = incident;
  return { ...alert, callers, callerCount, callCount, callIds: calls.map(({ callId }) => callId) };
}

async function statsView({ control, clock, recordStats }: ApiContext): Promise<z.output<typeof statsAnswer>> {
  const stats = await control.stats();
  return {
    processed_total: stats.processedTotal,
    alerts_total: stats.alertsTotal,
    active_calls: stats.activeCalls,
    avg_latency_ms: stats.avgLatencyMs,
    disconnects_total: stats.disconnectsTotal,
    refused_total: stats.refusedTotal,
    open_incidents: stats.openIncidents,
    active_blocks: stats.activeBlocks,
    tracked_numbers: stats.trackedNumbers,
    started_at: isoTime(stats.startedAt),
    uptime_s: Math.max(0, Math.round((clock.unix() - stats.startedAt) / 1_000)),
    draining: stats.draining,
    ...(recordStats === undefined ? {} : { call_records: recordStatsView(recordStats()) }),
  };
}

const recordStatsView = ({ records, duplicates, findings, alerts, openFindings }: RecordStats) => ({
  records_total: records,
  duplicates_total: duplicates,
  findings_total: findings,
  alerts_total: alerts,
  open_findings: openFindings,
});
