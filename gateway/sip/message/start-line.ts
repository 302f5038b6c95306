import { CHAR, isDigit, isTokenRange, parseUnsigned } from "./chars.js";

/** Strings of our own, so that comparing a method is comparing a pointer. */
const METHODS: ReadonlyMap<string, string> = new Map(
  "INVITE ACK BYE CANCEL OPTIONS REGISTER PRACK UPDATE INFO REFER NOTIFY SUBSCRIBE MESSAGE PUBLISH"
    .split(" ")
    .map((m) => [m, m]),
);

interface StartLineFault {
  readonly code: "sip.start-line" | "sip.version" | "sip.request-uri";
  readonly status: number;
  readonly message: string;
}

export type StartLine =
  | {
      readonly kind: "request";
      readonly method: string;
      readonly uri: string;
      readonly fault: StartLineFault | undefined;
    }
  | {
      readonly kind: "response";
      readonly status: number;
      readonly reason: string;
      readonly fault: StartLineFault | undefined;
    };

const BAD_LINE: StartLineFault = { code: "sip.start-line", status: 400, message: "Malformed Request Line" };
const BAD_URI: StartLineFault = { code: "sip.request-uri", status: 400, message: "Malformed Request-URI" };
const BAD_VERSION: StartLineFault = { code: "sip.version", status: 505, message: "Version Not Supported" };

/**
 * Reads text[0, end): a Request-Line (RFC 3261 §7.1) or a Status-Line (§7.2). Strict about blanks: exactly one SP between
 * the parts, none after, as §7.1 demands.
 *
 * @returns Undefined for what is not SIP at all.
 */
export function parseStartLine(text: string, end: number): StartLine | undefined {
  if (text.startsWith("SIP/2.0 ")) return parseStatusLine(text, end);
  const firstSpace = text.indexOf(" ");
  if (firstSpace > 0 && firstSpace < end && text.endsWith(" SIP/2.0", end)) {
    const uriEnd = end - 8;
    const methodText = text.slice(0, firstSpace);
    const method = METHODS.get(methodText);
    if (uriEnd > firstSpace) {
      const uri = text.slice(firstSpace + 1, uriEnd);
      const fault = judge(text, method === undefined ? firstSpace : 0, uri);
      return { kind: "request", method: method ?? methodText, uri, fault };
    }
  }
  return parseOddLine(text.slice(0, end));
}

/** @param unknownMethodEnd 0: the method is a known one. */
function judge(text: string, unknownMethodEnd: number, uri: string): StartLineFault | undefined {
  if (unknownMethodEnd > 0 && !isTokenRange(text, 0, unknownMethodEnd)) return BAD_LINE;
  if (uri.length === 0 || uri.charCodeAt(0) === CHAR.space || uri.charCodeAt(uri.length - 1) === CHAR.space)
    return BAD_LINE;
  for (let i = 0; i < uri.length; i++) {
    const c = uri.charCodeAt(i);
    if (c <= 32 || c === 127 || c === CHAR.less || c === CHAR.greater || c === CHAR.quote) return BAD_URI;
  }
  return undefined;
}

function parseStatusLine(text: string, end: number): StartLine {
  const status = parseUnsigned(text, 8, Math.min(11, end), 699);
  const tail = text.charCodeAt(11);
  const bad = status < 100 || end < 11 || (end > 11 && tail !== CHAR.space);
  const reason = end > 12 ? text.slice(12, end) : "";
  return {
    kind: "response",
    status: Math.max(status, 0),
    reason,
    fault: bad || reason.includes("\r") ? BAD_LINE : undefined,
  };
}

/** Other versions, other blanks, other capitals of `SIP`, and what is not SIP. */
function parseOddLine(line: string): StartLine | undefined {
  const upper = line.slice(0, 8).toUpperCase();
  if (upper.startsWith("SIP/")) {
    if (upper === "SIP/2.0 ") return parseStatusLine(`SIP/2.0 ${line.slice(8)}`, line.length);
    return {
      kind: "response",
      status: 0,
      reason: "",
      fault: isVersion(line, 0, line.indexOf(" ")) ? BAD_VERSION : BAD_LINE,
    };
  }
  const trimmed = line.trimEnd();
  const lastSpace = Math.max(trimmed.lastIndexOf(" "), trimmed.lastIndexOf("\t"));
  const firstSpace = trimmed.search(/[ \t]/);
  if (firstSpace <= 0 || trimmed.slice(lastSpace + 1, lastSpace + 5).toUpperCase() !== "SIP/") return undefined;
  const method = trimmed.slice(0, firstSpace);
  const uri = lastSpace > firstSpace ? trimmed.slice(firstSpace + 1, lastSpace) : "";
  const known = METHODS.get(method);
  return {
    kind: "request",
    method: known ?? method,
    uri,
    fault: judgeOdd(line, trimmed, lastSpace, known, method, uri),
  };
}

function judgeOdd(
  line: string,
  trimmed: string,
  lastSpace: number,
  known: string | undefined,
  method: string,
  uri: string,
): StartLineFault | undefined {
  if (trimmed.length !== line.length || !isVersion(trimmed, lastSpace + 1, trimmed.length)) return BAD_LINE;
  if (trimmed.slice(-3) !== "2.0") return BAD_VERSION;
  if (line.charCodeAt(method.length) !== CHAR.space || line.charCodeAt(lastSpace) !== CHAR.space) return BAD_LINE;
  return judge(method, known === undefined ? method.length : 0, uri);
}

/** `SIP/` 1*DIGIT `.` 1*DIGIT, in any case. */
function isVersion(text: string, from: number, to: number): boolean {
  const dot = text.indexOf(".", from);
  if (to < 0 || dot < 0 || dot >= to - 1 || dot === from + 4) return false;
  for (let i = from + 4; i < to; i++) if (i !== dot && !isDigit(text.charCodeAt(i))) return false;
  return true;
}
