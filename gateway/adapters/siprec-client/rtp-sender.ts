import { createSocket, type Socket } from "node:dgram";
import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import type { Random } from "../../core/random.js";
import { monoMs } from "../../core/time.js";
import { buildRtpPacket } from "../../media/rtp/rtp-header.js";

const FRAME_MS = 20;
/** Of G.711 at 8 kHz. */
const FRAME_BYTES = 160;

export interface RtpTrack {
  readonly payloadType: number;
  readonly audio: Uint8Array;
  /** Where it goes; undefined: the server does not want it. */
  readonly to: { readonly address: string; readonly port: number } | undefined;
}

/** A socket of our own, bound before anybody is told its port. */
export class RtpSocket {
  readonly #socket: Socket;
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    // What comes back (ICMP, stray packets) changes nothing.
    socket.on("error", () => undefined);
  }

  /** @throws GatewayError `media.unavailable`. */
  static async open(address: string): Promise<RtpSocket> {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    await new Promise<void>((resolve, reject) => {
      socket.once("error", (cause) => reject(new GatewayError("media.unavailable", "no socket for RTP", { cause })));
      socket.bind(0, address, resolve);
    });
    return new RtpSocket(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  send(packet: Uint8Array, to: { readonly address: string; readonly port: number }): void {
    if (!this.#closed) this.#socket.send(packet, to.port, to.address);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }
}

/**
 * Sends the tracks side by side, a packet of 20 ms each in time. Falls behind by no more than a late timer does: what is due is
 * sent at once.
 *
 * @returns Packets that were sent, when the longest track is over or `signal` is aborted.
 */
export function sendTracks(
  tracks: readonly { readonly socket: RtpSocket; readonly track: RtpTrack }[],
  { clock, random, signal }: { readonly clock: Clock; readonly random: Random; readonly signal: AbortSignal },
): Promise<number> {
  const senders = tracks.map(({ socket, track }) => ({
    socket,
    track,
    ssrc: Number.parseInt(random.token(4), 16) >>> 0,
    first: Number.parseInt(random.token(2), 16),
    start: Number.parseInt(random.token(4), 16) >>> 0,
  }));
  const frames = Math.max(0, ...tracks.map(({ track }) => Math.ceil(track.audio.byteLength / FRAME_BYTES)));
  const startedAt = clock.mono();
  let sent = 0;
  const frame = (n: number): void => {
    for (const { socket, track, ssrc, first, start } of senders) {
      const payload = track.audio.subarray(n * FRAME_BYTES, (n + 1) * FRAME_BYTES);
      if (track.to === undefined || payload.byteLength === 0) continue;
      const { payloadType } = track;
      const header = {
        payloadType,
        marker: n === 0,
        sequenceNumber: (first + n) & 0xffff,
        timestamp: (start + n * FRAME_BYTES) >>> 0,
        ssrc,
      };
      socket.send(buildRtpPacket(header, payload), track.to);
      sent++;
    }
  };
  return new Promise((resolve) => {
    let next = 0;
    const step = (): void => {
      const due = Math.floor((clock.mono() - startedAt) / FRAME_MS);
      for (; next <= due && next < frames; next++) if (!signal.aborted) frame(next);
      if (next >= frames || signal.aborted) resolve(sent);
      else clock.callAt(monoMs(startedAt + next * FRAME_MS), step);
    };
    step();
  });
}
