import type { Principal } from "../access/permissions.js";
import { mayLookAt } from "../access/scope.js";
import type { HeardView } from "../../ports/gateway-control.js";
import { answers, zodApp, type Routes } from "../api-context.js";
import { ApiError } from "../errors.js";
import { heardAnswer, releaseAnswer, type HeardAnswer } from "../schemas/heard.js";
import { idParams } from "../schemas/records.js";

/** What is heard of a live call, and a person's word that it is honest. Reading is written into the audit log too. */
export const heardRoutes: Routes = (app, { control, trail }) => {
  zodApp(app).get(
    "/api/v1/calls/:id/heard",
    {
      config: { permission: "calls.hear", scoped: true },
      schema: {
        tags: ["calls"],
        summary: "Text and verdict of a call that is listened to, as they stand now",
        params: idParams,
        response: answers(heardAnswer),
      },
    },
    async ({ params, principal }) => {
      const view = await trail.attempt(principal, "call.hear", params.id, async () =>
        ownView(principal, await control.heard(params.id)),
      );
      trail.action(principal, "call.hear", params.id, view === undefined ? "failed" : "done");
      if (view === undefined) throw new ApiError(404, "call.unheard", "nobody listens to that call", "id");
      return heardView(view);
    },
  );
  zodApp(app).post(
    "/api/v1/calls/:id/release",
    {
      config: { permission: "act" },
      schema: {
        tags: ["calls"],
        summary: "This call is honest: lift its hold and do nothing more to it",
        params: idParams,
        response: answers(releaseAnswer),
      },
    },
    async ({ params, principal }) => {
      const released = await trail.attempt(principal, "call.release", params.id, () =>
        control.releaseCall(params.id, principal.id),
      );
      trail.action(principal, "call.release", params.id, released ? "done" : "failed");
      if (!released) throw new ApiError(404, "call.unheard", "nobody listens to that call", "id");
      return { call_id: params.id, released };
    },
  );
};

/**
 * A call of another team is, to a team, a call that nobody listens to. The trunk is that of the call that is heard: a Call-ID is
 * its caller's to choose, so a call of the team's own may bear the same.
 */
const ownView = (principal: Principal, view: HeardView | undefined): HeardView | undefined =>
  view !== undefined && mayLookAt(principal, view.trunk) ? view : undefined;

function heardView({ callId, threat, verdict, shed, lines }: HeardView): HeardAnswer {
  return {
    call_id: callId,
    state: threat?.state ?? "clear",
    score: threat?.score ?? 0,
    kind: verdict?.kind ?? "none",
    stage: verdict?.stage ?? "none",
    evidence: (verdict?.evidence ?? []).map(({ turn, text, cue, weight }) => ({ turn, text, cue, weight })),
    shed,
    lines: lines.map(({ speaker, text, startMs, endMs, final, confidence, language }) => ({
      speaker,
      text,
      start_ms: startMs,
      end_ms: endMs,
      final,
      ...(confidence === undefined ? {} : { confidence }),
      ...(language === undefined ? {} : { language }),
    })),
  };
}
