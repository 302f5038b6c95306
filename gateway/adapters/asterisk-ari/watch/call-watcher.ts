import type { Clock } from "../../../core/clock.js";
import { asteriskCallId } from "../../../core/asterisk-call-id.js";
import { sensitiveUri, type Log } from "../../../core/log.js";
import type { Counter, Metrics } from "../../../core/metrics.js";
import type { Random } from "../../../core/random.js";
import { monoMs, unixMs, type UnixMs } from "../../../core/time.js";
import type { EventVerdict, LiveCallView, SwitchEvent } from "../../../ports/gateway-control.js";
import type { RecordSink } from "../../../ports/records.js";
import type { AriChannel, AriEvent, AriLink } from "../ari-contracts.js";
import type { HopCalls } from "../hop-calls.js";
import type { InventoryUser, Stock } from "../inventory.js";
import { LastIds } from "../last-ids.js";
import { AnswerTimes } from "./answer-times.js";
import { cdrOf } from "./call-cdr.js";
import { ChannelBook, DEFAULT_CHANNEL_BOOK, type ChannelBookOptions } from "./channel-book.js";
import { CallEnder, DEFAULT_END_CALL, type EndCallOptions } from "./end-call.js";
import { LEFT_MS, RefusedCalls } from "./refused-calls.js";
import { Resync } from "./resync.js";
import type { CallDesk, CallParties } from "./watch-contracts.js";
import type { WatchedCall } from "./watched-call.js";

/** The events that are used here. */
export const WATCHED_EVENTS = [
  "ChannelCreated",
  "ChannelStateChange",
  "Dial",
  "ChannelHangupRequest",
  "ChannelDestroyed",
  "BridgeAttendedTransfer",
] as const;
/** Needed too where the hop carries calls to or from that Asterisk: a channel's SIP Call-ID comes with it first. */
export const HOP_EVENT = "ChannelDialplan";

export interface CallWatcherOptions {
  /** `asterisk.servers[].trunk` */
  readonly trunk?: string;
  /** Calls that detection refuses are hung up at once. */
  readonly enforce: boolean;
  readonly book?: Partial<ChannelBookOptions>;
  readonly end?: EndCallOptions;
}

export interface CallWatcherDeps {
  readonly link: AriLink;
  readonly desk: CallDesk;
  /** The hop carries calls as well: a call is told of once it is known not to be one of those. */
  readonly hop?: HopCalls | undefined;
  readonly sink: RecordSink;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** A SIP channel whose Call-ID does not come by then is told of without, ms. */
const SIP_ID_WAIT_MS = 100;
/** Calls that are over and known to have been here. */
const MOST_OVER = 4_096;

/** Watches the calls of one Asterisk: tells detection who calls whom, writes their CDRs, and hangs up what is refused. */
export class CallWatcher implements InventoryUser {
  readonly #options: CallWatcherOptions;
  readonly #deps: CallWatcherDeps;
  readonly #book: ChannelBook;
  readonly #resync: Resync;
  readonly #refused: RefusedCalls;
  readonly #answers: AnswerTimes;
  readonly #calls: {
    readonly told: Counter;
    readonly hop: Counter;
    readonly overflow: Counter;
    readonly refused: Counter;
  };
  /** Ends calls of this Asterisk. */
  readonly ender: CallEnder;
  /** Calls that wait for their SIP Call-ID. */
  readonly #waiting = new Map<string, () => void>();
  /** Calls of which Asterisk is being asked whether they are the hop's. */
  readonly #undecided = new Set<WatchedCall>();
  readonly #over = new LastIds(MOST_OVER);
  /** When it was last heard of, since when it is out of reach or has not been asked anew. */
  #lastKnown: UnixMs | undefined;
  #stop: readonly (() => void)[] = [];

  constructor(options: CallWatcherOptions, deps: CallWatcherDeps) {
    this.#options = options;
    this.#deps = deps;
    const { link, clock, metrics } = deps;
    const counter = metrics.counter(
      "ringfence_ari_calls_total",
      "Calls of an Asterisk that were seen, by what came of them",
      ["server", "result"],
    );
    this.#calls = {
      told: counter.labels(link.serverId, "reported"),
      hop: counter.labels(link.serverId, "carried-by-hop"),
      overflow: counter.labels(link.serverId, "not-watched"),
      refused: counter.labels(link.serverId, "refused"),
    };
    this.#book = new ChannelBook(
      { ...DEFAULT_CHANNEL_BOOK, ...options.book },
      {
        callId: (uniqueId) => asteriskCallId(link.serverId, uniqueId),
        now: () => clock.unix(),
        onBegan: (call, channel) => this.#onBegan(call, channel),
        onSeen: (call, channel) => this.#onSeen(call, channel),
        onDialled: (call, leg) => this.#onDialled(call, leg),
        onAnswered: (call) => this.#onAnswered(call),
        onFoundUp: (call) => this.#onFoundUp(call),
        onEnded: (call) => this.#onEnded(call),
        onOverflow: () => this.#calls.overflow.inc(),
      },
    );
    const log = deps.log.child({ server: link.serverId });
    this.#resync = new Resync(this.#book, clock, log);
    this.#answers = new AnswerTimes(link);
    this.ender = new CallEnder(link, this, clock, options.end ?? DEFAULT_END_CALL);
    const notEnded = counter.labels(link.serverId, "not-ended");
    this.#refused = new RefusedCalls({ ...deps, ender: this.ender, notEnded, log });
    const live = metrics.gauge("ringfence_ari_calls_live", "Calls of an Asterisk that are watched now", ["server"]);
    metrics.onScrape(() => live.labels(link.serverId).set(this.#book.size));
  }

  /** Calls that are up. */
  get size(): number {
    return this.#book.size;
  }

  start(): void {
    const { link } = this.#deps;
    this.#stop = [link.onEvent((event) => this.#onEvent(event)), link.onDown(() => this.#onDown())];
  }

  /** What is up is not reported as ended: it goes on without us. Safe to call twice. */
  close(): void {
    for (const stop of this.#stop) stop();
    this.#resync.cancel();
    this.#refused.close();
    this.#answers.close();
    for (const cancel of this.#waiting.values()) cancel();
    this.#waiting.clear();
    this.#undecided.clear();
  }

  /** That are up and known not to be the hop's: so many at most, oldest first. */
  calls(limit: number): readonly LiveCallView[] {
    const views: LiveCallView[] = [];
    for (const call of this.#book.calls()) {
      if (views.length >= limit) break;
      if (!this.#waiting.has(call.uniqueId) && !this.#undecided.has(call)) views.push(this.#viewOf(call));
    }
    return views;
  }

  #viewOf(call: WatchedCall): LiveCallView {
    const { callId, startedAt, answeredAt, ringingAt } = call;
    const { caller, called, trunk } = this.partiesOf(call);
    const phase = answeredAt !== undefined ? "answered" : ringingAt !== undefined ? "ringing" : "early";
    const answered = answeredAt === undefined ? {} : { answeredAt };
    const server = this.#deps.link.serverId;
    return { callId, caller, called, trunk, phase, startedAt, ...answered, carriedBy: "asterisk", server };
  }

  call(uniqueId: string): WatchedCall | undefined {
    return this.#book.call(uniqueId);
  }

  /** `over`: it was seen to its end, and has its record, here or the hop's. Undefined: not seen, or forgotten. */
  knows(uniqueId: string): "up" | "over" | undefined {
    return this.#book.call(uniqueId) !== undefined ? "up" : this.#over.has(uniqueId) ? "over" : undefined;
  }

  /** Asterisk says that it has no such channel. */
  channelGone(channelId: string): void {
    this.#book.gone(channelId, this.#deps.clock.unix());
  }

  onLoading(): void {
    this.#resync.begin();
  }

  onNotLoaded(): void {
    this.#resync.cancel();
  }

  async onStock(stock: Stock): Promise<void> {
    const { link, clock } = this.#deps;
    const taken = await this.#resync.take(stock, this.#lastKnown ?? clock.unix());
    if (taken && link.up) this.#lastKnown = undefined;
  }

  /** What is gone then ended at some time since: a crash takes all calls at once, and nobody tells. */
  #onDown(): void {
    const { link, clock } = this.#deps;
    const agoMs = link.heardAtMs === undefined ? 0 : Math.max(0, clock.mono() - link.heardAtMs);
    this.#lastKnown ??= unixMs(clock.unix() - agoMs);
  }

  #onEvent(event: AriEvent): void {
    this.#resync.note(event);
    this.#book.take(event);
  }

  #onBegan(call: WatchedCall, channel: AriChannel): void {
    const { hop, desk } = this.#deps;
    // Found in the middle of the dialplan's question: in a subroutine, while only the question has the number.
    call.calledNumber ??= desk.askedNumber(call.callId);
    if (hop === undefined) this.#tell(call);
    // It was left to the hop, and is heard of again.
    else if (hop.knows(channel.id)) this.#book.forget(call);
    else if (hasSipId(channel)) this.#decide(call, channel, hop);
    else if (channel.name.startsWith("PJSIP/")) this.#wait(call);
    else this.#tell(call);
  }

  #wait(call: WatchedCall): void {
    const { clock } = this.#deps;
    const cancel = clock.callAt(monoMs(clock.mono() + SIP_ID_WAIT_MS), () => {
      this.#waiting.delete(call.uniqueId);
      this.#tell(call);
    });
    this.#waiting.set(call.uniqueId, cancel);
  }

  #onSeen(call: WatchedCall, channel: AriChannel): void {
    const { hop } = this.#deps;
    if (hop !== undefined && hasSipId(channel) && this.#waiting.has(call.uniqueId)) this.#decide(call, channel, hop);
  }

  #decide(call: WatchedCall, channel: AriChannel, hop: HopCalls): void {
    this.#stopWaiting(call);
    const carried = hop.carries(channel);
    if (carried === true) this.#leaveToHop(call);
    else if (carried === false) this.#tell(call);
    else {
      this.#undecided.add(call);
      void carried.then((is) => this.#onDecided(call, is));
    }
  }

  #onDecided(call: WatchedCall, carried: boolean): void {
    if (!this.#undecided.delete(call)) return;
    if (carried) {
      this.#leaveToHop(call);
      return;
    }
    this.#tell(call);
    if (call.told && call.answeredAt !== undefined) this.#report(call, "answered", call.answeredAt);
    if (call.gone) this.#finish(call);
  }

  /** It comes from the hop, or goes to it: then the hop reports it, ends it, and writes its CDR. */
  #leaveToHop(call: WatchedCall): void {
    this.#undecided.delete(call);
    this.#calls.hop.inc();
    this.#deps.hop?.note(call.uniqueId);
    this.#book.forget(call);
    this.#over.add(call.uniqueId);
    if (call.told) this.#report(call, "ended", call.startedAt);
  }

  #onDialled(call: WatchedCall, { protocol_id: sipId = "" }: AriChannel): void {
    this.#stopWaiting(call);
    if (this.#deps.hop?.got(sipId) === true) this.#leaveToHop(call);
    else this.#tell(call);
  }

  #onAnswered(call: WatchedCall): void {
    if (this.#waiting.has(call.uniqueId)) this.#stopWaiting(call);
    this.#tell(call);
    if (call.told && call.answeredAt !== undefined) this.#report(call, "answered", call.answeredAt);
  }

  #onFoundUp(call: WatchedCall): void {
    this.#onAnswered(call);
    this.#answers.ask(call);
  }

  #onEnded(call: WatchedCall): void {
    this.#stopWaiting(call);
    this.#over.add(call.uniqueId);
    if (!this.#undecided.has(call)) this.#finish(call);
  }

  #finish(call: WatchedCall): void {
    const { sink, random, clock, desk } = this.#deps;
    call.calledNumber ??= desk.askedNumber(call.callId);
    if (call.told) this.#report(call, "ended", call.endedAt ?? clock.unix());
    sink.write({ kind: "cdr", cdr: cdrOf(call, this.partiesOf(call), random.token(12), clock.unix()) });
  }

  /** Who calls whom, canonical. */
  partiesOf(call: WatchedCall): CallParties {
    if (call.parties !== undefined) return call.parties;
    const parties = this.#deps.desk.parties({
      aNumber: call.callerNumber,
      bNumber: call.calledNumber ?? "",
      trunk: this.#options.trunk,
      switchId: this.#deps.link.serverId,
    });
    // Whoever asks before it is known who is called (an order to end it) must not make that "nobody" for ever.
    if (call.calledNumber !== undefined) call.parties = parties;
    return parties;
  }

  #stopWaiting({ uniqueId }: WatchedCall): void {
    this.#waiting.get(uniqueId)?.();
    this.#waiting.delete(uniqueId);
  }

  /** Once. Not before it is known who is called, and that it is not the hop's. */
  #tell(call: WatchedCall): void {
    if (call.told || call.calledNumber === undefined || this.#undecided.has(call)) return;
    call.told = true;
    this.#calls.told.inc();
    this.#report(call, "active", call.startedAt);
  }

  #report(call: WatchedCall, status: SwitchEvent["status"], at: NonNullable<SwitchEvent["at"]>): void {
    const { desk, link, log } = this.#deps;
    const event: SwitchEvent = {
      callId: call.callId,
      aNumber: call.callerNumber,
      bNumber: call.calledNumber ?? "",
      at,
      status,
      switchId: link.serverId,
      trunk: this.#options.trunk,
      source: "asterisk",
      ...(call.resumed ? { resumed: true } : {}),
    };
    desk
      .report(event)
      .then((verdict) => this.#onVerdict(call, verdict))
      .catch((cause: unknown) => log.error("ari.report-failed", { call: sensitiveUri(call.callId) }, cause));
  }

  #onVerdict(call: WatchedCall, { verdict, incidentId }: EventVerdict): void {
    if (incidentId !== undefined) call.incidentId = incidentId;
    if (verdict !== "refuse" || !this.#options.enforce || call.refused || call.gone) return;
    if (this.partiesOf(call).emergency) return;
    call.refused = true;
    call.orders.want("refused");
    this.#calls.refused.inc();
    const isLeft = this.#deps.desk.leftToDialplan(call.callId);
    if (isLeft) call.orders.leaveToDialplan();
    void this.#refused.end(call, isLeft ? LEFT_MS : 0);
  }
}

const hasSipId = ({ protocol_id: sipId = "" }: AriChannel): boolean => sipId !== "";
