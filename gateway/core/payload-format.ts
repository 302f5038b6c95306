/** Codings that we can make into PCM. */
export type AudioCodec = "PCMU" | "PCMA" | "G722" | "opus" | "L16";

/** What an RTP payload type means on one stream, as SDP said it. RFC 8866 §6.6 */
export interface PayloadFormat {
  /** 0–127 */
  readonly payloadType: number;
  readonly codec: AudioCodec | "telephone-event" | "CN";
  /** Of RTP timestamps: 8,000 for PCMU and also for G722 (RFC 3551 §4.5.2), 48,000 for opus. */
  readonly clockRateHz: number;
  readonly channels: number;
  /** The value of `a=fmtp`, without the payload type. */
  readonly parameters?: string;
}
