import { z } from "zod";
import type { Principal } from "../access/permissions.js";
import { answers, zodApp, type ApiContext, type Routes } from "../api-context.js";
import { auditedNumber } from "../audited-number.js";
import { ApiError } from "../errors.js";
import { isoTime } from "../schemas/common.js";
import { baselineBody, idParams, traceBody } from "../schemas/records.js";

const ADMIN = { permission: "administer" } as const;

/** What changes how the gateway works: baselines, SIP traces, reload. */
export const adminRoutes: Routes = (app, context) => {
  const { control } = context;
  zodApp(app).post(
    "/api/v1/baseline",
    {
      config: ADMIN,
      bodyLimit: context.options.limits.maxBodyBytes,
      schema: {
        tags: ["admin"],
        summary: "Teach busy numbers: how many callers a window are normal there",
        body: baselineBody,
        response: answers(z.object({ imported: z.int() })),
      },
    },
    async ({ body, principal }) => {
      const rows = body.rows.map((row) => ({ called: row.b_number, callersPerWindow: row.callers_per_window }));
      const imported = await audited(context, principal, "baseline.import", `${rows.length} rows`, () =>
        control.importBaseline(rows),
      );
      return { imported };
    },
  );
  zodApp(app).post(
    "/api/v1/reload",
    {
      config: ADMIN,
      schema: {
        tags: ["admin"],
        summary: "Read trunks, guard lists and certificates again; calls are not touched",
        response: answers(z.object({ changed: z.array(z.string()), ignored: z.array(z.string()) })),
      },
    },
    async ({ principal }) => audited(context, principal, "reload", "configuration", () => control.reload(principal.id)),
  );
  traceRoutes(app, context);
};

const traceRoutes: Routes = (app, context) => {
  const { control } = context;
  zodApp(app).post(
    "/api/v1/traces",
    {
      config: ADMIN,
      schema: {
        tags: ["admin"],
        summary: "Record the SIP messages of calls from or to a number for a time",
        body: traceBody,
        response: answers(z.unknown(), { 201: z.object({ trace_id: z.string(), until: z.string() }) }),
      },
    },
    async ({ body, principal }, reply) => {
      const order = { number: body.number, durationMs: body.duration_ms, by: principal.id };
      const target = await auditedNumber(context, body.number);
      const trace = await audited(context, principal, "trace.start", target, () => control.startTrace(order));
      return reply.code(201).send({ trace_id: trace.id, until: isoTime(trace.until) });
    },
  );
  zodApp(app).delete(
    "/api/v1/traces/:id",
    {
      config: ADMIN,
      schema: {
        tags: ["admin"],
        summary: "Stop a trace",
        params: idParams,
        response: answers(z.object({ stopped: z.boolean() })),
      },
    },
    async ({ params, principal }) => {
      const stopped = await audited(context, principal, "trace.stop", params.id, () =>
        control.stopTrace(params.id, principal.id),
      );
      if (!stopped) throw new ApiError(404, "trace.unknown", "no such trace", "id");
      return { stopped };
    },
  );
};

/** Does it and writes that it was done, or that it failed. */
async function audited<T>(
  context: ApiContext,
  principal: Principal,
  action: string,
  target: string,
  act: () => Promise<T>,
): Promise<T> {
  const result = await context.trail.attempt(principal, action, target, act);
  context.trail.action(principal, action, target, result === false ? "failed" : "done");
  return result;
}
