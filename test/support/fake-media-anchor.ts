import { GatewayError } from "../../gateway/core/errors.js";
import type {
  DescribedMedia,
  MediaAnchor,
  MediaCall,
  MediaDescription,
  MediaEvent,
  MediaSession,
  MediaSide,
  MediaStats,
  SideStats,
} from "../../gateway/ports/media-anchor.js";
import type { PcmAudio } from "../../gateway/media/audio.js";
import { anchorSdp, readAnchorable } from "../../gateway/sip/sdp/anchor-sdp.js";

/** Where all of its media goes. */
export const ANCHOR_ADDRESS = "192.0.2.200";

const NOTHING: SideStats = { packets: 0, bytes: 0, lost: 0, jitterMs: 0, mos: undefined, strangers: 0 };

export const NO_STATS: MediaStats = { a: NOTHING, b: NOTHING, forkDropped: 0 };

/** Carries nothing, but rewrites descriptions as an anchor does; a test scripts how long that takes and what goes wrong. */
export class FakeMediaAnchor implements MediaAnchor {
  readonly kind: MediaAnchor["kind"];
  readonly sessions: FakeMediaSession[] = [];
  ok = true;
  /** Asked for every description; undefined: it is anchored. */
  script: (description: MediaDescription) => DescribedMedia | undefined | Promise<DescribedMedia | undefined> = () =>
    undefined;
  stats: MediaStats | undefined = NO_STATS;
  #closed = false;
  #nextPort = 40_000;
  #paused: (() => void)[] | undefined;

  constructor(kind: MediaAnchor["kind"] = "relay") {
    this.kind = kind;
  }

  open(call: MediaCall, onEvent: (event: MediaEvent) => void): FakeMediaSession {
    const session = new FakeMediaSession(this, call, onEvent);
    this.sessions.push(session);
    return session;
  }

  get session(): FakeMediaSession {
    const session = this.sessions.at(-1);
    if (session === undefined) throw new Error("no media session was opened");
    return session;
  }

  health(): { readonly ok: boolean; readonly detail: string } {
    return { ok: this.ok && !this.#closed, detail: "fake" };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.sessions.map((session) => session.close()));
  }

  /** From now on descriptions wait. */
  pause(): void {
    this.#paused ??= [];
  }

  /** Those that wait are answered, in order. */
  resume(): void {
    const waiting = this.#paused ?? [];
    this.#paused = undefined;
    for (const go of waiting) go();
  }

  async ready(): Promise<void> {
    const paused = this.#paused;
    if (paused !== undefined) await new Promise<void>((resolve) => paused.push(resolve));
  }

  port(): number {
    const port = this.#nextPort;
    this.#nextPort += 2;
    return port;
  }
}

export class FakeMediaSession implements MediaSession {
  readonly call: MediaCall;
  /** `a offer`, `b answer bob` … */
  readonly asked: string[] = [];
  readonly played: MediaSide[] = [];
  readonly holds: boolean[] = [];
  closes = 0;
  readonly #anchor: FakeMediaAnchor;
  readonly #onEvent: (event: MediaEvent) => void;
  /** The port that the other side is told instead of this one's, by m-line. */
  readonly #ports: Record<MediaSide, number[]> = { a: [], b: [] };
  #untouched: Extract<DescribedMedia, { kind: "untouched" }> | undefined;
  /** What both sides take is known. */
  #agreed = false;
  /** What comes of the next prompts, in order; of further ones: they are played to their end. */
  readonly prompts: Promise<boolean>[] = [];
  /** Sides that take nothing that can be coded. */
  readonly deaf = new Set<MediaSide>();

  constructor(anchor: FakeMediaAnchor, call: MediaCall, onEvent: (event: MediaEvent) => void) {
    this.#anchor = anchor;
    this.call = call;
    this.#onEvent = onEvent;
  }

  emit(event: MediaEvent): void {
    this.#onEvent(event);
  }

  async describe(description: MediaDescription): Promise<DescribedMedia> {
    const { from, step, fork } = description;
    this.asked.push(`${from} ${step}${fork === undefined ? "" : ` ${fork}`}`);
    await this.#anchor.ready();
    if (this.closes > 0) return { kind: "untouched", why: "unavailable" };
    if (step !== "offer" && this.#untouched !== undefined) return this.#untouched;
    const said = (await this.#anchor.script(description)) ?? this.#rewrite(description);
    if (step === "offer") this.#untouched = said.kind === "untouched" ? said : undefined;
    if (step === "answer") this.#agreed = said.kind === "anchored";
    return said;
  }

  #rewrite({ from, sdp }: MediaDescription): DescribedMedia {
    const read = readAnchorable(sdp);
    if (!read.ok) return { kind: "untouched", why: "malformed" };
    if (read.value.untouched !== undefined) return { kind: "untouched", why: read.value.untouched };
    const ports = this.#ports[from];
    const places = read.value.streams.map((stream) => {
      const port = (ports[stream.index] ??= this.#anchor.port());
      return { address: ANCHOR_ADDRESS, rtpPort: port, rtcpPort: port + 1 };
    });
    return { kind: "anchored", sdp: anchorSdp(read.value, places) };
  }

  answered(fork?: string): void {
    this.asked.push(`answered${fork === undefined ? "" : ` ${fork}`}`);
  }

  play(to: MediaSide, _audio: PcmAudio): Promise<boolean> {
    if (!this.#agreed || this.deaf.has(to))
      return Promise.reject(new GatewayError("media.rejected", "a prompt cannot be played"));
    this.played.push(to);
    return this.prompts.shift() ?? Promise.resolve(true);
  }

  hold(held: boolean): void {
    this.holds.push(held);
  }

  stats(): Promise<MediaStats> {
    return Promise.resolve(this.#anchor.stats ?? NO_STATS);
  }

  close(): Promise<MediaStats | undefined> {
    this.closes++;
    return Promise.resolve(this.#anchor.stats);
  }
}

export interface SdpOptions {
  readonly user?: string;
  readonly version?: number;
  readonly direction?: string;
  /** Further lines of the audio m-line. */
  readonly lines?: readonly string[];
}

/** One G.711 stream at that place. */
export function audioSdp(address: string, port: number, options: SdpOptions = {}): string {
  const { user = "u", version = 1, direction, lines = [] } = options;
  const more = direction === undefined ? lines : [`a=${direction}`, ...lines];
  return [
    "v=0",
    `o=${user} 1 ${version} IN IP4 ${address}`,
    "s=-",
    `c=IN IP4 ${address}`,
    "t=0 0",
    `m=audio ${port} RTP/AVP 0 101`,
    "a=rtpmap:101 telephone-event/8000",
    ...more,
    "",
  ].join("\r\n");
}

/** `address:port` of the first stream of a body that holds a description. */
export function placeOf(body: Uint8Array | undefined): string {
  const text = Buffer.from(body ?? []).toString("latin1");
  return `${/^c=IN IP4 (\S+)/m.exec(text)?.[1] ?? "none"}:${/^m=audio (\d+)/m.exec(text)?.[1] ?? "none"}`;
}
