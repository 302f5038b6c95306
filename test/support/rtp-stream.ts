import type { PayloadFormat } from "../../gateway/media/audio.js";
import type { CodedFrame, FrameSink, JitterBuffer } from "../../gateway/media/jitter/jitter-buffer.js";
import { buildRtpPacket } from "../../gateway/media/rtp/rtp-header.js";

export const PCMU: PayloadFormat = { payloadType: 0, codec: "PCMU", clockRateHz: 8_000, channels: 1 };
export const PCMA: PayloadFormat = { payloadType: 8, codec: "PCMA", clockRateHz: 8_000, channels: 1 };
export const G722: PayloadFormat = { payloadType: 9, codec: "G722", clockRateHz: 8_000, channels: 1 };
export const CN: PayloadFormat = { payloadType: 13, codec: "CN", clockRateHz: 8_000, channels: 1 };
export const EVENT: PayloadFormat = { payloadType: 101, codec: "telephone-event", clockRateHz: 8_000, channels: 1 };
export const OPUS: PayloadFormat = { payloadType: 111, codec: "opus", clockRateHz: 48_000, channels: 2 };

export interface PacketPlan {
  readonly n: number;
  readonly ssrc?: number;
  readonly payloadType?: number;
  /** Default: 160 a packet. */
  readonly timestamp?: number;
  readonly payload?: Uint8Array;
}

/** Packet `n` of a stream of 20 ms G.711 payloads; the payload tells `n`. */
export function rtp(plan: PacketPlan): Uint8Array {
  const payload = plan.payload ?? new Uint8Array(160).fill(plan.n & 0xff);
  const timestamp = plan.timestamp ?? plan.n * 160;
  const { n, payloadType = 0, ssrc = 1 } = plan;
  return buildRtpPacket({ payloadType, marker: false, sequenceNumber: n, timestamp, ssrc }, payload);
}

/** Writes down what a jitter buffer hands out. */
export class FrameLog implements FrameSink {
  /** `0-20 PCMU` · `gap 20-40 lost` · `restart`; times rounded to ms. */
  readonly lines: string[] = [];
  /** First byte of every payload. */
  readonly firstBytes: number[] = [];
  endMs = 0;

  frame({ format, atMs, durationMs, bytes, from }: CodedFrame): void {
    this.lines.push(`${Math.round(atMs)}-${Math.round(atMs + durationMs)} ${format.codec}`);
    this.firstBytes.push(bytes[from] ?? -1);
    this.endMs = atMs + durationMs;
  }
  gap(atMs: number, durationMs: number, lost: boolean): void {
    this.lines.push(`gap ${Math.round(atMs)}-${Math.round(atMs + durationMs)} ${lost ? "lost" : "silent"}`);
    this.endMs = atMs + durationMs;
  }
  restart(): void {
    this.lines.push("restart");
  }
}

/** Feeds packets with their times of arrival, and looks at the buffer every 20 ms as the listening side does. */
export function play(
  buffer: JitterBuffer,
  log: FrameSink,
  packets: readonly { readonly at: number; readonly packet: Uint8Array }[],
  untilMs?: number,
): void {
  const sorted = packets.toSorted((x, y) => x.at - y.at);
  let tick = sorted[0]?.at ?? 0;
  for (const { at, packet } of sorted) {
    for (; tick < at; tick += 20) buffer.advance(tick, log);
    buffer.onPacket(packet, at, log);
  }
  for (; tick <= (untilMs ?? 0); tick += 20) buffer.advance(tick, log);
}
