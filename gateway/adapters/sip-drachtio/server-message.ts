import { fail, ok, type Result } from "../../core/result.js";
import type { SipProtocol } from "../../ports/sip-endpoint.js";

/** What the server says to a command of ours. */
export interface ServerAnswer {
  readonly kind: "answer";
  /** Our message id. */
  readonly to: string;
  readonly ok: boolean;
  /** Text of a refusal; empty when `ok`. */
  readonly reason: string;
  /** Of the message sent; empty for session commands. */
  readonly transactionId: string;
  /** Everything after `OK`. */
  readonly fields: readonly string[];
  /** The SIP message as sent, where one was. */
  readonly sip: Buffer | undefined;
}

/** A SIP message that the server hands to us. */
export interface Delivery {
  readonly kind: "sip";
  /** A BYE that the server has sent on its own. */
  readonly unsolicited: boolean;
  /** A response that no peer sent: time-out or transport failure. */
  readonly madeUp: boolean;
  readonly protocol: SipProtocol;
  readonly address: string;
  readonly port: number;
  readonly transactionId: string;
  /** `udp:192.0.2.1:5060`; empty but for a new request outside of dialogs. */
  readonly listener: string;
  readonly sip: Buffer;
}

/** Nothing that we asked for (CDR events, later inventions). */
export interface OtherMessage {
  readonly kind: "other";
}

export type ServerMessage = ServerAnswer | Delivery | OtherMessage;

export interface ServerMessageError {
  readonly code: "drachtio.message";
}

const CR = 0x0d;
const MALFORMED = { code: "drachtio.message" } as const;
/** Ids are handed back inside our own META lines: nothing may be in them that means something there. */
const ID = /^[0-9A-Za-z-]{1,127}$/;
const SENT = "Msg sent:";

/**
 * Reads one payload: META, fields separated by `|`, then CRLF and a SIP message. Fields are counted from the left; what is
 * further right than we know is left aside. The SIP part is a view and not judged here.
 */
export function readServerMessage(payload: Buffer): Result<ServerMessage, ServerMessageError> {
  const cr = payload.indexOf(CR);
  const meta = payload.toString("latin1", 0, cr < 0 ? payload.length : cr).split("|");
  const sip = cr < 0 ? undefined : payload.subarray(cr + 2);
  switch (meta[1]) {
    case "response":
      return answer(meta, sip);
    case "sip":
      return delivery(meta, sip);
    case undefined:
      return fail(MALFORMED);
    default:
      return ok({ kind: "other" });
  }
}

function answer(meta: readonly string[], sip: Buffer | undefined): Result<ServerMessage, ServerMessageError> {
  const [, , to = "", outcome = "", ...fields] = meta;
  if (to === "" || outcome === "") return fail(MALFORMED);
  if (outcome !== "OK") {
    const reason = fields[0] ?? "refused";
    return ok({ kind: "answer", to, ok: false, reason, transactionId: "", fields: [], sip: undefined });
  }
  const forMessage = fields.includes(SENT);
  const transactionId = forMessage ? (fields[6] ?? "") : "";
  if (forMessage && !ID.test(transactionId)) return fail(MALFORMED);
  return ok({ kind: "answer", to, ok: true, reason: "", transactionId, fields, sip });
}

function delivery(meta: readonly string[], sip: Buffer | undefined): Result<ServerMessage, ServerMessageError> {
  const [, , source = "", size = "", transport = "", address = "", portText = "", , transactionId = ""] = meta;
  const port = Number(portText);
  if (sip === undefined || meta.length < 10 || !ID.test(transactionId)) return fail(MALFORMED);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) return fail(MALFORMED);
  const protocol = sipProtocol(transport);
  const localAddress = meta[10] ?? "";
  return ok({
    kind: "sip",
    unsolicited: source === "application" && transactionId === "unsolicited",
    madeUp: size === "0" && address === "",
    protocol,
    address,
    port,
    transactionId,
    listener: meta.length > 11 && localAddress !== "" ? `${protocol}:${localAddress}:${meta[11] ?? ""}` : "",
    sip,
  });
}

/** The server leaves it empty or says `unknown` at times; ws and wss come as `tcp`. */
function sipProtocol(text: string): SipProtocol {
  return text === "tcp" || text === "tls" ? text : "udp";
}
