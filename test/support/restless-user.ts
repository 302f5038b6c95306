import { monoMs } from "../../gateway/core/time.js";
import type {
  IncomingInvite,
  IncomingRequest,
  SipDialog,
  SipDialogUser,
  SipUser,
} from "../../gateway/ports/sip-endpoint.js";
import type { FakeClock } from "./fake-clock.js";
import type { SeededRandom } from "./seeded-random.js";

/** Does, by chance, everything that a user may do; keeps every promise of one: answers all, ends what it answered. */
export class RestlessUser implements SipUser {
  readonly #clock: FakeClock;
  readonly #random: SeededRandom;
  invites = 0;
  requests = 0;

  constructor(clock: FakeClock, random: SeededRandom) {
    this.#clock = clock;
    this.#random = random;
  }

  onInvite(invite: IncomingInvite): void {
    this.invites++;
    const fate = this.#random.below(8);
    if (fate === 0) invite.ignore?.();
    else if (fate === 1) invite.respond({ status: 486, headers: [["X-Fate", "1"]] });
    else {
      if (fate >= 3) invite.respond({ status: 180, fork: "a" });
      if (fate >= 4) invite.respond({ status: 183, fork: "b", headers: [["RSeq", "1"]], body: Buffer.from("v=0") });
      this.#later(() => this.#finish(invite, fate));
    }
  }

  #finish(invite: IncomingInvite, fate: number): void {
    const fork = fate >= 4 ? "b" : "a";
    if (fate === 5 || !invite.respond({ status: 200, fork })) {
      invite.respond({ status: 603 });
      return;
    }
    const dialog = invite.dialog(fork);
    if (dialog === undefined) return;
    dialog.user = this.#dialogUser(dialog);
    if (fate >= 6)
      this.#later(() =>
        dialog.request({ method: "INVITE" }, { onFinal: () => undefined, onAnswer: (_r, d) => d.ack() }),
      );
    this.#later(() => this.#end(dialog), 60_000);
  }

  #dialogUser(dialog: SipDialog): SipDialogUser {
    return {
      onRequest: (request) => this.onRequest(request),
      onAckTimeout: () => this.#end(dialog),
    };
  }

  #end(dialog: SipDialog): void {
    if (dialog.state === "terminated") return;
    // A BYE that is challenged leaves the dialog up: this user has no credentials.
    dialog.request({ method: "BYE" }, { onFinal: () => dialog.discard() });
  }

  onRequest(request: IncomingRequest): void {
    this.requests++;
    if (this.#random.below(10) === 0) request.ignore?.();
    else request.respond({ status: this.#random.below(2) === 0 ? 200 : 405, contact: "<sip:a@192.0.2.1>" });
  }

  onStrayRequest(): ((request: IncomingRequest) => void) | undefined {
    return this.#random.below(4) === 0 ? (request) => request.respond({ status: 481 }) : undefined;
  }

  onStrayAnswer(_response: unknown, dialog: SipDialog): void {
    dialog.ack();
    this.#end(dialog);
  }

  #later(fn: () => void, ms = this.#random.below(3000)): void {
    this.#clock.callAt(monoMs(this.#clock.mono() + ms), fn);
  }
}
