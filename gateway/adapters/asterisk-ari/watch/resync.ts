import type { Clock } from "../../../core/clock.js";
import type { Log } from "../../../core/log.js";
import type { UnixMs } from "../../../core/time.js";
import type { AriChannel, AriEvent } from "../ari-contracts.js";
import type { Stock } from "../inventory.js";
import { Slices } from "../slices.js";
import type { ChannelBook } from "./channel-book.js";
import { timeOf } from "./channel-kind.js";

/** Older ones are no news: detection would take them for calls of this moment. As detection's own trust in times, ms. */
const NEWS_MS = 30_000;

/**
 * Brings a book up to date with what an Asterisk has: calls that are not there any more are over, those that are new begin with
 * their own time. Events go on meanwhile, and what they have said since `begin` counts more.
 */
export class Resync {
  readonly #book: ChannelBook;
  readonly #clock: Clock;
  readonly #log: Log;
  #round = 0;
  #active = false;
  readonly #created = new Set<string>();
  readonly #destroyed = new Set<string>();

  constructor(book: ChannelBook, clock: Clock, log: Log) {
    this.#book = book;
    this.#clock = clock;
    this.#log = log;
  }

  /** Asterisk is about to be asked. */
  begin(): void {
    this.cancel();
    this.#active = true;
  }

  cancel(): void {
    this.#round++;
    this.#active = false;
    this.#created.clear();
    this.#destroyed.clear();
  }

  /** Channels of which something is kept until then. */
  get noted(): number {
    return this.#created.size + this.#destroyed.size;
  }

  /** Every event, before the book has it. */
  note({ type, channel }: AriEvent): void {
    if (!this.#active || channel === undefined) return;
    if (type === "ChannelCreated") this.#created.add(channel.id);
    else if (type === "ChannelDestroyed") this.#destroyed.add(channel.id);
  }

  /**
   * @param lostAt When what is not there any more was there last, as far as we know.
   * @returns False: it was overtaken by a newer one.
   */
  async take({ channels, bridges }: Stock, lostAt: UnixMs): Promise<boolean> {
    const round = this.#round;
    const slices = new Slices(this.#clock, () => round === this.#round);
    const names = new Map<string, string>();
    const before = this.#book.size;
    if (!(await slices.each(channels, ({ id, name }) => names.set(id, name)))) return false;
    const known = this.#book.channels();
    const gone = (id: string): void => {
      if (!names.has(id) && !this.#created.has(id)) this.#book.lost(id, lostAt);
    };
    const resume = (channel: AriChannel): void => {
      if (this.#destroyed.has(channel.id)) return;
      const createdAt = timeOf(channel.creationtime) ?? 0;
      this.#book.resume(channel, this.#clock.unix() - createdAt > NEWS_MS);
    };
    if (!(await slices.each(known, gone))) return false;
    const unknown: AriChannel[] = [];
    const sort = (channel: AriChannel): void => {
      if (this.#book.owner(channel.id) === undefined) unknown.push(channel);
      // It may have been answered meanwhile.
      else this.#book.resume(channel, false);
    };
    if (!(await slices.each(channels, sort))) return false;
    // Oldest first, as they would have been told of.
    const byAge = await slices.sorted(unknown, (a, b) => (a.creationtime < b.creationtime ? -1 : 1));
    const done =
      byAge !== undefined &&
      (await slices.each(byAge, resume)) &&
      (await slices.each(bridges, (bridge) => this.#book.resumeBridge(bridge, names)));
    if (!done) return false;
    this.cancel();
    this.#log.info("ari.resynced", { channels: channels.length, callsBefore: before, calls: this.#book.size });
    return true;
  }
}
