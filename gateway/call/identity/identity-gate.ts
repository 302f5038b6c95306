import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { Metrics } from "../../core/metrics.js";
import { monoMs, type MonoMs } from "../../core/time.js";
import type {
  IncomingInvite,
  IncomingRequest,
  SipDialog,
  SipSource,
  SipUser,
  TurnedAway,
} from "../../ports/sip-endpoint.js";
import type { SipRequest, SipResponse } from "../../sip/message/sip-message.js";
import { ownAnswer } from "../answers.js";
import { identifyCall } from "../identify-call.js";
import type { Trunk } from "../trunks.js";
import type {
  IdentityReason,
  JudgedIdentity,
  SignedCall,
  SignedCallTaker,
  TrunkIdentity,
} from "./identity-contracts.js";
import { ABSENT, refusalOf, unverified } from "./identity-facts.js";
import { IdentityMeters } from "./identity-meters.js";
import type { IdentitySigner, SignedHeaders } from "./identity-signer.js";
import { identityTask, type IdentityTask } from "./identity-task.js";
import type { IdentityVerifier } from "./identity-verifier.js";
import { onwardIdentity } from "./onward-identity.js";

export interface IdentityGateOptions {
  /** Longest that an INVITE waits for verification and signing together, ms; then it goes on without. */
  readonly budgetMs: number;
  /** INVITEs that may wait at once; further ones go on unverified. */
  readonly maxWaiting: number;
  /** `to`: a PASSporT for the number in To counts too. RFC 8224 §6.2 says To, RFC 8946 the Request-URI. */
  readonly destination: "request-uri" | "to";
  readonly serverName: string;
}

export interface IdentityGateDeps {
  readonly calls: SignedCallTaker;
  /** Undefined: the B2BUA will not admit it. */
  trunkOf(request: SipRequest, source: SipSource): Trunk | undefined;
  readonly verifier: IdentityVerifier;
  /** Undefined: there is no key. */
  readonly signer: IdentitySigner | undefined;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

const NOTHING: TrunkIdentity = {
  verify: false,
  onFailure: "pass",
  onAbsent: "pass",
  verstat: "none",
  header: false,
  sign: undefined,
};

/** What has come of it so far. */
interface Outcome {
  judged: JudgedIdentity | undefined;
  signed: SignedHeaders | undefined;
}

/**
 * Stands between the endpoint and the B2BUA: an INVITE of a trunk whose identities are verified or signed waits here until that is
 * done, `budgetMs` at most; all others pass in the same turn. Repeats are the endpoint's affair; a CANCEL is answered here, and the
 * B2BUA never hears of that call. Emergency calls never wait.
 */
export class IdentityGate implements SipUser {
  readonly #options: IdentityGateOptions;
  readonly #deps: IdentityGateDeps;
  readonly #meters: IdentityMeters;
  /** How each waiting INVITE is let go. */
  readonly #waiting = new Map<IncomingInvite, () => void>();

  constructor(options: IdentityGateOptions, deps: IdentityGateDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#meters = new IdentityMeters(deps.metrics, () => this.#waiting.size);
  }

  /** INVITEs that wait now. */
  get waiting(): number {
    return this.#waiting.size;
  }

  isUrgent(request: SipRequest, source: SipSource): boolean {
    return this.#deps.calls.isUrgent?.(request, source) ?? false;
  }

  onInvite(invite: IncomingInvite): void {
    const { request, source } = invite;
    const trunk = this.#deps.trunkOf(request, source);
    if (trunk === undefined) {
      this.#deps.calls.onInvite(invite);
      return;
    }
    const { identity: settings = NOTHING } = trunk.settings;
    const works = settings.verify || (settings.sign !== undefined && this.#deps.signer !== undefined);
    const call = works ? identifyCall(request, trunk) : undefined;
    if (call === undefined || call.emergency) {
      this.#passOn({ invite, trunk, settings }, { judged: undefined, signed: undefined });
      return;
    }
    const { clock, signer } = this.#deps;
    const rules = { destination: this.#options.destination, canSign: signer !== undefined, at: clock.unix() };
    this.#take(identityTask(invite, trunk, settings, call.caller, rules));
  }

  onRequest(request: IncomingRequest): void {
    this.#deps.calls.onRequest(request);
  }

  turnAway(request: SipRequest, source: SipSource, stray: boolean): TurnedAway | undefined {
    return this.#deps.calls.turnAway?.(request, source, stray);
  }

  onStrayRequest(request: SipRequest): ((request: IncomingRequest) => void) | undefined {
    return this.#deps.calls.onStrayRequest?.(request);
  }

  onStrayAnswer(response: SipResponse, dialog: SipDialog): void {
    this.#deps.calls.onStrayAnswer?.(response, dialog);
  }

  /** The process goes: what waits gets 503. Safe to call twice. */
  close(): void {
    for (const [invite, letGo] of this.#waiting) {
      letGo();
      invite.respond(ownAnswer(503, this.#options.serverName));
    }
  }

  #take(task: IdentityTask): void {
    const { claimed, signing, settings } = task;
    const { signer } = this.#deps;
    const verifies = claimed !== undefined && claimed.values.length > 0;
    const absent = claimed === undefined ? undefined : { identity: ABSENT, signedFor: undefined };
    const signs =
      signing !== undefined &&
      settings.sign !== undefined &&
      signer?.wants({ ...signing, verified: undefined }, settings.sign) === true;
    if (!verifies && !signs) this.#passOn(task, { judged: absent, signed: undefined });
    else if (this.#waiting.size >= this.#options.maxWaiting) {
      this.#passOn(task, { judged: verifies ? notJudged("busy") : absent, signed: undefined });
    } else this.#hold(task);
  }

  #hold(task: IdentityTask): void {
    const { invite } = task;
    const { clock, log } = this.#deps;
    const since = clock.mono();
    const outcome: Outcome = { judged: undefined, signed: undefined };
    const letGo = (): boolean => {
      stop();
      invite.onCancel = nothing;
      invite.onGone = nothing;
      return this.#waiting.delete(invite);
    };
    const goOn = (reason?: "time-out" | "fault"): void => {
      if (!letGo()) return;
      this.#meters.waited(clock.mono() - since);
      if (task.claimed !== undefined && reason !== undefined) outcome.judged ??= notJudged(reason);
      this.#passGuarded(task, outcome);
    };
    const stop = clock.callAt(dueAt(since, this.#options.budgetMs), () => goOn("time-out"));
    this.#waiting.set(invite, letGo);
    invite.onCancel = () => {
      if (!letGo()) return;
      this.#meters.cancelled();
      invite.respond(ownAnswer(487, this.#options.serverName));
    };
    invite.onGone = () => {
      if (letGo()) this.#meters.cancelled();
    };
    this.#work(task, outcome, () => this.#waiting.has(invite)).then(
      () => goOn(),
      (fault: unknown) => {
        log.error("identity.fault", {}, fault);
        goOn("fault");
      },
    );
  }

  async #work({ claimed, signing, settings }: IdentityTask, outcome: Outcome, isWanted: () => boolean): Promise<void> {
    const { verifier, signer } = this.#deps;
    if (claimed !== undefined) outcome.judged = await verifier.verify(claimed, isWanted);
    if (!isWanted()) return;
    const verified = outcome.judged?.identity;
    // A call that is refused anyway is not signed.
    if (verified !== undefined && refusalOf(verified, settings) !== undefined) return;
    if (signing === undefined || settings.sign === undefined) return;
    outcome.signed = await signer?.sign({ ...signing, verified }, settings.sign);
  }

  /** Nobody above us would answer the caller: our own bug costs this call. */
  #passGuarded(task: IdentityTask, outcome: Outcome): void {
    try {
      this.#passOn(task, outcome);
    } catch (fault) {
      this.#deps.log.error("identity.fault", {}, fault);
      task.invite.respond(ownAnswer(500, this.#options.serverName));
    }
  }

  #passOn({ invite, trunk, settings }: Pick<IdentityTask, "invite" | "trunk" | "settings">, outcome: Outcome): void {
    const { judged, signed } = outcome;
    const identity = judged?.identity;
    if (identity !== undefined) {
      this.#meters.judged(identity);
      const refusal = refusalOf(identity, settings);
      if (refusal !== undefined) {
        const [status, reason] = refusal;
        this.#meters.refused(status);
        invite.respond({ ...ownAnswer(status, this.#options.serverName), reason });
        return;
      }
    }
    const { trusted, numbers } = trunk.settings;
    const onward = onwardIdentity(invite.request.headers, settings, { judged, signed, trusted, numbers });
    if (identity === undefined && onward === undefined) {
      this.#deps.calls.onInvite(invite);
      return;
    }
    const call: SignedCall = {
      ...(identity === undefined ? {} : { identity }),
      ...(onward === undefined ? {} : { onward }),
    };
    this.#deps.calls.onInvite(invite, call);
  }
}

const nothing = (): void => undefined;

const notJudged = (reason: IdentityReason): JudgedIdentity => ({ identity: unverified(reason), signedFor: undefined });

const dueAt = (since: MonoMs, ms: number): MonoMs => monoMs(since + ms);
