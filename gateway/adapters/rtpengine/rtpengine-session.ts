import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import { monoMs, type MonoMs } from "../../core/time.js";
import type { PcmAudio } from "../../media/audio.js";
import type {
  DescribedMedia,
  MediaCall,
  MediaDescription,
  MediaEvent,
  MediaSession,
  MediaSide,
  MediaStats,
  NotHeard,
} from "../../ports/media-anchor.js";
import { readAnchorable, type AnchorableSdp } from "../../sip/sdp/anchor-sdp.js";
import type { Instance, InstancePool } from "./instance-pool.js";
import type { NgOutcome } from "./ng-client.js";
import { textIn } from "./ng-reply.js";
import { packetsIn, statsOf } from "./ng-stats.js";
import { opposite, SessionSound, type Arguments } from "./session-sound.js";
import { StreamFork, type ForkListening } from "./stream-fork.js";

export interface SessionParts {
  readonly pool: InstancePool;
  readonly listening: ForkListening | undefined;
  readonly clock: Clock;
  readonly idleMs: number;
  readonly holdTone: Uint8Array;
  readonly onClose: () => void;
}

/**
 * In rtpengine's books. All dialogs of the called side are one to it: they share the port that the INVITE's offer named, and
 * whichever spoke last is the one that it carries.
 */
const TAGS: Readonly<Record<MediaSide, string>> = { a: "a", b: "b" };
const FORK_TAG = "fork-";
const SIDES = ["a", "b"] as const;
/** An answer is held back for its forks at most so long. */
const FORK_WAIT_MS = 60;
/** A call whose instance does not answer is taken for dead so many idle times after it was heard of last. */
const GONE_AFTER_IDLES = 10;

const NOTHING: MediaStats["a"] = { packets: 0, bytes: 0, lost: 0, jitterMs: 0, mos: undefined, strangers: 0 };

interface Said {
  readonly sdp: Uint8Array;
  readonly read: AnchorableSdp;
}

/**
 * One call's media at an rtpengine. It stays with the instance that took its first offer; when that one is gone, its next offer goes
 * to another one, which tells both ends where to send from then on.
 */
export class RtpengineSession implements MediaSession {
  readonly #ngCallId: string;
  readonly #call: MediaCall;
  readonly #onEvent: (event: MediaEvent) => void;
  readonly #parts: SessionParts;
  readonly #sound: SessionSound;
  #instance: Instance | undefined;
  /** Commands go out one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  #listening: Promise<void> = Promise.resolve();
  #untouched: NotHeard | undefined;
  #bypassed = false;
  #offerer: MediaSide = "a";
  readonly #said: Partial<Record<MediaSide, Said>> = {};
  /** What the called side's dialogs said, by To tag, until one of them has answered. */
  readonly #early = new Map<string, Said>();
  #bFork: string | undefined;
  #answered = false;
  #lost = false;
  readonly #forks: Partial<Record<MediaSide, StreamFork | undefined>> = {};
  readonly #notHeard: Partial<Record<MediaSide, NotHeard | undefined>> = {};
  #stats: MediaStats = { a: NOTHING, b: NOTHING, forkDropped: 0 };
  #idleTold = false;
  #heardAt: MonoMs;
  #closed: Promise<MediaStats | undefined> | undefined;

  constructor(ngCallId: string, call: MediaCall, onEvent: (event: MediaEvent) => void, parts: SessionParts) {
    const command = (name: string, side: MediaSide, args: Arguments = {}): Promise<NgOutcome> =>
      this.#inTurn(() => this.#ask(name, { "from-tag": TAGS[side], ...args }));
    const isClosed = (): boolean => this.#closed !== undefined;
    this.#ngCallId = ngCallId;
    this.#call = call;
    this.#onEvent = onEvent;
    this.#parts = parts;
    this.#heardAt = parts.clock.mono();
    this.#sound = new SessionSound(
      {
        command,
        get isClosed() {
          return isClosed();
        },
      },
      parts.clock,
      parts.holdTone,
    );
  }

  describe(description: MediaDescription): Promise<DescribedMedia> {
    return this.#inTurn(() => this.#describe(description));
  }

  answered(fork?: string): void {
    this.#answered = true;
    this.#heardAt = this.#parts.clock.mono();
    void this.#inTurn(() => this.#settleOn(fork ?? ""));
  }

  play(to: MediaSide, audio: PcmAudio): Promise<boolean> {
    return this.#sound.play(to, audio);
  }

  hold(held: boolean): void {
    this.#sound.hold(held);
  }

  stats(): Promise<MediaStats> {
    return this.#inTurn(async () => {
      if (this.#closed === undefined && this.#instance !== undefined) await this.#query();
      return this.#stats;
    });
  }

  close(): Promise<MediaStats | undefined> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** Looks whether anything still comes. To be called now and then. */
  watch(now: MonoMs): void {
    const { idleMs } = this.#parts;
    if (idleMs === 0 || this.#idleTold || !this.#answered || this.#closed !== undefined) return;
    if (this.#instance?.up !== true) {
      this.#unreached(now, GONE_AFTER_IDLES * idleMs);
      return;
    }
    this.#inTurn(async () => {
      const before = packetsIn(this.#stats);
      await this.#query();
      if (packetsIn(this.#stats) !== before || this.#maySilent()) this.#heardAt = now;
      else if (now - this.#heardAt >= idleMs) this.#idle();
    }).catch(ignored);
  }

  /** Nobody can be asked. Media may well go on where only we cannot reach the instance, but not for ever unseen. */
  #unreached(now: MonoMs, mostMs: number): void {
    if (this.#maySilent()) this.#heardAt = now;
    else if (now - this.#heardAt >= mostMs) this.#idle();
  }

  #idle(): void {
    this.#idleTold = true;
    this.#tell({ kind: "idle" });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(ignored);
    return done;
  }

  async #describe({ from, step, sdp, fork = "" }: MediaDescription): Promise<DescribedMedia> {
    if (this.#closed !== undefined) return { kind: "untouched", why: "unavailable" };
    const read = readAnchorable(sdp);
    if (step === "offer") {
      this.#untouched = read.ok ? read.value.untouched : "malformed";
      if (this.#untouched !== undefined || !read.ok) return { kind: "untouched", why: this.#untouched ?? "malformed" };
      return this.#offer(from, { sdp: Uint8Array.from(sdp), read: read.value });
    }
    if (this.#untouched !== undefined) return this.#pass(this.#untouched);
    if (!read.ok) return { kind: "untouched", why: "malformed" };
    return this.#answer(from, { sdp: Uint8Array.from(sdp), read: read.value }, fork);
  }

  async #offer(from: MediaSide, said: Said): Promise<DescribedMedia> {
    const to = opposite(from);
    const described = this.#described(
      await this.#offerSomewhere({
        "from-tag": TAGS[from],
        "to-tag": this.#said[to] === undefined ? undefined : TAGS[to],
        sdp: said.sdp,
        "rtcp-mux": ["demux"],
        ...this.#manners(),
      }),
    );
    if (described.kind === "untouched") this.#untouched = described.why;
    else {
      this.#offerer = from;
      this.#said[from] = said;
    }
    return described;
  }

  /** An instance that does not answer loses the call to another one: both ends are told new places by this exchange anyhow. */
  async #offerSomewhere(args: Arguments): Promise<NgOutcome | undefined> {
    const failed = new Set<Instance>();
    let outcome: NgOutcome | undefined;
    for (let tries = 0; tries < 2; tries++) {
      const instance = this.#instance?.up === true ? this.#instance : this.#parts.pool.choose(failed);
      if (instance === undefined) return outcome;
      this.#moveTo(instance);
      outcome = await this.#ask("offer", args).catch(asUndefined);
      if (outcome?.kind === "ok" || outcome?.kind === "refused") return outcome;
      failed.add(instance);
      this.#moveTo(undefined);
    }
    return outcome;
  }

  #moveTo(instance: Instance | undefined): void {
    if (this.#instance === instance) return;
    if (this.#instance !== undefined) this.#instance.sessions--;
    if (instance !== undefined) instance.sessions++;
    this.#instance = instance;
  }

  async #answer(from: MediaSide, said: Said, fork: string): Promise<DescribedMedia> {
    const described = this.#described(await this.#tellAnswer(from, said));
    if (described.kind === "untouched") return described;
    this.#bypassed = false;
    this.#said[from] = said;
    if (from === "b") {
      this.#bFork = fork;
      if (!this.#answered) this.#early.set(fork, said);
    }
    await this.#listenSoon();
    return described;
  }

  #tellAnswer(from: MediaSide, { sdp }: Said): Promise<NgOutcome | undefined> {
    const tags = { "from-tag": TAGS[this.#offerer], "to-tag": TAGS[from] };
    return this.#ask("answer", { ...tags, sdp, ...this.#manners() }).catch(asUndefined);
  }

  #manners(): Arguments {
    const locked = this.#call.learnSource ? [] : ["asymmetric"];
    return {
      ICE: "remove",
      supports: ["load limit"],
      flags: ["trust address", "original sendrecv", "port latching", "strict source", ...locked],
    };
  }

  #described(outcome: NgOutcome | undefined): DescribedMedia {
    if (outcome === undefined) return { kind: "untouched", why: "unavailable" };
    switch (outcome.kind) {
      case "full":
        return { kind: "untouched", why: "full" };
      case "unknown-call":
        this.#lose();
        return { kind: "untouched", why: "unavailable" };
      case "refused":
        return { kind: "untouched", why: "malformed" };
      case "ok": {
        const sdp = Buffer.from(textIn(outcome.content, "sdp"), "latin1");
        return readAnchorable(sdp).ok ? { kind: "anchored", sdp } : { kind: "untouched", why: "unavailable" };
      }
    }
  }

  /** The answer to an offer that passed untouched: media takes its own way from now on. */
  #pass(why: NotHeard): DescribedMedia {
    if (!this.#bypassed) {
      this.#bypassed = true;
      this.#closeForks();
    }
    return { kind: "untouched", why };
  }

  /** The called side's dialog that has answered. Where another one spoke last, rtpengine is told again. */
  async #settleOn(fork: string): Promise<void> {
    const said = this.#early.get(fork);
    this.#early.clear();
    if (said === undefined || this.#bFork === fork || this.#offerer !== "a") return;
    this.#bFork = fork;
    this.#said.b = said;
    await this.#tellAnswer("b", said);
    await this.#listenSoon();
  }

  /** The first words are to be heard, so the answer waits for the forks; but not for long. */
  async #listenSoon(): Promise<void> {
    const { clock } = this.#parts;
    this.#listening = this.#listening.then(() => this.#listen()).catch(ignored);
    let cancel = ignored;
    const limit = new Promise<void>((resolve) => {
      cancel = clock.callAt(monoMs(clock.mono() + FORK_WAIT_MS), resolve);
    });
    await Promise.race([this.#listening, limit]);
    cancel();
  }

  async #listen(): Promise<void> {
    const { listening } = this.#parts;
    const instance = this.#instance;
    if (!this.#call.listen || listening === undefined || instance === undefined || this.#bypassed) return;
    for (const side of SIDES) {
      const said = this.#said[side];
      if (said === undefined || this.#closed !== undefined) continue;
      const speaker = side === "a" ? "caller" : this.#call.calledSide;
      const fork = (this.#forks[side] ??= new StreamFork(FORK_TAG + side, speaker, this.#call.callId, listening));
      const source = { instance, ngCallId: this.#ngCallId, tag: TAGS[side] };
      const why = await fork.follow(source, mediaOf(said.read)).catch((): NotHeard => "unavailable");
      if (why !== undefined && this.#notHeard[side] !== why) this.#tell({ kind: "not-heard", side, why });
      this.#notHeard[side] = why;
    }
  }

  async #query(): Promise<void> {
    const outcome = await this.#ask("query", {});
    if (outcome.kind === "ok") this.#stats = statsOf(outcome.content, TAGS.a, isFork);
    else if (outcome.kind === "unknown-call") this.#lose();
  }

  /** @throws GatewayError `media.unavailable`. */
  async #ask(command: string, args: Arguments): Promise<NgOutcome> {
    const instance = this.#instance;
    if (instance === undefined) throw new GatewayError("media.unavailable", "rtpengine: no instance has the call");
    return instance.ask({ command, "call-id": this.#ngCallId, ...args });
  }

  /** rtpengine was restarted, or has given the call up for want of media. */
  #lose(): void {
    this.#closeForks();
    if (this.#lost || this.#bypassed) return;
    this.#lost = true;
    this.#tell({ kind: "lost" });
  }

  #tell(event: MediaEvent): void {
    if (this.#closed === undefined) this.#onEvent(event);
  }

  /** One side has put the other on hold, or we have both: silence is no sign of death. */
  #maySilent(): boolean {
    if (this.#sound.held || this.#bypassed) return true;
    return SIDES.some((side) => this.#said[side]?.read.streams.some(isQuiet) === true);
  }

  #closeForks(): void {
    for (const side of SIDES) {
      this.#forks[side]?.close();
      this.#forks[side] = undefined;
    }
  }

  async #close(): Promise<MediaStats | undefined> {
    // What is under way belongs to it too.
    await this.#turn;
    await this.#listening;
    this.#closeForks();
    let stats: MediaStats | undefined;
    if (this.#instance !== undefined) {
      const outcome = await this.#ask("delete", { "from-tag": TAGS.a, "delete delay": 0 }).catch(asUndefined);
      if (outcome?.kind === "ok" && outcome.content.has("tags")) stats = statsOf(outcome.content, TAGS.a, isFork);
    }
    this.#moveTo(undefined);
    this.#stats = stats ?? this.#stats;
    this.#parts.onClose();
    return stats;
  }
}

const isFork = (tag: string): boolean => tag.startsWith(FORK_TAG);
const isQuiet = ({ kind, active, direction, held }: AnchorableSdp["streams"][number]): boolean =>
  kind === "audio" && active && (held || direction !== "sendrecv");
/** What a description says of audio, without what a session timer's refresh changes. */
const mediaOf = ({ streams }: AnchorableSdp): string =>
  JSON.stringify(streams.map(({ formats, address, port, active }) => [formats, address, port, active]));
const ignored = (): void => undefined;
const asUndefined = (): undefined => undefined;
