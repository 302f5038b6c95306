import { z } from "zod";
import type { LegalHold, LegalHoldStore } from "../../ports/legal-holds.js";
import { answers, zodApp, type ApiContext, type Routes } from "../api-context.js";
import { ApiError } from "../errors.js";
import { pageOf } from "../page.js";
import { isoTime, pageQuery, text } from "../schemas/common.js";
import { subjectParams } from "../schemas/transcripts.js";

const holdBody = z.strictObject({
  reason: text(512).min(1).describe("The case or order; shown to whoever wants to delete"),
});
const holdQuery = {
  ...pageQuery,
  limit: z.coerce.number().int().min(1).max(1_000).default(1_000).describe("Most rows"),
  before_id: pageQuery.before_id.describe("With `before`: the last number of the page before, so that none is skipped"),
};
const holdAnswer = z.object({ number: z.string(), placed_by: z.string(), placed_at: z.string(), reason: z.string() });

/** Legal holds: while one is on a number, nothing about it is deleted. */
export const subjectRoutes: Routes = (app, context) => {
  zodApp(app).get(
    "/api/v1/holds",
    {
      config: { permission: "administer" },
      schema: {
        tags: ["subjects"],
        summary: "Legal holds, newest first",
        querystring: z.strictObject(holdQuery),
        response: answers(z.array(holdAnswer)),
      },
    },
    async ({ query }) => (await holdsOf(context).holds(pageOf(query))).map(holdView),
  );
  zodApp(app).put(
    "/api/v1/subjects/:number/hold",
    {
      config: { permission: "administer" },
      schema: {
        tags: ["subjects"],
        summary: "Keep what there is about a number until the hold is lifted; one that is there stays as it is",
        params: subjectParams,
        body: holdBody,
        response: answers(holdAnswer),
      },
    },
    async ({ params, body, principal }) => {
      const { trail, clock, control } = context;
      const number = await control.canonical(params.number);
      const asked = { number, placedBy: principal.id, placedAt: clock.unix(), reason: body.reason };
      const name = nameOf(context, number);
      const hold = await trail.attempt(principal, "hold.place", name, () => holdsOf(context).place(asked));
      trail.action(principal, "hold.place", name, "done", { reason: body.reason, placedBy: hold.placedBy });
      return holdView(hold);
    },
  );
  zodApp(app).delete(
    "/api/v1/subjects/:number/hold",
    {
      config: { permission: "administer" },
      schema: {
        tags: ["subjects"],
        summary: "Lift a hold: what is too old is deleted at the next pruning",
        params: subjectParams,
        response: answers(z.object({ lifted: z.boolean() })),
      },
    },
    async ({ params, principal }) => {
      const { trail, control } = context;
      const number = await control.canonical(params.number);
      const name = nameOf(context, number);
      const lifted = await trail.attempt(principal, "hold.lift", name, () => holdsOf(context).lift(number));
      trail.action(principal, "hold.lift", name, lifted ? "done" : "failed");
      if (!lifted) throw new ApiError(404, "hold.unknown", "there is no hold on that number", "number");
      return { lifted };
    },
  );
};

function holdsOf({ holds }: ApiContext): LegalHoldStore {
  if (holds === undefined) throw new ApiError(404, "request.not-found", "no holds are kept here");
  return holds;
}

/** What stands for a number in the audit log, where it can never be deleted. */
export const nameOf = ({ subjects }: ApiContext, number: string): string => subjects?.nameOf(number) ?? number;

/** @throws ApiError 409, with who placed the hold, when, and why. */
export async function refuseHeld({ holds }: ApiContext, number: string): Promise<void> {
  const hold = await holds?.hold(number);
  if (hold === undefined) return;
  const { placedBy, placedAt, reason } = hold;
  const why = `a legal hold keeps it, placed by ${placedBy} at ${isoTime(placedAt)}: ${reason}`;
  throw new ApiError(409, "subject.held", why, "number");
}

const holdView = ({ number, placedBy, placedAt, reason }: LegalHold): z.output<typeof holdAnswer> => ({
  ...{ number, placed_by: placedBy, placed_at: isoTime(placedAt), reason },
});
