import { z } from "zod";
import { count } from "../field.js";

/** How calls of one Asterisk are heard over ARI; keys of `asterisk.servers[]`. */
export const hearingShape = {
  listen: z
    .enum(["none", "asked", "trunk", "all"])
    .default("asked")
    .describe(
      "Which answered calls are listened to, where there is a speech.engine: none; those that the dialplan asks for (ringfence-listen); " +
        "also those of a trunk with media.listen; all",
    ),
  listenFormat: z
    .enum(["ulaw", "slin16"])
    .default("ulaw")
    .describe(
      "How Asterisk sends us what is said: ulaw (8 kHz), or slin16 (16 kHz, four times the bytes) for wide-band calls",
    ),
  media: z
    .enum(["rtp", "websocket", "audiosocket"])
    .default("rtp")
    .describe(
      "How sound goes between that Asterisk and us, for hearing, warnings and screening: rtp (UDP, to media.relay and back); " +
        "websocket (we connect to the HTTP server that ARI is on); audiosocket (Asterisk connects to asterisk.audioSocket)",
    ),
  mediaAddress: z
    .string()
    .regex(/^(?:\[[0-9A-Fa-f:.]{2,45}\]|[\w.-]{1,253}):\d{1,5}$/)
    .optional()
    .describe(
      "With `media: audiosocket`: HOST:PORT where that Asterisk reaches our AudioSocket server; default: where it listens",
    ),
  listenMax: count(200, "Calls listened to at a time; six channels and bridges of Asterisk each", 1, 10_000),
};
