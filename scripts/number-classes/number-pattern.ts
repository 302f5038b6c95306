/** Where a pattern may be after some digits: numbers of states, ascending. Empty: nowhere. */
export type States = readonly number[];

interface State {
  /** Bit n: the digit n leads on. 0: an empty step. */
  readonly digits: number;
  readonly to: readonly number[];
}

const ANY = 0x3ff;

/**
 * A pattern of libphonenumber as a machine that takes one digit at a time, so that it can be asked which digits may begin a number.
 * Knows what those patterns use: digits, `\d`, classes, groups, alternatives, `?`, `{n}`, `{n,m}`.
 */
export class NumberPattern {
  readonly #states: State[] = [];
  readonly #source: string;
  #at = 0;
  readonly start: States;

  constructor(source: string) {
    this.#source = source;
    const end = this.#add(0, []);
    this.start = this.#closure([this.#alternatives(end)]);
    if (this.#at !== source.length) throw new Error(`cannot read ${source} at ${this.#at}`);
  }

  step(states: States, digit: number): States {
    const next = states.flatMap((state) => {
      const { digits, to } = this.#states[state] as State;
      return digits !== 0 && (digits & (1 << digit)) !== 0 ? to : [];
    });
    return this.#closure(next);
  }

  #add(digits: number, to: readonly number[]): number {
    return this.#states.push({ digits, to }) - 1;
  }

  #closure(from: readonly number[]): States {
    const found = new Set<number>();
    const open = [...from];
    for (let state = open.pop(); state !== undefined; state = open.pop()) {
      if (found.has(state)) continue;
      found.add(state);
      const { digits, to } = this.#states[state] as State;
      if (digits === 0) open.push(...to);
    }
    return [...found].sort((a, b) => a - b);
  }

  /** Builds from the end to the start: `next` is where it goes on. */
  #alternatives(next: number): number {
    const starts: number[] = [];
    do {
      const parts: ((after: number) => number)[] = [];
      while (this.#at < this.#source.length && !"|)".includes(this.#source.charAt(this.#at))) parts.push(this.#part());
      starts.push(parts.reduceRight((after, build) => build(after), next));
    } while (this.#take("|"));
    return this.#add(0, starts);
  }

  #part(): (after: number) => number {
    const build = this.#atom();
    if (this.#take("?")) return (after) => this.#add(0, [build(after), after]);
    const counted = /^\{(\d+)(?:,(\d+))?\}/.exec(this.#source.slice(this.#at));
    if (counted === null) return build;
    this.#at += counted[0].length;
    const least = Number(counted[1]);
    const most = Number(counted[2] ?? counted[1]);
    return (after) => {
      let next = after;
      for (let i = most; i > least; i--) next = this.#add(0, [build(next), after]);
      for (let i = 0; i < least; i++) next = build(next);
      return next;
    };
  }

  #atom(): (after: number) => number {
    const from = this.#at;
    if (this.#take("(?:")) {
      const inner = this.#at;
      this.#alternatives(0);
      const end = this.#at;
      if (!this.#take(")")) throw new Error(`no ) in ${this.#source}`);
      return (next) => {
        const resumeAt = this.#at;
        this.#at = inner;
        const start = this.#alternatives(next);
        if (this.#at !== end) throw new Error("a group ends elsewhere the second time");
        this.#at = resumeAt;
        return start;
      };
    }
    const digits = this.#digits();
    if (digits === 0) throw new Error(`cannot read ${this.#source} at ${from}`);
    return (next) => this.#add(digits, [next]);
  }

  #digits(): number {
    const [text = ""] = /^(?:\\d|\d|\[[\d-]+\])/.exec(this.#source.slice(this.#at)) ?? [];
    this.#at += text.length;
    if (text === "\\d") return ANY;
    if (!text.startsWith("[")) return text === "" ? 0 : 1 << Number(text);
    let digits = 0;
    for (const [, from = "", to = from] of text.matchAll(/(\d)(?:-(\d))?/g)) {
      for (let digit = Number(from); digit <= Number(to); digit++) digits |= 1 << digit;
    }
    return digits;
  }

  #take(text: string): boolean {
    if (!this.#source.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }
}
