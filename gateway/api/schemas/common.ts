import { z } from "zod";

/** Times go out as ISO 8601 in UTC with milliseconds. A time that a clock cannot have shown goes out as the epoch. */
export const isoTime = (ms: number): string =>
  new Date(Number.isFinite(ms) && Math.abs(ms) <= 8.64e15 ? ms : 0).toISOString();

export const severity = z.enum(["low", "medium", "high", "critical"]);
export const verdict = z.enum(["allow", "refuse"]);
export const time = z.string().describe("ISO 8601, UTC");

/** Text that a person or a switch wrote and that becomes data elsewhere: bounded, no NUL. */
export const text = (max: number): z.ZodString =>
  z
    .string()
    .max(max)
    .refine((value) => !value.includes("\0"), "holds a NUL character");

/** A point in time in a query: ISO 8601, or milliseconds since the epoch. */
const queryTime = z
  .string()
  .max(40)
  .transform((raw, context) => {
    const ms = /^\d{1,16}$/.test(raw) ? Number(raw) : Date.parse(raw);
    if (Number.isFinite(ms)) return ms;
    context.addIssue({ code: "custom", message: "neither ISO 8601 nor milliseconds since 1970" });
    return z.NEVER;
  });

export const rangeQuery = {
  since: queryTime.optional().describe("From this time on"),
  before: queryTime.optional().describe("Before this time"),
};
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(1_000).default(100).describe("Most rows"),
  ...rangeQuery,
  before_id: z
    .string()
    .max(256)
    .optional()
    .describe("With `before`: the last id of the page before, so that rows of the same millisecond are not skipped"),
};

export const errorBody = z.object({
  error: z.object({
    code: z.string().describe("Stable, for programs"),
    message: z.string().describe("For people"),
    path: z.string().optional().describe("The field that is wrong"),
  }),
});
export const errorResponses = { "4xx": errorBody, "5xx": errorBody };
