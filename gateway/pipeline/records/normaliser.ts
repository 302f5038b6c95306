import {
  hashedId,
  NumberPlan,
  numberFacts,
  type CallRecord,
  type NumberClass,
  type NumberPlanOptions,
  type SettingChange,
  type UnixMs,
} from "../../../detection/index.js";
import { fail, ok, type Result } from "../../core/result.js";
import type { RawCall, RowError } from "./raw-call.js";

/** How numbers are read at one site. */
export interface RecordSite {
  /** ISO 3166-1 alpha-2: country of the site; absent: international is what leaves the country of the near end's number. */
  readonly region?: string | undefined;
  readonly numberPlan: NumberPlanOptions;
}

export interface NormaliserOptions {
  /** By name; `default` is where nothing else is said. */
  readonly sites: Readonly<Record<string, RecordSite>>;
  /** Our own numbers: canonical ones, prefixes with `*` at their end, and `@HOST`: names and extensions at that host are ours. */
  readonly ownNumbers: readonly string[];
  /** Somebody said what `default` is, for all that are not named. Default false. */
  readonly hasDefault?: boolean | undefined;
}

/** A number that calls are sent on to, as `SettingChange` has it. */
export type ForwardTarget = Pick<SettingChange, "target" | "country" | "numberClass" | "international" | "external">;

/** A call that lasts longer is a wrong date. */
const MAX_CALL_MS = 31 * 86_400_000;
/** The longest number that nobody but a switch of the house can reach. */
const MAX_EXTENSION = 6;

/**
 * Makes `CallRecord`s of what sources wrote: numbers in E.164 with country and class, direction, outcome, times that fit each other.
 * What the source says itself is taken as it is.
 */
export class RecordNormaliser {
  readonly #plans = new Map<string, { readonly plan: NumberPlan; readonly region: string | undefined }>();
  readonly #default: { readonly plan: NumberPlan; readonly region: string | undefined };
  readonly #hasDefault: boolean;
  readonly #own: ReadonlySet<string>;
  readonly #ownPrefixes: readonly string[];
  readonly #ownHosts: ReadonlySet<string>;

  /** Makes the id of a row that brings none of its content. */
  readonly idOf: (content: string) => string;

  /** @param idOf The same for the same content, without a number in it. */
  constructor(
    { sites, ownNumbers, hasDefault = false }: NormaliserOptions,
    idOf: (content: string) => string = hashedId,
  ) {
    this.idOf = idOf;
    this.#hasDefault = hasDefault;
    for (const [name, { region, numberPlan }] of Object.entries(sites)) {
      const country = region ?? numberPlan.region;
      this.#plans.set(name, { plan: new NumberPlan({ region: country, ...numberPlan }), region: country });
    }
    this.#default = this.#plans.get("default") ?? { plan: new NumberPlan({}), region: undefined };
    this.#own = new Set(ownNumbers.filter((each) => !each.endsWith("*")));
    this.#ownPrefixes = ownNumbers.filter((each) => each.endsWith("*")).map((each) => each.slice(0, -1));
    this.#ownHosts = new Set(
      ownNumbers.filter((each) => each.startsWith("@")).map((each) => each.slice(1).toLowerCase()),
    );
  }

  normalise(raw: RawCall): Result<CallRecord, RowError> {
    const site = (raw.site === undefined ? undefined : this.#plans.get(raw.site)) ?? this.#default;
    const caller = site.plan.canonical(raw.caller);
    const called = site.plan.canonical(raw.called);
    if (called === "" && (raw.dialled ?? "") === "")
      return fail({ code: "record.missing", field: "called", found: "" });
    const times = readTimes(raw);
    if (!times.ok) return times;
    const callerIsOwn = this.#isOwnParty(raw.caller, caller, hostOf(raw.called));
    const direction =
      raw.direction ?? directionOf(callerIsOwn, this.#isOwnParty(raw.called, called, hostOf(raw.caller)));
    const far = direction === "in" ? caller : called;
    const near = direction === "in" ? called : caller;
    const facts = raw.country === undefined || raw.numberClass === undefined ? numberFacts(far) : NO_FACTS;
    const country = readCountry(raw.country) ?? facts.country;
    const numberClass = raw.numberClass ?? this.#classOf(far, facts.numberClass, direction, site.plan);
    const { startedAt, endedAt, durationMs, answeredAt, outcome } = times.value;
    const callId = raw.callId ?? raw.id ?? "";
    const forwarded =
      raw.forwardKind === undefined
        ? undefined
        : { kind: raw.forwardKind, ...(raw.forwardedBy === undefined ? {} : { by: raw.forwardedBy }) };
    return ok({
      id: raw.id ?? this.idOf(contentOf(raw, startedAt, endedAt)),
      source: raw.source,
      callId,
      user: userOf(raw, (callerIsOwn ? undefined : this.#senderOn(raw, direction, site.plan)) ?? near),
      direction,
      caller,
      called: called === "" ? (raw.dialled ?? "") : called,
      ...(raw.dialled === undefined ? {} : { dialled: raw.dialled }),
      ...(country === undefined ? {} : { country }),
      numberClass,
      international:
        raw.international ?? isInternational(country, numberClass, direction, site.region ?? numberFacts(near).country),
      startedAt,
      ...(answeredAt === undefined ? {} : { answeredAt }),
      endedAt,
      durationMs,
      ...(raw.ringMs === undefined ? {} : { ringMs: raw.ringMs }),
      outcome,
      ...(raw.failure === undefined ? {} : { failure: raw.failure }),
      ...(raw.site === undefined ? {} : { site: raw.site }),
      ...(raw.trunk === undefined ? {} : { trunk: raw.trunk }),
      ...(raw.department === undefined ? {} : { department: raw.department }),
      ...(forwarded === undefined ? {} : { forwarded }),
      ...linksOf(raw),
      ...(raw.encrypted === undefined ? {} : { encrypted: raw.encrypted }),
      ...(raw.client === undefined ? {} : { client: raw.client }),
      ...(raw.address === undefined ? {} : { address: raw.address }),
      ...(raw.reportedAt === undefined ? {} : { reportedAt: raw.reportedAt }),
    });
  }

  /** What is to be known of a number that calls are sent on to. @param site Of the user. */
  target(raw: string, site: string | undefined): ForwardTarget {
    const { plan, region } = (site === undefined ? undefined : this.#plans.get(site)) ?? this.#default;
    const number = plan.canonical(raw);
    const { country, numberClass } = numberFacts(number);
    const host = hostOf(raw);
    const isListed = this.#isListed(number);
    const isElsewhere = !isListed && isExtension(number) && host !== undefined && !this.#ownHosts.has(host);
    // Of an extension at another host the host is what counts.
    const target = isElsewhere && !number.includes("@") ? `${number}@${host}` : number;
    return {
      ...(number === "" ? {} : { target }),
      ...(country === undefined ? {} : { country }),
      numberClass,
      international: country !== undefined && region !== undefined && country !== region,
      external: number !== "" && !isListed && (isElsewhere || !isExtension(number)),
    };
  }

  /** `named`: configured by its name. `default`: as all that are not. `unknown`: nobody said anything of such. */
  knows(site: string): "named" | "default" | "unknown" {
    if (this.#plans.has(site)) return "named";
    return this.#hasDefault ? "default" : "unknown";
  }

  #isListed(number: string): boolean {
    return this.#own.has(number) || this.#ownPrefixes.some((prefix) => number.startsWith(prefix));
  }

  /**
   * Is who called, or was called, one of ours? A name at a host is where the host is: ours, or that of both sides. Extensions have the
   * address of their telephone there.
   * @param otherHost Of the other side.
   */
  #isOwnParty(raw: string, number: string, otherHost: string | undefined): boolean {
    if (this.#isListed(number)) return true;
    if (!isExtension(number)) return false;
    const host = hostOf(raw);
    return host === undefined || /^\d+$/.test(number) || host === otherHost || this.#ownHosts.has(host);
  }

  /**
   * Whoever of us sends a call from outside on out of the house answers for it. Where one of us calls, he does: who sent it on is what
   * his telephone may have written.
   */
  #senderOn({ forwardedBy }: RawCall, direction: CallRecord["direction"], plan: NumberPlan): string | undefined {
    if (forwardedBy === undefined || direction !== "out") return undefined;
    const by = plan.canonical(forwardedBy);
    return this.#isOwnParty(forwardedBy, by, undefined) ? by : undefined;
  }

  #classOf(far: string, known: NumberClass, direction: CallRecord["direction"], plan: NumberPlan): NumberClass {
    if (plan.isEmergency(far)) return "emergency";
    if (direction === "internal") return "internal";
    if (known !== "unknown" || !isExtension(far)) return known;
    return direction === "out" && !this.#own.has(far) ? "short-code" : "internal";
  }
}

const NO_FACTS: { readonly country?: string; readonly numberClass: NumberClass } = { numberClass: "unknown" };

/** Where nothing tells the sides apart the call counts as made: the caller answers for it. */
function directionOf(ownCaller: boolean, ownCalled: boolean): CallRecord["direction"] {
  if (ownCaller && ownCalled) return "internal";
  return ownCalled ? "in" : "out";
}

/** Lower case: `192.0.2.1` of `sip:4711@192.0.2.1;user=phone`, without its port. */
function hostOf(raw: string): string | undefined {
  const at = raw.indexOf("@");
  return at < 0 ? undefined : /^(?:\[[^\]]*\]|[^:;?>\s]+)/.exec(raw.slice(at + 1))?.[0].toLowerCase();
}

/** `alice`, `4711`: not a number of the public network. */
function isExtension(number: string): boolean {
  if (number === "" || number.startsWith("+")) return false;
  return number.length <= MAX_EXTENSION || !/^\d+$/.test(number);
}

interface Times {
  readonly startedAt: UnixMs;
  readonly answeredAt?: UnixMs;
  readonly endedAt: UnixMs;
  readonly durationMs: number;
  readonly outcome: CallRecord["outcome"];
}

function readTimes(raw: RawCall): Result<Times, RowError> {
  const { startedAt, answeredAt, ringMs = 0 } = raw;
  const stated = raw.durationMs;
  const saysAnswered = raw.answered ?? (raw.outcome === undefined ? undefined : raw.outcome === "answered");
  const answered = saysAnswered ?? (answeredAt !== undefined || (stated ?? 0) > 0);
  const begun = answered ? (answeredAt ?? ((startedAt + ringMs) as UnixMs)) : undefined;
  const endedAt =
    raw.endedAt ?? (((begun ?? ((startedAt + ringMs) as UnixMs)) + (answered ? (stated ?? 0) : 0)) as UnixMs);
  const wrong = (field: string, at: number): Result<never, RowError> =>
    fail({ code: "record.times", field, found: String(at) });
  // Whole seconds are rounded by some: an end a second before the start is no lie.
  if (endedAt < startedAt - 1_000 || endedAt - startedAt > MAX_CALL_MS) return wrong("endedAt", endedAt);
  if (begun !== undefined && begun < startedAt - 1_000) return wrong("answeredAt", begun);
  const end = Math.max(endedAt, startedAt) as UnixMs;
  const durationMs = answered ? (stated ?? Math.max(0, end - (begun ?? startedAt))) : 0;
  if (durationMs > MAX_CALL_MS) return wrong("duration", durationMs);
  const unanswered = raw.outcome === undefined || raw.outcome === "answered" ? "no-answer" : raw.outcome;
  const outcome = answered ? "answered" : unanswered;
  return ok({ startedAt, ...(begun === undefined ? {} : { answeredAt: begun }), endedAt: end, durationMs, outcome });
}

function userOf(raw: RawCall, near: string): string {
  if (raw.user !== undefined) return raw.user;
  if (near !== "") return near;
  return raw.trunk === undefined ? "unknown" : `anonymous@${raw.trunk}`;
}

/** What makes a row the one it is, so that a file that is imported twice is seen to be. */
const contentOf = (raw: RawCall, startedAt: UnixMs, endedAt: UnixMs): string =>
  [
    raw.callId ?? "",
    raw.caller,
    raw.called,
    raw.direction ?? "",
    startedAt,
    endedAt,
    ...(raw.leg === undefined ? [] : [raw.leg]),
  ].join("|");

const readCountry = (text: string | undefined): string | undefined =>
  text !== undefined && /^[A-Z]{2}$/.test(text) ? text : undefined;

function isInternational(
  country: string | undefined,
  numberClass: NumberClass,
  direction: CallRecord["direction"],
  home: string | undefined,
): boolean {
  if (direction === "internal") return false;
  if (numberClass === "satellite" || numberClass === "international-network") return true;
  return country !== undefined && home !== undefined && country !== home;
}

function linksOf({ correlation, related, transfer }: RawCall): { readonly links?: NonNullable<CallRecord["links"]> } {
  if (correlation === undefined && related === undefined && transfer === undefined) return {};
  return {
    links: {
      ...(correlation === undefined ? {} : { correlation }),
      ...(related === undefined ? {} : { related }),
      ...(transfer === undefined ? {} : { transfer }),
    },
  };
}
