import { randomUUID } from "node:crypto";
import type {
  DialogSnapshot,
  OutgoingRequest,
  OutgoingSpec,
  OutgoingUser,
  SipCapabilities,
  SipDialog,
  SipEndpoint,
  SipTarget,
  SipUser,
} from "../../ports/sip-endpoint.js";
import { carriesContact } from "../../sip/message/endpoint-headers.js";
import { getTag, withTag } from "../../sip/message/name-addr.js";
import { serializeRequest } from "../../sip/message/serialize-message.js";
import type { SipResponse } from "../../sip/message/sip-message.js";
import { DrachtioDialog } from "./drachtio-dialog.js";
import { dialogKey, DrachtioEngine } from "./drachtio-engine.js";
import { DrachtioLink, type ServerFacts } from "./drachtio-link.js";
import { buildRequest, targetUri } from "./drachtio-messages.js";
import { DEFAULT_TIMES, type DrachtioEndpointOptions, type DrachtioTap } from "./drachtio-options.js";
import { DrachtioOutgoing } from "./drachtio-outgoing.js";
import { LostWork } from "./lost-work.js";
import { Receiver } from "./receiver.js";

/**
 * SIP by way of a drachtio-server: it keeps sockets, transactions and dialogs, we decide. What it cannot give is in
 * docs/guides/drachtio.md.
 */
export class DrachtioSipEndpoint implements SipEndpoint {
  readonly capabilities: SipCapabilities = {
    engine: "drachtio",
    forkedEarlyDialogs: false,
    restoreDialogs: true,
    keepsIdentifiers: false,
  };
  readonly #engine: DrachtioEngine;
  readonly #link: DrachtioLink;
  readonly #lost: LostWork;

  constructor(options: DrachtioEndpointOptions) {
    this.#engine = new DrachtioEngine(options, () => this.#link);
    const engine = this.#engine;
    const receiver = new Receiver(engine);
    this.#lost = new LostWork(engine);
    this.#link = new DrachtioLink(
      options.server,
      { ...DEFAULT_TIMES, ...options.times },
      {
        clock: options.clock,
        log: engine.log,
        newId: randomUUID,
        user: {
          onUp: (facts) => this.#onUp(facts),
          onDown: () => this.#onDown(),
          onDelivery: (delivery) => receiver.onDelivery(delivery),
          onFault: (fault) => engine.fault(fault),
        },
      },
    );
    options.metrics?.onScrape(this.#gauges(options.metrics));
  }

  /** The server's; none while there is no server. */
  get listeners(): readonly string[] {
    return this.#engine.facts?.listeners ?? [];
  }

  get load(): { readonly transactions: number; readonly dialogs: number; readonly lost: number } {
    const { transactionCount, dialogs } = this.#engine;
    return { transactions: transactionCount, dialogs: dialogs.size, lost: this.#lost.waiting };
  }

  async start(user: SipUser): Promise<void> {
    this.#engine.user = user;
    await this.#link.start();
  }

  /** Undefined takes it off. */
  tap(onWire: DrachtioTap | undefined): void {
    this.#engine.onWire = onWire;
  }

  invite(spec: OutgoingSpec, user: OutgoingUser): OutgoingRequest {
    return this.request(spec, user);
  }

  request(spec: OutgoingSpec, user: OutgoingUser): OutgoingRequest {
    const engine = this.#engine;
    const { method, contactUser, contactParams } = spec;
    const protocol = spec.targets[0]?.protocol ?? "udp";
    const ownContact = carriesContact(method) ? engine.contact(protocol, contactUser, contactParams) : undefined;
    const callId = spec.callId ?? engine.random.token(16);
    const givenTag = spec.fromTag ?? engine.newTag();
    const isInvite = method === "INVITE";
    const fromTag = isInvite ? engine.names.freeTag(callId, givenTag) : givenTag;
    const request = buildRequest({
      method,
      uri: spec.uri,
      from: withTag(spec.from, fromTag),
      to: spec.to,
      callId,
      cseq: spec.cseq ?? 1,
      contact: spec.contact ?? ownContact,
      spec,
    });
    const bytes = (): Buffer => serializeRequest(request);
    const ways = spec.targets.map((target) => ({ meta: `sip|||${targetUri(target)}`, bytes, to: target }));
    const contact = { contactUser, contactParams };
    const dialogFor = (response: SipResponse) => this.#dialogFor(response, contact, spec.targets[0]);
    const { noResponseMs } = spec;
    const setup = { request, user, ways, noResponseMs, dialogFor, ...(isInvite ? { nameTag: fromTag } : {}) };
    const outgoing = new DrachtioOutgoing(engine, setup);
    outgoing.start();
    return outgoing;
  }

  restoreDialog(snapshot: DialogSnapshot): SipDialog {
    return DrachtioDialog.restore(this.#engine, snapshot);
  }

  drain(): void {
    this.#engine.draining = true;
  }

  close(): Promise<void> {
    this.#engine.closed = true;
    this.#lost.pause();
    this.#link.close();
    return Promise.resolve();
  }

  /** One dialog for each To tag; the server has but one for all of them. */
  #dialogFor(
    response: SipResponse,
    contact: { readonly contactUser?: string | undefined; readonly contactParams?: string | undefined },
    target: SipTarget | undefined,
  ): DrachtioDialog {
    const { headers } = response;
    const localTag = getTag(headers.get("from") ?? "") ?? "";
    const remoteTag = getTag(headers.get("to") ?? "") ?? "";
    const known = this.#engine.dialogs.get(dialogKey(headers.get("call-id") ?? "", localTag, remoteTag));
    return known ?? DrachtioDialog.fromResponse(this.#engine, response, contact, target);
  }

  #onUp(facts: ServerFacts): void {
    this.#engine.facts = facts;
    this.#engine.log.info("drachtio.connected", { listeners: facts.listeners.length, version: facts.version });
    this.#lost.end();
  }

  /** Nobody is left to carry what was up: users are told now, peers as soon as there is a server again. */
  #onDown(): void {
    const engine = this.#engine;
    engine.facts = undefined;
    engine.counters.linkLosses.inc();
    this.#lost.pause();
    const outgoing = [...engine.outgoing.values(), ...engine.unsent];
    const incoming = [...engine.incoming.values()];
    const dialogs = [...engine.dialogs.values()];
    // First of all: what users do when they are told changes the tables.
    for (const each of outgoing) this.#lost.ringing(each);
    for (const each of incoming) this.#lost.unanswered(each);
    for (const each of dialogs) this.#lost.call(each);
    for (const each of outgoing) engine.guarded(() => each.lost());
    for (const each of incoming) engine.guarded(() => each.lost());
    for (const each of dialogs) engine.guarded(() => each.endLocally("SIP engine was lost"));
  }

  #gauges(metrics: NonNullable<DrachtioEndpointOptions["metrics"]>): () => void {
    const transactions = metrics.gauge("ringfence_sip_transactions", "Live SIP transactions");
    const dialogs = metrics.gauge("ringfence_sip_dialogs", "Live SIP dialogs, both legs");
    const up = metrics.gauge("ringfence_drachtio_connected", "1 while drachtio-server is connected");
    return () => {
      transactions.set(this.load.transactions);
      dialogs.set(this.load.dialogs);
      up.set(this.#link.isUp ? 1 : 0);
    };
  }
}
