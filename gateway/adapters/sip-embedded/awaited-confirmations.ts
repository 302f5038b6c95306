import type { ResponseRepeat } from "./response-repeat.js";

/** What we keep sending in one dialog: a 2xx until its ACK, reliable 1xx until their PRACK. */
export class AwaitedConfirmations {
  /** Absent most of the time: most dialogs wait for nothing. */
  #repeats: ResponseRepeat[] | undefined;

  add(repeat: ResponseRepeat): void {
    (this.#repeats ??= []).push(repeat);
  }

  /** @returns True: a 2xx waited for this ACK. */
  acked(cseq: number): boolean {
    return this.#drop((repeat) => repeat.rseq === 0 && repeat.cseq === cseq);
  }

  pracked(rseq: number, cseq: number): void {
    this.#drop((repeat) => repeat.rseq === rseq && repeat.cseq === cseq);
  }

  /** The INVITE has had its final response: its 1xx need no PRACK any more. RFC 3262 §3 */
  answered(cseq: number): void {
    this.#drop((repeat) => repeat.rseq !== 0 && repeat.cseq === cseq);
  }

  stopAll(): void {
    this.#drop(() => true);
  }

  #drop(isDone: (repeat: ResponseRepeat) => boolean): boolean {
    const repeats = this.#repeats;
    if (repeats === undefined) return false;
    const left = repeats.filter((repeat) => !isDone(repeat));
    for (const repeat of repeats) if (!left.includes(repeat)) repeat.stop();
    this.#repeats = left.length === 0 ? undefined : left;
    return left.length < repeats.length;
  }
}
