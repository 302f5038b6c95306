import type { TranscriptLine, Turn, TurnVerdict } from "../../detection/index.js";
import type { DialogueJudge } from "./dialogue-judge.js";

/** A turn that would become longer is followed by another one of the same speaker, characters. */
const LONGEST_TURN = 1_000;
/** Turns that are handed on with a verdict; older ones are not repeated. */
const MOST_TURNS = 200;

/** Makes turns of lines: what one speaker says until the other does is one. */
export class DialogueKeeper {
  readonly #judge: DialogueJudge;
  #turns: Turn[] = [];
  #verdict: TurnVerdict | undefined;

  /** @param before Turns of the call that were heard before this side was started again. */
  constructor(judge: DialogueJudge, before: readonly Turn[] = []) {
    this.#judge = judge;
    for (const turn of before) this.#add(turn);
  }

  /** Not changed afterwards. */
  get turns(): readonly Turn[] {
    return this.#turns;
  }

  get verdict(): TurnVerdict | undefined {
    return this.#verdict;
  }

  /** Takes a final line with text. */
  add({ speaker, text, startMs }: TranscriptLine): TurnVerdict {
    const last = this.#turns.at(-1);
    if (last?.speaker !== speaker || last.text.length + 1 + text.length > LONGEST_TURN) {
      return this.#add({ speaker, text, atMs: startMs });
    }
    const grown = { ...last, text: `${last.text} ${text}` };
    this.#turns = [...this.#turns.slice(0, -1), grown];
    return (this.#verdict = this.#judge.replaceLast(grown));
  }

  #add(turn: Turn): TurnVerdict {
    this.#turns = [...this.#turns.slice(1 - MOST_TURNS), turn];
    return (this.#verdict = this.#judge.add(turn));
  }
}
