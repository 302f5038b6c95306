/** Counts of cues, one array a side: what one side of the call has shown so far. Index: cue. */
export type CueCounts = Uint16Array;

/** What else is known of the call, seen from the side that is suspected. */
export interface SuspectContext {
  /** The called side is suspected, not the caller. */
  readonly called: boolean;
  /** The other side is a contact centre's agent. */
  readonly otherIsAgent: boolean;
  /** What part of the talk is the suspected side's, 0–1; undefined while too little is said. */
  readonly talks: number | undefined;
}

/** Groups of cues that are looked at in pairs. `S` is the suspected side, `O` the other. */
const FLAGS: readonly (readonly [name: string, side: "S" | "O", cues: readonly string[]])[] = [
  ["bank", "S", ["claim.bank"]],
  ["authority", "S", ["claim.police", "claim.tax", "claim.government", "claim.intermediary", "claim.clergy"]],
  ["technical", "S", ["claim.tech", "claim.provider"]],
  ["relative", "S", ["claim.family"]],
  ["insider", "S", ["claim.employee", "claim.boss", "claim.partner", "claim.spouse"]],
  [
    "firm",
    "S",
    [
      "claim.company",
      "claim.parcel",
      "claim.utility",
      "claim.invest",
      "claim.prize",
      "claim.charity",
      "claim.desk",
      "claim.courier",
    ],
  ],
  ["alarm", "S", ["pretext.fraud-alert", "pretext.account-problem", "pretext.virus", "pretext.extort"]],
  [
    "mishap",
    "S",
    ["pretext.accident", "pretext.hospital", "pretext.hardship", "pretext.mishap", "pretext.voice", "pretext.bill-due"],
  ],
  ["law", "S", ["pretext.legal", "pretext.contraband", "pretext.debt", "pretext.disconnect"]],
  [
    "gain",
    "S",
    ["pretext.refund", "pretext.prize", "pretext.invest", "pretext.warranty", "pretext.windfall", "pretext.job"],
  ],
  [
    "errand",
    "S",
    [
      "pretext.parcel",
      "pretext.renewal",
      "pretext.update",
      "pretext.romance",
      "pretext.press-key",
      "pretext.sale",
      "pretext.rental",
      "pretext.new-account",
    ],
  ],
  ["code-sent", "S", ["pretext.code-sent", "pretext.confirm-you", "pretext.wrong-code"]],
  ["excuse", "S", ["pretext.system", "pretext.confidential-deal"]],
  ["urgency", "S", ["pressure.urgency", "pressure.scarcity"]],
  ["deadline", "S", ["pressure.deadline"]],
  ["threat", "S", ["pressure.threat"]],
  ["secrecy", "S", ["pressure.secrecy", "pressure.stay", "pressure.coach", "pressure.no-check", "pressure.only-me"]],
  [
    "pushing",
    "S",
    [
      "pressure.insist",
      "pressure.protect",
      "pressure.guarantee",
      "pressure.fee-first",
      "pressure.proof",
      "pressure.flatter",
    ],
  ],
  ["bullying", "S", ["pressure.intimidate", "pressure.sympathy", "pressure.name-drop"]],
  ["ask-secret", "S", ["request.code", "request.pin", "request.card"]],
  ["ask-odd-money", "S", ["request.gift", "request.crypto", "request.cash"]],
  ["ask-money", "S", ["request.transfer", "request.pay", "request.lend"]],
  ["ask-access", "S", ["request.remote", "request.approve", "request.link"]],
  ["ask-identity", "S", ["request.id", "request.account"]],
  ["ask-agent", "S", ["request.override", "request.data"]],
  [
    "honest",
    "S",
    [
      "not.protect",
      "not.request",
      "not.urgent",
      "honest.callback",
      "honest.noaction",
      "honest.letter",
      "honest.plan",
      "honest.free",
      "honest.choice",
      "honest.byself",
    ],
  ],
  [
    "service",
    "S",
    ["honest.service", "honest.help", "honest.appointment", "honest.optout", "honest.survey", "honest.reason"],
  ],
  ["social", "S", ["honest.social", "honest.chat"]],
  ["customer", "O", ["honest.customer", "honest.reported"]],
  ["other-serves", "O", ["honest.service", "honest.help"]],
  ["other-doubts", "O", ["other.suspicion", "other.refuse"]],
  ["other-fears", "O", ["other.fear", "other.unaware"]],
  ["other-obeys", "O", ["other.comply", "digits.read"]],
];
/** How many different cues of a group there are. */
const COUNTED: readonly (readonly [group: string, steps: readonly number[]])[] = [
  ["claim.", [2, 3]],
  ["pretext.", [2, 3, 4]],
  ["pressure.", [2, 3, 4, 5]],
  ["request.", [2, 3, 4]],
];
const CONTEXTS = ["called", "agent"] as const;
/** From which part of the talk on: who calls to get something speaks more, whom he presses answers in few words. */
const TALKS = [0, 0.35, 0.5, 0.65, 0.8] as const;

/** The cues that make a feature be there. */
export interface FeatureSource {
  readonly side: "S" | "O";
  readonly cues: readonly number[];
}

/**
 * Turns counts of cues into features that are there or not: each cue by side, pairs of groups, how many different ones, and pairs
 * with the context, and who talks how much. Feature numbers depend on the cue names only.
 */
export class FeatureSpace {
  readonly names: readonly string[];
  readonly #cueNames: readonly string[];
  readonly #flagCues: readonly (readonly number[])[];
  readonly #flagSides: readonly boolean[];
  readonly #groupCues: readonly (readonly number[])[];
  readonly #flagUp: Uint8Array;
  readonly #pairBase: number;
  readonly #countBase: number;
  readonly #contextBase: number;
  readonly #talksBase: number;

  constructor(cueNames: readonly string[]) {
    this.#cueNames = cueNames;
    this.#flagCues = FLAGS.map(([, , cues]) => cues.map((cue) => cueNames.indexOf(cue)).filter((cue) => cue >= 0));
    this.#flagSides = FLAGS.map(([, side]) => side === "S");
    this.#groupCues = COUNTED.map(([group]) => cueNames.flatMap((name, cue) => (name.startsWith(group) ? [cue] : [])));
    this.#flagUp = new Uint8Array(FLAGS.length);
    const names = [...cueNames.map((name) => `S:${name}`), ...cueNames.map((name) => `O:${name}`)];
    this.#pairBase = names.length;
    for (let a = 0; a < FLAGS.length; a++) {
      for (let b = a + 1; b < FLAGS.length; b++) names.push(`${FLAGS[a]?.[0] ?? ""}&${FLAGS[b]?.[0] ?? ""}`);
    }
    this.#countBase = names.length;
    for (const [group, steps] of COUNTED) for (const step of steps) names.push(`${group}>=${step}`);
    this.#contextBase = names.length;
    for (const context of CONTEXTS) {
      names.push(context);
      for (const [flag] of FLAGS) names.push(`${context}&${flag}`);
    }
    this.#talksBase = names.length;
    for (const from of TALKS) names.push(`talks>=${from}`);
    this.names = names;
  }

  /** @returns The numbers of the features that are there, rising. */
  active(suspect: CueCounts, other: CueCounts, context: SuspectContext): number[] {
    const into: number[] = [];
    const cues = this.#cueNames.length;
    for (let cue = 0; cue < cues; cue++) if ((suspect[cue] ?? 0) > 0) into.push(cue);
    for (let cue = 0; cue < cues; cue++) if ((other[cue] ?? 0) > 0) into.push(cues + cue);
    for (let flag = 0; flag < FLAGS.length; flag++) {
      const counts = this.#flagSides[flag] === true ? suspect : other;
      this.#flagUp[flag] = this.#flagCues[flag]?.some((cue) => (counts[cue] ?? 0) > 0) === true ? 1 : 0;
    }
    let feature = this.#pairBase;
    for (let a = 0; a < FLAGS.length; a++) {
      if (this.#flagUp[a] === 0) {
        feature += FLAGS.length - a - 1;
        continue;
      }
      for (let b = a + 1; b < FLAGS.length; b++, feature++) if (this.#flagUp[b] === 1) into.push(feature);
    }
    feature = this.#countBase;
    COUNTED.forEach(([, steps], group) => {
      let different = 0;
      for (const cue of this.#groupCues[group] ?? []) if ((suspect[cue] ?? 0) > 0) different++;
      for (const step of steps) {
        if (different >= step) into.push(feature);
        feature++;
      }
    });
    this.#pushContext(context.called, this.#contextBase, into);
    this.#pushContext(context.otherIsAgent, this.#contextBase + FLAGS.length + 1, into);
    const { talks } = context;
    if (talks !== undefined) into.push(this.#talksBase + TALKS.findLastIndex((from) => talks >= from));
    return into;
  }

  #pushContext(holds: boolean, base: number, into: number[]): void {
    if (!holds) return;
    into.push(base);
    for (let flag = 0; flag < FLAGS.length; flag++) if (this.#flagUp[flag] === 1) into.push(base + 1 + flag);
  }

  /** The cues behind a feature, to share out its weight among what was said; empty for pure context. */
  sourcesOf(feature: number): readonly FeatureSource[] {
    const cues = this.#cueNames.length;
    if (feature < cues) return [{ side: "S", cues: [feature] }];
    if (feature < this.#pairBase) return [{ side: "O", cues: [feature - cues] }];
    const name = this.names[feature] ?? "";
    const count = COUNTED.findIndex(([group]) => name.startsWith(`${group}>=`));
    if (count >= 0) return [{ side: "S", cues: this.#groupCues[count] ?? [] }];
    return name.split("&").flatMap((part) => {
      const flag = FLAGS.findIndex(([flagName]) => flagName === part);
      return flag < 0 ? [] : [{ side: FLAGS[flag]?.[1] ?? "S", cues: this.#flagCues[flag] ?? [] }];
    });
  }
}
