import { z } from "zod";
import { CidrTable } from "../core/cidr.js";
import { count, durationMs, port } from "./field.js";

const address = (what: string) =>
  z
    .string()
    .refine((text) => !text.includes("/") && CidrTable.of([[text, true]]).ok, "not an IPv4 or IPv6 address")
    .describe(what);

const relay = z.strictObject({
  addresses: z
    .array(
      z.strictObject({
        address: address("Address to bind"),
        advertised: address(
          "Address written into session descriptions instead, where peers reach us under another",
        ).optional(),
      }),
    )
    .max(2)
    .default([])
    .describe("Where media comes in, at most one IPv4 and one IPv6 address; default: sip.listenAddress"),
  portRange: z
    .strictObject({
      from: port(0, "First port, even"),
      to: port(0, "Last port"),
    })
    .prefault({})
    .describe("Ports for media, two a stream; 0 and 0: the system chooses"),
  quarantineMs: durationMs(
    5_000,
    "A port rests this long before another call gets it, so that none inherits late packets",
  ),
  idleMs: durationMs(60_000, "A call without a packet for so long is dead and ended; 0 = never"),
  engine: z
    .enum(["auto", "native", "node"])
    .default("auto")
    .describe("Sockets: native (built at install where a compiler was there), node, or whichever is there"),
});

const rtpengine = z.strictObject({
  instances: z
    .array(
      z.strictObject({
        host: z.string().min(1).max(255).describe("Address or name"),
        port: z.int().min(1).max(65_535).describe("Port of its listen-ng (UDP)"),
        weight: count(1, "Share of the calls", 1, 1_000),
      }),
    )
    .max(64)
    .default([])
    .describe("The rtpengines"),
  pingMs: durationMs(2_000, "How often each is asked whether it is there", 100),
  timeoutMs: durationMs(220, "Time for one answer; two of them should fit into media.describeTimeoutMs", 20, 10_000),
  idleMs: durationMs(60_000, "A call without a packet for so long is dead and ended; 0 = never"),
  maxPending: count(2_000, "Commands without an answer at a time, for each", 1, 1_000_000),
});

/** Media that passes through us: relay, rtpengine, recording sessions. */
export const mediaSchema = z.strictObject({
  relay: relay.prefault({}).describe("The embedded relay"),
  rtpengine: rtpengine.prefault({}).describe("rtpengine, over its ng protocol"),
  describeTimeoutMs: durationMs(
    500,
    "A session description that is not rewritten in this time passes as it came, and the call is not heard",
    50,
    10_000,
  ),
  consentFile: z
    .string()
    .optional()
    .describe("WAV file that both sides hear once a call that is listened to is answered"),
});

/** Of one trunk. */
export const trunkMediaSchema = z.strictObject({
  anchor: z
    .enum(["none", "relay", "rtpengine"])
    .default("none")
    .describe("Who carries the media of its calls: nobody (it goes from end to end), our relay, or rtpengine"),
  listen: z.boolean().default(false).describe("Listen to its calls; needs an anchor and a speech.engine"),
  learnSource: z
    .boolean()
    .default(false)
    .describe(
      "Take the source of the first packets for the peer's address instead of the signalled one: peers behind NAT",
    ),
  calledSide: z
    .enum(["callee", "agent"])
    .default("callee")
    .describe("Who is called: a person, or an agent of a contact centre, whom callers may try to trick too"),
});
