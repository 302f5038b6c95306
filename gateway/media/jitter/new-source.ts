import { seqDistance } from "../rtp/wrapping.js";

const PACKETS = 2;
const STEP = 5;
const OLD_SOURCE_SILENT_MS = 60;

/**
 * When packets with another SSRC become the source that counts: after two that follow each other, once the source before has missed
 * two packets. So a stray packet changes nothing, and of two sources at a time the first one is heard. RFC 3550 §8.2, §A.1
 */
export class NewSource {
  #ssrc = -1;
  #next = 0;
  #packets = 0;

  forget(): void {
    this.#ssrc = -1;
  }

  /**
   * Told of every packet of another source.
   *
   * @param oldSilentMs Since the last packet of the source that counts.
   * @param frameMs How long that one's packets sound.
   */
  convinces(ssrc: number, sequenceNumber: number, oldSilentMs: number, frameMs: number): boolean {
    const step = seqDistance(this.#next, sequenceNumber);
    const goesOn = ssrc === this.#ssrc && step >= 0 && step < STEP;
    this.#ssrc = ssrc;
    this.#next = (sequenceNumber + 1) & 0xffff;
    this.#packets = goesOn ? this.#packets + 1 : 1;
    return this.#packets >= PACKETS && oldSilentMs >= Math.max(OLD_SOURCE_SILENT_MS, 2 * frameMs);
  }
}
