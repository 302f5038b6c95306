import type { DisconnectResult } from "../../ports/gateway-control.js";
import type { Principal } from "../access/permissions.js";
import { answers, zodApp, type ApiContext, type Routes } from "../api-context.js";
import { ApiError } from "../errors.js";
import { endCallsBody } from "../schemas/records.js";
import { disconnectAnswer, disconnectBody } from "../schemas/switch-contract.js";
import { disconnectView } from "../views.js";

interface Order {
  readonly callIds: readonly string[];
  readonly reason: string;
  readonly alertId?: string;
}

/** Ending calls: the carrier side of the switch contract, and ours for analysts. Both tell the outcome of each call. */
export const disconnectRoutes: Routes = (app, context) => {
  const { endCallsTimeoutMs } = context.options.limits;
  zodApp(app).post(
    "/api/v1/fraud/disconnect",
    {
      config: { permission: "calls.disconnect" },
      handlerTimeout: endCallsTimeoutMs,
      schema: {
        tags: ["switch"],
        summary: "End calls by Call-ID",
        body: disconnectBody,
        response: answers(disconnectAnswer),
      },
    },
    async (request) => {
      const { call_ids: callIds, alert_id: alertId, reason } = request.body;
      const order = {
        callIds,
        reason: reason ?? "fraud_detected",
        ...(typeof alertId === "string" ? { alertId } : {}),
      };
      return disconnectView(await endCalls(context, request.principal, "calls.disconnect", order));
    },
  );
  zodApp(app).post(
    "/api/v1/calls/end",
    {
      config: { permission: "act" },
      handlerTimeout: endCallsTimeoutMs,
      schema: { tags: ["calls"], summary: "End live calls", body: endCallsBody, response: answers(disconnectAnswer) },
    },
    async (request) => {
      const { call_ids: callIds, reason } = request.body;
      return disconnectView(await endCalls(context, request.principal, "calls.end", { callIds, reason }));
    },
  );
};

/** @returns One result per Call-ID given, in order; a Call-ID given twice is ended once. */
async function endCalls(
  context: ApiContext,
  principal: Principal,
  action: string,
  { callIds, reason, alertId }: Order,
): Promise<readonly DisconnectResult[]> {
  const distinct = [...new Set(callIds)];
  const results = await context.trail.attempt(principal, action, distinct.join(" "), () =>
    context.control.endCalls(distinct, reason, principal.id, alertId),
  );
  const byCall = new Map(results.map((result) => [result.callId, result]));
  const ended = results.filter((result) => result.success).length;
  context.trail.action(principal, action, distinct.join(" "), ended === distinct.length ? "done" : "failed", {
    calls: distinct.length,
    ended,
    reason,
    ...(alertId === undefined ? {} : { alertId }),
  });
  return callIds.map((callId) => {
    const result = byCall.get(callId);
    if (result === undefined) throw new ApiError(500, "internal", "an outcome is missing");
    return result;
  });
}
