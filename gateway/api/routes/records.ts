import { z } from "zod";
import type { Incident } from "../../../detection/index.js";
import { answers, zodApp, type ApiContext, type Routes } from "../api-context.js";
import { seenIncident } from "../../core/data-scope.js";
import { MOST_LIVE_CALLS, mayLookAt, trunksOf } from "../access/scope.js";
import type { Principal } from "../access/permissions.js";
import { ApiError } from "../errors.js";
import { newestFirst, onPage, pageOf, type RawPage } from "../page.js";
import { pageQuery, text } from "../schemas/common.js";
import { auditAnswer, callAnswer, cdrAnswer, idParams, incidentAnswer, teardownAnswer } from "../schemas/records.js";
import { auditView, callView, cdrView, incidentView, teardownView } from "../views.js";
import { cdrFilter, exportCdrs } from "./cdr-export.js";

/** What happened and what is going on: incidents, calls, CDRs, teardowns, audit. */
export const recordRoutes: Routes = (app, context) => {
  incidentRoutes(app, context);
  zodApp(app).get(
    "/api/v1/calls",
    {
      config: { permission: "read", scoped: true },
      schema: {
        tags: ["calls"],
        summary: "Live calls that the hop or a watched Asterisk carries, oldest first",
        querystring: z.strictObject({ limit: pageQuery.limit }),
        response: answers(z.array(callAnswer)),
      },
    },
    async ({ query, principal }) => {
      const limit = principal.scope === undefined ? query.limit : MOST_LIVE_CALLS;
      const calls = await context.control.calls(limit);
      return calls
        .filter(({ trunk }) => mayLookAt(principal, trunk))
        .slice(0, query.limit)
        .map(callView);
    },
  );
  zodApp(app).get(
    "/api/v1/cdrs",
    {
      config: { permission: "read", scoped: true },
      schema: {
        tags: ["records"],
        summary: "Call detail records, newest first",
        querystring: z.strictObject({ ...pageQuery, ...cdrFilter }),
        response: answers(z.array(cdrAnswer)),
      },
    },
    async ({ query, principal }) => {
      await context.settle();
      const filter = { ...filterOf(query), ...trunksOf(principal) };
      const found = await context.trail.list(principal, "cdr", query, () =>
        context.store.cdrs({ ...filter, ...pageOf(query) }),
      );
      return found.map(cdrView);
    },
  );
  exportCdrs(app, context);
  logRoutes(app, context);
};

const incidentRoutes: Routes = (app, context) => {
  const { control, store, trail } = context;
  zodApp(app).get(
    "/api/v1/incidents",
    {
      config: { permission: "read", scoped: true },
      schema: {
        tags: ["incidents"],
        summary: "Attacks, newest first",
        querystring: z.strictObject({ ...pageQuery, state: z.enum(["open", "closed"]).optional() }),
        response: answers(z.array(incidentAnswer)),
      },
    },
    async ({ query, principal }) => (await incidents(context, query, principal)).map(incidentView),
  );
  zodApp(app).get(
    "/api/v1/incidents/:id",
    {
      config: { permission: "read", scoped: true },
      schema: { tags: ["incidents"], summary: "One attack", params: idParams, response: answers(incidentAnswer) },
    },
    async ({ params, principal }) => {
      const [open] = await control.openIncidents([params.id]);
      const found = open ?? (await store.incident(params.id));
      const incident = found === undefined ? undefined : seenIncident(found, principal.scope);
      if (incident === undefined) throw new ApiError(404, "incident.unknown", "no such incident", "id");
      return incidentView(incident);
    },
  );
  zodApp(app).post(
    "/api/v1/incidents/:id/undo",
    {
      config: { permission: "act" },
      schema: {
        tags: ["incidents"],
        summary: "This was no attack: close it, lift its blocks, learn the number as busy",
        params: idParams,
        response: answers(incidentAnswer),
      },
    },
    async ({ params, principal }) => {
      const incident = await trail.attempt(principal, "incident.undo", params.id, () =>
        control.undoIncident(params.id, principal.id),
      );
      trail.action(principal, "incident.undo", params.id, incident === undefined ? "failed" : "done");
      if (incident === undefined) throw new ApiError(404, "incident.unknown", "no such incident", "id");
      return incidentView(incident);
    },
  );
};

interface IncidentQuery extends RawPage {
  readonly state?: "open" | "closed" | undefined;
}

/** Those in the store, with the live state of the open ones over it. */
async function incidents(
  { control, store, settle }: ApiContext,
  query: IncidentQuery,
  principal: Principal,
): Promise<readonly Incident[]> {
  const { state } = query;
  const page = pageOf(query);
  const open = (await control.openIncidents()).filter(({ openedAt, id }) => onPage(page, openedAt, id));
  await settle();
  const stored = await store.incidents({ ...page, ...trunksOf(principal), ...(state === undefined ? {} : { state }) });
  const byId = new Map(stored.map((incident) => [incident.id, incident]));
  for (const incident of open) byId.set(incident.id, incident);
  return [...byId.values()]
    .flatMap((incident) => seenIncident(incident, principal.scope) ?? [])
    .filter((incident) => state === undefined || incident.state === state)
    .sort(newestFirst(({ openedAt }) => openedAt))
    .slice(0, query.limit);
}

const logRoutes: Routes = (app, context) => {
  const { store, trail } = context;
  const name = text(128).min(1).optional();
  zodApp(app).get(
    "/api/v1/teardowns",
    {
      config: { permission: "read" },
      schema: {
        tags: ["records"],
        summary: "Calls that were ended, with the outcome on each leg, newest first",
        querystring: z.strictObject({ ...pageQuery, incident_id: name }),
        response: answers(z.array(teardownAnswer)),
      },
    },
    async ({ query }) => {
      await context.settle();
      const { incident_id: incidentId } = query;
      const rows = await store.teardowns({ ...pageOf(query), ...(incidentId === undefined ? {} : { incidentId }) });
      return rows.map(teardownView);
    },
  );
  zodApp(app).get(
    "/api/v1/audit",
    {
      config: { permission: "audit.read" },
      schema: {
        tags: ["records"],
        summary: "Actions and refusals, newest first",
        querystring: z.strictObject({ ...pageQuery, actor: name, action: name }),
        response: answers(z.array(auditAnswer)),
      },
    },
    async ({ query, principal }) => {
      await context.settle();
      const { actor, action } = query;
      const filter = { ...(actor === undefined ? {} : { actor }), ...(action === undefined ? {} : { action }) };
      const found = await trail.list(principal, "audit", query, () => store.audit({ ...pageOf(query), ...filter }));
      return found.map(auditView);
    },
  );
};

interface RawCdrFilter {
  readonly caller?: string | undefined;
  readonly called?: string | undefined;
  readonly trunk?: string | undefined;
  readonly cause?: string | undefined;
}

const filterOf = ({
  caller,
  called,
  trunk,
  cause,
}: RawCdrFilter): { caller?: string; called?: string; trunk?: string; cause?: string } => ({
  ...(caller === undefined ? {} : { caller }),
  ...(called === undefined ? {} : { called }),
  ...(trunk === undefined ? {} : { trunk }),
  ...(cause === undefined ? {} : { cause }),
});
