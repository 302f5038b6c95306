import type { Speaker, Turn, TurnVerdict } from "../../detection/index.js";

/** The classifier's view of one call: takes turns one by one. `Dialogue` of detection/ is one. */
export interface DialogueJudge {
  add(turn: Turn): TurnVerdict;
  /** The last turn has grown. */
  replaceLast(turn: Turn): TurnVerdict;
}

export interface DialogueJudges {
  open(options: { readonly calledSide?: Exclude<Speaker, "caller"> }): DialogueJudge;
}
