import { NumberPlan } from "../../detection/index.js";
import type { Config } from "../config/schema.js";

/** Digits that a prefix is made longer with, to see what the plan makes of numbers that begin with it. */
const MORE_DIGITS = "2025550142202555014";
const LONGEST_NUMBER = 18;
/** A shorter prefix without `+` may be meant for extensions and short codes. */
const LEAST_LONG_PREFIX = 7;

/**
 * Entries of `detection.guard` that would guard nothing: trunks that there are not, and numbers that are written otherwise than
 * the default trunk's plan writes them.
 */
export function guardProblems(config: Config): string[] {
  const { guard } = config.detection;
  const plan = new NumberPlan(defaultPlan(config));
  const dialled = (number: string): string => plan.called(number);
  const whole = (number: string): string => plan.canonical(number);
  const start = (prefix: string): string => canonicalPrefix(prefix, plan);
  return [
    ...trunkProblems(config),
    ...notCanonical("calledNumbers", guard.calledNumbers, dialled),
    ...notCanonical("calledPrefixes", guard.calledPrefixes, start),
    ...notCanonical("callerNumbers", guard.callerNumbers, whole),
    ...notCanonical("callerPrefixes", guard.callerPrefixes, start),
  ];
}

const defaultId = ({ defaultTrunk }: Config): string => defaultTrunk.id ?? "default";

/** A trunk that is configured under the default one's id takes its place. */
function defaultPlan(config: Config): Config["defaultTrunk"]["numberPlan"] {
  return (config.trunks.find(({ id }) => id === defaultId(config)) ?? config.defaultTrunk).numberPlan;
}

/** Without configured trunks any name may come from a trusted hop. */
function trunkProblems(config: Config): string[] {
  if (config.trunks.length === 0) return [];
  const ids = new Set([...config.trunks.map(({ id }) => id), defaultId(config)]);
  return config.detection.guard.trunks.flatMap((name, i) =>
    ids.has(name) ? [] : [`detection.guard.trunks.${i}: no trunk is called ${JSON.stringify(name)}`],
  );
}

function notCanonical(list: string, entries: readonly string[], canonical: (entry: string) => string): string[] {
  return entries.flatMap((entry, i) => {
    // What the gateway itself calls a caller without a number.
    if (entry.startsWith("anonymous")) return [];
    const form = canonical(entry);
    if (form === entry) return [];
    return [
      `detection.guard.${list}.${i}: ${JSON.stringify(entry)} is not canonical, it would guard nothing; write ${JSON.stringify(form)}`,
    ];
  });
}

/** What canonical numbers begin with that are dialled with this prefix. */
function canonicalPrefix(prefix: string, plan: NumberPlan): string {
  const form = plan.canonical(prefix);
  if (form !== prefix || !/^\d+$/.test(prefix)) return form;
  if (prefix.length < LEAST_LONG_PREFIX && !/^(?:00|011)/.test(prefix)) return prefix;
  for (let length = prefix.length + 1; length <= LONGEST_NUMBER; length++) {
    const longer = plan.canonical(prefix + MORE_DIGITS.slice(0, length - prefix.length));
    if (longer.startsWith("+")) return longer.slice(0, prefix.length - length);
  }
  return prefix;
}
