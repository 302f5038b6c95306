import type { MediaSide } from "../../ports/media-anchor.js";
import type { DatagramIo } from "./io/datagram-io.js";
import { MediaLeg, type LegOwner } from "./media-leg.js";
import type { Peer, ReceiverWanted } from "./messages.js";
import type { PacketPath } from "./packet-path.js";
import type { PortPair } from "./port-pool.js";

/** A pair of ports that only hears: what comes goes into the ring. */
export class CarriedReceiver implements LegOwner {
  readonly leg: MediaLeg;
  readonly #path: PacketPath;
  readonly #idleMs: number;
  readonly #onIdle: () => void;
  #idleTold = false;
  lastPacketAtMs: number;
  readonly held = false;

  constructor(
    io: DatagramIo,
    path: PacketPath,
    pair: PortPair,
    { wanted, nowMs, onIdle }: { readonly wanted: ReceiverWanted; readonly nowMs: number; readonly onIdle: () => void },
  ) {
    this.#path = path;
    this.#idleMs = wanted.idleMs;
    this.#onIdle = onIdle;
    this.lastPacketAtMs = nowMs;
    this.leg = new MediaLeg(this, "a", true, pair, io, () => 0);
    this.leg.apply(
      {
        rtp: undefined,
        rtcp: undefined,
        rtcpMux: false,
        learn: false,
        formats: [],
        takes: [],
        streamId: wanted.streamId,
        key: wanted.key,
      },
      0,
    );
    path.add(this.leg.rtp);
    path.add(this.leg.rtcp);
  }

  /** @param peer Undefined: whoever sends first. */
  expect(peer: Peer | undefined): void {
    this.leg.rtp.expect(peer, peer === undefined);
    // Nothing is done with its RTCP, so that its port does not matter.
    this.leg.rtcp.expect(peer === undefined ? undefined : { address: peer.address, port: 0 }, peer === undefined);
  }

  checkIdle(nowMs: number): void {
    if (this.#idleTold || this.#idleMs === 0 || nowMs - this.lastPacketAtMs < this.#idleMs) return;
    this.#idleTold = true;
    this.#onIdle();
  }

  /** @returns The pair, to be given back. */
  close(): PortPair {
    this.#path.remove(this.leg.rtp);
    this.#path.remove(this.leg.rtcp);
    return this.leg.pair;
  }

  onDigit(_side: MediaSide, _digit: string, _durationMs: number): void {
    // Events are in the ring like all else.
  }

  onUnopened(_side: MediaSide): void {
    // Counted by the path.
  }
}
