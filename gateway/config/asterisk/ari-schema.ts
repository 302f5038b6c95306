import { z } from "zod";
import { durationMs, secret } from "../field.js";
import { hearingShape } from "./hearing-schema.js";

/** One Asterisk that is reached over ARI. */
export const ariServerSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[\w.-]{1,64}$/)
    .describe("Its name: in metrics, call ids and alerts"),
  ariUrl: z.url().describe("Base URL of its HTTP server, for example http://127.0.0.1:8088/ari"),
  username: z.string().min(1).max(256).describe("User of ari.conf"),
  password: secret().min(1).max(256).describe("Its password"),
  app: z
    .string()
    .regex(/^[\w.-]{1,64}$/)
    .default("ringfence")
    .describe("Name of the Stasis application"),
  trunk: z
    .string()
    .optional()
    .describe("Trunk whose number plan reads its numbers; default: the one of that id, else `default`"),
  observe: z
    .boolean()
    .default(true)
    .describe("Report its calls to detection, and end those that are found fraudulent (see `enforce`)"),
  enforce: z
    .boolean()
    .default(true)
    .describe(
      "End calls there: those that detection refuses, those of an attack, those that people order. false: none, the teardown says `not-carried`",
    ),
  ...hearingShape,
  requestTimeoutMs: durationMs(3_000, "Time-out of one ARI request", 100, 60_000),
});

export type AriServerConfig = z.output<typeof ariServerSchema>;
