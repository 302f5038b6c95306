import type { Clock } from "../core/clock.js";
import { sensitiveUri, type Log } from "../core/log.js";
import type { Random } from "../core/random.js";
import { monoMs, unixMs } from "../core/time.js";
import type { DialogJournal, InvitedFacts, JournalEntry } from "../ports/dialog-journal.js";
import type { RecordSink } from "../ports/records.js";
import type { DialogSnapshot, SipDialog, SipEndpoint } from "../ports/sip-endpoint.js";
import { byeReport } from "./call-teardown.js";
import { buildCdr } from "./cdr-builder.js";
import type { CallFacts, CallIdentity, LegOutcome } from "./contracts.js";
import { reasonHeader, restartReason } from "./end-reasons.js";
import { restoredDialog } from "./restored-dialog.js";

export type AnsweredEntry = Extract<JournalEntry, { kind: "answered" }>;
export type InvitedEntry = Extract<JournalEntry, { kind: "invited" }>;

export interface RecoveryOptions {
  /** What happens to calls that were up when the last process died: both legs get BYE, or they go on. */
  readonly afterRestart: "end" | "resume";
  /** Calls ended in one tenth of a second, so that thousands of BYEs do not go out at once. */
  readonly perTenth: number;
}

export const DEFAULT_RECOVERY: RecoveryOptions = { afterRestart: "end", perTenth: 20 };

export interface RecoveryDeps {
  readonly endpoint: Pick<SipEndpoint, "restoreDialog" | "capabilities">;
  readonly journal: Pick<DialogJournal, "append">;
  /** Gives a call back to the B2BUA. @returns False when it could not. */
  readonly resume: (entry: AnsweredEntry) => boolean;
  /** A call is over, and its entry in the journal closed: its name may be another's from now on. */
  readonly onOver?: (name: string, wasAnswered: boolean) => void;
  readonly sink: RecordSink;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** In calls, but for `unanswered`. */
export interface RecoveryReport {
  readonly resumed: number;
  /** Both legs said that they are gone, or were. */
  readonly ended: number;
  /** A leg did not answer its BYE. */
  readonly timedOut: number;
  /** The SIP engine cannot take dialogs over: they stay as they are. */
  readonly notRestorable: number;
  /**
   * INVITEs that were under way: they are only recorded. Their transactions died with the process, so that nothing can be cancelled
   * or refused any more; if one is answered yet, the B2BUA ends it as a stray answer.
   */
  readonly unanswered: number;
}

/**
 * What is left to do after the process died: no leg may stay up for ever. Calls that were answered are ended on both legs, or go
 * on; emergency calls always go on. Ended calls get a Cdr with cause `restart`, and so do those that were never answered.
 */
export async function recoverCalls(
  entries: readonly JournalEntry[],
  options: RecoveryOptions,
  deps: RecoveryDeps,
): Promise<RecoveryReport> {
  const { answered, unanswered } = openCalls(entries);
  for (const entry of unanswered) recordUnanswered(entry, deps);
  if (!deps.endpoint.capabilities.restoreDialogs) {
    if (answered.length > 0)
      deps.log.error("recovery.not-restorable", { calls: answered.length, engine: deps.endpoint.capabilities.engine });
    return { resumed: 0, ended: 0, timedOut: 0, notRestorable: answered.length, unanswered: unanswered.length };
  }
  const toEnd = answered.filter((entry) => !goesOn(entry, options, deps));
  const outcomes: Promise<LegOutcome>[] = [];
  for (const [index, entry] of toEnd.entries()) {
    if (index > 0 && index % options.perTenth === 0) await pause(deps.clock, 100);
    if (!entry.facts.emergency) outcomes.push(endCall(entry, deps));
  }
  const timedOut = (await Promise.all(outcomes)).filter((outcome) => outcome === "timed-out").length;
  const report = {
    resumed: answered.length - toEnd.length,
    ended: outcomes.length - timedOut,
    timedOut,
    notRestorable: toEnd.length - outcomes.length,
    unanswered: unanswered.length,
  };
  if (entries.length > 0) deps.log.info("recovery.done", report);
  return report;
}

/** A call that goes on is written anew by whoever keeps the journal now, so its old entry is closed first. */
function goesOn(entry: AnsweredEntry, { afterRestart }: RecoveryOptions, deps: RecoveryDeps): boolean {
  if (afterRestart !== "resume" && !entry.facts.emergency) return false;
  deps.journal.append({ kind: "ended", callId: entry.callId });
  try {
    return deps.resume(entry);
  } catch (cause) {
    deps.log.error("recovery.resume-failed", { call: sensitiveUri(entry.callId) }, cause);
    return false;
  }
}

/** What was not over, by the journal: the last word on each call counts. */
export function openCalls(entries: readonly JournalEntry[]): {
  readonly answered: readonly AnsweredEntry[];
  readonly unanswered: readonly InvitedEntry[];
} {
  const open = new Map<string, AnsweredEntry | InvitedEntry>();
  for (const entry of entries) {
    if (entry.kind === "ended") open.delete(entry.callId);
    else if (entry.kind === "answered" || open.get(entry.callId)?.kind !== "answered") open.set(entry.callId, entry);
  }
  const answered: AnsweredEntry[] = [];
  const unanswered: InvitedEntry[] = [];
  for (const entry of open.values()) {
    if (entry.kind === "invited") unanswered.push(entry);
    else answered.push(entry);
  }
  return { answered, unanswered };
}

/** Nobody was told how it ended: status 0. */
function recordUnanswered({ callId, bCallId, facts }: InvitedEntry, deps: RecoveryDeps): void {
  deps.journal.append({ kind: "ended", callId });
  deps.onOver?.(callId, false);
  if (facts === undefined) return;
  const ids = { callId: facts.aCallId ?? callId, bCallId };
  recordCall({ ...ids, ...callFacts(facts), endedAt: deps.clock.unix(), status: 0 }, deps);
}

function callFacts(facts: InvitedFacts): Pick<CallFacts, "identity" | "nextHop" | "startedAt" | "origin"> {
  const { caller, called, trunk, emergency } = facts;
  return {
    identity: { caller, called, trunk, emergency } as CallIdentity,
    nextHop: facts.nextHop === "" ? undefined : facts.nextHop,
    startedAt: unixMs(facts.startedAt),
    origin: facts.origin,
  };
}

function recordCall(facts: Omit<CallFacts, "endedBy" | "cause" | "q850">, { random, sink }: RecoveryDeps): void {
  const { cause, q850 } = restartReason;
  sink.write({ kind: "cdr", cdr: buildCdr({ ...facts, endedBy: "gateway", cause, q850 }, random.token(12)) });
}

/** As in the Cdr of a call that we live to end. */
const originOf = ({ callId, a, facts }: AnsweredEntry): CallFacts["origin"] =>
  callId === a.callId ? facts.origin : { related: a.callId, ...facts.origin };

async function endCall(entry: AnsweredEntry, deps: RecoveryDeps): Promise<LegOutcome> {
  const startedAt = deps.clock.mono();
  const [a, b] = await Promise.all([endLeg(entry.a, deps), endLeg(entry.b, deps)]);
  deps.journal.append({ kind: "ended", callId: entry.callId });
  deps.onOver?.(entry.callId, true);
  const endedAt = deps.clock.unix();
  const { facts } = entry;
  // Under its name, as all that is kept of it; see `CallNames`.
  const ids = { callId: entry.callId, bCallId: entry.b.callId };
  const known = { ...callFacts(facts), origin: originOf(entry), answeredAt: unixMs(facts.answeredAt) };
  recordCall({ ...ids, ...known, endedAt, status: 200 }, deps);
  const tookMs = deps.clock.mono() - startedAt;
  deps.sink.write({
    kind: "teardown",
    teardown: { callId: entry.callId, at: endedAt, phase: "answered", via: "hop", aOutcome: a, bOutcome: b, tookMs },
  });
  if (a === "timed-out" || b === "timed-out") return "timed-out";
  return a === "already-gone" && b === "already-gone" ? "already-gone" : "confirmed";
}

/** Sends BYE; the endpoint's own time-out (64·T1) bounds the wait. */
function endLeg(snapshot: DialogSnapshot, deps: RecoveryDeps): Promise<LegOutcome> {
  return new Promise<LegOutcome>((resolve) => {
    const dialog: SipDialog = deps.endpoint.restoreDialog(restoredDialog(snapshot));
    // Both ends may hang up at the same moment: a BYE that crosses ours is answered, anything else has come too late.
    dialog.user = {
      onRequest: (request) =>
        void request.respond(request.request.method === "BYE" ? { status: 200 } : { status: 481 }),
    };
    const headers = [["Reason", reasonHeader(restartReason)]] as const;
    dialog.request(
      { method: "BYE", headers },
      { onFinal: (response, local) => resolve(byeReport(response.status, local).outcome) },
    );
  }).catch((cause: unknown) => {
    deps.log.error("recovery.leg-failed", { call: sensitiveUri(snapshot.callId) }, cause);
    return "timed-out";
  });
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.callAt(monoMs(clock.mono() + ms), resolve));
}
