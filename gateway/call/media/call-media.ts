import type { CdrMedia, CdrMediaSide } from "../../../detection/index.js";
import type { Clock } from "../../core/clock.js";
import { giveUpAfter } from "../../core/give-up.js";
import type {
  DescribedMedia,
  MediaAnchor,
  MediaCall,
  MediaDescription,
  MediaEvent,
  MediaSession,
  MediaStats,
  NotHeard,
  SideStats,
} from "../../ports/media-anchor.js";
import type { CallMediaEvent, LiveMedia } from "../contracts.js";
import type { MediaMeters } from "./media-meters.js";

export interface MediaOptions {
  /** A description that is not rewritten after this long goes on as it came, ms. */
  readonly describeTimeoutMs: number;
  /** At a call's end its figures are waited for so long, ms. */
  readonly statsTimeoutMs: number;
  /** Messages of one direction of a call that may wait for a description. Above it requests get 500 and 1xx are dropped. */
  readonly maxWaiting: number;
}

export const DEFAULT_MEDIA_OPTIONS: MediaOptions = { describeTimeoutMs: 500, statsTimeoutMs: 500, maxWaiting: 32 };

export interface MediaUser {
  onMedia(event: CallMediaEvent): void;
  /** False from the call's end on: nothing is asked any more. */
  readonly asks: boolean;
}

export interface CallMediaDeps {
  readonly options: MediaOptions;
  readonly clock: Clock;
  readonly meters: MediaMeters;
  /** What the caller offers has been rewritten to this. */
  onOffered?(sdp: Uint8Array): void;
  /** The session has been closed. */
  onClosed?(): void;
}

export type Described = Uint8Array | "untouched" | undefined;

type Failure = "timed-out" | "failed" | "given-up";

/**
 * One call's media session, asked one thing at a time. It fails open: what is refused, fails or takes too long goes on as it came,
 * counted and unheard. While an answer is overdue nothing further is waited for.
 */
export class CallMedia {
  readonly #session: MediaSession;
  readonly #anchor: MediaAnchor["kind"];
  readonly #listen: boolean;
  readonly #options: MediaOptions;
  readonly #clock: Clock;
  readonly #meters: MediaMeters;
  readonly #user: MediaUser;
  readonly #deps: CallMediaDeps;
  #turn: Promise<unknown> = Promise.resolve();
  #giveUp: (() => void) | undefined;
  #overdue = false;
  #settling = false;
  #live: LiveMedia | undefined;
  /** The last description was anchored. False: media may go past us now, as after a change to T.38. */
  #passesUs = false;
  #answeredFork: string | undefined;
  #answerTold = false;
  /** Forks with an answer that was anchored; as many as a call may have. */
  readonly #agreedForks = new Set<string>();
  #agreementTold = false;
  #notHeard: NotHeard | undefined;
  #closed: Promise<MediaStats | undefined> | undefined;

  constructor(anchor: MediaAnchor, call: MediaCall, user: MediaUser, deps: CallMediaDeps) {
    this.#anchor = anchor.kind;
    this.#listen = call.listen;
    this.#user = user;
    this.#deps = deps;
    this.#options = deps.options;
    this.#clock = deps.clock;
    this.#meters = deps.meters;
    this.#session = anchor.open(call, (event) => this.#onEvent(event));
    this.#meters.opened();
  }

  /** From the first description that was anchored until the end. */
  get live(): LiveMedia | undefined {
    return this.#closed === undefined ? this.#live : undefined;
  }

  /** Runs `work` when all that was handed in before is done. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.then(nothing, nothing);
    return done;
  }

  /**
   * To be called in turn. Never rejects.
   * @returns What to send instead. `untouched`: the session wants it sent as it is; undefined: it is sent as it is because the session
   *   did not say in time.
   */
  async ask(description: MediaDescription): Promise<Described> {
    if (!this.#user.asks || this.#closed !== undefined) return undefined;
    if (description.step !== "offer") this.#settle();
    this.#passesUs = false;
    const startedAt = this.#clock.mono();
    const said = this.#overdue ? "timed-out" : await this.#withinLimit(description);
    if (typeof said === "string") {
      this.#meters.described(said, undefined);
      if (said !== "given-up") this.#untouched("unavailable");
      return undefined;
    }
    this.#meters.described(said.kind, this.#clock.mono() - startedAt);
    if (said.kind === "untouched") {
      this.#untouched(said.why);
      return "untouched";
    }
    this.#live ??= this.#makeLive();
    this.#passesUs = true;
    if (description.step === "offer" && description.from === "a") this.#deps.onOffered?.(said.sdp);
    if (description.step === "answer") {
      this.#agreedForks.add(description.fork ?? "");
      this.#tellAnswered();
    }
    return said.sdp;
  }

  /** To be called in turn. The same, where what comes of it changes nothing. */
  async tell(description: MediaDescription): Promise<void> {
    if (this.#user.asks && this.#closed === undefined && !this.#overdue) await this.#withinLimit(description);
  }

  /** The call is answered in that fork. The session is told when all that was handed in before is done, and once it has media. */
  answered(fork: string): void {
    void this.inTurn(() => {
      this.#answeredFork = fork;
      this.#tellAnswered();
      return Promise.resolve();
    });
  }

  #tellAnswered(): void {
    if (this.#answeredFork === undefined || this.live === undefined || !this.#user.asks) return;
    if (!this.#answerTold) this.#session.answered(this.#answeredFork);
    this.#answerTold = true;
    // Of a late offer the answer comes after the call was answered.
    if (this.#agreementTold || !this.#agreedForks.has(this.#answeredFork)) return;
    this.#agreementTold = true;
    this.#user.onMedia({ kind: "agreed" });
  }

  /** What is agreed now does not go through us. */
  passesBy(): void {
    this.#passesUs = false;
  }

  /** Nothing is waited for any longer: the call ends. */
  release(): void {
    this.#giveUp?.();
  }

  /** Frees the ports, once. @returns What goes into the Cdr, after `statsTimeoutMs` at the latest. */
  async close(): Promise<CdrMedia> {
    this.#closed ??= this.#closeSession();
    return this.#facts(await this.#closed);
  }

  /** The same, without waiting for figures. */
  abandon(): CdrMedia {
    this.#closed ??= this.#closeSession();
    return this.#facts(undefined);
  }

  async #closeSession(): Promise<MediaStats | undefined> {
    this.release();
    const closing = Promise.resolve(this.#session.close()).catch((cause: unknown) => {
      this.#meters.failed("close", cause);
      return undefined;
    });
    const stats = await this.#limited(closing, this.#options.statsTimeoutMs);
    const known = stats === "timed-out" || stats === "given-up" ? undefined : stats;
    this.#deps.onClosed?.();
    const notHeard = this.#notHeard;
    this.#meters.closed(this.#live === undefined ? (notHeard ?? "unused") : "anchored", notHeard, known);
    return known;
  }

  #facts(stats: MediaStats | undefined): CdrMedia {
    const notHeard = this.#notHeard === undefined ? {} : { notHeard: this.#notHeard };
    if (this.#live === undefined) return notHeard;
    if (stats === undefined) return { anchor: this.#anchor, ...notHeard };
    return { anchor: this.#anchor, ...notHeard, a: cdrSide(stats.a), b: cdrSide(stats.b) };
  }

  async #withinLimit(description: MediaDescription): Promise<DescribedMedia | Failure> {
    const asked = this.#describe(description);
    const said = await this.#limited(asked, this.#options.describeTimeoutMs);
    if (said !== "timed-out") return said;
    this.#overdue = true;
    void asked.then(() => (this.#overdue = false));
    return said;
  }

  async #describe(description: MediaDescription): Promise<DescribedMedia | "failed"> {
    try {
      return await this.#session.describe(description);
    } catch (cause) {
      this.#meters.failed("describe", cause);
      return "failed";
    }
  }

  #limited<T>(asked: Promise<T>, limitMs: number): Promise<T | "timed-out" | "given-up"> {
    return new Promise((resolve) => {
      const cancel = giveUpAfter(this.#clock, limitMs, () => resolve("timed-out"));
      const end = (result: T | "given-up"): void => {
        cancel();
        this.#giveUp = undefined;
        resolve(result);
      };
      this.#giveUp = () => end("given-up");
      void asked.then(end);
    });
  }

  /** Whoever listens has to know of the call before its streams open. */
  #settle(): void {
    if (this.#settling) return;
    this.#settling = true;
    this.#user.onMedia({ kind: "settling", listen: this.#listen });
  }

  #untouched(why: NotHeard): void {
    this.#notHeard ??= why;
    this.#user.onMedia({ kind: "untouched", why });
  }

  #onEvent(event: MediaEvent): void {
    if (this.#closed !== undefined || (!this.#passesUs && isDeath(event))) return;
    if (event.kind === "not-heard") this.#notHeard ??= event.why;
    this.#user.onMedia(event);
  }

  #makeLive(): LiveMedia {
    const session = this.#session;
    const playing = { a: Promise.resolve(), b: Promise.resolve() };
    return {
      play: (to, audio, waits = false) => {
        const played = waits ? playing[to].then(() => session.play(to, audio)) : session.play(to, audio);
        playing[to] = played.then(nothing, nothing);
        return played;
      },
      notHeard: (why) => void (this.#notHeard ??= why),
      hold: (held) => session.hold(held),
      stats: () => session.stats(),
    };
  }
}

function cdrSide({ packets, lost, jitterMs, mos }: SideStats): CdrMediaSide {
  return mos === undefined ? { packets, lost, jitterMs } : { packets, lost, jitterMs, mos };
}

/** Says that the media which passes us is over. */
const isDeath = ({ kind }: MediaEvent): boolean => kind === "idle" || kind === "lost";

const nothing = (): void => undefined;
