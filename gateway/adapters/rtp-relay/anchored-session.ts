import type { Log } from "../../core/log.js";
import { GatewayError } from "../../core/errors.js";
import type { PcmAudio } from "../../media/audio.js";
import type { HeardStreams } from "../../ports/heard-streams.js";
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
import { anchorSdp, readAnchorable, type AnchorableSdp } from "../../sip/sdp/anchor-sdp.js";
import { MediaAgreement, opposite } from "./media-agreement.js";
import type { LegState, RelayCallEvent, RelayLink, StreamPlaces, StreamWanted } from "./messages.js";

export interface AnchoredSessionParts {
  readonly link: RelayLink;
  readonly heard: HeardStreams | undefined;
  readonly log: Log;
  /** What is written into descriptions for a bound address. */
  readonly advertised: (address: string) => string;
  readonly families: ReadonlySet<4 | 6>;
  readonly onClose: () => void;
}

const ALLOCATE_TIMEOUT_MS = 2_000;
const STATS_TIMEOUT_MS = 1_000;
/** An answer does not wait longer for a relay that is busy; it finds its way all the same. */
const SYNC_TIMEOUT_MS = 250;
/** Beyond what a prompt lasts. */
const PLAY_TIMEOUT_MS = 5_000;
const MAX_PROMPT_MS = 600_000;
const SIDES = ["a", "b"] as const;

const NOTHING: MediaStats["a"] = { packets: 0, bytes: 0, lost: 0, jitterMs: 0, mos: undefined, strangers: 0 };

/** One call's media as the SIP thread has it: what its ends said, the ports that the relay opened, the streams that are listened to. */
export class AnchoredSession implements MediaSession {
  readonly #id: number;
  readonly #call: MediaCall;
  readonly #onEvent: (event: MediaEvent) => void;
  readonly #parts: AnchoredSessionParts;
  readonly #agreement: MediaAgreement;
  readonly #places = new Map<number, StreamPlaces>();
  readonly #isAudio = new Map<number, boolean>();
  readonly #streamIds: Record<MediaSide, number> = { a: 0, b: 0 };
  readonly #formatsTold: Record<MediaSide, string> = { a: "", b: "" };
  readonly #notHeard: Record<MediaSide, NotHeard | undefined> = { a: undefined, b: undefined };
  /** Why the exchange that is under way, or the last one, passes untouched. */
  #untouched: NotHeard | undefined;
  /** Media goes past us now. */
  #bypassed = false;
  #answered = false;
  #held = false;
  #lost = false;
  /** The relay knows this call. */
  #known = false;
  #closed: Promise<MediaStats | undefined> | undefined;
  #lastStats: MediaStats = { a: NOTHING, b: NOTHING, forkDropped: 0 };
  /** Descriptions are taken one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(id: number, call: MediaCall, onEvent: (event: MediaEvent) => void, parts: AnchoredSessionParts) {
    this.#id = id;
    this.#call = call;
    this.#onEvent = onEvent;
    this.#parts = parts;
    this.#agreement = new MediaAgreement(call.learnSource);
  }

  describe(description: MediaDescription): Promise<DescribedMedia> {
    const described = this.#turn.then(() => this.#describe(description));
    this.#turn = described.catch(() => undefined);
    return described;
  }

  answered(fork?: string): void {
    this.#agreement.answered(fork);
    this.#answered = true;
    this.#parts.link.post({ kind: "answered", call: this.#id });
    this.#tell();
  }

  async play(to: MediaSide, audio: PcmAudio): Promise<boolean> {
    const lengthMs = (audio.samples.length * 1000) / audio.sampleRateHz;
    if (!(lengthMs <= MAX_PROMPT_MS)) throw new GatewayError("media.rejected", "a prompt lasts ten minutes at most");
    if (this.#bypassed || this.#places.size === 0)
      throw new GatewayError("media.rejected", "the call's media does not pass through the relay");
    const { sampleRateHz, samples } = audio;
    return this.#parts.link.request("play", { call: this.#id, to, sampleRateHz, samples }, lengthMs + PLAY_TIMEOUT_MS);
  }

  hold(held: boolean): void {
    this.#held = held;
    this.#parts.link.post({ kind: "hold", call: this.#id, held });
  }

  async stats(): Promise<MediaStats> {
    if (this.#closed !== undefined || this.#places.size === 0) return this.#lastStats;
    this.#lastStats = await this.#parts.link.request("stats", { call: this.#id }, STATS_TIMEOUT_MS);
    return this.#lastStats;
  }

  close(): Promise<MediaStats | undefined> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** From the relay. */
  onRelayEvent(event: RelayCallEvent): void {
    if (this.#closed !== undefined) return;
    if (event.kind === "unopened") this.#tellNotHeard(event.side, "srtp");
    else this.#onEvent(event);
  }

  /** A new worker: the same ports again, where they can be had, and what it has to know. */
  onRelayRestart(): void {
    if (this.#closed !== undefined || this.#places.size === 0) return;
    const restored = this.#turn.then(() => this.#restore());
    this.#turn = restored.catch(() => undefined);
  }

  async #restore(): Promise<void> {
    const streams = [...this.#places.values()].map(({ index, a, b }) => ({
      index,
      isAudio: this.#isAudio.get(index) === true,
      families: { a: familyOf(a.address), b: familyOf(b.address) },
      again: { a: a.rtpPort, b: b.rtpPort },
    }));
    try {
      await this.#parts.link.request("allocate", { call: this.#id, streams }, ALLOCATE_TIMEOUT_MS);
    } catch (error) {
      this.#parts.log.warn("media.call-lost", { code: error instanceof GatewayError ? error.code : "unknown" });
      this.#lose();
      return;
    }
    if (this.#answered) this.#parts.link.post({ kind: "answered", call: this.#id });
    this.#tell();
    if (this.#held) this.#parts.link.post({ kind: "hold", call: this.#id, held: true });
  }

  /** Its ports are gone; a later offer gets new ones. */
  #lose(): void {
    this.#places.clear();
    this.#closeStreams();
    if (this.#lost || this.#closed !== undefined) return;
    this.#lost = true;
    this.#onEvent({ kind: "lost" });
  }

  async #describe({ from, step, sdp: body, fork }: MediaDescription): Promise<DescribedMedia> {
    if (this.#closed !== undefined) return { kind: "untouched", why: "unavailable" };
    const read = readAnchorable(body);
    if (step !== "offer") {
      if (this.#untouched !== undefined) return this.#pass(this.#untouched);
      return read.ok ? this.#answer(from, read.value, fork) : { kind: "untouched", why: "malformed" };
    }
    this.#untouched = read.ok ? (read.value.untouched ?? (await this.#allocate(from, read.value))) : "malformed";
    if (this.#untouched !== undefined || !read.ok) return { kind: "untouched", why: this.#untouched ?? "malformed" };
    this.#agreement.offer(from, read.value.streams, fork);
    return this.#anchored(from, read.value, true);
  }

  /** The answer to an offer that passed untouched: from now on media takes its own way. */
  #pass(why: NotHeard): DescribedMedia {
    if (!this.#bypassed) {
      this.#bypassed = true;
      this.#closeStreams();
      this.#tell();
    }
    return { kind: "untouched", why };
  }

  /** The relay knows who sends before the answer goes on: the first packets may come right behind it. */
  async #answer(from: MediaSide, sdp: AnchorableSdp, fork: string | undefined): Promise<DescribedMedia> {
    this.#agreement.answer(from, sdp.streams, fork);
    this.#bypassed = false;
    // First what goes to the offerer is written: unused ports are given back afterwards.
    const anchored = this.#anchored(from, sdp, false);
    this.#tell();
    await this.#parts.link.request("sync", {}, SYNC_TIMEOUT_MS).catch(() => undefined);
    return anchored;
  }

  #anchored(from: MediaSide, sdp: AnchorableSdp, isOffer: boolean): DescribedMedia {
    const to = opposite(from);
    const places = this.#agreement.placesFor(to, sdp.streams, isOffer, this.#places);
    return {
      kind: "anchored",
      sdp: anchorSdp(
        sdp,
        places.map((place) => this.#asAdvertised(place)),
      ),
    };
  }

  #asAdvertised<Place extends { readonly address: string }>(place: Place | undefined): Place | undefined {
    return place === undefined ? undefined : { ...place, address: this.#parts.advertised(place.address) };
  }

  /** Ports for what has none yet. @returns Why the offer has to pass untouched. */
  async #allocate(from: MediaSide, { streams }: AnchorableSdp): Promise<NotHeard | undefined> {
    const wanted: StreamWanted[] = [];
    for (const { index, isRtp, active, address, kind } of streams) {
      if (!isRtp || !active || this.#places.has(index)) continue;
      const family = familyOf(address ?? "");
      if (!this.#parts.families.has(family)) return "unavailable";
      wanted.push({ index, isAudio: kind === "audio", families: this.#familiesFor(from, family) });
    }
    if (wanted.length === 0) return undefined;
    this.#known = true;
    try {
      const args = { call: this.#id, streams: wanted };
      for (const places of await this.#parts.link.request("allocate", args, ALLOCATE_TIMEOUT_MS)) {
        this.#places.set(places.index, places);
      }
      for (const { index, isAudio } of wanted) this.#isAudio.set(index, isAudio);
      return undefined;
    } catch (error) {
      this.#parts.link.post({ kind: "release", call: this.#id, indexes: wanted.map(({ index }) => index) });
      if (!(error instanceof GatewayError)) throw error;
      this.#parts.log.warn("media.not-anchored", { code: error.code });
      return error.code === "media.full" ? "full" : "unavailable";
    }
  }

  /** A side that has ports keeps its family; the other one gets the family of the offer. */
  #familiesFor(from: MediaSide, family: 4 | 6): Record<MediaSide, 4 | 6> {
    const [known] = this.#places.values();
    const of = (side: MediaSide): 4 | 6 => (known === undefined ? family : familyOf(known[side].address));
    return { a: of("a"), b: of("b"), [from]: family };
  }

  /** Gives the relay, and those who listen, what is agreed now. */
  #tell(): void {
    if (this.#closed !== undefined || this.#places.size === 0) return;
    const { link } = this.#parts;
    const unused = this.#bypassed ? [] : this.#agreement.unused(this.#places.keys());
    if (unused.length > 0) {
      for (const index of unused) this.#places.delete(index);
      link.post({ kind: "release", call: this.#id, indexes: unused });
    }
    const state = this.#agreement.state(this.#places.keys(), this.#streamIds);
    const heard = state.streams.find(({ index }) => index === this.#agreement.audioIndex);
    const streams = state.streams.map((stream) =>
      stream === heard ? { ...stream, a: this.#listenTo("a", stream.a), b: this.#listenTo("b", stream.b) } : stream,
    );
    const maySilent = state.maySilent || this.#bypassed;
    link.post({ kind: "state", call: this.#id, state: { ...state, streams, maySilent } });
  }

  /** Opens or changes the stream that is listened to. */
  #listenTo(side: MediaSide, leg: LegState): LegState {
    const { heard } = this.#parts;
    if (!this.#call.listen || heard === undefined || this.#bypassed) return { ...leg, streamId: this.#streamIds[side] };
    const why = leg.key === "unreadable" ? "srtp" : leg.formats.some(isSound) ? undefined : "codec";
    if (why !== undefined) this.#tellNotHeard(side, why);
    else this.#notHeard[side] = undefined;
    const told = JSON.stringify(leg.formats);
    if (this.#streamIds[side] !== 0) {
      if (told !== this.#formatsTold[side]) heard.change(this.#streamIds[side], leg.formats);
    } else if (why === undefined) {
      const speaker = side === "a" ? "caller" : this.#call.calledSide;
      const id = heard.open({ callId: this.#call.callId, speaker, formats: leg.formats });
      if (id === undefined) this.#tellNotHeard(side, "full");
      this.#streamIds[side] = id ?? 0;
    }
    this.#formatsTold[side] = told;
    return { ...leg, streamId: why === undefined ? this.#streamIds[side] : 0 };
  }

  /** Once, until it is heard again or the reason changes. */
  #tellNotHeard(side: MediaSide, why: NotHeard): void {
    if (this.#notHeard[side] === why) return;
    this.#notHeard[side] = why;
    this.#onEvent({ kind: "not-heard", side, why });
  }

  #closeStreams(): void {
    for (const side of SIDES) {
      if (this.#streamIds[side] !== 0) this.#parts.heard?.close(this.#streamIds[side]);
      this.#streamIds[side] = 0;
      this.#formatsTold[side] = "";
    }
  }

  async #close(): Promise<MediaStats | undefined> {
    this.#closeStreams();
    // Ports that are just being opened belong to it too.
    await this.#turn;
    const { link, onClose } = this.#parts;
    if (!this.#known) {
      onClose();
      return undefined;
    }
    const stats = await link.request("close", { call: this.#id }, STATS_TIMEOUT_MS).catch(() => undefined);
    this.#lastStats = stats ?? this.#lastStats;
    onClose();
    return stats;
  }
}

const familyOf = (address: string): 4 | 6 => (address.includes(":") ? 6 : 4);
const isSound = ({ codec }: LegState["formats"][number]): boolean => codec !== "telephone-event" && codec !== "CN";
