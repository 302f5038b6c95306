import type { PayloadFormat } from "../../core/payload-format.js";
import { srtpSuiteOf } from "../../media/srtp/srtp-suite.js";
import type { SrtpKey } from "../../media/srtp/srtp-session.js";
import type { AnchorPlace } from "../../sip/sdp/anchor-sdp.js";
import type { SdesCrypto } from "../../sip/sdp/crypto-attribute.js";
import type { MediaStream } from "../../sip/sdp/media-streams.js";
import type { MediaSide } from "../../ports/media-anchor.js";
import type { CallState, LegState, Peer, StreamPlaces, StreamState } from "./messages.js";

/** What one end of a dialog has said. */
interface Spoken {
  /** Holds: it was part of a completed exchange. */
  current?: readonly MediaStream[] | undefined;
  /** An offer that waits for its answer, or was refused. */
  pending?: readonly MediaStream[] | undefined;
}

/** Early dialogs that are kept apart; of more, the one that spoke first is forgotten. */
const MAX_FORKS = 64;
const ONLY = "";

export const opposite = (side: MediaSide): MediaSide => (side === "a" ? "b" : "a");

/**
 * What both ends of a call have said of its media, and what the relay has to do for it. Offers change nothing until they are
 * answered (RFC 3264 §8.3.1); of several early dialogs the one that spoke last counts, until one is answered.
 */
export class MediaAgreement {
  readonly #learn: boolean;
  readonly #a: Spoken = {};
  readonly #forks = new Map<string, Spoken>();
  #active = ONLY;
  #settled = false;
  #offerer: MediaSide = "a";
  #agreements = 0;

  /** @param learn Sources are learned from the first packet. */
  constructor(learn: boolean) {
    this.#learn = learn;
  }

  offer(from: MediaSide, streams: readonly MediaStream[], fork: string | undefined): void {
    if (this.#isOver(from, fork)) return;
    if (from === "b") this.#active = fork ?? this.#active;
    this.#spoken(from).pending = streams;
  }

  answer(from: MediaSide, streams: readonly MediaStream[], fork: string | undefined): void {
    if (this.#isOver(from, fork)) return;
    if (from === "b") this.#active = fork ?? this.#active;
    const answerer = this.#spoken(from);
    const offerer = this.#spoken(opposite(from));
    answerer.current = streams;
    answerer.pending = undefined;
    offerer.current = offerer.pending ?? offerer.current;
    // A's offer stands for every early dialog; what B offers belongs to one.
    if (from === "a" || this.#settled) offerer.pending = undefined;
    this.#offerer = opposite(from);
    this.#agreements++;
  }

  /** The other early dialogs are forgotten. */
  answered(fork: string | undefined): void {
    if (fork !== undefined && fork !== this.#active) {
      this.#active = fork;
      this.#agreements++;
    }
    this.#settled = true;
    // A's offer has its answer, and there will be no other.
    if (this.#b.current !== undefined) this.#a.pending = undefined;
    for (const key of this.#forks.keys()) if (key !== this.#active) this.#forks.delete(key);
  }

  /** Where the streams of a description for `to` are to be sent: to our ports that face that side. */
  placesFor(
    to: MediaSide,
    streams: readonly MediaStream[],
    isOffer: boolean,
    places: ReadonlyMap<number, StreamPlaces>,
  ): (AnchorPlace | undefined)[] {
    // The answer goes to the offerer: whether it multiplexes is known.
    const offered = isOffer ? undefined : this.#said(to);
    return streams.map(({ index, rtcpMux }) => {
      const place = places.get(index)?.[to];
      if (place === undefined) return undefined;
      const isMuxed = rtcpMux && offered?.[index]?.rtcpMux === true;
      return { address: place.address, rtpPort: place.rtpPort, rtcpPort: isMuxed ? place.rtpPort : place.rtcpPort };
    });
  }

  /** Of those streams, the ones that both ends have let go: answered with port 0, or offered so. */
  unused(indexes: Iterable<number>): number[] {
    if (!this.#settled || this.#a.pending !== undefined || this.#b.pending !== undefined) return [];
    const isOn = (spoken: Spoken, index: number): boolean => spoken.current?.[index]?.active === true;
    return [...indexes].filter((index) => !isOn(this.#a, index) || !isOn(this.#b, index));
  }

  /**
   * @param indexes Streams that have ports.
   * @param streamIds Numbers in the ring of the first audio stream.
   */
  state(indexes: Iterable<number>, streamIds: Readonly<Record<MediaSide, number>>): CallState {
    const streams: StreamState[] = [];
    const heard = this.audioIndex;
    for (const index of indexes) {
      const a = this.#a.current?.[index];
      const b = this.#b.current?.[index];
      const ids = index === heard ? streamIds : { a: 0, b: 0 };
      const isAudio = (a ?? b)?.kind === "audio";
      streams.push({ index, isAudio, a: this.#leg("a", a, b, ids.a), b: this.#leg("b", b, a, ids.b) });
    }
    return { streams, agreement: this.#agreements, maySilent: this.#maySilent() };
  }

  /** The first audio stream that both ends have; it is the one that is heard. */
  get audioIndex(): number | undefined {
    const b = this.#b.current;
    return this.#a.current?.find(({ index, kind, active, isRtp }) => {
      return kind === "audio" && isRtp && active && b?.[index]?.active === true;
    })?.index;
  }

  get #b(): Spoken {
    return this.#spoken("b");
  }

  /** Another early dialog than the answered one: what it says does not matter any more. */
  #isOver(from: MediaSide, fork: string | undefined): boolean {
    return from === "b" && this.#settled && fork !== undefined && this.#active !== ONLY && fork !== this.#active;
  }

  #spoken(side: MediaSide): Spoken {
    if (side === "a") return this.#a;
    let spoken = this.#forks.get(this.#active);
    if (spoken !== undefined) return spoken;
    const [oldest] = this.#forks.keys();
    if (this.#forks.size >= MAX_FORKS && oldest !== undefined) this.#forks.delete(oldest);
    this.#forks.set(this.#active, (spoken = {}));
    return spoken;
  }

  #said(side: MediaSide): readonly MediaStream[] | undefined {
    const { pending, current } = this.#spoken(side);
    return pending ?? current;
  }

  #leg(side: MediaSide, own: MediaStream | undefined, other: MediaStream | undefined, streamId: number): LegState {
    const isOn = own !== undefined && other !== undefined && own.active && other.active;
    return {
      rtp: isOn ? peerOf(own.address, own.port, own.addressIsZero) : undefined,
      rtcp: isOn ? peerOf(own.rtcpAddress, own.rtcpPort, own.addressIsZero) : undefined,
      rtcpMux: own?.rtcpMux === true && other?.rtcpMux === true,
      learn: isOn && this.#learn,
      formats: sentFormats(own, other),
      takes: takenFormats(own, other),
      streamId,
      key: this.#keyOf(side, own, other),
    };
  }

  /** RFC 4568 §7.1: the answerer takes one of the offered lines by its tag, and gives its own key under it. */
  #keyOf(
    side: MediaSide,
    own: MediaStream | undefined,
    other: MediaStream | undefined,
  ): SrtpKey | "unreadable" | undefined {
    if (own === undefined || other === undefined) return undefined;
    const [offered, answered] = this.#offerer === side ? [own, other] : [other, own];
    // Keys that are offered beside plain RTP and not taken up: it is plain (RFC 8643).
    if (answered.keying === "none" && !/SAVP/i.test(answered.protocol)) return undefined;
    if (offered.keying !== "sdes" || answered.keying !== "sdes") return "unreadable";
    const chosen = answered.crypto[0];
    const line = this.#offerer === side ? offered.crypto.find(({ tag }) => tag === chosen?.tag) : chosen;
    return line === undefined ? "unreadable" : readableKey(line);
  }

  /** Silence is no wonder: somebody holds, or nobody is to send. */
  #maySilent(): boolean {
    const carried = (this.#a.current ?? []).filter(({ isRtp, active, kind }) => isRtp && active && kind === "audio");
    return carried.every((a) => {
      const b = this.#b.current?.[a.index];
      return b?.active !== true || a.held || b.held || a.direction === "recvonly" || b.direction === "recvonly";
    });
  }
}

const peerOf = (address: string | undefined, port: number, isZero: boolean): Peer | undefined =>
  address === undefined || isZero || port === 0 ? undefined : { address, port };

/** A side sends in the payload types of the other's description (RFC 3264 §5.1); those that only its own has are taken for its own. */
function sentFormats(own: MediaStream | undefined, other: MediaStream | undefined): readonly PayloadFormat[] {
  const formats = [...(other?.formats ?? [])];
  for (const format of own?.formats ?? []) {
    if (!formats.some(({ payloadType }) => payloadType === format.payloadType)) formats.push(format);
  }
  return formats;
}

/** Of what a side's description has, what the other side speaks too. */
function takenFormats(own: MediaStream | undefined, other: MediaStream | undefined): readonly PayloadFormat[] {
  const isSpoken = (format: PayloadFormat): boolean =>
    other === undefined ||
    other.formats.some(({ codec, clockRateHz }) => codec === format.codec && clockRateHz === format.clockRateHz);
  return (own?.formats ?? []).filter(isSpoken);
}

function readableKey({ suite, keySalt, mki, keys, sessionParameters }: SdesCrypto): SrtpKey | "unreadable" {
  // A window size hint changes nothing (RFC 4568 §6.3.7); other parameters change the transform, and further keys come with an MKI to tell them apart.
  const isPlain = sessionParameters.every((parameter) => /^-?WSH=/i.test(parameter));
  if (!isPlain || keys !== 1 || srtpSuiteOf(suite) === undefined) return "unreadable";
  return { suite, keySalt, ...(mki === undefined ? {} : { mkiBytes: mki.lengthBytes }) };
}
