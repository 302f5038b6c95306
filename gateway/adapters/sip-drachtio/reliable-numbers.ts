/** Reliable 1xx of one INVITE. */
const MOST = 16;

/** Which RSeq of the server's stands for which of the user's. The latest few: older ones are confirmed or forgotten. */
export class ReliableNumbers {
  #pairs: (readonly [sent: number, given: number])[] | undefined;

  note(sent: number, given: number): void {
    const pairs = (this.#pairs ??= []);
    if (pairs.length >= MOST) pairs.shift();
    pairs.push([sent, given]);
  }

  givenFor(sent: number): number | undefined {
    return this.#pairs?.find(([each]) => each === sent)?.[1];
  }
}
