import { COSTLY } from "../cdr/call-context.js";
import type { CallRecord } from "../cdr/call-record.js";
import type { ReportRules } from "./report-rules.js";

/** A record with what its site's calendar says of it. */
export interface ReportCall {
  readonly record: CallRecord;
  readonly rules: ReportRules;
  /** Days since 1970, by the report's clock. */
  readonly day: number;
  /** 0–23, by the clock of the call's site. */
  readonly hour: number;
  readonly isOpen: boolean;
}

export function reportCall(record: CallRecord, rules: ReportRules): ReportCall {
  const site = rules.siteOf(record.site);
  const { startedAt } = record;
  return {
    record,
    rules,
    day: rules.clock.localDay(startedAt),
    hour: Math.floor(site.localMinute(startedAt) / 60),
    isOpen: site.isOpen(startedAt),
  };
}

/** Members of the European Union, ISO 3166-1 alpha-2, since 2020-02-01. */
const EU: ReadonlySet<string> = new Set(
  "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split(" "),
);

export interface CallFigure {
  readonly id: string;
  readonly title: string;
  readonly definition: string;
  readonly counts: (call: ReportCall) => boolean;
}

const isOut = ({ record }: ReportCall): boolean => record.direction === "out";
const isAbroad = (call: ReportCall): boolean => isOut(call) && call.record.international;
const isToEu = (call: ReportCall): boolean => isAbroad(call) && EU.has(call.record.country ?? "");
const isPayment = ({ record, rules }: ReportCall): boolean =>
  rules.isPaymentLine(record.called) || (record.dialled !== undefined && rules.isPaymentLine(record.dialled));

/** Every number that reports count from call records: what it says is what it is counted by, and traced by. */
export const CALL_FIGURES = {
  all: figure("calls", "Calls", "call records that began in the period", () => true),
  answered: figure("calls.answered", "Answered calls", "calls with outcome `answered`", isAnswered),
  out: figure("calls.out", "Calls out", "calls with direction `out`", isOut),
  in: figure("calls.in", "Calls in", "calls with direction `in`", ({ record }) => record.direction === "in"),
  international: figure(
    "calls.international",
    "International calls",
    "calls out whose far end is in another country than the site",
    isAbroad,
  ),
  costly: figure(
    "calls.costly",
    "Calls to costly numbers",
    "calls out to premium, satellite or international network numbers",
    (call) => isOut(call) && COSTLY.has(call.record.numberClass),
  ),
  afterHours: figure(
    "calls.after-hours",
    "After-hours calls",
    "calls out that began while the user's site was closed",
    (call) => isOut(call) && !call.isOpen,
  ),
  afterHoursAbroad: figure(
    "calls.after-hours-international",
    "After-hours international calls",
    "international calls that began while the user's site was closed",
    (call) => isAbroad(call) && !call.isOpen,
  ),
  failedAuthentication: figure(
    "calls.failed-authentication",
    "Failed authentications",
    "call records with failure `authentication`",
    ({ record }) => record.failure === "authentication",
  ),
  failed: figure(
    "calls.failed",
    "Failed calls",
    "calls with outcome `failed`",
    ({ record }) => record.outcome === "failed",
  ),
  forwarded: figure(
    "calls.forwarded",
    "Forwarded and transferred legs",
    "calls that exist because a call was sent on",
    ({ record }) => record.forwarded !== undefined,
  ),
  short: figure(
    "calls.short",
    "Very short calls",
    "answered calls of less than 6 s",
    (call) => isAnswered(call) && call.record.durationMs < 6_000,
  ),
  encrypted: figure(
    "calls.encrypted",
    "Encrypted calls",
    "calls whose record says that they were encrypted",
    ({ record }) => record.encrypted === true,
  ),
  clear: figure(
    "calls.clear",
    "Calls without encryption",
    "calls whose record says that they were not encrypted",
    ({ record }) => record.encrypted === false,
  ),
  encryptionUnknown: figure(
    "calls.encryption-unknown",
    "Calls of unknown encryption",
    "calls whose record does not say whether they were encrypted",
    ({ record }) => record.encrypted === undefined,
  ),
  payment: figure(
    "calls.payment",
    "Calls to payment lines",
    "calls whose called number, or number as dialled, is one of `reports.paymentLines`",
    isPayment,
  ),
  paymentClear: figure(
    "calls.payment-clear",
    "Payment calls without encryption",
    "calls to payment lines whose record says that they were not encrypted",
    (call) => isPayment(call) && call.record.encrypted === false,
  ),
  paymentUnknown: figure(
    "calls.payment-unknown",
    "Payment calls of unknown encryption",
    "calls to payment lines whose record does not say whether they were encrypted",
    (call) => isPayment(call) && call.record.encrypted === undefined,
  ),
  toEu: figure("calls.eu", "Calls to the EU", "international calls to a member of the European Union", isToEu),
  toEuUnauthorised: figure(
    "calls.eu-unauthorised",
    "Calls to the EU by unauthorised users",
    "international calls to a member of the European Union by users that `reports.euCallers` does not name",
    (call) =>
      isToEu(call) &&
      call.rules.euCallers !== undefined &&
      !call.rules.mayCallEu(call.record.user, call.record.department),
  ),
  late: figure(
    "calls.late",
    "Records that came late",
    "call records that reached us more than a day after the call was over",
    ({ record }) => record.reportedAt !== undefined && record.reportedAt - record.endedAt > 86_400_000,
  ),
  reported: figure(
    "calls.reported",
    "Records that say when they reached us",
    "call records with a time at which they were written or received",
    ({ record }) => record.reportedAt !== undefined,
  ),
} as const satisfies Record<string, CallFigure>;
export type CallFigureName = keyof typeof CALL_FIGURES;

/** How calls of a figure can be told apart; undefined: not in any group. */
export const GROUPINGS = {
  country: ({ record }: ReportCall): string | undefined => record.country ?? "unknown",
  site: ({ record }: ReportCall): string | undefined => record.site ?? "default",
  user: ({ record }: ReportCall): string | undefined => record.user,
  day: ({ day }: ReportCall): string | undefined => String(day),
  hour: ({ hour }: ReportCall): string | undefined => String(hour),
  "closed-hour": ({ hour, isOpen }: ReportCall): string | undefined => (isOpen ? undefined : String(hour)),
  type: (call: ReportCall): string | undefined => typeOf(call),
  class: ({ record }: ReportCall): string | undefined => record.numberClass,
  source: ({ record }: ReportCall): string | undefined => record.source,
  address: ({ record }: ReportCall): string | undefined => record.address ?? "unknown",
  "forward-kind": ({ record }: ReportCall): string | undefined => record.forwarded?.kind,
} as const;
export type Grouping = keyof typeof GROUPINGS;

export const CALL_TYPES = ["internal", "in", "out-national", "out-international", "out-costly", "unknown"] as const;

function typeOf({ record }: ReportCall): (typeof CALL_TYPES)[number] {
  if (record.direction === "internal" || record.direction === "in") return record.direction;
  if (record.direction === "unknown") return "unknown";
  if (COSTLY.has(record.numberClass)) return "out-costly";
  return record.international ? "out-international" : "out-national";
}

function isAnswered({ record }: ReportCall): boolean {
  return record.outcome === "answered";
}

function figure(id: string, title: string, definition: string, counts: CallFigure["counts"]): CallFigure {
  return { id, title, definition, counts };
}

/** @returns Whether a call belongs to what a trace names, or undefined: there is no such figure. See `Trace.id`. */
export function traced(id: string): ((call: ReportCall) => boolean) | undefined {
  const [name = "", by, ...rest] = id.split("/");
  const found = Object.values(CALL_FIGURES).find((each) => each.id === name);
  if (found === undefined) return undefined;
  if (by === undefined) return found.counts;
  if (!Object.hasOwn(GROUPINGS, by) || rest.length === 0) return undefined;
  const keyOf = GROUPINGS[by as Grouping];
  const key = rest.join("/");
  return (call) => found.counts(call) && keyOf(call) === key;
}
