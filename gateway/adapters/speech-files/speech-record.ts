import type { Speaker } from "../../../detection/index.js";
import { GatewayError } from "../../core/errors.js";
import type { SpeechPiece } from "../../ports/speech-keeper.js";

/** What a sealed piece is bound to: it opens as this call's piece of this number only. */
export const speechContext = (callId: string, number: number): string => `audio:${callId}:${number}`;

/** First bytes of a file; each record behind them is its length (4 bytes, the highest first) and as many sealed bytes. */
export const FILE_HEAD = Buffer.from("RFS1", "latin1");
export const LENGTH_BYTES = 4;
/** Longer pieces are none of ours: a stretch of speech is 30 s at most. */
export const MOST_RECORD_BYTES = 8 * 1024 * 1024;

const SPEAKERS: readonly Speaker[] = ["caller", "callee", "agent"];
const HEADER_BYTES = 13;

/** A piece in the clear: speaker (1 byte), rate (4), start in ms (8, a double), then the samples; the lowest byte first, as on every machine that Node runs on but s390x. */
export function encodePiece({ speaker, sampleRateHz, startMs, samples }: SpeechPiece): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + 2 * samples.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, SPEAKERS.indexOf(speaker));
  view.setUint32(1, sampleRateHz, true);
  view.setFloat64(5, startMs, true);
  bytes.set(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), HEADER_BYTES);
  return bytes;
}

/** @throws GatewayError `audio.invalid`: it was sealed with our keys, but is no piece. */
export function decodePiece(callId: string, bytes: Uint8Array): SpeechPiece {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const speaker = bytes.byteLength < HEADER_BYTES ? undefined : SPEAKERS[view.getUint8(0)];
  if (speaker === undefined) throw new GatewayError("audio.invalid", "a kept piece of speech cannot be read");
  const samples = new Int16Array((bytes.byteLength - HEADER_BYTES) >> 1);
  new Uint8Array(samples.buffer).set(bytes.subarray(HEADER_BYTES, HEADER_BYTES + samples.byteLength));
  return { callId, speaker, startMs: view.getFloat64(5, true), sampleRateHz: view.getUint32(1, true), samples };
}
