import { z } from "zod";
import { DEFAULT_VERDICT_CHOICES as D } from "../../../detection/index.js";
import { cidr, count, durationMs, port } from "../field.js";

/** FastAGI server. `agi://HOST:4573/check` in the dialplan. */
export const agiSchema = z.strictObject({
  enabled: z.boolean().default(false).describe("Answer AGI requests"),
  listenAddress: z.string().default("127.0.0.1").describe("Address of the FastAGI server"),
  listenPort: port(4573, "TCP port of the FastAGI server"),
  allowFrom: z
    .array(cidr())
    .max(256)
    .default(["127.0.0.0/8", "::1/128"])
    .describe("Who may ask; others are hung up on at once"),
  budgetMs: durationMs(500, "A request that is not answered by then is let through", 10, 60_000),
  maxConnections: count(1_024, "Requests at a time; further ones are let through unasked", 1, 65_536),
  maxConnectionsPerSource: count(512, "Of one source address", 1, 65_536),
});

const measure = z.enum(["allow", "warn", "screen"]);

/** What is answered beside allow and block. In shadow mode nothing is stronger than `warn`. */
export const verdictSchema = z.strictObject({
  unknownCallers: measure
    .default(D.unknownCallers)
    .describe(
      "Callers who are not known from a call before: one that was answered and talked in, or screened and let through",
    ),
  anonymous: measure.default(D.anonymous).describe("Callers who withhold their number"),
  suspected: z
    .enum(["warn", "screen"])
    .default(D.suspected)
    .describe("Part of an attack or heard to be a fraud before, but not refused"),
  badIdentity: measure.default(D.badIdentity).describe("Calls whose STIR/SHAKEN signature does not hold"),
  unsigned: measure.default(D.unsigned).describe("Calls without a signature, where the dialplan says so"),
  rememberedCallers: count(
    100_000,
    "Callers that are remembered as known, for unknownCallers; forgotten at a restart",
    0,
    10_000_000,
  ),
});
