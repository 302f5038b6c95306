import { z } from "zod";
import { count, durationMs } from "./field.js";

const ruleMode = z.enum(["off", "shadow", "enforce"]);

export const detectionSchema = z.strictObject({
  shadow: z.boolean().default(false).describe("Every rule only reports, whatever its own mode; `serve --shadow` sets it"),
  masking: z
    .strictObject({
      mode: ruleMode.default("enforce").describe("off, shadow (report only) or enforce"),
      windowMs: durationMs(5_000, "Sliding window", 100),
      threshold: count(5, "Distinct callers of one number within the window that make an incident", 2),
    })
    .prefault({})
    .describe("Many callers, one called number, seconds apart"),
});
