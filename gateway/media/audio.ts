/** Codings that we can make into PCM. */
export type AudioCodec = "PCMU" | "PCMA" | "G722" | "opus" | "L16";

/** What an RTP payload type means on one stream, as SDP said it. RFC 8866 §6.6 */
export interface PayloadFormat {
  readonly payloadType: number;
  readonly codec: AudioCodec | "telephone-event" | "CN";
  /** Of RTP timestamps: 8,000 for PCMU and also for G722 (RFC 3551 §4.5.2), 48,000 for opus. */
  readonly clockRateHz: number;
  readonly channels: number;
  /** The value of `a=fmtp`, without the payload type. */
  readonly parameters?: string;
}

/** Mono sound, samples in −1…1. */
export interface PcmAudio {
  readonly sampleRateHz: number;
  readonly samples: Float32Array;
}

/** What speech recognisers are fed with. */
export const SPEECH_RATE_HZ = 16_000;
