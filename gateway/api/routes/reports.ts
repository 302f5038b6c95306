import type { FastifyReply } from "fastify";
import { z } from "zod";
import { REPORT_NAMES } from "../../../detection/index.js";
import { REPORT_FORMAT_NAMES, type MadeReport } from "../../ports/report-office.js";
import { placesOf } from "../access/scope.js";
import { answers, zodApp, type Routes } from "../api-context.js";
import { ApiError } from "../errors.js";
import { idParams } from "../schemas/records.js";

const day = z.string().regex(/^\d{4}-\d\d-\d\d$/, "not a day as 2026-03-01");
const REPORT_CSP =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** `GET /api/v1/reports/:name` and `/api/v1/journeys/:id`: made from the store at once. */
export const reportRoutes: Routes = (app, context) => {
  periodRoute(app, context);
  journeyRoute(app, context);
};

/** It shows who did what, so it asks for what the audit log asks for. */
const periodRoute: Routes = (app, { reports, settle, trail, options }) => {
  zodApp(app).get(
    "/api/v1/reports/:name",
    {
      config: { permission: "audit.read", scoped: true },
      handlerTimeout: options.limits.analysisTimeoutMs,
      schema: {
        tags: ["records"],
        summary: "A report of a period as HTML, CSV or PDF",
        params: z.strictObject({ name: z.enum(REPORT_NAMES).exclude(["journey"]) }),
        querystring: z.strictObject({
          from: day.describe("First day, by `reports.timeZone`"),
          to: day.describe("Last day, all of it"),
          format: z.enum(REPORT_FORMAT_NAMES).default("html"),
        }),
        response: answers(z.string()),
      },
    },
    async ({ params: { name }, query: { from, to, format }, principal }, reply) => {
      if (reports === undefined) throw new ApiError(503, "reports.off", "reports are not made here");
      const range = reports.daysOf(from, to);
      if (range === undefined) throw new ApiError(400, "request.invalid", "from and to are no period");
      await settle();
      const made = await trail.attempt(principal, "report.make", name, () =>
        reports.make({ name, range, format, ...placesOf(principal) }),
      );
      trail.action(principal, "report.make", name, "done", { from, to, format });
      return show(reply, made, `${name}-${from}.${format}`);
    },
  );
};

const journeyRoute: Routes = (app, { reports, settle, trail, options }) => {
  zodApp(app).get(
    "/api/v1/journeys/:id",
    {
      config: { permission: "read", scoped: true },
      handlerTimeout: options.limits.analysisTimeoutMs,
      schema: {
        tags: ["records"],
        summary: "All legs of one conversation by the id of any of them, as its call records link them",
        params: idParams,
        querystring: z.strictObject({ format: z.enum(REPORT_FORMAT_NAMES).default("html") }),
        response: answers(z.string()),
      },
    },
    async ({ params: { id }, query: { format }, principal }, reply) => {
      if (reports === undefined) throw new ApiError(503, "reports.off", "reports are not made here");
      await settle();
      const made = await trail.attempt(principal, "report.journey", id, () =>
        reports.journey(id, { format, ...placesOf(principal) }),
      );
      trail.action(principal, "report.journey", id, made === undefined ? "failed" : "done", { format });
      if (made === undefined) throw new ApiError(404, "record.unknown", "no call record has that id", "id");
      return show(reply, made, `journey.${format}`);
    },
  );
};

const show = (reply: FastifyReply, { type, content }: MadeReport, fileName: string): FastifyReply =>
  reply
    .type(type)
    .header("content-security-policy", REPORT_CSP)
    .header("content-disposition", `inline; filename="${fileName}"`)
    .send(Buffer.from(content));
