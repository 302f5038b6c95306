import type {
  DialogSnapshot,
  OutgoingRequest,
  OutgoingSpec,
  OutgoingUser,
  SipCapabilities,
  SipDialog,
  SipEndpoint,
  SipUser,
} from "../../ports/sip-endpoint.js";
import { DialogState } from "../../sip/dialog/dialog-state.js";
import { withTag } from "../../sip/message/name-addr.js";
import { EmbeddedDialog } from "./embedded-dialog.js";
import { Engine } from "./engine.js";
import type { EmbeddedEndpointOptions, WireTap } from "./endpoint-options.js";
import { buildRequest, carriesContact } from "./message-building.js";
import { Outgoing } from "./outgoing.js";
import { Receiver } from "./receiver.js";

/** Our own RFC 3261 stack behind the port `SipEndpoint`: transactions, dialogs and the UAS core over `SipTransports`. */
export class EmbeddedSipEndpoint implements SipEndpoint {
  readonly capabilities: SipCapabilities = {
    engine: "embedded",
    forkedEarlyDialogs: true,
    restoreDialogs: true,
    keepsIdentifiers: true,
  };
  readonly #engine: Engine;
  readonly #receiver: Receiver;

  constructor(options: EmbeddedEndpointOptions) {
    this.#engine = new Engine(options);
    this.#receiver = new Receiver(this.#engine, options.limits);
    options.metrics?.onScrape(this.#gauges(options.metrics));
  }

  get listeners(): readonly string[] {
    return this.#engine.transports.listeners.map((listener) => listener.name);
  }

  /** Live transactions and dialogs, and timers that wait: for gauges and for leak checks. */
  get load(): { readonly transactions: number; readonly dialogs: number; readonly timers: number } {
    const { transactionCount, dialogs, driver } = this.#engine;
    return { transactions: transactionCount, dialogs: dialogs.size, timers: driver.waiting };
  }

  async start(user: SipUser): Promise<void> {
    this.#engine.user = user;
    await this.#engine.transports.open(this.#receiver);
  }

  /** Undefined takes it off. */
  tap(onWire: WireTap | undefined): void {
    this.#engine.onWire = onWire;
  }

  invite(spec: OutgoingSpec, user: OutgoingUser): OutgoingRequest {
    return this.request(spec, user);
  }

  request(spec: OutgoingSpec, user: OutgoingUser): OutgoingRequest {
    const engine = this.#engine;
    const { method } = spec;
    const request = buildRequest({
      method,
      uri: spec.uri,
      routes: spec.routes ?? [],
      maxForwards: spec.maxForwards ?? 70,
      from: withTag(spec.from, spec.fromTag ?? engine.newTag()),
      to: spec.to,
      callId: spec.callId ?? engine.random.token(16),
      cseq: spec.cseq ?? 1,
      headers: spec.headers,
      body: spec.body,
      withContact: spec.contact === undefined && carriesContact(method),
      contact: spec.contact,
    });
    const { contactUser, contactParams, noResponseMs } = spec;
    const secure = spec.uri.startsWith("sips:");
    const ownContact = spec.contact === undefined;
    const outgoing = new Outgoing(engine, {
      request,
      user,
      secure,
      ownContact,
      contactUser,
      contactParams,
      noResponseMs,
    });
    outgoing.start(spec.targets);
    return outgoing;
  }

  restoreDialog(snapshot: DialogSnapshot): SipDialog {
    return new EmbeddedDialog(this.#engine, new DialogState(snapshot, snapshot.state), {}, snapshot.lastTarget);
  }

  drain(): void {
    this.#engine.draining = true;
  }

  async close(): Promise<void> {
    if (this.#engine.closed) return;
    this.#engine.closed = true;
    this.#engine.driver.close();
    await this.#engine.transports.close();
  }

  #gauges(metrics: NonNullable<EmbeddedEndpointOptions["metrics"]>): () => void {
    const transactions = metrics.gauge("ringfence_sip_transactions", "Live SIP transactions");
    const dialogs = metrics.gauge("ringfence_sip_dialogs", "Live SIP dialogs, both legs");
    return () => {
      transactions.set(this.load.transactions);
      dialogs.set(this.load.dialogs);
    };
  }
}
