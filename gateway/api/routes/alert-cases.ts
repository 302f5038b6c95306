import { z } from "zod";
import { CASE_STATES, noticeOf, unixMs, type AlertCase, type AlertGuard } from "../../../detection/index.js";
import { seesCase } from "../../core/data-scope.js";
import { GatewayError } from "../../core/errors.js";
import type { AlertOffice } from "../../ports/alert-office.js";
import { MAX_GUARDS, type OutboxDelivery } from "../../ports/alert-store.js";
import type { Principal } from "../access/permissions.js";
import { placesOf } from "../access/scope.js";
import { answers, zodApp, type ApiContext, type Routes } from "../api-context.js";
import { ApiError } from "../errors.js";
import {
  caseAnswer,
  commentAnswer,
  commentBody,
  deliveryAnswer,
  falsePositiveBody,
  guardAnswer,
  oneCaseAnswer,
  replayBody,
  type CaseAnswer,
  type DeliveryAnswer,
} from "../schemas/alert-cases.js";
import { isoTime, pageQuery, text } from "../schemas/common.js";
import { idParams } from "../schemas/records.js";

/** Deliveries that one case shows. */
const SHOWN_DELIVERIES = 200;

/** Alerts as people work on them: cases, acknowledgement, comments, false positives; and what became of their deliveries. */
export const alertCaseRoutes: Routes = (app, context) => {
  const { alerts } = context;
  if (alerts === undefined) return;
  caseRoutes(app, context, alerts);
  workRoutes(app, context, alerts);
  closeRoute(app, context, alerts);
  falsePositiveRoute(app, context, alerts);
  guardRoutes(app, context, alerts);
  deliveryRoutes(app, context, alerts);
  testRoute(app, context, alerts);
};

type OfficeRoutes = (app: Parameters<Routes>[0], context: ApiContext, alerts: AlertOffice) => void;

const caseRoutes: OfficeRoutes = (app, context, { store }) => {
  zodApp(app).get(
    "/api/v1/alerts/cases",
    {
      config: { permission: "read", scoped: true },
      schema: {
        tags: ["alerts"],
        summary: "Alerts by incident, the newest first",
        querystring: z.strictObject({ limit: pageQuery.limit, state: z.enum(CASE_STATES).optional() }),
        response: answers(z.array(caseAnswer)),
      },
    },
    async ({ query: { limit, state }, principal }) => {
      await context.settle();
      return (await store.cases({ limit, ...placesOf(principal), ...(state === undefined ? {} : { state }) })).map(
        caseView,
      );
    },
  );
  zodApp(app).get(
    "/api/v1/alerts/cases/:id",
    {
      config: { permission: "read", scoped: true },
      schema: {
        tags: ["alerts"],
        summary: "One case, by its id or by that of one of its alerts",
        params: idParams,
        response: answers(oneCaseAnswer),
      },
    },
    async ({ params, principal: { scope } }) => {
      const found = await store.case(params.id);
      const of = known(found !== undefined && seesCase(found, scope) ? found : undefined);
      const comments = await store.comments(of.id);
      // Where alerts go, and what the other end answered, is of the house.
      const deliveries = scope === undefined ? await store.deliveries({ limit: SHOWN_DELIVERIES, caseId: of.id }) : [];
      return {
        ...caseView(of),
        comments: comments.map(({ id, at, author, text: said }) => ({ id, at: isoTime(at), author, text: said })),
        deliveries: deliveries.map(deliveryView),
      };
    },
  );
};

const workRoutes: OfficeRoutes = (app, context, alerts) => {
  const { trail, clock, random } = context;
  zodApp(app).post(
    "/api/v1/alerts/cases/:id/ack",
    {
      config: { permission: "act" },
      schema: {
        tags: ["alerts"],
        summary: "Somebody looks after it: it is not escalated any more. Of one that is over: 409, nothing is changed",
        params: idParams,
        response: answers(caseAnswer),
      },
    },
    async ({ params, principal }) => {
      const act = (): Promise<AlertCase | undefined> => alerts.acknowledge(params.id, principal.id);
      return caseView(await worked(context, principal, "alert.ack", params.id, act));
    },
  );
  zodApp(app).post(
    "/api/v1/alerts/cases/:id/comments",
    {
      config: { permission: "act" },
      schema: {
        tags: ["alerts"],
        summary: "Say something about it",
        params: idParams,
        body: commentBody,
        response: answers(commentAnswer, { 201: commentAnswer }),
      },
    },
    async ({ params, body, principal }, reply) => {
      const of = known(await alerts.store.case(params.id));
      const comment = { id: `comment-${random.token(8)}`, caseId: of.id, at: clock.unix(), author: principal.id };
      await alerts.store.comment({ ...comment, text: body.text });
      trail.action(principal, "alert.comment", of.id, "done", { comment: comment.id });
      const { id, at, author } = comment;
      return reply.code(201).send({ id, at: isoTime(at), author, text: body.text });
    },
  );
};

const closeRoute: OfficeRoutes = (app, context, alerts) => {
  zodApp(app).post(
    "/api/v1/alerts/cases/:id/close",
    {
      config: { permission: "act" },
      schema: {
        tags: ["alerts"],
        summary: "It is over, and was real: closed, until it goes on. Of a false positive: 409, nothing is changed",
        params: idParams,
        response: answers(caseAnswer),
      },
    },
    async ({ params, principal }) => {
      const act = (): Promise<AlertCase | undefined> => alerts.closeCase(params.id, principal.id);
      return caseView(await worked(context, principal, "alert.close", params.id, act));
    },
  );
};

/** In which state a case is when what was asked for is done, now or before. */
const DONE = { "alert.ack": "acknowledged", "alert.close": "closed" } as const;

/** @throws ApiError 404, and 409 where the case is over in another way: nothing was changed then, and who asked has to know. */
async function worked(
  { trail }: ApiContext,
  principal: Principal,
  action: keyof typeof DONE,
  id: string,
  act: () => Promise<AlertCase | undefined>,
): Promise<AlertCase> {
  const of = await trail.attempt(principal, action, id, act);
  if (of === undefined || of.state === DONE[action]) {
    trail.action(principal, action, id, of === undefined ? "failed" : "done");
    return known(of);
  }
  const isFalse = of.state === "false-positive";
  const code = isFalse ? "case.false-positive" : "case.closed";
  trail.action(principal, action, id, "refused", { code });
  const since = of.closedAt === undefined ? "" : ` since ${isoTime(of.closedAt)}`;
  const why = of.closedWhy === undefined ? "" : ` (${of.closedWhy})`;
  const state = isFalse ? `is marked as a false positive${since}` : `is closed${since}${why}`;
  throw new ApiError(409, code, `${of.id} ${state}: nothing was changed`);
}

const falsePositiveRoute: OfficeRoutes = (app, context, alerts) => {
  const { trail, control, clock, random } = context;
  zodApp(app).post(
    "/api/v1/alerts/cases/:id/false-positive",
    {
      config: { permission: "act" },
      schema: {
        tags: ["alerts"],
        summary: "This was no fraud: its open incidents are undone, and numbers may be guarded from now on",
        params: idParams,
        body: falsePositiveBody,
        response: answers(caseAnswer),
      },
    },
    async ({ params, body, principal }) => {
      const now = clock.unix();
      const guard = (side: AlertGuard["side"], number: string): AlertGuard => ({
        id: `guard-${random.token(8)}`,
        side,
        number,
        caseId: "",
        createdAt: now,
        ...(body.ttl_ms === undefined ? {} : { expiresAt: unixMs(now + body.ttl_ms) }),
        createdBy: principal.id,
        reason: body.reason,
      });
      const canonical = async (number: string): Promise<string> =>
        number.endsWith("*") ? number : control.canonical(number);
      const guards = [
        ...(body.guard_called === undefined ? [] : [guard("called", await canonical(body.guard_called))]),
        ...(body.guard_caller === undefined ? [] : [guard("caller", await canonical(body.guard_caller))]),
      ];
      const of = await trail.attempt(principal, "alert.false-positive", params.id, async () => {
        const marked = await alerts.markFalse(params.id, principal.id, guards);
        if (marked === "full") throw new ApiError(409, "guard.full", NO_ROOM, "guard_called");
        return marked;
      });
      trail.action(principal, "alert.false-positive", params.id, of === undefined ? "failed" : "done", {
        reason: body.reason,
        guards: guards.map(({ id }) => id).join(" "),
      });
      const marked = known(of);
      for (const id of marked.incidentIds) await undo(context, id, principal.id);
      return caseView(marked);
    },
  );
};

const NO_ROOM = `${MAX_GUARDS} numbers are guarded already: lift some, or put those that stay into detection.guard`;

const guardRoutes: OfficeRoutes = (app, { trail, clock }, alerts) => {
  zodApp(app).get(
    "/api/v1/alerts/guards",
    {
      config: { permission: "read" },
      schema: {
        tags: ["alerts"],
        summary: "Numbers that were marked as honest",
        response: answers(z.array(guardAnswer)),
      },
    },
    async () => (await alerts.store.guards(clock.unix())).map(guardView),
  );
  zodApp(app).delete(
    "/api/v1/alerts/guards/:id",
    {
      config: { permission: "act" },
      schema: {
        tags: ["alerts"],
        summary: "Lift a guard",
        params: idParams,
        response: answers(z.object({ removed: z.boolean() })),
      },
    },
    async ({ params, principal }) => {
      const removed = await alerts.removeGuard(params.id);
      trail.action(principal, "alert.guard-remove", params.id, removed ? "done" : "failed");
      if (!removed) throw new ApiError(404, "guard.unknown", "no such guard", "id");
      return { removed };
    },
  );
};

/** An incident that is over, or forgotten, cannot be undone: the mark stands all the same. */
async function undo({ control, log }: ApiContext, incidentId: string, by: string): Promise<void> {
  await control.undoIncident(incidentId, by).catch((error: unknown) => {
    log.warn("alerts.undo-failed", {
      incident: incidentId,
      reason: error instanceof GatewayError ? error.code : "unknown",
    });
  });
}

const deliveryRoutes: OfficeRoutes = (app, context, alerts) => {
  const { trail, clock } = context;
  zodApp(app).get(
    "/api/v1/alerts/deliveries",
    {
      config: { permission: "read" },
      schema: {
        tags: ["alerts"],
        summary: "What became of notices, the newest first. state=dead: dead letters",
        querystring: z.strictObject({
          limit: pageQuery.limit,
          state: z.enum(["waiting", "sent", "dead"]).optional(),
          route: text(64).min(1).optional(),
        }),
        response: answers(z.array(deliveryAnswer)),
      },
    },
    async ({ query: { limit, state, route } }) =>
      (
        await alerts.store.deliveries({
          limit,
          ...(state === undefined ? {} : { state }),
          ...(route === undefined ? {} : { route }),
        })
      ).map(deliveryView),
  );
  zodApp(app).post(
    "/api/v1/alerts/deliveries/replay",
    {
      config: { permission: "act" },
      schema: {
        tags: ["alerts"],
        summary: "Dead letters are tried again",
        body: replayBody,
        response: answers(z.object({ replayed: z.int() })),
      },
    },
    async ({ body: { ids, route }, principal }) => {
      const which = { ...(ids === undefined ? {} : { ids }), ...(route === undefined ? {} : { route }) };
      const replayed = await alerts.store.replay(which, clock.unix());
      trail.action(principal, "alert.replay", route ?? `${ids?.length ?? 0} deliveries`, "done", { replayed });
      alerts.wake();
      return { replayed };
    },
  );
};

const testRoute: OfficeRoutes = (app, { trail }, alerts) => {
  zodApp(app).post(
    "/api/v1/alerts/routes/:id/test",
    {
      config: { permission: "act" },
      schema: {
        tags: ["alerts"],
        summary: "Send a test by this route now, and say what came of it",
        params: idParams,
        response: answers(z.object({ route: z.string(), outcome: z.string(), why: z.string().optional() })),
      },
    },
    async ({ params, principal }) => {
      const reply = await alerts.test(params.id);
      trail.action(principal, "alert.test", params.id, reply?.kind === "sent" ? "done" : "failed");
      if (reply === undefined) throw new ApiError(404, "route.unknown", "no such route in alerts.routes", "id");
      return { route: params.id, outcome: reply.kind, ...(reply.kind === "sent" ? {} : { why: reply.why }) };
    },
  );
};

function known(of: AlertCase | undefined): AlertCase {
  if (of === undefined) throw new ApiError(404, "alert.unknown", "no such case or alert", "id");
  return of;
}

function caseView(of: AlertCase): CaseAnswer {
  const { message, explanation, recommended } = noticeOf(of, "updated", of.updatedAt);
  return {
    case_id: of.id,
    state: of.state,
    severity: of.severity,
    rule: of.rule,
    b_number: of.called,
    opened_at: isoTime(of.openedAt),
    updated_at: isoTime(of.updatedAt),
    ...(of.closedAt === undefined ? {} : { closed_at: isoTime(of.closedAt) }),
    ...(of.closedWhy === undefined ? {} : { closed_why: of.closedWhy }),
    ...(of.closedBy === undefined ? {} : { closed_by: of.closedBy }),
    incident_ids: [...of.incidentIds],
    trunks: [...of.trunks],
    ...(of.team === undefined ? {} : { team: of.team }),
    alert_count: of.alertCount,
    call_count: of.latest.callCount,
    a_number_count: of.latest.callerCount,
    ...(of.acknowledgedBy === undefined ? {} : { acknowledged_by: of.acknowledgedBy }),
    ...(of.acknowledgedAt === undefined ? {} : { acknowledged_at: isoTime(of.acknowledgedAt) }),
    ...(of.suppressedBy === undefined ? {} : { suppressed_by: of.suppressedBy }),
    escalations: of.escalated.length,
    message,
    explanation,
    recommended,
  };
}

const deliveryView = (delivery: OutboxDelivery): DeliveryAnswer => ({
  delivery_id: delivery.id,
  case_id: delivery.caseId,
  route: delivery.route,
  event: delivery.notice.event,
  state: delivery.state,
  attempts: delivery.attempts,
  created_at: isoTime(delivery.createdAt),
  ...(delivery.state === "waiting" ? { next_at: isoTime(delivery.nextAt) } : {}),
  ...(delivery.sentAt === undefined ? {} : { sent_at: isoTime(delivery.sentAt) }),
  ...(delivery.lastError === undefined ? {} : { last_error: delivery.lastError }),
});

const guardView = (guard: AlertGuard): z.output<typeof guardAnswer> => ({
  guard_id: guard.id,
  side: guard.side,
  number: guard.number,
  case_id: guard.caseId,
  created_at: isoTime(guard.createdAt),
  ...(guard.expiresAt === undefined ? {} : { expires_at: isoTime(guard.expiresAt) }),
  created_by: guard.createdBy,
  reason: guard.reason,
});
