import { unixMs, type UnixMs } from "../../../core/time.js";
import type { AriBridge, AriChannel, AriEvent } from "../ari-contracts.js";
import {
  calledIn,
  callsIn,
  dialledNumber,
  isInner,
  localPair,
  movedFrom,
  numberAtEnd,
  numberOfDialString,
  timeOf,
} from "./channel-kind.js";
import { WatchedCall } from "./watched-call.js";

export interface ChannelBookOptions {
  /** Calls that are followed at a time; what comes beyond is not. */
  readonly maxCalls: number;
  readonly maxChannelsOfCall: number;
}

export const DEFAULT_CHANNEL_BOOK: ChannelBookOptions = { maxCalls: 20_000, maxChannelsOfCall: 256 };

/** Told in the order of the events. */
export interface ChannelBookUser {
  callId(uniqueId: string): string;
  /** Our clock: for events that bear no time of their own. */
  now(): UnixMs;
  onBegan(call: WatchedCall, channel: AriChannel): void;
  /** Its caller's channel was heard of again. */
  onSeen(call: WatchedCall, channel: AriChannel): void;
  /** A leg was dialled for it. */
  onDialled(call: WatchedCall, leg: AriChannel): void;
  onAnswered(call: WatchedCall): void;
  /** It was up when it was first heard of, or heard of again. Its `answeredAt` is when it began, until somebody knows better. */
  onFoundUp(call: WatchedCall): void;
  /** Its last channel is gone. */
  onEnded(call: WatchedCall): void;
  /** There was no room for it. */
  onOverflow(): void;
}

interface LocalPair {
  readonly ids: Map<string, string>;
  /** What its halves dialled while no call was known of it. */
  readonly legs: AriChannel[];
  call: WatchedCall | undefined;
}

/** Local channels that no call is known of, at most. */
const MAX_PAIRS = 20_000;
const MAX_LEGS_OF_PAIR = 16;
/** Channels that Asterisk originated by itself and that call nobody yet, at most. */
const MAX_ORIGINATED = 20_000;

/**
 * Which channel belongs to which call, from ARI's events. A call is the channel that called in; legs that Dial and Queue make, both
 * halves of Local channels, forwards and the targets of transfers belong to it. It is over when the last of its channels is gone.
 * A channel that Asterisk originated (click to call, call files) is a call once it dials somebody: who was rung first is the caller.
 */
export class ChannelBook {
  readonly #options: ChannelBookOptions;
  readonly #user: ChannelBookUser;
  readonly #calls = new Map<string, WatchedCall>();
  readonly #owners = new Map<string, WatchedCall>();
  readonly #ids = new Map<string, string>();
  /** Local channels by what their halves have in common, and that by channel id. */
  readonly #pairs = new Map<string, LocalPair>();
  readonly #pairOf = new Map<string, string>();
  /** Ids of `LocalPair.legs` that are there. */
  readonly #pairLegs = new Set<string>();
  /** Channels that nobody's call made, with what was dialled for them. */
  readonly #originated = new Map<string, string>();

  constructor(options: ChannelBookOptions, user: ChannelBookUser) {
    this.#options = options;
    this.#user = user;
  }

  get size(): number {
    return this.#calls.size;
  }

  call(uniqueId: string): WatchedCall | undefined {
    return this.#calls.get(uniqueId);
  }

  /** All of them, in the order in which they were first heard of. */
  calls(): Iterable<WatchedCall> {
    return this.#calls.values();
  }

  /** The call that a channel belongs to. */
  owner(channelId: string): WatchedCall | undefined {
    return this.#owners.get(channelId);
  }

  /** Ids of all channels of all calls. */
  channels(): readonly string[] {
    return [...this.#owners.keys()];
  }

  take(event: AriEvent): void {
    const { channel } = event;
    const at = timeOf(event.timestamp) ?? this.#user.now();
    switch (event.type) {
      case "ChannelCreated":
        if (channel !== undefined) this.#created(channel, at);
        break;
      case "ChannelStateChange":
      case "ChannelDialplan":
        if (channel !== undefined) this.#changed(channel, at);
        break;
      case "Dial":
        this.#dial(event, at);
        break;
      case "ChannelHangupRequest":
        if (channel !== undefined) this.#hangUpRequested(channel, event["soft"] === true);
        break;
      case "ChannelDestroyed":
        if (channel !== undefined) this.#destroyed(channel, at, causeOf(event["cause"]));
        break;
      case "BridgeAttendedTransfer":
        this.#transferred(event);
        break;
      default:
    }
  }

  /** A channel that was there before we listened, or while we did not. @returns False: it is none that calls in. */
  resume(channel: AriChannel, resumed: boolean): boolean {
    const known = this.#owners.get(channel.id);
    if (known !== undefined) {
      if (known.uniqueId === channel.id && known.answeredAt === undefined && !known.originated)
        this.#foundUp(known, channel);
      return true;
    }
    const pair = localPair(channel.name);
    if (pair !== undefined) this.#joinPair(pair, channel);
    if (!calledIn(channel)) return false;
    const call = this.#begin(channel, timeOf(channel.creationtime) ?? this.#user.now(), resumed);
    // The hop's own is forgotten at once.
    if (call !== undefined && this.#calls.get(call.uniqueId) === call) this.#foundUp(call, channel);
    return true;
  }

  /**
   * Who is in one bridge with a caller is a leg of that call; in a conference of several callers nobody can tell.
   * @param names By id, of channels that are there.
   */
  resumeBridge(bridge: AriBridge, names: ReadonlyMap<string, string>): void {
    const calls = new Set(bridge.channels.flatMap((id) => this.#owners.get(id) ?? []));
    const [call] = calls;
    if (call === undefined || calls.size > 1) return;
    for (const id of bridge.channels) {
      const name = names.get(id);
      if (name !== undefined && !this.#owners.has(id)) this.#join(call, { id, name });
    }
  }

  /** It is not, or not any more, ours to follow: the hop carries it. Nobody is told. */
  forget(call: WatchedCall): void {
    this.#calls.delete(call.uniqueId);
    for (const [id, name] of call.channels) this.#drop(id, name);
  }

  /**
   * A channel was not there any more when Asterisk was asked; when and why it ended is not known.
   * @param at When it may have been there last: before it began it was not.
   */
  lost(channelId: string, at: UnixMs): void {
    const call = this.#owners.get(channelId);
    if (call !== undefined) call.endUnseen = true;
    this.gone(channelId, unixMs(Math.max(at, call?.answeredAt ?? call?.startedAt ?? at)));
  }

  /** A channel is not there any more. */
  gone(channelId: string, at: UnixMs, cause?: number): void {
    this.#originated.delete(channelId);
    this.#pairLegs.delete(channelId);
    const call = this.#owners.get(channelId);
    const name = call?.channels.get(channelId);
    if (call === undefined || name === undefined) {
      this.#leavePairs(channelId);
      return;
    }
    this.#drop(channelId, name);
    call.channels.delete(channelId);
    if (channelId === call.uniqueId || call.q850 === undefined) call.q850 = cause ?? call.q850;
    if (!call.gone) return;
    call.endedAt = at;
    this.#calls.delete(call.uniqueId);
    this.#user.onEnded(call);
    call.tellGone();
  }

  /** A call that nobody could name a number of is for the one under which it ended, as in Asterisk's own record of it. */
  #destroyed(channel: AriChannel, at: UnixMs, cause: number | undefined): void {
    const call = this.#owners.get(channel.id);
    if (call !== undefined && channel.id === call.uniqueId) call.calledNumber ??= numberAtEnd(channel);
    this.gone(channel.id, at, cause);
  }

  #created(channel: AriChannel, at: UnixMs): void {
    if (isInner(channel)) return;
    const pair = localPair(channel.name);
    if (pair !== undefined) {
      this.#joinPair(pair, channel);
      return;
    }
    const from = movedFrom(channel.name);
    const moved = from === undefined ? undefined : this.#owners.get(this.#ids.get(from) ?? "");
    if (moved !== undefined) this.#join(moved, channel);
    else if (callsIn(channel)) this.#begin(channel, timeOf(channel.creationtime) ?? at, false);
  }

  #changed(channel: AriChannel, at: UnixMs): void {
    const call = this.#owners.get(channel.id);
    if (call === undefined) {
      // Analogue lines become callers only once the number is dialled.
      if (callsIn(channel)) this.#begin(channel, timeOf(channel.creationtime) ?? at, false);
      return;
    }
    if (channel.id !== call.uniqueId) {
      if (channel.state === "Ringing") call.ringingAt ??= at;
      return;
    }
    this.#user.onSeen(call, channel);
    if (channel.state === "Up") this.#answered(call, at);
  }

  #begin(channel: AriChannel, startedAt: UnixMs, resumed: boolean): WatchedCall | undefined {
    if (this.#calls.has(channel.id)) return undefined;
    if (this.#calls.size >= this.#options.maxCalls) {
      this.#user.onOverflow();
      return undefined;
    }
    const originated = this.#originated.get(channel.id);
    const call = new WatchedCall({
      uniqueId: channel.id,
      callId: this.#user.callId(channel.id),
      callerNumber: channel.caller.number === "" ? (originated ?? "") : channel.caller.number,
      calledNumber: dialledNumber(channel),
      startedAt,
      resumed,
      originated: originated !== undefined,
    });
    this.#originated.delete(channel.id);
    this.#calls.set(call.uniqueId, call);
    this.#join(call, channel);
    this.#user.onBegan(call, channel);
    return call;
  }

  #foundUp(call: WatchedCall, { state }: AriChannel): void {
    if (state !== "Up") return;
    call.answeredAt = call.startedAt;
    this.#user.onFoundUp(call);
  }

  #answered(call: WatchedCall, at: UnixMs): void {
    if (call.answeredAt !== undefined) return;
    call.answeredAt = at;
    this.#user.onAnswered(call);
  }

  #dial({ caller, peer, forwarded, dialstatus, dialstring }: DialEvent, at: UnixMs): void {
    if (peer === undefined) return;
    if (caller === undefined) {
      this.#onOriginated(peer, dialstring ?? "");
      return;
    }
    const call =
      this.#owners.get(caller.id) ?? (this.#originated.has(caller.id) ? this.#begin(caller, at, false) : undefined);
    if (call === undefined) {
      this.#noteLeg(caller, peer);
      return;
    }
    if (dialstatus === "RINGING" || dialstatus === "PROGRESS") call.ringingAt ??= at;
    if (dialstatus === "ANSWER" && peer.protocol_id !== undefined && peer.protocol_id !== "")
      call.answeredLeg = peer.protocol_id;
    if (!LIVE_LEG.has(dialstatus ?? "")) return;
    for (const leg of [peer, forwarded]) if (leg !== undefined) this.#join(call, leg);
    call.calledNumber ??= dialstring === undefined ? undefined : numberOfDialString(dialstring);
    this.#user.onDialled(call, peer);
    // Who was rung first is up already: it is answered when the other one answers.
    if (call.originated && dialstatus === "ANSWER") this.#answered(call, at);
  }

  /** Dialled on nobody's behalf: by ARI, a manager, a call file or Originate(). */
  #onOriginated(peer: AriChannel, dialstring: string): void {
    if (isInner(peer) || this.#owners.has(peer.id) || this.#originated.size >= MAX_ORIGINATED) return;
    if (!this.#originated.has(peer.id)) this.#originated.set(peer.id, numberOfDialString(dialstring) ?? "");
  }

  /** Half of a Local channel dials, and no call is known of it: an originated one's first party, as a rule. */
  #noteLeg(caller: AriChannel, peer: AriChannel): void {
    const pair = this.#pairs.get(localPair(caller.name) ?? "");
    if (pair === undefined || pair.legs.length >= MAX_LEGS_OF_PAIR || this.#pairLegs.has(peer.id)) return;
    pair.legs.push(peer);
    this.#pairLegs.add(peer.id);
  }

  #hangUpRequested({ id }: AriChannel, isSoft: boolean): void {
    const call = this.#owners.get(id);
    if (call === undefined) return;
    call.hungUpBy ??= id === call.uniqueId ? "caller" : "called";
    call.partyHungUp ||= !isSoft;
  }

  /** Who was asked whether to take the call is a leg of it now, and no more of the call by which they were asked. */
  #transferred({ transferee, transfer_target: target, result }: TransferEvent): void {
    const to = transferee === undefined ? undefined : this.#owners.get(transferee.id);
    const from = target === undefined ? undefined : this.#owners.get(target.id);
    if (result !== "Success" || target === undefined || to === undefined || from === undefined || to === from) return;
    // A caller who was waiting keeps the call that began with them.
    if (target.id === from.uniqueId) return;
    from.channels.delete(target.id);
    this.#join(to, target);
  }

  #join(call: WatchedCall, { id, name }: Pick<AriChannel, "id" | "name">): void {
    if (isInner({ id, name }) || call.channels.size >= this.#options.maxChannelsOfCall) return;
    const owner = this.#owners.get(id);
    if (owner !== undefined && owner !== call && owner.channels.has(id)) return;
    call.channels.set(id, name);
    this.#owners.set(id, call);
    this.#ids.set(name, id);
    const base = localPair(name);
    const pair = base === undefined ? undefined : this.#pairs.get(base);
    if (pair === undefined || pair.call !== undefined) return;
    pair.call = call;
    for (const [half, halfName] of pair.ids) if (half !== id) this.#join(call, { id: half, name: halfName });
    for (const leg of pair.legs.splice(0)) if (this.#pairLegs.delete(leg.id)) this.#join(call, leg);
  }

  #joinPair(base: string, { id, name }: Pick<AriChannel, "id" | "name">): void {
    let pair = this.#pairs.get(base);
    if (pair === undefined) {
      if (this.#pairs.size >= MAX_PAIRS) return;
      pair = { ids: new Map(), legs: [], call: undefined };
      this.#pairs.set(base, pair);
    }
    pair.ids.set(id, name);
    this.#pairOf.set(id, base);
    if (pair.call !== undefined) this.#join(pair.call, { id, name });
  }

  #leavePairs(channelId: string): void {
    const base = this.#pairOf.get(channelId);
    if (base === undefined) return;
    this.#pairOf.delete(channelId);
    const pair = this.#pairs.get(base);
    pair?.ids.delete(channelId);
    if (pair?.ids.size === 0) this.#pairs.delete(base);
  }

  #drop(id: string, name: string): void {
    this.#owners.delete(id);
    if (this.#ids.get(name) === id) this.#ids.delete(name);
    this.#leavePairs(id);
  }
}

/** `Dial` while a leg may still be there. */
const LIVE_LEG = new Set(["", "RINGING", "PROGRESS", "ANSWER"]);

interface DialEvent extends AriEvent {
  readonly caller?: AriChannel;
  readonly peer?: AriChannel;
  readonly forwarded?: AriChannel;
  readonly dialstatus?: string;
  readonly dialstring?: string;
}

interface TransferEvent extends AriEvent {
  readonly transferee?: AriChannel;
  readonly transfer_target?: AriChannel;
  readonly result?: string;
}

/** ITU-T Q.850: 1–127; 0 is Asterisk's word for none. */
function causeOf(cause: unknown): number | undefined {
  return typeof cause === "number" && cause > 0 && cause < 128 ? cause : undefined;
}
