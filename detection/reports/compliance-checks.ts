import type { UnixMs } from "../model/time.js";
import { eventTrace, EVENT_FIGURES, type EventFigureName } from "./event-figures.js";
import { groupDigits, percent } from "./parts.js";
import type { CallFigureName } from "./report-call.js";
import type { ReportTrace } from "./report-document.js";
import type { AuditProof, ReportFacts } from "./report-facts.js";
import { daysOf } from "./parts.js";
import { dayText } from "./report-rules.js";

/** `good`: the rows show it. `warning`: somebody has to look. `bad`: the rows show the opposite. `muted`: the rows cannot say. */
export interface Evidence {
  readonly verdict: "good" | "warning" | "bad" | "muted";
  readonly text: string;
  readonly trace?: ReportTrace;
}

/** One demand of a standard, and what our rows say of it. */
export interface Check {
  readonly reference: string;
  readonly asks: string;
  readonly evidence: (facts: ReportFacts, now: UnixMs) => Evidence;
}

const DAY_MS = 86_400_000;

export const VERDICT_TEXT: Readonly<Record<Evidence["verdict"], string>> = {
  good: "shown",
  warning: "look at",
  bad: "broken",
  muted: "no data",
};

const countOf = (facts: ReportFacts, name: EventFigureName): number =>
  facts.events.filter(EVENT_FIGURES[name].counts).length;
const traceOf = (facts: ReportFacts, name: EventFigureName): ReportTrace => eventTrace(name, facts.events);

/** Events are being recorded, and the record of them is whole. */
export const logged: Check["evidence"] = (facts) => {
  const entries = countOf(facts, "audit");
  const trace = traceOf(facts, "audit");
  const said = entries === 0 ? "No audit entry of the period was read" : `${groupDigits(entries)} audit entries`;
  const { auditProof: proof } = facts;
  if (proof === undefined)
    return { verdict: entries === 0 ? "muted" : "warning", text: `${said}; their chain was not checked.`, trace };
  const verdict =
    proof.verdict === "broken" ? "bad" : proof.verdict !== "intact" || proof.lost > 0 ? "warning" : "good";
  return {
    verdict: entries === 0 && verdict === "good" ? "muted" : verdict,
    text: `${said}. ${chainText(proof)}`,
    trace,
  };
};

/** What the check of the chain came to, in a sentence. */
export function chainText(proof: AuditProof): string {
  const { verdict, records, firstSeq, lastSeq, lost, problem = "" } = proof;
  switch (verdict) {
    case "intact":
      return `The hash chain verifies: records ${groupDigits(firstSeq)} to ${groupDigits(lastSeq)}${lost > 0 ? `, which say themselves that ${groupDigits(lost)} entries could not be written` : ", none changed or taken out"}.${beforeText(proof)}`;
    case "broken":
      return `The hash chain is broken behind record ${groupDigits(lastSeq)}: ${problem}. ${groupDigits(records)} records before it verify.`;
    case "absent":
      return "There is no audit record at all.";
    case "unread":
      return `The audit log could not be read: ${problem}.`;
  }
}

function beforeText({ firstSeq, deletedThrough = 0 }: AuditProof): string {
  if (firstSeq <= 1) return "";
  const records = ` Records 1 to ${groupDigits(firstSeq - 1)}`;
  return deletedThrough >= firstSeq - 1
    ? `${records} were deleted by age, as the chain itself tells.`
    : `${records} are not here.`;
}

/** Somebody, or something, looks at them. */
export const monitored: Check["evidence"] = (facts) => {
  const calls = facts.calls.total("all").rows;
  if (calls === 0) return { verdict: "muted", text: "No call record of the period was read." };
  const found = countOf(facts, "findings") + countOf(facts, "alerts");
  const trace = traceOf(facts, "findings");
  // Rows do not say whether a detector saw them: an import without `--detect` writes the same.
  return found === 0
    ? {
        verdict: "warning",
        text: `Nothing was found in ${groupDigits(calls)} call records. Show that detectors saw them: records imported without --detect are not examined.`,
        trace,
      }
    : {
        verdict: "good",
        text: `${groupDigits(found)} incidents were found; ${groupDigits(calls)} call records are of the period.`,
        trace,
      };
};

export const responded: Check["evidence"] = (facts) => {
  const severe = countOf(facts, "severe");
  const trace = traceOf(facts, "severe");
  if (facts.calls.total("all").rows + countOf(facts, "alerts") + countOf(facts, "findings") === 0)
    return { verdict: "muted", text: "No call record and no alert of the period was read.", trace };
  if (severe === 0)
    return { verdict: "good", text: "No incident of high or critical severity called for a response.", trace };
  const ended = countOf(facts, "enforced");
  const byGateway = `Calls were ended by the gateway in ${ended} of the live ones.`;
  if (facts.caseBook.isEmpty)
    return {
      verdict: "warning",
      text: `${severe} of high or critical severity: show how each was handled. ${byGateway}`,
      trace,
    };
  const untaken = facts.events.filter((row) => EVENT_FIGURES.severe.counts(row) && !facts.caseBook.isTaken(row)).length;
  const untakenCases = countOf(facts, "casesSevereUntaken");
  if (untaken === 0 && untakenCases === 0)
    return {
      verdict: "good",
      text: `${severe} of high or critical severity; somebody looked after each. ${byGateway}`,
      trace,
    };
  // Their case may be older than the period, or be none: then only they themselves can be shown.
  const isOlder = untaken > untakenCases;
  return {
    verdict: "warning",
    text: `${isOlder ? `${untaken} of ${severe}` : untakenCases} alerts of high or critical severity were acknowledged by nobody. ${byGateway}`,
    trace: isOlder ? trace : traceOf(facts, "casesSevereUntaken"),
  };
};

export const evidenceKept: Check["evidence"] = (facts) => {
  const all = facts.calls.total("all").rows;
  const late = facts.calls.total("late").rows;
  const reported = facts.calls.total("reported").rows;
  if (all === 0) return { verdict: "muted", text: "No call record of the period was read." };
  if (reported === 0)
    return {
      verdict: "muted",
      text: "Every figure of this report names its rows; none of them says when it was written.",
      trace: facts.calls.trace("reported"),
    };
  const silent = reported < all ? ` ${groupDigits(all - reported)} do not say when they were written.` : "";
  return {
    verdict: late > 0 || reported < all ? "warning" : "good",
    text: `Every figure of this report names its rows; ${late === 0 ? "no record came late" : `${groupDigits(late)} records came more than a day late`}.${silent}`,
    trace: facts.calls.trace("late"),
  };
};

export const authentication: Check["evidence"] = (facts) => {
  const failed = facts.calls.total("failedAuthentication").rows;
  const refused = countOf(facts, "refusedAccess");
  if (facts.calls.total("all").rows === 0 && countOf(facts, "audit") === 0)
    return { verdict: "muted", text: "No rows of the period were read." };
  return {
    verdict: failed + refused > 0 ? "warning" : "good",
    text: `${groupDigits(failed)} failed authentications in call records, ${groupDigits(refused)} refused accesses to the gateway.`,
    trace: facts.calls.trace("failedAuthentication"),
  };
};

export const refusals: Check["evidence"] = (facts) => {
  const audit = countOf(facts, "audit");
  if (audit === 0) return { verdict: "muted", text: "No audit entry of the period was read." };
  const refused = countOf(facts, "refused");
  return {
    verdict: "good",
    text: `${groupDigits(refused)} actions were refused and are in the audit log.`,
    trace: traceOf(facts, "refused"),
  };
};

export const reads: Check["evidence"] = (facts) => {
  if (countOf(facts, "audit") === 0) return { verdict: "muted", text: "No audit entry of the period was read." };
  const [read, lists] = [countOf(facts, "reads"), countOf(facts, "lists")];
  return {
    verdict: "good",
    text: `${groupDigits(read)} reads of transcripts and sound and exports of call records, each with who asked for it; ${groupDigits(lists)} lists of records, findings and the like, each with its filter.`,
    trace: traceOf(facts, "reads"),
  };
};

export const deletions: Check["evidence"] = (facts) => {
  if (countOf(facts, "audit") === 0) return { verdict: "muted", text: "No audit entry of the period was read." };
  const deleted = countOf(facts, "deletions");
  return { verdict: "good", text: `${groupDigits(deleted)} deletions by subject.`, trace: traceOf(facts, "deletions") };
};

export const administrationAfterHours: Check["evidence"] = (facts) => {
  const changed = countOf(facts, "administrationClosed") + countOf(facts, "changesClosed");
  if (countOf(facts, "audit") + countOf(facts, "changes") === 0)
    return { verdict: "muted", text: "No audit entry and no changed setting of the period was read." };
  const settings = countOf(facts, "changesClosed");
  const trace = traceOf(facts, settings > 0 ? "changesClosed" : "administrationClosed");
  return {
    verdict: changed > 0 ? "warning" : "good",
    text:
      changed === 0
        ? "Nothing was changed after hours."
        : `${countOf(facts, "administrationClosed")} administrative actions and ${settings} changed settings after hours.`,
    trace,
  };
};

/** @param part Which calls have to be encrypted. */
export const encryption =
  (part: "all" | "payment"): Check["evidence"] =>
  (facts) => {
    const [whole, clear, unknown]: readonly [CallFigureName, CallFigureName, CallFigureName] =
      part === "all" ? ["all", "clear", "encryptionUnknown"] : ["payment", "paymentClear", "paymentUnknown"];
    if (part === "payment" && facts.rules.paymentLines.length === 0)
      return {
        verdict: "muted",
        text: "reports.paymentLines names no number: which lines take payments is not known.",
      };
    const all = facts.calls.total(whole).rows;
    if (all === 0)
      return part === "all"
        ? { verdict: "muted", text: "No call record of the period was read." }
        : {
            verdict: "muted",
            text: "No call to a payment line in the period. reports.paymentLines has to name them as call records do: +12025550100.",
            trace: facts.calls.trace("payment"),
          };
    const open = facts.calls.total(clear).rows;
    const untold = facts.calls.total(unknown).rows;
    if (open > 0)
      return {
        verdict: "bad",
        text: `${groupDigits(open)} of ${groupDigits(all)} calls (${groupDigits(percent(open, all) ?? 0)} %) were not encrypted${untold > 0 ? `; of ${groupDigits(untold)} it is not known` : ""}.`,
        trace: facts.calls.trace(clear),
      };
    if (untold > 0)
      return {
        verdict: untold === all ? "muted" : "warning",
        text: `${groupDigits(untold)} of ${groupDigits(all)} records do not say whether the call was encrypted.`,
        trace: facts.calls.trace(unknown),
      };
    return { verdict: "good", text: `All ${groupDigits(all)} calls were encrypted.`, trace: facts.calls.trace(whole) };
  };

/** @param years That records have to be kept, and what shows who did what about them. */
export const retention =
  (years: number): Check["evidence"] =>
  (facts) => {
    const { recordRetentionDays, storeRetentionDays } = facts.rules;
    const needed = Math.ceil(years * 365.25);
    const kept = [
      { what: "Call records", days: recordRetentionDays, key: "records.retentionDays" },
      { what: "CDRs, alerts and audit rows", days: storeRetentionDays, key: "store.retentionDays" },
    ];
    const short = kept.filter(({ days }) => days > 0 && days < needed);
    const said = kept.map(({ what, days }) => {
      if (days === 0) return `${what} are kept for ever.`;
      return `${what} are ${days < needed ? "deleted after" : "kept for"} ${groupDigits(days)} days.`;
    });
    if (short.length === 0) return { verdict: "good", text: said.join(" ") };
    const keys = short.map(({ key }) => key).join(" and ");
    return { verdict: "bad", text: `${said.join(" ")} ${years} years are ${groupDigits(needed)}. Set ${keys}.` };
  };

/** Days of the period without a single record. */
export function emptyDays(facts: ReportFacts, now: UnixMs): readonly string[] {
  const today = facts.rules.clock.localDay(now);
  return daysOf(facts)
    .filter((day) => day < today && (facts.callsByDay.get(day) ?? 0) === 0)
    .map(dayText);
}

export const complete: Check["evidence"] = (facts, now) => {
  const all = facts.calls.total("all").rows;
  if (all === 0) return { verdict: "bad", text: "There is no call record of the period at all." };
  const gaps = emptyDays(facts, now);
  const days = Math.round((facts.range.to - facts.range.from) / DAY_MS);
  return gaps.length === 0
    ? {
        verdict: "good",
        text: `${groupDigits(all)} records; each of the ${days} days has some.`,
        trace: facts.calls.trace("all"),
      }
    : {
        verdict: "warning",
        text: `${gaps.length} of ${days} days have no record: ${gaps.slice(0, 5).join(", ")}${gaps.length > 5 ? " …" : ""}. Weekends and holidays may explain it.`,
        trace: facts.calls.trace("all"),
      };
};

export const euCalls: Check["evidence"] = (facts) => {
  const all = facts.calls.total("toEu").rows;
  if (facts.rules.euCallers === undefined)
    return {
      verdict: "muted",
      text: `${groupDigits(all)} calls to the EU; reports.euCallers does not say who may make them.`,
      trace: facts.calls.trace("toEu"),
    };
  const unauthorised = facts.calls.total("toEuUnauthorised").rows;
  return {
    verdict: unauthorised > 0 ? "bad" : "good",
    text: `${groupDigits(unauthorised)} of ${groupDigits(all)} calls to the EU by users that reports.euCallers does not name.`,
    trace: facts.calls.trace("toEuUnauthorised"),
  };
};
