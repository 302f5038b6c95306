import { SEVERITIES } from "./severity-order.js";
import type { AlertEvent, AlertNotice } from "./alert-case.js";

const EVENT_WORDS: Readonly<Record<AlertEvent, string>> = {
  opened: "new",
  updated: "goes on",
  escalated: "nobody has acknowledged it",
  acknowledged: "acknowledged",
  closed: "over",
  "false-positive": "marked as false",
  test: "test of the route",
};

/** One line, 200 characters at most: `[HIGH] masking against +12025550100: new`. Call records tell of who did it, not of a victim. */
export function noticeTitle(notice: AlertNotice): string {
  const by = notice.by === undefined ? "" : ` by ${notice.by}`;
  const whom = notice.evidence === undefined ? "against" : "about";
  return plain(
    `[${notice.severity.toUpperCase()}] ${notice.rule} ${whom} ${notice.called}: ${wordsOf(notice)}${by}`,
    200,
  );
}

function wordsOf({ event, closedWhy, updatedAt }: AlertNotice): string {
  if (event !== "closed" || closedWhy === undefined || closedWhy === "incidents-over") return EVENT_WORDS[event];
  return closedWhy === "by-hand" ? "closed" : `closed by itself, quiet since ${new Date(updatedAt).toISOString()}`;
}

/** Name and value, for people; the values are plain text of one line each. */
export function noticeFacts(notice: AlertNotice): readonly (readonly [name: string, value: string])[] {
  const { threat, evidence } = notice;
  const facts = [
    ...(evidence === undefined ? callFacts(notice) : recordFacts(notice, evidence)),
    ["Team", notice.team],
    [
      "Heard",
      threat === undefined ? undefined : `${threat.state} ${threat.score.toFixed(2)}, ${threat.kind}, ${threat.stage}`,
    ],
    ["Since", new Date(notice.openedAt).toISOString()],
    ["Case", notice.caseId],
    ["Incident", notice.incidentId],
  ] as const;
  return facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, plain(value, 500)] as const]));
}

type Facts = readonly (readonly [name: string, value: string | undefined])[];

function callFacts(notice: AlertNotice): Facts {
  const callers = notice.callers.slice(0, 5).join(", ");
  const more = notice.callerCount > 5 && callers !== "" ? " …" : "";
  return [
    ["Called", notice.called],
    ["Callers", callers === "" ? String(notice.callerCount) : `${notice.callerCount} (${callers}${more})`],
    ["Calls", String(notice.callCount)],
    ["Disposition", notice.disposition],
    ["Trunks", notice.trunks.length === 0 ? undefined : notice.trunks.slice(0, 5).join(", ")],
  ];
}

/** By the figures a person checks the verdict, whoever it is about. */
function recordFacts(
  { called, callers, callCount, site, detail = {}, falsePositives }: AlertNotice,
  evidence: Readonly<Record<string, number>>,
): Facts {
  const figures = Object.entries(evidence).map(([name, value]) => `${spaced(name)} ${Math.round(value * 100) / 100}`);
  const words = Object.entries(detail)
    .filter(([name]) => name !== "site")
    .map(([name, value]) => `${spaced(name)} ${value}`);
  const [user] = callers;
  return [
    ["About", called],
    ["User", user === called ? undefined : user],
    ["Site", site],
    ["Figures", figures.length === 0 ? undefined : figures.join(", ")],
    ["Details", words.length === 0 ? undefined : words.join(", ")],
    ["Call records", String(callCount)],
    ["May be honest", falsePositives],
  ];
}

/** `closedCalls` as `closed calls`. */
const spaced = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** CEF and LEEF say how bad it is from 0 to 10. */
export const severityNumber = (notice: AlertNotice): number => [3, 5, 8, 10][SEVERITIES.indexOf(notice.severity)] ?? 5;

/** C0, DEL, C1, line and paragraph separators, and what turns the direction of text. */
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+/g;

/** Half a pair, which stands for nothing: receivers refuse JSON that has one. */
const HALF = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Text from callers as one line: controls become a blank, and it is cut, between two characters. */
export function plain(text: string, most: number): string {
  const line = text.replaceAll(CONTROLS, " ").replaceAll(HALF, "\ufffd").trim();
  return line.length <= most ? line : `${line.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}
