import { z } from "zod";
import { cidr, count, durationMs } from "./field.js";

/** Mirrors `RecordingOptions`, `RecordingDeskOptions` and `RecordingBookOptions` of call/recording; what is missing there is not set by operators. */
export const recordingSchema = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe(
      "Take INVITEs that ask to record (SIPREC, RFC 7866) as recording server; off: they are calls like any other",
    ),
  sources: z
    .array(cidr())
    .max(1_024)
    .default(["127.0.0.0/8", "::1/128"])
    .describe("Addresses that recording sessions are taken from, as they bypass the hop; others get 403"),
  users: z
    .array(z.string().min(1).max(64))
    .max(64)
    .default([])
    .describe("Users of Request-URIs whose INVITEs are recording sessions whatever they look like"),
  calledSide: z
    .enum(["callee", "agent"])
    .default("callee")
    .describe(
      "Who sits at the called side of recorded calls; the near end of a Cisco phone's fork is always an agent's",
    ),
  report: z
    .boolean()
    .default(true)
    .describe(
      "Tell detection of recorded calls whose two sides are named, so that attacks on observed systems are found",
    ),
  trunk: z
    .string()
    .regex(/^[\w.-]{1,64}$/)
    .optional()
    .describe("Trunk whose number plan recorded calls follow; default: the one of the client's address"),
  learnSource: z
    .boolean()
    .default(false)
    .describe(
      "Take the source of a line's first packet for its sender even where an address was signalled: clients behind NAT",
    ),
  maxSessions: count(1_000, "Recording sessions at a time; further ones get 503", 1, 100_000),
  maxLines: count(16, "Lines of one recording session that are heard; further ones are answered with port 0", 1, 64),
  maxBodyBytes: count(1_048_576, "Largest body of a recording session's request; larger ones get 413", 1_000),
  idleMs: durationMs(60_000, "A line without a packet for so long makes us ask whether its client is there; 0 = never"),
  keepAliveMs: durationMs(
    300_000,
    "Interval of OPTIONS to recording clients; two without an answer end the session; 0 = none",
  ),
});
