import { parseContentType } from "../message/header-values.js";
import { multipartBoundary, parseMultipart, type BodyPart } from "../message/multipart.js";
import type { RecordingWarning } from "./recording-metadata.js";

/** What a request of a recording client carries. */
export interface RecordingBody {
  /** Wire text of the session description; undefined: none. */
  readonly sdp: string | undefined;
  /** A view into the body; undefined: none. RFC 7865 */
  readonly metadata: Uint8Array | undefined;
  /** Global call identifier of a GTD part (Cisco): the Cisco-Guid of the recorded call. */
  readonly guid: string | undefined;
  readonly warnings: readonly RecordingWarning[];
}

/** Parts inside of parts are opened so deep. */
const MOST_DEPTH = 2;
const SDP = /^\s*v=0\s*[\r\n]/;
const METADATA = /<(?:[\w.-]+:)?recording(?:_metadata)?[\s>/]/i;

/**
 * Takes a body apart as long as anything in it can be used: a boundary that is not the one announced, a closing boundary that is
 * missing, parts without a type, a document cut off by a wrong Content-Length. RFC 7866 §9.1, RFC 5621.
 *
 * @param contentType The header's value; undefined: told by what the body looks like.
 */
export function readRecordingBody(contentType: string | undefined, body: Uint8Array): RecordingBody {
  const found: Found = { sdp: undefined, metadata: undefined, guid: undefined, warnings: new Set() };
  if (body.byteLength > 0) takePart(found, contentType, body, 0);
  return { ...found, warnings: [...found.warnings] };
}

interface Found {
  sdp: string | undefined;
  metadata: Uint8Array | undefined;
  guid: string | undefined;
  readonly warnings: Set<RecordingWarning>;
}

function takePart(found: Found, contentType: string | undefined, body: Uint8Array, depth: number): void {
  const type = contentType === undefined ? undefined : parseContentType(contentType)?.type;
  if (contentType !== undefined && type?.startsWith("multipart/") === true && depth < MOST_DEPTH) {
    for (const part of splitParts(contentType, body, found.warnings))
      takePart(found, part.headers.get("content-type"), part.body, depth + 1);
  } else if (type === "application/sdp") found.sdp ??= latin1(body);
  else if (type === "application/rs-metadata" || type === "application/rs-metadata+xml") found.metadata ??= body;
  else if (type === "application/gtd") found.guid ??= /^GCI,\s*([0-9A-Fa-f-]{8,64})\s*$/m.exec(latin1(body))?.[1];
  else takeUntyped(found, body);
}

/** A part whose type says nothing: `application/ +xml` has been seen. */
function takeUntyped(found: Found, body: Uint8Array): void {
  const head = latin1(body.subarray(0, 1024));
  if (SDP.test(head)) found.sdp ??= latin1(body);
  else if (METADATA.test(head)) found.metadata ??= body;
  else return;
  found.warnings.add("untyped-part");
}

function splitParts(contentType: string, body: Uint8Array, warnings: Set<RecordingWarning>): readonly BodyPart[] {
  const announced = split(contentType, body, warnings);
  if (announced.length > 0) return announced;
  const used = usedBoundary(body);
  if (used === undefined || used === multipartBoundary(contentType)) return [];
  const parts = split(`multipart/mixed;boundary="${used.replace(/["\\]/g, "\\$&")}"`, body, warnings);
  if (parts.length > 0) warnings.add("wrong-boundary");
  return parts;
}

function split(contentType: string, body: Uint8Array, warnings: Set<RecordingWarning>): readonly BodyPart[] {
  const parts = parseMultipart(contentType, body);
  if (parts.ok) return parts.value;
  const boundary = multipartBoundary(contentType);
  if (parts.error !== "multipart.unterminated" || boundary === undefined) return [];
  const closed = parseMultipart(contentType, Buffer.concat([body, Buffer.from(`\r\n--${boundary}--\r\n`, "latin1")]));
  if (!closed.ok || closed.value.length === 0) return [];
  warnings.add("unterminated-body");
  return closed.value;
}

/** What the body's first delimiter line says. */
function usedBoundary(body: Uint8Array): string | undefined {
  return /^--([^\r\n]{1,70}?)\s*$/m.exec(latin1(body.subarray(0, 4096)))?.[1];
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
