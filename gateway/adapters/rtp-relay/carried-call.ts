import type { MediaSide, MediaStats, SideStats } from "../../ports/media-anchor.js";
import type { DatagramIo } from "./io/datagram-io.js";
import { MediaLeg, type LegOwner } from "./media-leg.js";
import type { CallState, RelayCallEvent, StreamPlaces } from "./messages.js";
import type { PacketPath } from "./packet-path.js";
import type { PortPair } from "./port-pool.js";

interface CarriedStream {
  readonly index: number;
  readonly a: MediaLeg;
  readonly b: MediaLeg;
}

export interface CarriedCallUser {
  event(event: RelayCallEvent): void;
  /** The leg is of no use any more; its ports can be closed. */
  gone(leg: MediaLeg): void;
}

/** The media of one call, in the relay's thread: its streams, each with two legs. */
export class CarriedCall implements LegOwner {
  readonly #io: DatagramIo;
  readonly #path: PacketPath;
  readonly #user: CarriedCallUser;
  readonly #random: () => number;
  readonly #streams = new Map<number, CarriedStream>();
  #state: CallState | undefined;
  #answeredAtMs: number | undefined;
  #idleTold = false;
  #closed = false;
  readonly #unopenedTold = new Set<MediaSide>();
  /** Of streams that were released. */
  #past: MediaStats = { a: NOTHING, b: NOTHING, forkDropped: 0 };
  lastPacketAtMs = 0;
  held = false;

  constructor(io: DatagramIo, path: PacketPath, user: CarriedCallUser, random: () => number) {
    this.#io = io;
    this.#path = path;
    this.#user = user;
    this.#random = random;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Places of a stream that is there. */
  places(index: number): StreamPlaces | undefined {
    const stream = this.#streams.get(index);
    return stream === undefined ? undefined : { index, a: placeOf(stream.a), b: placeOf(stream.b) };
  }

  add(index: number, isAudio: boolean, a: PortPair, b: PortPair): StreamPlaces {
    const make = (side: MediaSide, pair: PortPair): MediaLeg =>
      new MediaLeg(this, side, isAudio, pair, this.#io, this.#random);
    const stream = { index, a: make("a", a), b: make("b", b) };
    stream.a.other = stream.b;
    stream.b.other = stream.a;
    this.#streams.set(index, stream);
    for (const leg of [stream.a, stream.b]) {
      this.#path.add(leg.rtp);
      this.#path.add(leg.rtcp);
    }
    return { index, a: placeOf(stream.a), b: placeOf(stream.b) };
  }

  apply(state: CallState): void {
    this.#state = state;
    for (const described of state.streams) {
      const stream = this.#streams.get(described.index);
      stream?.a.apply(described.a, state.agreement);
      stream?.b.apply(described.b, state.agreement);
    }
  }

  release(indexes: readonly number[]): void {
    for (const index of indexes) {
      const stream = this.#streams.get(index);
      if (stream === undefined) continue;
      this.#past = this.#withPast([stream]);
      this.#streams.delete(index);
      for (const leg of [stream.a, stream.b]) {
        this.#path.remove(leg.rtp);
        this.#path.remove(leg.rtcp);
        this.#user.gone(leg);
      }
    }
  }

  /** Idle time counts from now. */
  answered(nowMs: number): void {
    this.#answeredAtMs ??= nowMs;
  }

  /** Call it now and then. */
  onTime(nowMs: number, idleMs: number): void {
    for (const { a, b } of this.#streams.values()) {
      a.onTime(nowMs);
      b.onTime(nowMs);
    }
    this.#checkIdle(nowMs, idleMs);
  }

  /** Says so, once, when nothing has come for `idleMs` and nobody has said that it would be so. */
  #checkIdle(nowMs: number, idleMs: number): void {
    if (this.#answeredAtMs === undefined || this.#idleTold || idleMs === 0) return;
    if (this.#state?.maySilent === true) {
      // When the hold ends the time begins anew.
      this.#answeredAtMs = nowMs;
      return;
    }
    if (nowMs - Math.max(this.#answeredAtMs, this.lastPacketAtMs) < idleMs) return;
    this.#idleTold = true;
    this.#user.event({ kind: "idle" });
  }

  /** The legs on which that side hears sound. */
  audioLegs(side: MediaSide): MediaLeg[] {
    return [...this.#streams.values()].map((stream) => stream[side]).filter((leg) => leg.isAudio);
  }

  stats(): MediaStats {
    return this.#withPast([...this.#streams.values()]);
  }

  /** Frees everything. Safe to call twice. */
  close(): void {
    this.#closed = true;
    this.release([...this.#streams.keys()]);
  }

  #withPast(streams: readonly CarriedStream[]): MediaStats {
    const audio = streams.filter(({ a }) => a.isAudio);
    return {
      a: sum([this.#past.a, ...audio.map(({ a }) => a.figures())]),
      b: sum([this.#past.b, ...audio.map(({ b }) => b.figures())]),
      forkDropped: audio.reduce((all, { a, b }) => all + a.forkDropped + b.forkDropped, this.#past.forkDropped),
    };
  }

  onDigit(side: MediaSide, digit: string, durationMs: number): void {
    this.#user.event({ kind: "digit", side, digit, durationMs });
  }

  onUnopened(side: MediaSide): void {
    if (this.#unopenedTold.has(side)) return;
    this.#unopenedTold.add(side);
    this.#user.event({ kind: "unopened", side });
  }
}

const placeOf = ({ pair }: MediaLeg): { address: string; rtpPort: number; rtcpPort: number } => ({
  address: pair.address,
  rtpPort: pair.rtp.port,
  rtcpPort: pair.rtcp.port,
});

const NOTHING: SideStats = { packets: 0, bytes: 0, lost: 0, jitterMs: 0, mos: undefined, strangers: 0 };

/** Counters are added; jitter and MOS are those of the stream with the most packets. */
function sum(all: readonly SideStats[]): SideStats {
  return all.reduce((total, each) => {
    const main = each.packets > total.packets ? each : total;
    return {
      packets: total.packets + each.packets,
      bytes: total.bytes + each.bytes,
      lost: total.lost + each.lost,
      strangers: total.strangers + each.strangers,
      jitterMs: main.jitterMs,
      mos: main.mos,
    };
  }, NOTHING);
}
