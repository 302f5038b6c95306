import type { AriBridge, AriChannel, AriEvent } from "../ari-contracts.js";
import { isOwnId } from "../own-marks.js";
import { dialledNumber, isInner, numberOfDialString } from "../watch/channel-kind.js";

/** Two people who talk through an Asterisk. */
export interface Talk {
  /** The channel that called in: the call is named after it. */
  readonly caller: AriChannel;
  /** As it was dialled; empty: unknown. */
  readonly dialled: string;
  /** The dialplan asked for it. */
  readonly asked: boolean;
  /** SIP Call-ID of the leg that answered; empty: unknown. */
  readonly calleeSipId: string;
  /** Who is at the other end now; undefined: nobody that we know of (an announcement, a queue). */
  readonly calleeId: string | undefined;
}

export type TalkChange =
  | { readonly kind: "began"; readonly talk: Talk }
  /** Somebody else is the called one now: a transfer. */
  | { readonly kind: "callee"; readonly talk: Talk }
  /** There is no room for it now. It begins when one of the others is over. */
  | { readonly kind: "full"; readonly callerId: string }
  | { readonly kind: "over"; readonly callerId: string };

export interface TalkBookOptions {
  /** Every call that is answered, or only those that the dialplan asks for. */
  readonly which: "all" | "asked";
  /** Talks and requests that are kept at a time, each. As many again wait for a place; more are not heard. */
  readonly maxTalks: number;
}

/** Who talks with whom, in a bridge. */
export interface Pair {
  readonly caller: AriChannel;
  readonly callee: AriChannel;
}

/** The one that was dropped longest ago is forgotten first. */
const MOST_DROPPED = 2_000;

/** A leg of a Local channel talks for somebody else, who has a channel of his own. */
const isLocal = ({ name }: AriChannel): boolean => name.startsWith("Local/");

/**
 * Who talks with whom, from Asterisk's events. A talk begins when its caller is answered, and is over when the caller's channel is
 * gone; in between the other side may change.
 */
export class TalkBook {
  readonly #options: TalkBookOptions;
  readonly #talks = new Map<string, Talk>();
  /** Channels that the dialplan asked to be heard, and the number that they dialled, where it is known. */
  readonly #asked = new Map<string, string | undefined>();
  /** Talks that there was no room for, the oldest first. */
  readonly #turnedAway = new Map<string, Talk>();
  /** Callers whose talk is not to be heard: that is not asked again. */
  readonly #dropped = new Set<string>();
  /** What events have said since Asterisk was asked what it has: its answer may be older. */
  #since: { readonly began: Set<string>; readonly gone: Set<string> } | undefined;

  constructor(options: TalkBookOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#talks.size;
  }

  talk(callerId: string): Talk | undefined {
    return this.#talks.get(callerId);
  }

  /** The dialplan asks to hear this channel: at once where it is answered, else from then on. */
  ask(channel: AriChannel, dialled: string | undefined): readonly TalkChange[] {
    if (this.#asked.size >= this.#options.maxTalks) return [{ kind: "full", callerId: channel.id }];
    this.#asked.set(channel.id, dialled);
    this.#since?.began.add(channel.id);
    return channel.state === "Up" ? this.#begin(channel) : [];
  }

  on(event: AriEvent): readonly TalkChange[] {
    switch (event.type) {
      case "Dial":
        return this.#onDial(event);
      case "ChannelStateChange":
        if (event.channel?.state !== "Up" || !this.#asked.has(event.channel.id)) return [];
        return this.#begin(event.channel);
      case "ChannelEnteredBridge":
        return this.#onEntered(event);
      case "ChannelDestroyed":
        return event.channel === undefined ? [] : this.#onDestroyed(event.channel.id);
      default:
        return [];
    }
  }

  /** It turned out that it is not to be heard. */
  drop(callerId: string): readonly TalkChange[] {
    if (!this.#talks.delete(callerId)) return [];
    const [first] = this.#dropped;
    if (this.#dropped.size >= MOST_DROPPED && first !== undefined) this.#dropped.delete(first);
    this.#dropped.add(callerId);
    return this.#nextInLine();
  }

  /** Asterisk is about to be asked what it has, after a time without events, or at the start. */
  loading(): void {
    this.#since = { began: new Set(), gone: new Set() };
  }

  /** It was asked, and what it has has been gone through; or it did not answer. */
  loaded(): void {
    this.#since = undefined;
  }

  /** Talks whose caller is not there any more are over. */
  lost(isThere: (channelId: string) => boolean): readonly TalkChange[] {
    const known = new Set([...this.#talks.keys(), ...this.#asked.keys(), ...this.#turnedAway.keys(), ...this.#dropped]);
    return [...known]
      .filter((id) => !isThere(id) && this.#since?.began.has(id) !== true)
      .flatMap((id) => this.#onDestroyed(id));
  }

  /**
   * Who talks with whom: in a bridge with two channels or more that are not ours, the caller of a talk that we know, else the one that
   * was there first.
   */
  pairIn(bridge: AriBridge, channelOf: (id: string) => AriChannel | undefined): Pair | undefined {
    if (bridge.channels.length < 2) return undefined;
    const inside: AriChannel[] = [];
    for (const id of bridge.channels) {
      const channel = channelOf(id);
      if (channel !== undefined && !isInner(channel) && !isLocal(channel)) inside.push(channel);
    }
    const caller = inside.find(({ id }) => this.#talks.has(id)) ?? oldest(inside);
    const callee = oldest(inside.filter((channel) => channel !== caller));
    return caller === undefined || callee === undefined ? undefined : { caller, callee };
  }

  /** Only calls that the dialplan asked for are heard, and it is not known whether this is one. */
  mayBeAsked({ caller }: Pair): boolean {
    return this.#options.which === "asked" && !this.#asked.has(caller.id) && !this.#talks.has(caller.id);
  }

  /** Two who were in one bridge: a talk that was missed begins. @param wasAsked The dialplan asked for it, before we knew. */
  together({ caller, callee }: Pair, wasAsked: boolean): readonly TalkChange[] {
    if (this.#since?.gone.has(caller.id) === true || this.#since?.gone.has(callee.id) === true) return [];
    return this.mayBeAsked({ caller, callee }) && !wasAsked ? [] : this.#begin(caller, callee);
  }

  #onDial(event: AriEvent): readonly TalkChange[] {
    const caller = event["caller"] as AriChannel | undefined;
    const peer = event["peer"] as AriChannel | undefined;
    if (event["dialstatus"] !== "ANSWER" || caller === undefined || peer === undefined) return [];
    if (isInner(caller) || isInner(peer) || isLocal(caller)) return [];
    if (this.#options.which === "asked" && !this.#asked.has(caller.id)) return [];
    return this.#begin(caller, peer, event["dialstring"]);
  }

  #onEntered({ bridge, channel }: AriEvent): readonly TalkChange[] {
    if (bridge === undefined || channel === undefined || isInner(channel)) return [];
    const isCaller = (id: string): boolean => this.#talks.has(id) || this.#turnedAway.has(id);
    const callerId = isCaller(channel.id) ? channel.id : bridge.channels.find(isCaller);
    const calleeId = bridge.channels.findLast((id) => id !== callerId && !isOwnId(id));
    return callerId === undefined || calleeId === undefined ? [] : this.#newCallee(callerId, calleeId);
  }

  #onDestroyed(id: string): readonly TalkChange[] {
    this.#since?.gone.add(id);
    this.#asked.delete(id);
    this.#turnedAway.delete(id);
    this.#dropped.delete(id);
    return this.#talks.delete(id) ? [{ kind: "over", callerId: id }, ...this.#nextInLine()] : [];
  }

  #nextInLine(): readonly TalkChange[] {
    for (const [id, talk] of this.#turnedAway) {
      this.#turnedAway.delete(id);
      this.#talks.set(id, talk);
      return [{ kind: "began", talk }];
    }
    return [];
  }

  #begin(caller: AriChannel, callee?: AriChannel, dialString?: unknown): readonly TalkChange[] {
    if (this.#talks.has(caller.id) || this.#turnedAway.has(caller.id))
      return callee === undefined ? [] : this.#newCallee(caller.id, callee.id);
    if (this.#dropped.has(caller.id)) return [];
    this.#since?.began.add(caller.id);
    const inDial = typeof dialString === "string" ? numberOfDialString(dialString) : undefined;
    const talk: Talk = {
      caller,
      dialled: this.#asked.get(caller.id) ?? dialledNumber(caller) ?? inDial ?? "",
      asked: this.#asked.has(caller.id),
      calleeId: callee?.id,
      calleeSipId: callee?.protocol_id ?? "",
    };
    const { maxTalks } = this.#options;
    if (this.#talks.size >= maxTalks) {
      if (this.#turnedAway.size < maxTalks) this.#turnedAway.set(caller.id, talk);
      return [{ kind: "full", callerId: caller.id }];
    }
    this.#talks.set(caller.id, talk);
    return [{ kind: "began", talk }];
  }

  #newCallee(callerId: string, calleeId: string): readonly TalkChange[] {
    const waiting = this.#turnedAway.get(callerId);
    if (waiting !== undefined) this.#turnedAway.set(callerId, { ...waiting, calleeId });
    const known = this.#talks.get(callerId);
    if (known === undefined || known.calleeId === calleeId) return [];
    const talk = { ...known, calleeId };
    this.#talks.set(callerId, talk);
    return [{ kind: "callee", talk }];
  }
}

function oldest(channels: readonly AriChannel[]): AriChannel | undefined {
  let first: AriChannel | undefined;
  for (const channel of channels) if (first === undefined || byAge(channel, first) < 0) first = channel;
  return first;
}

/** Of one second the unique id's counter says which came first: `1700000000.12`. */
function byAge(a: AriChannel, b: AriChannel): number {
  const byTime = Date.parse(a.creationtime) - Date.parse(b.creationtime);
  return byTime !== 0 && Number.isFinite(byTime) ? byTime : a.id.localeCompare(b.id, "en", { numeric: true });
}
