import {
  redactedOffset,
  withoutSpans,
  type Evidence,
  type RedactionSpan,
  type Speaker,
  type Turn,
  type TurnVerdict,
} from "../../detection/index.js";
import type { DialogueJudge } from "./dialogue-judge.js";

/** A turn that would become longer is followed by another one of the same speaker, characters. */
const LONGEST_TURN = 1_000;
/** Turns that are handed on with a verdict; older ones are not repeated. */
const MOST_TURNS = 200;
/** Of turns that were heard before this side was started again. */
const NO_SEGMENT = -1;

/** A final line with text. */
export interface SaidTurn {
  readonly speaker: Speaker;
  readonly segment: number;
  /** As it was said. */
  readonly text: string;
  /** What must not leave of it. */
  readonly spans: readonly RedactionSpan[];
  readonly startMs: number;
}

type Said = Pick<SaidTurn, "segment" | "text" | "spans">;
interface KeptTurn {
  /** As it may be shown. */
  readonly turn: Turn;
  /** The lines that it was made of. */
  readonly said: readonly Said[];
}

/**
 * Makes turns of lines: what one speaker says until the other does is one. The judge sees them as they were said; turns and verdicts that are handed on are
 * redacted, evidence too.
 */
export class DialogueKeeper {
  readonly #judge: DialogueJudge;
  #kept: readonly KeptTurn[] = [];
  #turns: readonly Turn[] = [];
  /** Turns that have been forgotten: the judge counts them too. */
  #forgotten = 0;
  #judged: TurnVerdict | undefined;

  /** @param before Turns of the call that were heard before this side was started again; redacted. */
  constructor(judge: DialogueJudge, before: readonly Turn[] = []) {
    this.#judge = judge;
    for (const { speaker, text, atMs } of before) {
      this.#add({ segment: NO_SEGMENT, speaker, text, spans: [], startMs: atMs });
    }
  }

  /** Redacted. Not changed afterwards. */
  get turns(): readonly Turn[] {
    return this.#turns;
  }

  get verdict(): TurnVerdict | undefined {
    return this.#judged && this.#shown(this.#judged);
  }

  add(line: SaidTurn): TurnVerdict {
    const last = this.#kept.at(-1);
    const isOther = last?.turn.speaker !== line.speaker;
    if (isOther || rawOf(last.said).length + 1 + line.text.length > LONGEST_TURN) return this.#add(line);
    const grown = shownTurn(last.turn, [...last.said, line]);
    this.#keep([...this.#kept.slice(0, -1), grown]);
    return this.#shown((this.#judged = this.#judge.replaceLast({ ...grown.turn, text: rawOf(grown.said) })));
  }

  /** More of a line must not be shown. @returns Undefined: it is in no turn (any more). */
  revise(segment: number, spans: readonly RedactionSpan[]): TurnVerdict | undefined {
    const index = this.#kept.findLastIndex(({ said }) => said.some((each) => each.segment === segment));
    const kept = this.#kept[index];
    if (kept === undefined) return undefined;
    const said = kept.said.map((each) => (each.segment === segment ? { ...each, spans } : each));
    this.#keep(this.#kept.map((each) => (each === kept ? shownTurn(kept.turn, said) : each)));
    return this.verdict;
  }

  #add(line: SaidTurn): TurnVerdict {
    const { speaker, text, startMs } = line;
    const turn = { speaker, text, atMs: startMs };
    const all = [...this.#kept, shownTurn(turn, [line])];
    this.#forgotten += Math.max(0, all.length - MOST_TURNS);
    this.#keep(all.slice(-MOST_TURNS));
    return this.#shown((this.#judged = this.#judge.add(turn)));
  }

  #keep(kept: readonly KeptTurn[]): void {
    this.#kept = kept;
    this.#turns = kept.map(({ turn }) => turn);
  }

  /** Evidence cut out of the redacted turns; that of forgotten turns is left out. */
  #shown(verdict: TurnVerdict): TurnVerdict {
    const evidence = verdict.evidence.flatMap((each): readonly Evidence[] => {
      const kept = this.#kept[each.turn - this.#forgotten];
      if (kept === undefined) return [];
      const start = shownOffset(kept.said, each.start, false);
      const end = Math.max(start, shownOffset(kept.said, each.end, true));
      return [{ ...each, start, end, text: kept.turn.text.slice(start, end) }];
    });
    return { ...verdict, evidence };
  }
}

const rawOf = (said: readonly Said[]): string => said.map(({ text }) => text).join(" ");

const shownTurn = (turn: Turn, said: readonly Said[]): KeptTurn => ({
  turn: { ...turn, text: said.map(({ text, spans }) => withoutSpans(text, spans)).join(" ") },
  said,
});

/** Where an offset of the turn as it was said is in the turn as it is shown. */
function shownOffset(said: readonly Said[], offset: number, isEnd: boolean): number {
  let left = offset;
  let before = 0;
  for (const { text, spans } of said) {
    if (left <= text.length) return before + redactedOffset(left, spans, isEnd);
    before += redactedOffset(text.length, spans, true) + 1;
    left -= text.length + 1;
  }
  return Math.max(0, before - 1);
}
