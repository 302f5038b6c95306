import { z } from "zod";
import { agiSchema, verdictSchema } from "./agi-schema.js";
import { ariServerSchema } from "./ari-schema.js";
import { audioSocketSchema, mediaWebSocketSchema } from "./media-sources-schema.js";
import { screeningSchema } from "./screening-schema.js";

/** Asterisks beside the gateway: FastAGI, ARI, AudioSocket, media WebSocket, call screening. Nothing of it listens unless asked to. */
export const asteriskSchema = z.strictObject({
  servers: z.array(ariServerSchema).max(64).default([]).describe("Asterisks that are reached over ARI"),
  agi: agiSchema.prefault({}).describe("FastAGI server: a verdict for the dialplan"),
  verdict: verdictSchema.prefault({}).describe("What the dialplan is told of calls that are not blocked"),
  audioSocket: audioSocketSchema.prefault({}).describe("AudioSocket server: audio from the dialplan"),
  mediaWebSocket: mediaWebSocketSchema.prefault({}).describe("Media WebSocket server: audio from chan_websocket"),
  screening: screeningSchema.prefault({}).describe("Unknown callers say who they are and why they call"),
});
