import { z } from "zod";
import { RULE_NOTES, type CallRecord } from "../../../detection/index.js";
import { seenFinding, type SeenFinding } from "../../core/data-scope.js";
import type { CallRecordStore } from "../../ports/call-records.js";
import { placesOf } from "../access/scope.js";
import { answers, zodApp, type ApiContext, type Routes } from "../api-context.js";
import { ApiError } from "../errors.js";
import { pageOf } from "../page.js";
import { isoTime } from "../schemas/common.js";
import { findingAnswer, findingQuery, recordAnswer, recordQuery } from "../schemas/findings.js";
import { idParams } from "../schemas/records.js";

/** Call records of all sources, and what was found in them. */
export const findingRoutes: Routes = (app, context) => {
  zodApp(app).get(
    "/api/v1/findings",
    {
      config: { permission: "read", scoped: true },
      schema: {
        tags: ["findings"],
        summary: "What the detectors of call records found, newest first, as it stands now",
        querystring: z.strictObject(findingQuery),
        response: answers(z.array(findingAnswer)),
      },
    },
    async ({ query, principal }) => {
      const { limit, since, before, before_id: beforeId, ...filter } = query;
      const page = { ...pageOf({ limit, since, before, before_id: beforeId }), ...placesOf(principal) };
      await context.settle();
      const seen = await context.trail.list(principal, "finding", query, async () => {
        const found = await storeOf(context).findings({ ...page, ...present(filter) });
        return found.flatMap((finding) => seenFinding(finding, principal.scope) ?? []);
      });
      return seen.map(findingView);
    },
  );
  zodApp(app).get(
    "/api/v1/findings/:id",
    {
      config: { permission: "read", scoped: true },
      schema: { tags: ["findings"], summary: "One finding", params: idParams, response: answers(findingAnswer) },
    },
    async ({ params, principal }) => {
      await context.settle();
      const { trail } = context;
      const found = await trail.attempt(principal, "finding.read", params.id, () =>
        storeOf(context).finding(params.id),
      );
      const finding = found === undefined ? undefined : seenFinding(found, principal.scope);
      trail.action(principal, "finding.read", params.id, finding === undefined ? "failed" : "done");
      if (finding === undefined) throw new ApiError(404, "finding.unknown", "no such finding", "id");
      return findingView(finding);
    },
  );
  recordsRoute(app, context);
};

const recordsRoute: Routes = (app, context) => {
  zodApp(app).get(
    "/api/v1/records",
    {
      config: { permission: "read", scoped: true },
      schema: {
        tags: ["records"],
        summary: "Call records of all sources, newest first",
        querystring: z.strictObject(recordQuery),
        response: answers(z.array(recordAnswer)),
      },
    },
    async ({ query, principal }) => {
      const { limit, since, before, before_id: beforeId, ...filter } = query;
      const page = { ...pageOf({ limit, since, before, before_id: beforeId }), ...placesOf(principal) };
      await context.settle();
      const found = await context.trail.list(principal, "record", query, () =>
        storeOf(context).records({ ...page, ...present(filter) }),
      );
      return found.map((record) => recordView(record, principal.scope === undefined));
    },
  );
};

function storeOf({ callRecords }: ApiContext): CallRecordStore {
  if (callRecords === undefined) throw new ApiError(404, "request.not-found", "no call records are kept here");
  return callRecords;
}

type Present<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** Without what was not asked for. */
function present<T extends object>(filter: T): Present<T> {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as Present<T>;
}

function findingView({ finding, isPart }: SeenFinding): z.output<typeof findingAnswer> {
  const {
    id,
    change,
    firstAt,
    at,
    recordCount,
    evidence,
    detail,
    records,
    places: _places,
    isWide: _wide,
    ...rest
  } = finding;
  const { title, explanation, recommended, falsePositives } = RULE_NOTES[finding.rule];
  return {
    finding_id: id,
    ...rest,
    state: change === "closed" ? "closed" : "open",
    first_at: isoTime(firstAt),
    at: isoTime(at),
    evidence: { ...evidence },
    detail: { ...detail },
    records: [...records],
    record_count: recordCount,
    title,
    explanation,
    recommended,
    false_positives: falsePositives,
    ...(isPart ? { part: true } : {}),
  };
}

/**
 * @param showsLinks False: the ids of calls that led to it stay away. They may be another team's, and nothing here tells; the
 *   journey shows those that are not.
 */
function recordView(record: CallRecord, showsLinks: boolean): z.output<typeof recordAnswer> {
  const {
    callId,
    numberClass,
    startedAt,
    answeredAt,
    endedAt,
    durationMs,
    ringMs,
    forwarded,
    links,
    reportedAt,
    ...rest
  } = record;
  return {
    ...rest,
    call_id: callId,
    number_class: numberClass,
    started_at: isoTime(startedAt),
    answered_at: isoOrNothing(answeredAt),
    ended_at: isoTime(endedAt),
    duration_ms: durationMs,
    ring_ms: ringMs,
    forward_kind: forwarded?.kind,
    forwarded_by: forwarded?.by,
    ...(showsLinks ? links : undefined),
    reported_at: isoOrNothing(reportedAt),
  };
}

const isoOrNothing = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : isoTime(ms));
