import type { TranscriptLine, Turn, TurnVerdict } from "../../detection/index.js";
import type { DialogueJudge } from "./dialogue-judge.js";

/** A turn that would become longer is followed by another one of the same speaker, characters. */
const LONGEST_TURN = 1_000;
/** Turns that are handed on with a verdict; older ones are not repeated. */
const MOST_TURNS = 200;

interface Said {
  readonly segment: number;
  readonly text: string;
}
interface KeptTurn {
  readonly turn: Turn;
  /** The lines that it was made of. */
  readonly said: readonly Said[];
}

/** Makes turns of lines: what one speaker says until the other does is one. */
export class DialogueKeeper {
  readonly #judge: DialogueJudge;
  #kept: readonly KeptTurn[] = [];
  #turns: readonly Turn[] = [];
  /** Turns that have been forgotten: the judge counts them too. */
  #forgotten = 0;
  #verdict: TurnVerdict | undefined;

  /** @param before Turns of the call that were heard before this side was started again. */
  constructor(judge: DialogueJudge, before: readonly Turn[] = []) {
    this.#judge = judge;
    for (const turn of before) this.#add({ turn, said: [] });
  }

  /** Not changed afterwards. */
  get turns(): readonly Turn[] {
    return this.#turns;
  }

  get verdict(): TurnVerdict | undefined {
    return this.#verdict;
  }

  /** Takes a final line with text. */
  add({ speaker, segment, text, startMs }: TranscriptLine): TurnVerdict {
    const last = this.#kept.at(-1);
    const said = { segment, text };
    if (last?.turn.speaker !== speaker || last.turn.text.length + 1 + text.length > LONGEST_TURN) {
      return this.#add({ turn: { speaker, text, atMs: startMs }, said: [said] });
    }
    const grown = { turn: { ...last.turn, text: `${last.turn.text} ${text}` }, said: [...last.said, said] };
    this.#keep([...this.#kept.slice(0, -1), grown]);
    return (this.#verdict = this.#judge.replaceLast(grown.turn));
  }

  /** A line reads otherwise now: more of it is redacted. @returns Undefined: it is in no turn (any more). */
  revise(segment: number, text: string): TurnVerdict | undefined {
    const index = this.#kept.findIndex(({ said }) => said.some((each) => each.segment === segment));
    const kept = this.#kept[index];
    if (kept === undefined) return undefined;
    const said = kept.said.map((each) => (each.segment === segment ? { segment, text } : each));
    const turn = { ...kept.turn, text: said.map((each) => each.text).join(" ") };
    this.#keep(this.#kept.map((each) => (each === kept ? { turn, said } : each)));
    return (this.#verdict = this.#judge.replace(this.#forgotten + index, turn));
  }

  #add(kept: KeptTurn): TurnVerdict {
    const all = [...this.#kept, kept];
    this.#forgotten += Math.max(0, all.length - MOST_TURNS);
    this.#keep(all.slice(-MOST_TURNS));
    return (this.#verdict = this.#judge.add(kept.turn));
  }

  #keep(kept: readonly KeptTurn[]): void {
    this.#kept = kept;
    this.#turns = kept.map(({ turn }) => turn);
  }
}
