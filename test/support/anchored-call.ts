import assert from "node:assert/strict";
import type {
  DescribedMedia,
  MediaAnchor,
  MediaCall,
  MediaEvent,
  MediaSession,
  MediaSide,
} from "../../gateway/ports/media-anchor.js";
import { RtpPeer, type Place } from "./rtp-peer.js";

export interface PeerSdp {
  /** Default: what the peer is. */
  readonly address?: string;
  readonly port?: number;
  readonly formats?: string;
  readonly protocol?: string;
  readonly lines?: readonly string[];
  /** Whole further m= sections. */
  readonly more?: readonly string[];
}

/** One audio stream at the peer's place. */
export function sdpOf(peer: RtpPeer, options: PeerSdp = {}): Buffer {
  const { address = peer.address, port = peer.port, formats = "0 101", protocol = "RTP/AVP" } = options;
  const family = address.includes(":") ? "IP6" : "IP4";
  const lines = [
    "v=0",
    `o=- 1 1 IN ${family} ${address}`,
    "s=-",
    `c=IN ${family} ${address}`,
    "t=0 0",
    `m=audio ${port} ${protocol} ${formats}`,
    "a=rtpmap:101 telephone-event/8000",
    ...(options.lines ?? []),
    ...(options.more ?? []),
    "",
  ];
  return Buffer.from(lines.join("\r\n"), "latin1");
}

export const textOf = (described: DescribedMedia): string => {
  if (described.kind !== "anchored") throw new assert.AssertionError({ message: `untouched: ${described.why}` });
  return Buffer.from(described.sdp).toString("latin1");
};

/** Where a description wants stream `index` to be sent to. */
export function placesIn(text: string, index = 0): { readonly rtp: Place; readonly rtcp: Place } {
  const [head = "", ...sections] = text.split(/^m=/m);
  const section = sections[index] ?? "";
  const address = /^c=IN IP[46] (\S+)/m.exec(section)?.[1] ?? /^c=IN IP[46] (\S+)/m.exec(head)?.[1] ?? "";
  const port = Number(/^\S+ (\d+)/.exec(section)?.[1]);
  const rtcp = Number(/^a=rtcp:(\d+)/m.exec(section)?.[1] ?? port + 1);
  return { rtp: { address, port }, rtcp: { address, port: rtcp } };
}

/** A call whose two ends are `RtpPeer`s, with its media session. */
export class AnchoredCall {
  readonly a: RtpPeer;
  readonly b: RtpPeer;
  readonly session: MediaSession;
  readonly events: MediaEvent[] = [];
  /** Of its own, so that what is heard of it can be told apart. */
  readonly callId: string;

  private constructor(anchor: MediaAnchor, a: RtpPeer, b: RtpPeer, call: Partial<MediaCall>) {
    this.a = a;
    this.b = b;
    this.callId = `call-${a.port}-${b.port}`;
    this.session = anchor.open(
      { callId: this.callId, trunk: "t", listen: false, calledSide: "callee", learnSource: false, ...call },
      (event) => this.events.push(event),
    );
  }

  static async open(anchor: MediaAnchor, call: Partial<MediaCall> = {}, address?: string): Promise<AnchoredCall> {
    return new AnchoredCall(anchor, await RtpPeer.open(address), await RtpPeer.open(address), call);
  }

  /** Offer of A, answer of B, answered; both peers then send to where they were told. */
  async connect(offer: PeerSdp = {}, answer: PeerSdp = offer): Promise<void> {
    await this.exchange("a", offer, answer);
    this.session.answered();
  }

  /** One exchange. Both peers send to where they were told. @returns What each was told. */
  async exchange(
    offerer: MediaSide,
    offer: PeerSdp = {},
    answer: PeerSdp = offer,
  ): Promise<{ offered: string; answered: string }> {
    const [from, to] = offerer === "a" ? [this.a, this.b] : [this.b, this.a];
    const answerer = offerer === "a" ? "b" : "a";
    const offered = textOf(await this.session.describe({ from: offerer, step: "offer", sdp: sdpOf(from, offer) }));
    const answered = textOf(await this.session.describe({ from: answerer, step: "answer", sdp: sdpOf(to, answer) }));
    aim(to, offered);
    aim(from, answered);
    return { offered, answered };
  }

  async close(): Promise<void> {
    this.a.close();
    this.b.close();
    await this.session.close();
  }
}

/** The peer sends to where the description says. */
export function aim(peer: RtpPeer, sdp: string, index = 0): void {
  const { rtp, rtcp } = placesIn(sdp, index);
  peer.to = rtp;
  peer.toRtcp = rtcp;
}
