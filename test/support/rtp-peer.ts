import { createSocket, type Socket } from "node:dgram";
import { parseRtpPacket, type RtpPacket } from "./rtp-packet.js";
import { rtp, type PacketPlan } from "./rtp-stream.js";
import { until } from "./processes.js";

/** Where to send. */
export interface Place {
  readonly address: string;
  readonly port: number;
}

/** A telephone's media: an RTP port on loopback and the RTCP port after it. Keeps what comes. */
export class RtpPeer {
  readonly address: string;
  readonly port: number;
  /** Whole datagrams at the RTP port, in order. */
  readonly received: Buffer[] = [];
  readonly receivedRtcp: Buffer[] = [];
  /** Ports that RTP came from. */
  readonly sources = new Set<number>();
  readonly #rtp: Socket;
  readonly #rtcp: Socket;
  /** Where `send` goes. */
  to: Place = { address: "127.0.0.1", port: 9 };
  toRtcp: Place = { address: "127.0.0.1", port: 9 };

  private constructor(address: string, rtpSocket: Socket, rtcpSocket: Socket) {
    this.address = address;
    this.#rtp = rtpSocket;
    this.#rtcp = rtcpSocket;
    this.port = rtpSocket.address().port;
    rtpSocket.on("message", (packet, { port }) => {
      this.received.push(packet);
      this.sources.add(port);
    });
    rtcpSocket.on("message", (packet) => this.receivedRtcp.push(packet));
    // A test that fails leaves them open: they shall not keep its process.
    for (const socket of [rtpSocket, rtcpSocket]) socket.unref().on("error", () => undefined);
  }

  static async open(address = "127.0.0.1"): Promise<RtpPeer> {
    for (;;) {
      const rtpSocket = await bound(address, 0);
      const { port } = rtpSocket?.address() ?? { port: 1 };
      const rtcpSocket = port % 2 === 0 ? await bound(address, port + 1) : undefined;
      if (rtpSocket !== undefined && rtcpSocket !== undefined) return new RtpPeer(address, rtpSocket, rtcpSocket);
      rtpSocket?.close();
    }
  }

  /** Packet `n` of its stream. */
  send(plan: PacketPlan): Promise<void> {
    return this.sendRaw(rtp(plan));
  }

  sendRaw(packet: Uint8Array, to: Place = this.to): Promise<void> {
    return sent(this.#rtp, packet, to);
  }

  sendRtcp(packet: Uint8Array, to: Place = this.toRtcp): Promise<void> {
    return sent(this.#rtcp, packet, to);
  }

  /** Packets `from`…`to`−1 of its stream, ms apart. */
  async talk(from: number, to: number, plan: Omit<PacketPlan, "n"> = {}, everyMs = 2): Promise<void> {
    for (let n = from; n < to; n++) {
      await this.send({ ...plan, n });
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }

  /** Datagrams one after the other, no faster than `hearer` gets them: the machine may be busy, and buffers are small. */
  async sendAll(packets: readonly Uint8Array[], hearer: RtpPeer): Promise<void> {
    const before = hearer.received.length;
    for (const [i, packet] of packets.entries()) {
      await this.sendRaw(packet);
      if (i % 50 === 49) await hearer.has(before + i + 1);
    }
    await hearer.has(before + packets.length);
  }

  /** What came, as RTP. */
  packets(): RtpPacket[] {
    return this.received.flatMap((packet) => {
      const parsed = parseRtpPacket(packet);
      return parsed.ok ? [parsed.value] : [];
    });
  }

  /** Sequence numbers of what came. */
  sequences(): number[] {
    return this.packets().map(({ sequenceNumber }) => sequenceNumber);
  }

  async has(count: number): Promise<void> {
    await until(`${count} packets`, () => this.received.length >= count).catch((cause: unknown) => {
      throw new Error(`${this.received.length} of ${count} packets came`, { cause });
    });
  }

  close(): void {
    this.#rtp.close();
    this.#rtcp.close();
  }
}

function bound(address: string, port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    socket.once("error", () => {
      socket.close();
      resolve(undefined);
    });
    socket.bind(port, address, () => resolve(socket));
  });
}

function sent(socket: Socket, packet: Uint8Array, { address, port }: Place): Promise<void> {
  return new Promise((resolve) => socket.send(packet, port, address, () => resolve()));
}
