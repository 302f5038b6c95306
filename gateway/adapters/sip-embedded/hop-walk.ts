import type { SipTarget } from "../../ports/sip-endpoint.js";
import { parseCSeq } from "../../sip/message/header-values.js";
import { getTag } from "../../sip/message/name-addr.js";
import { serializeRequest } from "../../sip/message/serialize-message.js";
import type { SipRequest } from "../../sip/message/sip-message.js";
import type { Engine } from "./engine.js";
import { contactAt, viaAt } from "./message-building.js";
import type { Listener } from "./transport/transport.js";

/** A request made ready for one target. */
export interface Hop {
  readonly to: SipTarget;
  readonly listener: Listener;
  readonly branch: string;
  readonly bytes: Buffer;
}

/** How our Contact reads; undefined where the request has none of ours. */
export interface HopContact {
  readonly secure: boolean;
  readonly contactUser?: string | undefined;
  readonly contactParams?: string | undefined;
}

/**
 * The targets of one request in turn. Each try is a new transaction with a branch of its own (RFC 3263 §4.3), and Via and Contact
 * of the listener that it leaves by. A request too large for UDP goes by TCP first, then by UDP (RFC 3261 §18.1.1).
 */
export class HopWalk {
  readonly #engine: Engine;
  readonly #targets: readonly SipTarget[];
  #next = 0;
  #udpInstead: SipTarget | undefined;

  constructor(engine: Engine, targets: readonly SipTarget[]) {
    this.#engine = engine;
    this.#targets = targets;
  }

  /** Writes Via and Contact into the request. @returns Undefined: no target is left that a listener fits. */
  next(request: SipRequest, contact: HopContact | undefined): Hop | undefined {
    const { transports } = this.#engine;
    const again = this.#udpInstead;
    this.#udpInstead = undefined;
    if (again !== undefined) {
      const listener = transports.listenerFor(again);
      if (listener !== undefined) return this.#hop(request, contact, again, listener);
    }
    while (this.#next < this.#targets.length) {
      const target = this.#targets[this.#next++];
      const listener = target === undefined ? undefined : transports.listenerFor(target);
      if (target === undefined || listener === undefined) continue;
      const hop = this.#hop(request, contact, target, listener);
      return this.#byStream(request, contact, hop) ?? hop;
    }
    return undefined;
  }

  #byStream(request: SipRequest, contact: HopContact | undefined, hop: Hop): Hop | undefined {
    const { to, bytes } = hop;
    if (to.protocol !== "udp" || to.mtuSwitch === false || bytes.length <= this.#engine.mtuBytes) return undefined;
    const tcp: SipTarget = { ...to, protocol: "tcp" };
    const listener = this.#engine.transports.listenerFor(tcp);
    if (listener === undefined) return undefined;
    this.#udpInstead = to;
    return this.#hop(request, contact, tcp, listener);
  }

  /** An INVITE's proves itself: its 2xx may come when no transaction knows it any more. */
  #branchOf({ method, headers }: SipRequest): string {
    const { random, seal } = this.#engine;
    const nonce = random.token(10);
    if (method !== "INVITE") return `z9hG4bK${nonce}`;
    const callId = headers.get("call-id") ?? "";
    const fromTag = getTag(headers.get("from") ?? "") ?? "";
    const cseq = parseCSeq(headers.get("cseq") ?? "")?.number ?? 0;
    return seal.branch(nonce, { callId, fromTag, cseq });
  }

  #hop(request: SipRequest, contact: HopContact | undefined, to: SipTarget, listener: Listener): Hop {
    const branch = this.#branchOf(request);
    request.headers.setFirst("via", viaAt(listener, branch));
    if (contact !== undefined)
      request.headers.setFirst(
        "contact",
        contactAt(listener, contact.secure, contact.contactUser, contact.contactParams),
      );
    return { to, listener, branch, bytes: serializeRequest(request) };
  }
}
