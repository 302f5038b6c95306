import type { CallRecord } from "../cdr/call-record.js";
import type { UnixMs } from "../model/time.js";
import { unixMs } from "../model/time.js";
import type { JourneyLeg } from "./journey.js";
import { numbersShown, tracesShown } from "./numbers-shown.js";
import { countryText, lengthText, number, text, timeText } from "./parts.js";
import type { LegBar, ReportDocument, ReportTable, Tone } from "./report-document.js";
import type { ReportRules } from "./report-rules.js";

interface Setting {
  readonly now: UnixMs;
  readonly rules: ReportRules;
  readonly limits: readonly string[];
}

/** @param legs At least one, in the order in which they began. */
export function journeyDocument(legs: readonly JourneyLeg[], { now, rules, limits }: Setting): ReportDocument {
  const records = legs.map(({ record }) => record);
  const from = unixMs(records.reduce((least, { startedAt }) => Math.min(least, startedAt), Infinity));
  const to = unixMs(records.reduce((most, { endedAt }) => Math.max(most, endedAt), -Infinity));
  const document: ReportDocument = {
    name: "journey",
    title: "Journey of a call",
    ...(rules.organisation === undefined ? {} : { organisation: rules.organisation }),
    period: { from, to, timeZone: rules.timeZone, text: `${timeText(from, rules)} – ${timeText(to, rules)}` },
    madeAt: now,
    summary: summaryOf(legs, from, to, rules),
    sections: [
      {
        id: "journey",
        title: "Legs",
        blocks: [
          { kind: "legs", id: "legs", title: "On one time line", legs: legs.map((leg) => barOf(leg, from, rules)) },
          legTable(legs, rules),
        ],
      },
    ],
    sources: [{ what: "call records", rows: records.length, first: from, last: to }],
    limits: [
      "Legs are those that the records link: a shared correlation, or one leg that names another. What a switch does not link is not here.",
      ...limits,
    ],
  };
  return tracesShown(document, rules);
}

function summaryOf(legs: readonly JourneyLeg[], from: UnixMs, to: UnixMs, rules: ReportRules): readonly string[] {
  const first = legs[0]?.record;
  const answered = legs.filter(({ record }) => record.outcome === "answered");
  const last = answered.at(-1)?.record;
  const talkMs = answered.reduce((sum, { record }) => sum + record.durationMs, 0);
  const sentOn = legs.filter(({ record, because }) => record.forwarded !== undefined || because === "transfer").length;
  const abroad = legs.filter(({ record }) => record.forwarded !== undefined && record.international).length;
  return [
    `${legs.length} leg${legs.length === 1 ? "" : "s"} in ${lengthText((to - from) / 1000)}; ${sentOn} of them because the call was sent on.`,
    ...(first === undefined
      ? []
      : [`It began with ${whoText(first.caller, rules)} calling ${whoText(first.called, rules)}.`]),
    last === undefined
      ? "Nobody answered."
      : `The last who answered was ${numbersShown(last.user, rules)}; ${lengthText(talkMs / 1000)} were talked in all.`,
    ...(abroad > 0 ? [`It was sent on abroad ${abroad === 1 ? "once" : `${abroad} times`}.`] : []),
  ];
}

const whoText = (party: string, rules: ReportRules): string =>
  party === "" ? "a withheld number" : rules.showNumber(party);

function barOf({ record, depth }: JourneyLeg, from: UnixMs, rules: ReportRules): LegBar {
  const isSentAbroad = record.forwarded !== undefined && record.international;
  return {
    label: `${whoText(record.caller, rules)} → ${whoText(record.called, rules)}`,
    detail: `${numbersShown(record.callId, rules)}: ${record.outcome}, ${lengthText(record.durationMs / 1000)}`,
    fromMs: record.startedAt - from,
    ...(record.answeredAt === undefined ? {} : { answeredMs: record.answeredAt - from }),
    toMs: record.endedAt - from,
    depth: Math.min(depth, 8),
    tone: isSentAbroad ? "bad" : "plain",
  };
}

function legTable(legs: readonly JourneyLeg[], rules: ReportRules): ReportTable {
  const showsEncryption = legs.some(({ record }) => record.encrypted !== undefined);
  return {
    kind: "table",
    id: "journey-legs",
    title: "Leg by leg",
    columns: [
      { title: "#", align: "right" },
      { title: "Began", whole: true },
      { title: "Who called whom" },
      { title: "User" },
      { title: "How it came about" },
      { title: "Talked", align: "right" },
      { title: "Outcome" },
      ...(showsEncryption ? [{ title: "Encrypted" }] : []),
      { title: "Call id" },
    ],
    rows: legs.map((leg, index) => {
      const { record } = leg;
      return [
        number(index + 1, {
          id: `record/${record.id}`,
          definition: `${record.source} record ${record.id}`,
          rows: 1,
          sample: [record.id],
        }),
        text(timeText(record.startedAt, rules)),
        text(
          `${whoText(record.caller, rules)} → ${whoText(record.called, rules)}${record.country === undefined || !record.international ? "" : `, ${countryText(record.country)}`}`,
        ),
        text(numbersShown(record.user, rules)),
        text(becauseText(leg, rules), record.forwarded === undefined ? "muted" : "warning"),
        { text: lengthText(record.durationMs / 1000), value: record.durationMs / 1000 },
        text(record.outcome, outcomeTone(record)),
        ...(showsEncryption ? [text(encryptionText(record), "muted")] : []),
        text(numbersShown(record.callId, rules), "muted"),
      ];
    }),
    empty: "No legs.",
  };
}

const encryptionText = ({ encrypted }: CallRecord): string =>
  encrypted === undefined ? "not known" : encrypted ? "yes" : "no";

function becauseText({ record, because, parent }: JourneyLeg, rules: ReportRules): string {
  const from = parent === undefined ? "" : ` from leg ${parent + 1}`;
  if (record.forwarded !== undefined) {
    const { kind, by } = record.forwarded;
    const how = kind === "transfer" ? "transferred" : `sent on (${kind})`;
    return `${how}${by === undefined ? "" : ` by ${numbersShown(by, rules)}`}${from}`;
  }
  switch (because) {
    case "first":
      return "dialled";
    case "transfer":
      return `transferred${from}`;
    case "forwarded":
      return `sent on${from}`;
    case "related":
      return `led to by leg ${(parent ?? 0) + 1}`;
    case "correlation":
      return "same conversation";
  }
}

const outcomeTone = ({ outcome }: CallRecord): Tone =>
  outcome === "answered" ? "good" : outcome === "failed" || outcome === "refused" ? "bad" : "muted";
