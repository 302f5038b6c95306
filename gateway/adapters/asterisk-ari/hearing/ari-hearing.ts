import type { Clock } from "../../../core/clock.js";
import { sensitiveUri, type Log } from "../../../core/log.js";
import type { Counter, Metrics } from "../../../core/metrics.js";
import { monoMs } from "../../../core/time.js";
import type { AriChannel, AriEvent, AriLink } from "../ari-contracts.js";
import type { InventoryUser, Stock } from "../inventory.js";
import { Slices } from "../slices.js";
import { askDialled, readVariable, settingOf } from "./channel-variables.js";
import { Ear, type EarDeps } from "./ear.js";
import type { EarFormat } from "./media-path.js";
import { letGo } from "./stasis-door.js";
import { TalkBook, type Pair, type Talk, type TalkBookOptions, type TalkChange } from "./talk-book.js";

/** Set on a channel that is to be heard, so that a later process knows it. */
export const LISTEN_VARIABLE = "RINGFENCE_LISTEN";

/** ARI events that are used here. */
export const HEARING_EVENTS = [
  "StasisStart",
  "ChannelStateChange",
  "ChannelEnteredBridge",
  "ChannelDestroyed",
  "Dial",
] as const;

export interface AriHearingOptions extends TalkBookOptions {
  readonly format: EarFormat;
  /** Ears of one call that are opened again after they were lost. */
  readonly reopenings: number;
  readonly reopenMs: number;
}

export interface HeardAs {
  readonly callId: string;
  readonly called: "callee" | "agent";
}

/** The gateway's side of calls that are heard. */
export interface HearingUser {
  /** The hop carries it, and hears it itself. Promises do not reject. */
  carried(talk: Talk): boolean | Promise<boolean>;
  /** @returns Undefined: not to be heard (emergency, no room). Else it was opened, and `close` will come. */
  open(talk: Talk): HeardAs | undefined;
  close(callId: string): void;
}

export interface AriHearingDeps extends EarDeps {
  readonly link: AriLink;
  readonly user: HearingUser;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** A talk that is heard. */
export interface HeardTalk {
  readonly as: HeardAs;
  talk: Talk;
}

interface Hearing extends HeardTalk {
  readonly ears: Map<"in" | "out", Ear>;
  /** Those of them that sound comes from. */
  readonly open: Set<Ear>;
  reopenings: number;
  over: boolean;
}

/** Variables that are asked for after a time without events: at a time, and in all. */
const ASKED_AT_A_TIME = 8;
const MOST_ASKED = 1_000;
/** That there is no room is said so often at most, ms. */
const FULL_SAID_MS = 60_000;

/**
 * Hears calls of one Asterisk, each speaker apart, without touching them: the caller is what comes from the caller's channel, the
 * called side what that channel is given to hear, whoever that is after a transfer. A fault costs the hearing, never the call.
 */
export class AriHearing implements InventoryUser {
  readonly #options: AriHearingOptions;
  readonly #deps: AriHearingDeps;
  readonly #book: TalkBook;
  readonly #hearings = new Map<string, Hearing>();
  readonly #callers = new Map<string, string>();
  readonly #outcome: {
    readonly heard: Counter;
    readonly unheard: Counter;
    readonly failed: Counter;
    readonly lost: Counter;
    readonly full: Counter;
  };
  #round = 0;
  /** Ears that were open when Asterisk was asked what it has: those that it does not have are lost. */
  #openBefore: ReadonlySet<Ear> = new Set();
  #fullSaidAt = Number.NEGATIVE_INFINITY;
  #stop: () => void = () => undefined;
  #closing: Promise<void> | undefined;

  constructor(options: AriHearingOptions, deps: AriHearingDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#book = new TalkBook(options);
    const { metrics, link } = deps;
    const calls = metrics.counter(
      "ringfence_ari_heard_calls_total",
      "Calls of an Asterisk that were to be heard over ARI, and what came of it",
      ["server", "outcome"],
    );
    const of = (outcome: string): Counter => calls.labels(link.serverId, outcome);
    this.#outcome = {
      heard: of("heard"),
      unheard: of("not-heard"),
      failed: of("failed"),
      lost: of("lost"),
      full: of("full"),
    };
    const live = metrics.gauge("ringfence_ari_heard_live", "Calls of an Asterisk that are heard over ARI now", [
      "server",
    ]);
    metrics.onScrape(() => live.labels(link.serverId).set(this.#hearings.size));
  }

  start(): void {
    this.#stop = this.#deps.link.onEvent((event) => this.#onEvent(event));
  }

  /** A call that is heard. */
  heard(callId: string): HeardTalk | undefined {
    const callerId = this.#callers.get(callId);
    return callerId === undefined ? undefined : this.#hearings.get(callerId);
  }

  onLoading(): void {
    this.#book.loading();
    this.#openBefore = new Set([...this.#hearings.values()].flatMap(({ open }) => [...open]));
  }

  onNotLoaded(): void {
    this.#book.loaded();
  }

  async onStock(stock: Stock): Promise<void> {
    const round = ++this.#round;
    const slices = new Slices(this.#deps.clock, () => round === this.#round);
    if (await this.#resync(stock, slices)) this.#book.loaded();
  }

  /** Ends all hearing; calls go on. Safe to call twice. */
  close(): Promise<void> {
    this.#stop();
    this.#closing ??= Promise.all([...this.#hearings.keys()].map((id) => this.#end(id))).then(() => undefined);
    return this.#closing;
  }

  #onEvent(event: AriEvent): void {
    if (event.type === "ChannelDestroyed" && event.channel !== undefined) this.#onEarLost(event.channel.id);
    this.#change(this.#book.on(event));
  }

  /** The dialplan wants it to be heard: `Stasis(APP,listen)`. It goes on at once; nothing that fails here is worth a wait. */
  async ask(channel: AriChannel): Promise<void> {
    const { link } = this.#deps;
    const noted = link.request(settingOf(channel.id, LISTEN_VARIABLE, "yes"));
    const [dialled] = await Promise.all([askDialled(link, channel), noted.catch(() => undefined)]);
    this.#change(this.#book.ask(channel, dialled));
    await letGo(this.#deps, channel.id);
  }

  /** @returns False: a newer one has begun. */
  async #resync({ channels, bridges }: Stock, slices: Slices): Promise<boolean> {
    const byId = new Map<string, AriChannel>();
    if (!(await slices.each(channels, (channel) => byId.set(channel.id, channel)))) return false;
    this.#change(this.#book.lost((id) => byId.has(id)));
    const lost = [...this.#openBefore].flatMap(({ channels: made }) => made).filter((id) => !byId.has(id));
    for (const id of lost) this.#onEarLost(id);
    const pairs: Pair[] = [];
    const found = await slices.each(bridges, (bridge) => {
      const pair = this.#book.pairIn(bridge, (id) => byId.get(id));
      if (pair !== undefined) pairs.push(pair);
    });
    if (!found) return false;
    const asked = await this.#askedOf(pairs);
    return slices.each(pairs, (pair) => this.#change(this.#book.together(pair, asked.has(pair.caller.id))));
  }

  /** Callers whose dialplan had asked for it, before we knew. */
  async #askedOf(pairs: readonly Pair[]): Promise<ReadonlySet<string>> {
    const asked = new Set<string>();
    const open = pairs.filter((pair) => this.#book.mayBeAsked(pair)).slice(0, MOST_ASKED);
    for (let at = 0; at < open.length; at += ASKED_AT_A_TIME) {
      const some = open.slice(at, at + ASKED_AT_A_TIME);
      const values = await Promise.all(
        some.map(({ caller }) => readVariable(this.#deps.link, caller.id, LISTEN_VARIABLE)),
      );
      some.forEach(({ caller }, index) => values[index] === "yes" && asked.add(caller.id));
    }
    return asked;
  }

  #change(changes: readonly TalkChange[]): void {
    const open = [...changes];
    for (const change of open) {
      if (change.kind === "over") void this.#end(change.callerId);
      else if (change.kind === "full") this.#onFull();
      else if (change.kind === "callee") {
        const hearing = this.#hearings.get(change.talk.caller.id);
        if (hearing !== undefined) hearing.talk = change.talk;
        // What is not to be heard must not take the place of what is.
      } else if (!this.#begin(change.talk)) open.push(...this.#book.drop(change.talk.caller.id));
    }
  }

  #onFull(): void {
    const { clock, link, log } = this.#deps;
    this.#outcome.full.inc();
    if (clock.mono() - this.#fullSaidAt < FULL_SAID_MS) return;
    this.#fullSaidAt = clock.mono();
    log.warn("ari.hearing-full", { server: link.serverId, most: this.#options.maxTalks });
  }

  /** @returns False: it is not to be heard. */
  #begin(talk: Talk): boolean {
    const carried = this.#deps.user.carried(talk);
    if (typeof carried === "boolean") return this.#hear(talk, carried);
    void carried.then((is) => {
      // Who is at the other end may have changed, and all may be over.
      const now = this.#book.talk(talk.caller.id);
      if (now !== undefined && !this.#hear(now, is)) this.#change(this.#book.drop(talk.caller.id));
    });
    return true;
  }

  /** @returns False: not this one. */
  #hear(talk: Talk, carried: boolean): boolean {
    if (this.#closing !== undefined) return false;
    const as = carried ? undefined : this.#deps.user.open(talk);
    if (as === undefined) {
      this.#outcome.unheard.inc();
      return false;
    }
    const hearing: Hearing = { as, talk, ears: new Map(), open: new Set(), reopenings: 0, over: false };
    this.#hearings.set(talk.caller.id, hearing);
    this.#callers.set(as.callId, talk.caller.id);
    void this.#openEars(hearing);
    return true;
  }

  async #openEars(hearing: Hearing): Promise<void> {
    const opened = await Promise.all([this.#openEar(hearing, "in"), this.#openEar(hearing, "out")]);
    if (opened.every((each) => each)) this.#outcome.heard.inc();
    else this.#outcome.failed.inc();
    // With one ear there is half a talk, which is better than none.
    if (!opened.some((each) => each) && !hearing.over) await this.#end(hearing.talk.caller.id);
  }

  /** @returns False: not this time. */
  async #openEar(hearing: Hearing, side: "in" | "out"): Promise<boolean> {
    const { link, log } = this.#deps;
    const { as, talk } = hearing;
    const speaker = side === "in" ? "caller" : as.called;
    const { format } = this.#options;
    const ear = new Ear({ callId: as.callId, speaker, channelId: talk.caller.id, side, format }, this.#deps);
    hearing.ears.set(side, ear);
    try {
      await ear.open();
      if (hearing.ears.get(side) === ear) hearing.open.add(ear);
      return true;
    } catch (error) {
      if (hearing.ears.get(side) === ear) hearing.ears.delete(side);
      const why = error instanceof Error ? error.message : "failed";
      if (!hearing.over) log.warn("ari.not-heard", { server: link.serverId, call: sensitiveUri(as.callId), side, why });
      return false;
    }
  }

  /** Asterisk took an ear away while the talk goes on: once more, a few times. */
  #onEarLost(channelId: string): void {
    for (const hearing of this.#hearings.values()) {
      for (const [side, ear] of hearing.ears) {
        if (!ear.channels.includes(channelId)) continue;
        hearing.ears.delete(side);
        hearing.open.delete(ear);
        void ear.close();
        this.#reopen(hearing, side);
        return;
      }
    }
  }

  #reopen(hearing: Hearing, side: "in" | "out"): void {
    const { clock } = this.#deps;
    clock.callAt(monoMs(clock.mono() + this.#options.reopenMs), () => {
      if (hearing.over) return;
      this.#outcome.lost.inc();
      if (hearing.reopenings++ < this.#options.reopenings) void this.#openEar(hearing, side);
    });
  }

  async #end(callerId: string): Promise<void> {
    const hearing = this.#hearings.get(callerId);
    if (hearing === undefined) return;
    hearing.over = true;
    this.#hearings.delete(callerId);
    this.#callers.delete(hearing.as.callId);
    // Streams before their call; Asterisk's side of them takes its time.
    const closed = [...hearing.ears.values()].map((ear) => ear.close());
    this.#deps.user.close(hearing.as.callId);
    await Promise.all(closed);
  }
}
