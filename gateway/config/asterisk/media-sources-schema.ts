import { z } from "zod";
import { cidr, count, durationMs, port, secret } from "../field.js";

const LOOPBACK = ["127.0.0.0/8", "::1/128"];

const server = (what: string, listenPort: number) => ({
  listenAddress: z.string().default("127.0.0.1").describe(`Address of the ${what} server`),
  listenPort: port(listenPort, `TCP port of the ${what} server`),
  allowFrom: z.array(cidr()).max(256).default(LOOPBACK).describe("Who may connect"),
  maxConnections: count(512, "Connections at a time; one more is cut off", 1, 10_000),
  claimTimeoutMs: durationMs(2_000, "A connection that has not said what it is by then is closed", 100, 60_000),
  idleMs: durationMs(300_000, "A connection that says nothing for so long is closed", 1_000, 86_400_000),
  acceptUnknown: z
    .boolean()
    .default(false)
    .describe("A connection that nobody announced is heard as a call of its own, named by its UUID; else it is closed"),
});

/** AudioSocket server (Asterisk's app_audiosocket, chan_audiosocket and externalMedia). */
export const audioSocketSchema = z.strictObject({
  enabled: z.boolean().default(false).describe("Take audio over AudioSocket"),
  ...server("AudioSocket", 9092),
  codec: z
    .enum(["slin", "ulaw", "alaw", "g722"])
    .default("slin")
    .describe(
      "What kind 0x10 carries where no announcement says: Dial(AudioSocket/…) without /c(slin) sends the caller's own codec in it",
    ),
});

/** Media WebSocket server (Asterisk's chan_websocket connects to it). */
export const mediaWebSocketSchema = z.strictObject({
  enabled: z.boolean().default(false).describe("Take audio over WebSockets, and connect to Asterisks that wait for it"),
  ...server("media WebSocket", 9093),
  path: z
    .string()
    .regex(/^\/[\w./-]{0,127}$/)
    .default("/media")
    .describe("Path of the URI in websocket_client.conf"),
  username: z.string().min(1).max(256).optional().describe("User of websocket_client.conf"),
  password: secret().min(1).max(256).optional().describe("Its password; without one everybody in allowFrom is let in"),
});
