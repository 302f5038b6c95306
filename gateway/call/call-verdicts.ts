import {
  judgeCall,
  type CallerId,
  type Cdr,
  type CallerProof,
  type CallStarted,
  type Decision,
  type UnixMs,
  type VerdictChoices,
} from "../../detection/index.js";
import { readAsteriskCallId } from "../core/asterisk-call-id.js";
import type { Clock } from "../core/clock.js";
import type { Log } from "../core/log.js";
import type { Random } from "../core/random.js";
import type { Counter, Histogram, Metrics } from "../core/metrics.js";
import type { AskedCall, CallVerdict, CallVerdicts, EndedCall } from "../ports/call-verdict.js";
import { monoMs } from "../core/time.js";
import type { RecordSink } from "../ports/records.js";
import { AskedCalls } from "./asked-calls.js";
import type { CallRegistry } from "./call-registry.js";
import type { ActionCarrier } from "./carry-out.js";
import type { CallIdentity, CallScreen } from "./contracts.js";
import { leavingOut, type DialplanEndings } from "./dialplan-endings.js";
import type { ForeignCalls } from "./foreign-calls.js";
import type { HopLegBook } from "./hop-leg-book.js";
import { identifyReported } from "./identify-call.js";
import { proofOf } from "./identity/identity-facts.js";
import type { KnownCallers } from "./known-callers.js";
import type { Trunk, TrunkTable } from "./trunks.js";

export interface VerdictDeskDeps {
  readonly screen: CallScreen;
  readonly carrier: Pick<ActionCarrier, "carryOut">;
  readonly registry: Pick<CallRegistry, "has">;
  /** Absent: no call that is asked about can have come through the hop. */
  readonly legs?: Pick<HopLegBook, "call"> | undefined;
  readonly foreignCalls: Pick<ForeignCalls, "add" | "delete">;
  readonly dialplans: Pick<DialplanEndings, "asks" | "told" | "over">;
  readonly trunks: () => TrunkTable;
  readonly seen: Pick<KnownCallers, "knows" | "toScreen" | "ended">;
  /** What the rules may do now: both change with a reload. */
  readonly policy: {
    readonly shadow: boolean;
    guards(call: Pick<CallStarted, "caller" | "called" | "trunk">): boolean;
  };
  /** How bad the caller's earlier calls were, 0–1. */
  readonly pastOf: (caller: CallerId, now: UnixMs) => number;
  /**
   * What whoever watches the calls of that system knows of one: it is up, or was seen to its end. Undefined: nothing yet.
   * Absent: nobody watches them.
   */
  readonly watching: (server: string | undefined) => ((callId: string) => "up" | "over" | undefined) | undefined;
  readonly sink: Pick<RecordSink, "write">;
  readonly random: Random;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** What the desk knows of a call beside its numbers. */
type JudgedCall = Pick<AskedCall, "callId" | "known"> & { readonly proof: CallerProof };

/** Who watches may see a moment later than the dialplan tells: who knows nothing of a call by then will not record it, ms. */
const WATCHER_MS = 2_000;
/** Calls that are remembered until they are reported as over. */
const MOST_ASKED = 20_000;
const MOST_UNWRITTEN = 2_000;
/** Longest call id and number, characters. */
const MAX_TEXT = 256;
const TALK_SECONDS = [0, 5, 15, 30, 60, 180, 600, 1_800, 3_600];

/**
 * Calls about which another system asks before it lets them through: decided on like those of the hop, and remembered, so that they can
 * be ended there later. A call that is asked about twice, or is reported as well, carries one id and counts once.
 */
export class VerdictDesk implements CallVerdicts {
  readonly #deps: VerdictDeskDeps;
  readonly #calls = new AskedCalls(MOST_ASKED);
  readonly #unwritten = new Set<() => void>();
  #choices: VerdictChoices;
  readonly #asked: Counter;
  readonly #ended: Counter;
  readonly #talked: Histogram;

  constructor(choices: VerdictChoices, deps: VerdictDeskDeps) {
    this.#choices = choices;
    this.#deps = deps;
    const { metrics } = deps;
    this.#asked = metrics.counter("ringfence_asked_calls_total", "Verdicts given to systems that asked", [
      "verdict",
      "reason",
    ]);
    this.#ended = metrics.counter(
      "ringfence_asked_calls_ended_total",
      "Calls that such a system said are over, by class of the Q.850 cause: 0 normal, 1 normal, 2 resource …; none: not told",
      ["class"],
    );
    this.#talked = metrics.histogram(
      "ringfence_asked_calls_talk_seconds",
      "From answer to end of such calls; 0: never answered",
      TALK_SECONDS,
    );
  }

  /** From now on. */
  reconfigure(choices: VerdictChoices): void {
    this.#choices = choices;
  }

  ask(call: AskedCall): CallVerdict {
    const verdict = this.#ask(call);
    this.#asked.labels(verdict.verdict, verdict.reason).inc();
    return verdict;
  }

  #ask(call: AskedCall): CallVerdict {
    if (!isReadable(call)) return unavailable(call.callId);
    try {
      return this.#decide(call);
    } catch (cause) {
      this.#deps.log.error("verdict.failed", {}, cause);
      return unavailable(call.callId);
    }
  }

  ended(end: EndedCall): void {
    const { callId, cause, talkedMs } = end;
    const { screen, foreignCalls, clock, registry, dialplans, seen, random } = this.#deps;
    const hasCause = cause !== undefined && cause >= 1 && cause <= 127;
    this.#ended.labels(hasCause ? String(cause >> 4) : "none").inc();
    if (talkedMs !== undefined) this.#talked.observe(talkedMs / 1_000);
    // While the hop carries it, only the hop says when it ended.
    if (registry.has(callId)) return;
    const known = this.#watched(callId);
    const cdr = this.#calls.ended(end, random.token(12), clock.unix());
    if (talkedMs !== undefined) seen.ended({ callId, at: clock.unix() }, talkedMs);
    // After a transfer it goes on without the channel that reports: who watches it says when it is over.
    if (known === "up") return;
    if (cdr !== undefined && known !== "over") this.#record(cdr);
    dialplans.over(callId);
    foreignCalls.delete(callId);
    screen.callEnded({ kind: "call.ended", callId, at: clock.unix() });
  }

  /** The called number of a question, as it came; undefined: nobody asked about that call, or its end was reported. */
  askedNumber(callId: string): string | undefined {
    return this.#calls.calledOf(callId);
  }

  /** What is not written yet is: the gateway ends. */
  flush(): void {
    for (const write of [...this.#unwritten]) write();
  }

  #watched(callId: string): "up" | "over" | undefined {
    return this.#deps.watching(readAsteriskCallId(callId)?.serverId)?.(callId);
  }

  /** One record for each call: where somebody watches that system, it is theirs as soon as they know of the call. */
  #record(cdr: Cdr): void {
    const { sink, clock, watching } = this.#deps;
    const { callId } = cdr;
    const write = (): void => {
      cancel();
      this.#unwritten.delete(write);
      if (this.#watched(callId) === undefined) sink.write({ kind: "cdr", cdr });
    };
    let cancel = (): void => undefined;
    if (watching(readAsteriskCallId(callId)?.serverId) === undefined || this.#unwritten.size >= MOST_UNWRITTEN) {
      write();
      return;
    }
    this.#unwritten.add(write);
    cancel = clock.callAt(monoMs(clock.mono() + WATCHER_MS), write);
  }

  #decide(call: AskedCall): CallVerdict {
    const { screen, carrier, legs, foreignCalls, dialplans, clock } = this.#deps;
    const live = call.sipCallId === undefined ? undefined : legs?.call(call.sipCallId, call.legMark);
    const callId = live?.callId ?? call.callId;
    const identity = live?.identity ?? this.#identify(call);
    const arrivedAt = clock.unix();
    const { server } = call;
    if (server !== undefined) dialplans.asks(server);
    // An emergency call is never ended: nobody needs to know how.
    if (live === undefined && !identity.emergency)
      foreignCalls.add(server === undefined ? { callId } : { callId, switchId: server });
    const source = live === undefined ? "asterisk" : "hop";
    const decision = screen.callStarted({
      kind: "call.started",
      callId,
      ...identity,
      at: call.at ?? arrivedAt,
      arrivedAt,
      source,
    });
    const asked = { ...call, callId, proof: proofOf(call.proof, live?.signedIdentity) };
    const verdict = this.#judge(asked, identity, decision, arrivedAt);
    if (live === undefined) this.#calls.asked(callId, { identity, called: call.called }, verdict, arrivedAt);
    // Who asks refuses the call by itself: it is not to be ended here as well, unless it is still there later.
    const isLeft = live === undefined && verdict.verdict === "block" && dialplans.told(callId, decision);
    carrier.carryOut(isLeft ? leavingOut(decision.actions, callId) : decision.actions);
    return verdict;
  }

  #judge(call: JudgedCall, identity: CallIdentity, decision: Decision, now: UnixMs): CallVerdict {
    const { callId, known, proof } = call;
    const { policy, seen, pastOf } = this.#deps;
    const { caller, emergency } = identity;
    const judged = judgeCall(
      {
        decision,
        emergency,
        shadow: policy.shadow,
        guarded: policy.guards(identity),
        anonymous: caller.startsWith("anonymous@"),
        known: known ?? seen.knows(caller, callId, now),
        history: pastOf(caller, now),
        proof,
      },
      this.#choices,
    );
    if (judged.verdict === "screen") seen.toScreen(callId);
    const { alertId, incidentId } = decision;
    return {
      callId,
      ...judged,
      ...(alertId === undefined ? {} : { alertId }),
      ...(incidentId === undefined ? {} : { incidentId }),
    };
  }

  #identify({ caller, called, withheld, trunk, server }: AskedCall): CallIdentity {
    const own = this.#trunkOf(trunk, server);
    const hidden = withheld === true && own.settings.withheldNumbers === "hide";
    return identifyReported(hidden ? "" : caller, called, own);
  }

  /** The trunk that is named, else the one that bears the system's own id, else the default one. */
  #trunkOf(trunk: string | undefined, server: string | undefined): Trunk {
    const trunks = this.#deps.trunks();
    const named = trunk === undefined ? undefined : trunks.named(trunk);
    return named ?? (server === undefined ? undefined : trunks.configured(server)) ?? trunks.default;
  }
}

function isReadable({ callId, caller, called }: AskedCall): boolean {
  const lengths = [callId, caller, called].map((text) => text.length);
  return callId !== "" && called.trim() !== "" && Math.max(...lengths) <= MAX_TEXT;
}

const unavailable = (callId: string): CallVerdict => ({ callId, verdict: "allow", score: 0, reason: "unavailable" });
