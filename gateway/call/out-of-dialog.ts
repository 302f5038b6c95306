import type { HeaderEntries, IncomingRequest, OutgoingRequest, OutgoingUser } from "../ports/sip-endpoint.js";
import type { SipRequest, SipResponse } from "../sip/message/sip-message.js";
import { ownAnswer, passResponse, retryAfterMs } from "./answers.js";
import type { CallServices } from "./call-services.js";
import type { HopChoice, TrunkPolicy } from "./contracts.js";
import { NEXT_HOP_ON } from "./hop-attempts.js";
import { outgoingSpec } from "./invite-spec.js";
import { CARRIED_OPTIONS } from "./pass-headers.js";

type Entry = HeaderEntries[number];

/** What works through us in and around calls. */
const CALL_METHODS = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY, MESSAGE";
/** And outside of calls, where a trunk says so. */
const RELAYED_METHODS = ", REGISTER, PUBLISH, SUBSCRIBE";

export function allowed(policy: TrunkPolicy | undefined): Entry {
  return ["Allow", policy?.relayOutOfDialog === true ? CALL_METHODS + RELAYED_METHODS : CALL_METHODS];
}

/** RFC 3261 §11.2. Draining: 503, so that whoever pings us sends its calls elsewhere. */
export function answerOptions(
  request: IncomingRequest,
  policy: TrunkPolicy | undefined,
  serverName: string,
  draining: boolean,
): void {
  if (draining) {
    request.respond(ownAnswer(503, serverName, [["Retry-After", "60"]]));
    return;
  }
  request.respond({
    ...ownAnswer(200, serverName, [
      allowed(policy),
      ["Accept", "application/sdp, */*"],
      ["Accept-Encoding", "identity"],
      ["Supported", CARRIED_OPTIONS.join(", ")],
    ]),
    reason: "OK",
  });
}

/** Whoever wants to know how a relayed request goes. */
export interface RelayListener {
  /** It went to this hop; again for each further one. */
  onSent?(outgoing: OutgoingRequest, hop: HopChoice): void;
  /** A peer's final answer that is about to go back. @returns The To tag that it gets, where a dialog comes of it. */
  onAnswer?(response: SipResponse): string | undefined;
  /** The final answer has gone back. */
  onOver(): void;
}

/** A request that belongs to no call, on its way to one hop after the other; the same hops and rules as for calls. */
export class StandaloneRelay implements OutgoingUser {
  readonly #services: CallServices;
  readonly #incoming: IncomingRequest;
  readonly #policy: TrunkPolicy;
  readonly #listener: RelayListener;
  #hops: readonly HopChoice[] = [];
  #tried = 0;

  constructor(services: CallServices, incoming: IncomingRequest, policy: TrunkPolicy, listener: RelayListener) {
    this.#services = services;
    this.#incoming = incoming;
    this.#policy = policy;
    this.#listener = listener;
  }

  start(): void {
    const hops = this.#services.hops.choose(this.#policy);
    if (hops instanceof Promise) {
      hops.then(
        (chosen) => this.#begin(chosen),
        () => this.#begin([]),
      );
    } else this.#begin(hops);
  }

  #begin(hops: readonly HopChoice[]): void {
    this.#hops = hops;
    this.#tryNext(undefined, true);
  }

  #tryNext(last: SipResponse | undefined, local: boolean): void {
    const hop = this.#hops[this.#tried];
    const { options, endpoint } = this.#services;
    if (hop === undefined) {
      const rules = this.#services.rulesFor(this.#policy);
      const mine = last === undefined || local;
      this.#incoming.respond(mine ? ownAnswer(last?.status ?? 503, options.serverName) : passResponse(last, rules));
      this.#listener.onOver();
      return;
    }
    const attempt = this.#tried++;
    const { request } = this.#incoming;
    const spec = outgoingSpec(request, this.#services.rulesFor(this.#policy), hop, attempt);
    const contact = contactOf(request);
    const outgoing = endpoint.request(
      {
        ...spec,
        ...(contact === "" ? {} : { contact }),
        ...(this.#policy.hopTimeoutMs > 0 ? { noResponseMs: this.#policy.hopTimeoutMs } : {}),
      },
      this,
    );
    this.#listener.onSent?.(outgoing, hop);
  }

  onFinal(response: SipResponse, local: boolean): void {
    const hop = this.#hops[this.#tried - 1];
    const isBad = local || NEXT_HOP_ON.has(response.status);
    if (isBad && hop !== undefined) {
      const silent = local && response.status === 408;
      this.#services.hops.report(hop.name, silent ? "silent" : "failed", retryAfterMs(response));
    }
    if (isBad) {
      this.#tryNext(response, local);
      return;
    }
    const answer = passResponse(response, this.#services.rulesFor(this.#policy));
    // The bindings, RFC 3261 §10.3.
    const bindings = this.#incoming.request.method === "REGISTER" ? response.headers.all("contact").join(", ") : "";
    const toTag = this.#listener.onAnswer?.(response);
    this.#incoming.respond({
      ...answer,
      ...(bindings === "" ? {} : { contact: bindings }),
      ...(toTag === undefined ? {} : { toTag }),
    });
    this.#listener.onOver();
  }
}

/** A REGISTER's Contact is what it says; in all other requests it names the hop that sends. */
function contactOf(request: SipRequest): string {
  return request.method === "REGISTER" ? request.headers.all("contact").join(", ") : "";
}
