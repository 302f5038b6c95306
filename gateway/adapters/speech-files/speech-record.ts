import type { Speaker } from "../../../detection/index.js";
import { GatewayError } from "../../core/errors.js";
import type { SpeechPiece } from "../../ports/speech-keeper.js";

/** What a sealed piece is bound to: it opens as this call's piece of this number only. */
export const speechContext = (callId: string, number: number): string => `audio:${callId}:${number}`;

/** What the key of a call's speech is bound to. */
export const speechKeyContext = (callId: string): string => `audio-key:${callId}`;

/**
 * First bytes of a file: `RFS2`, then the sealed key of its records in a place of a fixed size, so that it can be sealed anew where it is. Each record
 * behind that is its length (4 bytes, the highest first) and as many sealed bytes. Files of before have `RFS1`, no key, and records under the
 * installation's keys.
 */
export const FILE_MARK = Buffer.from("RFS2", "latin1");
export const OLD_FILE_MARK = Buffer.from("RFS1", "latin1");
export const LENGTH_BYTES = 4;
const KEY_PLACE_BYTES = 508;
export const FILE_HEAD_BYTES = FILE_MARK.byteLength + LENGTH_BYTES + KEY_PLACE_BYTES;

/** @param sealedKey By whom the file is to be read. */
export function fileHead(sealedKey: Uint8Array): Uint8Array {
  if (sealedKey.byteLength > KEY_PLACE_BYTES) throw new GatewayError("crypto.key", "a sealed key is too long");
  const head = Buffer.alloc(FILE_HEAD_BYTES);
  FILE_MARK.copy(head);
  head.writeUInt32BE(sealedKey.byteLength, FILE_MARK.byteLength);
  head.set(sealedKey, FILE_MARK.byteLength + LENGTH_BYTES);
  return head;
}

/** @returns Where records begin, and the sealed key; without one it is a file of before. Undefined: it is no file of kept speech. */
export function readFileHead(
  bytes: Uint8Array,
): { readonly headBytes: number; readonly sealedKey: Uint8Array | undefined } | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mark = head.subarray(0, FILE_MARK.byteLength);
  if (mark.equals(OLD_FILE_MARK)) return { headBytes: OLD_FILE_MARK.byteLength, sealedKey: undefined };
  if (!mark.equals(FILE_MARK) || head.byteLength < FILE_HEAD_BYTES) return undefined;
  const length = head.readUInt32BE(FILE_MARK.byteLength);
  if (length === 0 || length > KEY_PLACE_BYTES) return undefined;
  const from = FILE_MARK.byteLength + LENGTH_BYTES;
  return { headBytes: FILE_HEAD_BYTES, sealedKey: head.subarray(from, from + length) };
}
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
