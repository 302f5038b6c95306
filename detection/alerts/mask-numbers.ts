import { NUMBER_IN_ID, NUMBER_IN_TEXT } from "../numbers/find-numbers.js";
import type { AlertNotice } from "./alert-case.js";

/** How numbers leave by a route: as they are, their last two digits only, or not at all. */
export const NUMBER_MASKS = ["none", "last-two", "all"] as const;
export type NumberMask = (typeof NUMBER_MASKS)[number];

const ADDRESS = /^\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?$/;
/** Details that name somebody: an extension is a number as well. */
const WHO: ReadonlySet<string> = new Set(["user", "by"]);
/** Shorter ones are extensions: what looks like them in a text may be a count. */
const LEAST_IN_TEXT = 5;

/**
 * The notice as a route may show it: numbers in its fields, texts and ids are masked; Call-IDs, which may hold addresses, and the
 * alert as it was raised go. The case's id, which people answer with, is random and stays.
 */
export function maskNotice(notice: AlertNotice, mask: NumberMask): AlertNotice {
  if (mask === "none") return notice;
  const hide = (number: string): string => maskNumber(number, mask);
  const known = [notice.called, ...notice.callers].filter((number) => number.length >= LEAST_IN_TEXT);
  const without = (value: string, pattern: RegExp): string =>
    known.reduce((left, number) => left.replaceAll(number, hide), value).replaceAll(pattern, hide);
  const text = (value: string): string => without(value, NUMBER_IN_TEXT);
  const name = (value: string): string => (ADDRESS.test(value) ? value : without(value, NUMBER_IN_ID));
  const { threat } = notice;
  return {
    ...withoutRaised(notice),
    called: hide(notice.called),
    callers: notice.callers.map(hide),
    callIds: [],
    incidentId: name(notice.incidentId),
    alertId: name(notice.alertId),
    trunks: notice.trunks.map(name),
    ...(notice.team === undefined ? {} : { team: name(notice.team) }),
    ...(notice.by === undefined ? {} : { by: name(notice.by) }),
    ...(notice.detail === undefined
      ? {}
      : { detail: eachOf(notice.detail, (word, key) => (WHO.has(key) ? hide(word) : text(word))) }),
    ...(notice.site === undefined ? {} : { site: name(notice.site) }),
    ...(threat === undefined ? {} : { threat: { ...threat, cues: threat.cues.map(text) } }),
    message: text(notice.message),
    explanation: text(notice.explanation),
    recommended: text(notice.recommended),
  };
}

const eachOf = (words: Readonly<Record<string, string>>, hide: (word: string, key: string) => string) =>
  Object.fromEntries(Object.entries(words).map(([key, word]) => [key, hide(word, key)]));

function withoutRaised(notice: AlertNotice): AlertNotice {
  const { raised, ...rest } = notice;
  return raised === undefined ? notice : rest;
}

/** `+12025550100` → `+*********00`. What is no number (a user name) is masked whole but for its ends. */
export function maskNumber(number: string, mask: NumberMask): string {
  if (mask === "none" || number === "") return number;
  if (mask === "all") return "***";
  const sign = number.startsWith("+") ? "+" : "";
  const rest = number.slice(sign.length);
  return rest.length <= 4
    ? `${sign}${"*".repeat(rest.length)}`
    : `${sign}${"*".repeat(rest.length - 2)}${rest.slice(-2)}`;
}
