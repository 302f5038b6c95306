import { parseContentType } from "../message/header-values.js";
import { paramsOf, uriOf } from "../message/name-addr.js";
import { hasParam } from "../message/params.js";
import { allValues, firstValue } from "../message/split-values.js";
import type { SipRequest } from "../message/sip-message.js";
import { parseSipUri } from "../message/uri.js";
import { readCiscoForking } from "./cisco-forking.js";

/** By what an INVITE was told to be a recording session. */
export type RecordingMark = "siprec" | "contact" | "metadata" | "cisco" | "user";

/**
 * Whether an INVITE asks to record: `Require: siprec`, a Contact with `+sip.src` (RFC 7866 §6.1.1; BroadWorks writes `src`,
 * Avaya puts it into the URI), recording metadata in its body, the From of a Cisco phone's fork, or a Request-URI that the
 * operator has set aside for recordings.
 *
 * @param users User parts of Request-URIs, in lower case.
 */
export function recordingMark(request: SipRequest, users: ReadonlySet<string>): RecordingMark | undefined {
  const { headers } = request;
  if (headers.has("require") && allValues(headers, "require").some((tag) => tag.toLowerCase() === "siprec"))
    return "siprec";
  const contact = headers.get("contact");
  // Looked for first: this is asked about every INVITE of the hop.
  if (contact !== undefined && /src/i.test(contact) && isRecordingClient(firstValue(contact))) return "contact";
  if (users.size > 0 && users.has((parseSipUri(request.uri)?.user ?? "").toLowerCase())) return "user";
  if (readCiscoForking(headers.get("from") ?? "") !== undefined) return "cisco";
  return carriesMetadata(request) ? "metadata" : undefined;
}

/** A Contact of a recording client. */
export function isRecordingClient(contact: string): boolean {
  if (hasParam(paramsOf(contact), "+sip.src") || hasParam(paramsOf(contact), "src")) return true;
  const uri = uriOf(contact);
  const params = uri === undefined ? "" : (parseSipUri(uri)?.params ?? "");
  return params !== "" && hasParam(params, "+sip.src");
}

function carriesMetadata({ headers, body }: SipRequest): boolean {
  const contentType = headers.get("content-type");
  if (contentType === undefined || body.byteLength === 0) return false;
  const type = parseContentType(contentType)?.type ?? "";
  if (type.startsWith("application/rs-metadata")) return true;
  if (!type.startsWith("multipart/")) return false;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return /^content-(?:type:\s*application\/rs-metadata|disposition:\s*recording-session)/im.test(
    bytes.subarray(0, MOST_SEARCHED).toString("latin1"),
  );
}

/** Of a multipart body; a recording's parts are in front. */
const MOST_SEARCHED = 65_536;
