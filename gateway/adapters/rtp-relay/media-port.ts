import { parseAddress } from "../../core/cidr.js";
import type { DatagramIo, OpenSocket } from "./io/datagram-io.js";
import type { PacketBatch } from "./io/packet-batch.js";
import type { Peer } from "./messages.js";

/** Whether a packet is the peer's. */
export type Origin = "peer" | "unknown" | "stranger" | "early";

/**
 * One UDP port of ours: from whom it takes packets, and to whom it sends. Symmetric: what we send leaves from the port that we
 * advertised (RFC 4961), to where the peer is, signalled or learned.
 */
export class MediaPort<Leg> {
  readonly leg: Leg;
  readonly isRtcp: boolean;
  readonly socket: number;
  readonly number: number;
  readonly #io: DatagramIo;
  readonly #host = new Int32Array(4);
  #port = 0;
  /** Nobody: no description has said yet who sends here. */
  #lock: "nobody" | "address" | "address-and-port" | "learning" = "nobody";
  /** Packets from others than the peer. */
  strangers = 0;

  constructor(leg: Leg, isRtcp: boolean, io: DatagramIo, open: OpenSocket) {
    this.leg = leg;
    this.isRtcp = isRtcp;
    this.#io = io;
    this.socket = open.socket;
    this.number = open.port;
  }

  /**
   * @param peer Undefined: nobody is known; with port 0, whoever sends from that address.
   * @param learn The first packet of whomever tells the peer; until it comes we send to `peer`.
   */
  expect(peer: Peer | undefined, learn: boolean): void {
    const words = peer === undefined ? undefined : parseAddress(peer.address);
    for (let i = 0; i < 4; i++) this.#host[i] = words?.[i] ?? 0;
    this.#port = peer?.port ?? 0;
    if (learn) this.#lock = "learning";
    else if (peer === undefined || words === undefined) this.#lock = "nobody";
    else this.#lock = peer.port === 0 ? "address" : "address-and-port";
    this.#io.aim(this.socket, peer !== undefined && peer.port !== 0 ? peer.address : "", this.#port);
  }

  /** Whose packet row `index` is. Counts strangers. */
  originOf(batch: PacketBatch, index: number): Origin {
    switch (this.#lock) {
      case "address-and-port":
      case "address": {
        const isSame =
          batch.host(index, 0) === this.#host[0] &&
          batch.host(index, 1) === this.#host[1] &&
          batch.host(index, 2) === this.#host[2] &&
          batch.host(index, 3) === this.#host[3] &&
          (this.#lock === "address" || batch.port(index) === this.#port);
        if (isSame) return "peer";
        this.strangers++;
        return "stranger";
      }
      case "learning":
        return "unknown";
      case "nobody":
        return "early";
    }
  }

  /** The sender of row `index` is the peer from now on: packets come from there alone, and go there. */
  learn(batch: PacketBatch, index: number, family: 4 | 6): void {
    for (let i = 0; i < 4; i++) this.#host[i] = batch.host(index, i);
    this.#port = batch.port(index);
    this.#lock = "address-and-port";
    this.#io.aim(this.socket, addressText(this.#host, family), this.#port);
  }

  /** The next packet tells the peer anew; until it comes we go on sending to the one that is known. */
  relearn(): void {
    this.#lock = "learning";
  }
}

/** An address as a literal. @param words As `parseAddress` gives them, signed or not. */
export function addressText(words: ArrayLike<number>, family: 4 | 6): string {
  const word = (i: number): number => words[i] ?? 0;
  if (family === 4) return [24, 16, 8, 0].map((bits) => (word(0) >>> bits) & 0xff).join(".");
  const groups: string[] = [];
  for (let i = 0; i < 4; i++) groups.push((word(i) >>> 16).toString(16), (word(i) & 0xffff).toString(16));
  return groups.join(":");
}
