import type { Random } from "../../../gateway/core/random.js";

/** Samples of a 20 ms packet at 8 kHz. */
const PACKET = 160;

export type Concealment = "silence" | "repeat" | "fade";

/** µ-law there and back. ITU-T G.711, as its continuous law: good enough to stand in for a codec. */
export function throughMuLaw(samples: Float32Array): Float32Array {
  return samples.map((x) => {
    const coded = Math.round((Math.log1p(255 * Math.min(1, Math.abs(x))) / Math.log(256)) * 127) / 127;
    return (Math.sign(x) * (256 ** coded - 1)) / 255;
  });
}

/** Loses each 20 ms packet with `share`, and conceals it. */
export function losePackets(samples: Float32Array, share: number, how: Concealment, random: Random): Float32Array {
  const out = samples.slice();
  for (let at = PACKET; at + PACKET <= out.length; at += PACKET) {
    if (random.next() >= share) continue;
    for (let i = at; i < at + PACKET; i++) {
      const before = out[i - PACKET] as number;
      out[i] = how === "silence" ? 0 : how === "repeat" ? before : before * (1 - (0.5 * (i - at)) / PACKET);
    }
  }
  return out;
}

/** A jitter buffer that runs dry or over: at `at`, `count` samples are put in once more (above 0) or left out (below). */
export function slip(samples: Float32Array, at: number, count: number): Float32Array {
  const out = new Float32Array(samples.length + count);
  out.set(samples.subarray(0, at));
  out.set(samples.subarray(at - Math.max(0, count)).subarray(Math.max(0, -count)), at);
  return out;
}

/** White noise of so many dB below the sound. */
export function addNoise(samples: Float32Array, signalToNoiseDb: number, random: Random): Float32Array {
  const rms = Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
  const noise = rms * 10 ** (-signalToNoiseDb / 20);
  return samples.map((x) => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += random.next();
    return x + noise * sum;
  });
}

/** Silence before and after, 8 kHz. */
export function withSilence(samples: Float32Array, beforeMs: number, afterMs: number): Float32Array {
  const out = new Float32Array(samples.length + (beforeMs + afterMs) * 8);
  out.set(samples, beforeMs * 8);
  return out;
}

/** 8 → 16 kHz with a windowed sinc of 16 taps. */
export function toSpeechRate(samples: Float32Array): Float32Array {
  const out = new Float32Array(2 * samples.length);
  samples.forEach((x, i) => {
    let between = 0;
    for (let k = -8; k < 8; k++) {
      const t = k + 0.5;
      const weight = (Math.sin(Math.PI * t) / (Math.PI * t)) * (0.5 + 0.5 * Math.cos((Math.PI * t) / 8.5));
      between += (samples[i - k] ?? 0) * weight;
    }
    out[2 * i] = x;
    out[2 * i + 1] = between;
  });
  return out;
}
