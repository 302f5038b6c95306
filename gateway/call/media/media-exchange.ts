import type { MediaDescription, MediaSide } from "../../ports/media-anchor.js";
import { OfferAnswer, type Carrier, type OfferAnswerStep, type Side } from "../../sip/sdp/offer-answer.js";
import type { CallMedia, Described } from "./call-media.js";

/** A description as it came, and what the session made of it. */
export interface Said {
  readonly raw: Uint8Array;
  readonly described: Described;
}

/** Undefined: it goes on as it came. */
export const replacement = (described: Described): Uint8Array | undefined =>
  described === "untouched" ? undefined : described;

export const otherSide = (side: MediaSide): MediaSide => (side === "a" ? "b" : "a");

const END: Readonly<Record<MediaSide, Side>> = { a: "remote", b: "local" };

/** Steps at which a description is there and has to be looked at. */
export type Rewritten = "offer" | "answer" | "preview" | "repeat";

/**
 * Offers and answers of one fork: what is to be asked of the media session for each description, and what was said before.
 * One that was sent on untouched keeps its whole exchange untouched: one end would else send to us and the other past us.
 */
export class MediaExchange {
  readonly #media: CallMedia;
  readonly #fork: string | undefined;
  readonly #tracker = new OfferAnswer();
  #open: ({ readonly by: MediaSide } & Said) | undefined;
  readonly #said: Partial<Record<MediaSide, Said | undefined>> = {};
  /** As they came; undefined: nothing was agreed yet, or not over us. */
  #agreed: Readonly<Record<MediaSide, Uint8Array>> | undefined;

  constructor(media: CallMedia, fork: string | undefined) {
    this.#media = media;
    this.#fork = fork;
  }

  /** The INVITE that made this fork. @param offer What it offered; undefined: nothing. */
  invited(cseq: number, offer: Said | undefined): void {
    this.take("a", { method: "INVITE", cseq }, offer !== undefined);
    if (offer === undefined) return;
    this.#open = { by: "a", ...offer };
    this.#said.a = offer;
  }

  /** Every message that could carry a description, in the order in which they come. */
  take(side: MediaSide, carrier: Carrier, hasSdp: boolean): OfferAnswerStep {
    return this.#tracker.on(END[side], carrier, hasSdp);
  }

  /** In turn. @param sdp Is copied where it is kept. @returns What goes on instead; undefined: it goes on as it is. */
  async rewrite(side: MediaSide, step: Rewritten, sdp: Uint8Array): Promise<Uint8Array | undefined> {
    switch (step) {
      case "offer":
        return replacement(await this.#offer(side, sdp));
      case "preview":
        return replacement(await (this.#open === undefined ? this.#offer(side, sdp) : this.#preview(side, sdp)));
      case "answer":
        return this.#answer(side, sdp);
      case "repeat":
        // RFC 3261 §13.2.1: it has to be the same as before, so it goes out the same as before.
        return replacement(this.#said[side]?.described);
    }
  }

  /** In turn. The open offer was refused or never answered: the session goes back to what was agreed. RFC 3264 §8 */
  async refused(): Promise<void> {
    const open = this.#open;
    const agreed = this.#agreed;
    this.#open = undefined;
    if (open === undefined) return;
    if (agreed === undefined) {
      this.#media.passesBy();
      return;
    }
    const answerer = otherSide(open.by);
    const offered = await this.#ask(open.by, "offer", agreed[open.by]);
    const answered = await this.#ask(answerer, "answer", agreed[answerer]);
    this.#said[open.by] = { raw: agreed[open.by], described: offered };
    this.#said[answerer] = { raw: agreed[answerer], described: answered };
  }

  async #offer(by: MediaSide, sdp: Uint8Array): Promise<Described> {
    const raw = Uint8Array.from(sdp);
    const described = await this.#ask(by, "offer", raw);
    this.#open = { by, raw, described };
    this.#said[by] = { raw, described };
    this.#said[otherSide(by)] = undefined;
    return described;
  }

  async #preview(side: MediaSide, sdp: Uint8Array): Promise<Described> {
    if (replacement(this.#open?.described) === undefined) return undefined;
    const known = this.#said[side];
    if (known !== undefined && isSame(known.raw, sdp)) return known.described;
    const raw = Uint8Array.from(sdp);
    const described = await this.#ask(side, "preview", raw);
    this.#said[side] = { raw, described };
    return described;
  }

  async #answer(side: MediaSide, sdp: Uint8Array): Promise<Uint8Array | undefined> {
    const open = this.#open;
    const raw = Uint8Array.from(sdp);
    this.#open = undefined;
    let sent: Uint8Array | undefined;
    // An offer that the session left untouched is still its affair: it learns that media goes past it from now on.
    if (open?.described === "untouched") await this.#media.tell(this.#description(side, "answer", raw));
    else if (open?.described !== undefined) sent = replacement(await this.#ask(side, "answer", raw));
    this.#said[side] = { raw, described: sent };
    if (open === undefined || sent === undefined) this.#agreed = undefined;
    else this.#agreed = side === "a" ? { a: raw, b: open.raw } : { a: open.raw, b: raw };
    return sent;
  }

  #ask(from: MediaSide, step: MediaDescription["step"], sdp: Uint8Array): Promise<Described> {
    return this.#media.ask(this.#description(from, step, sdp));
  }

  #description(from: MediaSide, step: MediaDescription["step"], sdp: Uint8Array): MediaDescription {
    const description = { from, step, sdp };
    return this.#fork === undefined ? description : { ...description, fork: this.#fork };
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i]);
}
