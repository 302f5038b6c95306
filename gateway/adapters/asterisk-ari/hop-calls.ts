import type { Log } from "../../core/log.js";
import { LEG_HEADER, type HopLegs } from "../../ports/hop-legs.js";
import { isGone, type AriChannel, type AriEvent, type AriLink } from "./ari-contracts.js";
import { LastIds } from "./last-ids.js";

/** Calls that are known to be the hop's, and channels that Asterisk called by itself. */
const MOST_KNOWN = 20_000;
/** Without it Asterisk cannot be asked; it does not say so. */
const MODULE = "res_pjsip_header_funcs.so";

/**
 * Which calls of an Asterisk are the hop's. A leg that Asterisk dialled is, where the hop got that INVITE; a channel that called in,
 * where the hop sent it. There the Call-ID alone proves nothing, as whoever calls both may choose it: Asterisk is asked for the mark.
 */
export class HopCalls {
  readonly #link: AriLink;
  readonly #legs: HopLegs;
  readonly #log: Log;
  readonly #known = new LastIds(MOST_KNOWN);
  readonly #originated = new LastIds(MOST_KNOWN);
  readonly #asked = new Map<string, Promise<boolean>>();
  #stops: readonly (() => void)[] = [];

  constructor(link: AriLink, legs: HopLegs, log: Log) {
    this.#link = link;
    this.#legs = legs;
    this.#log = log;
  }

  /** Before all others who listen to the link. */
  start(): void {
    const link = this.#link;
    this.#stops = [link.onEvent((event) => this.#onEvent(event)), link.onUp(() => void this.#checkModule())];
  }

  /** Safe to call twice. */
  close(): void {
    for (const stop of this.#stops) stop();
  }

  /** It was found to be, or noted. */
  knows(channelId: string): boolean {
    return this.#known.has(channelId);
  }

  /** A leg that its call dialled is: so is the call. */
  note(channelId: string): void {
    this.#known.add(channelId);
  }

  /** An INVITE that Asterisk sent came to the hop. */
  got(sipCallId: string): boolean {
    return this.#legs.received(sipCallId);
  }

  /**
   * @param channel The one that the call began with.
   * @returns A promise, which never rejects, where Asterisk has to be asked. What it does not answer is no proof.
   */
  carries({ id, protocol_id: sipCallId = "" }: Pick<AriChannel, "id" | "protocol_id">): boolean | Promise<boolean> {
    if (this.#known.has(id)) return true;
    if (sipCallId === "") return false;
    const placed = this.#originated.has(id) ? this.got(sipCallId) : this.#legs.placed(sipCallId);
    if (placed === "marked") return this.#ask(id, sipCallId);
    const carried = placed === true || placed === "yes";
    if (carried) this.#known.add(id);
    return carried;
  }

  #ask(id: string, sipCallId: string): Promise<boolean> {
    const before = this.#asked.get(id);
    if (before !== undefined) return before;
    const asked = this.#isMarked(id, sipCallId).then((carried) => {
      this.#asked.delete(id);
      if (carried) this.#known.add(id);
      return carried;
    });
    this.#asked.set(id, asked);
    return asked;
  }

  async #isMarked(id: string, sipCallId: string): Promise<boolean> {
    const path = `/channels/${encodeURIComponent(id)}/variable`;
    const query = { variable: `PJSIP_HEADER(read,${LEG_HEADER})` };
    try {
      const answer = (await this.#link.request({ method: "GET", path, query })) as
        { readonly value?: unknown } | undefined;
      return typeof answer?.value === "string" && this.#legs.show(sipCallId, answer.value, id);
    } catch (error) {
      // A call that was refused at once is over before it could be asked: one for each leg is believed, not all that come after it.
      return isGone(error) && this.#legs.claim(sipCallId);
    }
  }

  async #checkModule(): Promise<void> {
    const { serverId } = this.#link;
    await this.#link.request({ method: "GET", path: `/asterisk/modules/${MODULE}` }).catch((error: unknown) => {
      if (isGone(error)) this.#log.warn("ari.modules-missing", { server: serverId, modules: MODULE });
    });
  }

  /** Called by Asterisk on nobody's behalf. */
  #onEvent(event: AriEvent): void {
    const peer = event["peer"] as AriChannel | undefined;
    if (event.type === "Dial" && event["caller"] === undefined && peer !== undefined) this.#originated.add(peer.id);
  }
}
