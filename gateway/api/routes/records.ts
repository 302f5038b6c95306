import { z } from "zod";
import type { Incident } from "../../../detection/index.js";
import { answers, zodApp, type ApiContext, type Routes } from "../api-context.js";
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
      config: { permission: "read" },
      schema: {
        tags: ["calls"],
        summary: "Live calls that the hop carries",
        querystring: z.strictObject({ limit: pageQuery.limit }),
        response: answers(z.array(callAnswer)),
      },
    },
    async ({ query }) => (await context.control.calls(query.limit)).map(callView),
  );
  zodApp(app).get(
    "/api/v1/cdrs",
    {
      config: { permission: "read" },
      schema: {
        tags: ["records"],
        summary: "Call detail records, newest first",
        querystring: z.strictObject({ ...pageQuery, ...cdrFilter }),
        response: answers(z.array(cdrAnswer)),
      },
    },
    async ({ query }) => {
      await context.settle();
      return (await context.store.cdrs({ ...filterOf(query), ...pageOf(query) })).map(cdrView);
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
      config: { permission: "read" },
      schema: {
        tags: ["incidents"],
        summary: "Attacks, newest first",
        querystring: z.strictObject({ ...pageQuery, state: z.enum(["open", "closed"]).optional() }),
        response: answers(z.array(incidentAnswer)),
      },
    },
    async ({ query }) => (await incidents(context, query)).map(incidentView),
  );
  zodApp(app).get(
    "/api/v1/incidents/:id",
    {
      config: { permission: "read" },
      schema: { tags: ["incidents"], summary: "One attack", params: idParams, response: answers(incidentAnswer) },
    },
    async ({ params }) => {
      const [open] = await control.openIncidents([params.id]);
      const incident = open ?? (await store.incident(params.id));
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
async function incidents({ control, store, settle }: ApiContext, query: IncidentQuery): Promise<readonly Incident[]> {
  const { state } = query;
  const page = pageOf(query);
  const open = (await control.openIncidents()).filter(({ openedAt, id }) => onPage(page, openedAt, id));
  await settle();
  const stored = await store.incidents({ ...page, ...(state === undefined ? {} : { state }) });
  const byId = new Map(stored.map((incident) => [incident.id, incident]));
  for (const incident of open) byId.set(incident.id, incident);
  return [...byId.values()]
    .filter((incident) => state === undefined || incident.state === state)
    .sort(newestFirst(({ openedAt }) => openedAt))
    .slice(0, query.limit);
}

const logRoutes: Routes = (app, context) => {
  const { store } = context;
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
    async ({ query }) => {
      await context.settle();
      const { actor, action } = query;
      const filter = { ...(actor === undefined ? {} : { actor }), ...(action === undefined ? {} : { action }) };
      return (await store.audit({ ...pageOf(query), ...filter })).map(auditView);
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
