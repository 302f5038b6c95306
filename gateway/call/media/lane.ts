/** A message that waits for its turn. */
interface Waiting {
  deliver: () => void;
  ready: boolean;
  /** Nothing may overtake it. */
  readonly holdsAll: boolean;
}

/** A place in the lane; the message leaves when this has been called and all before it have left. Once. */
export type Go = (deliver: () => void) => void;

/**
 * Messages of one direction of a call. They leave in the order in which they came, also when one of them waits for its session
 * description to be rewritten. An empty lane costs nothing: what passes is delivered at once.
 */
export class Lane {
  readonly #most: number;
  readonly #onFault: (fault: unknown) => void;
  readonly #waiting: Waiting[] = [];
  #draining = false;

  /**
   * @param most Messages that may wait; see `isFull`.
   * @param onFault What a delivery threw that no caller of ours is there to catch.
   */
  constructor(most: number, onFault: (fault: unknown) => void) {
    this.#most = most;
    this.#onFault = onFault;
  }

  /** Advice: `pass` and `hold` take more, for those messages that cannot be refused and whose number others bound. */
  get isFull(): boolean {
    return this.#waiting.length >= this.#most;
  }

  /** What passes now is delivered at once. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0 && !this.#draining;
  }

  /** Delivers now, or behind those that wait. */
  pass(deliver: () => void, holdsAll = false): void {
    if (this.isEmpty) deliver();
    else this.#waiting.push({ deliver, ready: true, holdsAll });
  }

  /** Delivers now, whatever waits, unless that has to be first. */
  overtake(deliver: () => void): void {
    if (this.#waiting.some((each) => each.holdsAll)) this.pass(deliver);
    else deliver();
  }

  hold(holdsAll = false): Go {
    const waiting: Waiting = { deliver: nothing, ready: false, holdsAll };
    this.#waiting.push(waiting);
    return (deliver) => {
      if (waiting.ready) return;
      waiting.deliver = deliver;
      waiting.ready = true;
      this.#drain();
    };
  }

  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    while (this.#waiting[0]?.ready === true) {
      const next = this.#waiting.shift();
      try {
        next?.deliver();
      } catch (fault) {
        this.#onFault(fault);
      }
    }
    this.#draining = false;
  }
}

const nothing = (): void => undefined;
