import type { Random } from "../../gateway/core/random.js";

/** Sounds for detectors, 16 kHz mono, −1…1. */
export const SOUND_RATE_HZ = 16_000;

const samplesOf = (ms: number): number => Math.round((ms * SOUND_RATE_HZ) / 1_000);

export const silence = (ms: number): Float32Array => new Float32Array(samplesOf(ms));

/** Sines together, with soft edges of 5 ms. @param modulation Amplitude modulation, Hz: the old ringing machines'. */
export function tone(hz: readonly number[], ms: number, peak = 0.3, modulation = 0): Float32Array {
  const edge = samplesOf(5);
  const length = samplesOf(ms);
  return Float32Array.from({ length }, (_, i) => {
    const t = i / SOUND_RATE_HZ;
    const sum = hz.reduce((total, each) => total + Math.sin(2 * Math.PI * each * t), 0) / hz.length;
    const beat = modulation === 0 ? 1 : 0.5 + 0.5 * Math.sin(2 * Math.PI * modulation * t);
    return peak * sum * beat * Math.min(1, i / edge, (length - 1 - i) / edge);
  });
}

export function joined(...parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export const repeated = (part: Float32Array, times: number): Float32Array =>
  joined(...Array.from({ length: times }, () => part));

/** One after the other: `on`, `off`, `on`, … ms of the tone and of silence. */
const cadence = (hz: readonly number[], ...onOffMs: readonly number[]): Float32Array =>
  joined(...onOffMs.map((ms, i) => (i % 2 === 0 ? tone(hz, ms) : silence(ms))));

/** Call progress tones of several countries, ITU-T E.180 supplement 2. */
export const CALL_PROGRESS: Readonly<Record<string, Float32Array>> = {
  "ringback, North America": repeated(cadence([440, 480], 2_000, 4_000), 2),
  "ringback, United Kingdom": repeated(cadence([400, 450], 400, 200, 400, 2_000), 4),
  "ringback, Germany": repeated(cadence([425], 1_000, 4_000), 2),
  "ringback, France": repeated(cadence([440], 1_500, 3_500), 2),
  "ringback, Japan": joined(tone([400], 1_000, 0.3, 16), silence(2_000), tone([400], 1_000, 0.3, 16), silence(2_000)),
  "ringback, Australia": repeated(cadence([413, 438], 400, 200, 400, 2_000), 3),
  "busy, North America": repeated(cadence([480, 620], 500, 500), 6),
  "reorder, North America": repeated(cadence([480, 620], 250, 250), 12),
  "busy, Spain": repeated(cadence([425], 200, 200), 15),
  "dial tone": tone([350, 440], 5_000),
  "special information": repeated(joined(tone([914], 330), tone([1_371], 330), tone([1_777], 330), silence(1_000)), 3),
  "fax calling": repeated(cadence([1_100], 500, 3_000), 3),
  "modem answering": tone([2_100], 3_000),
};

const DTMF_LOW = [697, 770, 852, 941];
const DTMF_HIGH = [1209, 1336, 1477, 1633];
/** Digits as somebody presses them: `on` ms each, `off` ms between them. */
export const dtmf = (digits: string, on: number, off: number): Float32Array =>
  joined(
    ...Array.from(digits, (digit) => {
      const key = "123A456B789C*0#D".indexOf(digit);
      return joined(tone([DTMF_LOW[key >> 2] ?? 0, DTMF_HIGH[key & 3] ?? 0], on), silence(off));
    }),
  );

/** One note with harmonics that fade, as of a plucked or struck string. */
function note(hz: number, ms: number, peak: number): Float32Array {
  const length = samplesOf(ms);
  return Float32Array.from({ length }, (_, i) => {
    const t = i / SOUND_RATE_HZ;
    let sum = 0;
    for (let h = 1; h <= 5; h++) sum += Math.sin(2 * Math.PI * hz * h * t) / (h * h);
    return peak * sum * Math.exp(-1.2 * t) * Math.min(1, i / 80, (length - i) / 80);
  });
}

const mixInto = (into: Float32Array, part: Float32Array, at: number): void =>
  part.forEach((x, i) => void (into[at + i] = (into[at + i] ?? 0) + x));

/** Chords under a melody: every bar another one, quarter notes above. */
export function holdMusic(bars: number, beatMs = 500): Float32Array {
  const roots = [220, 174.61, 261.63, 196];
  const melody = [2, 2.5, 3, 2.5, 2, 3, 4, 3];
  const out = new Float32Array(samplesOf(bars * 4 * beatMs));
  for (let bar = 0; bar < bars; bar++) {
    const root = roots[bar % roots.length] ?? 220;
    const at = samplesOf(bar * 4 * beatMs);
    for (const step of [1, 1.25, 1.5]) mixInto(out, note(root * step, 4 * beatMs, 0.1), at);
    for (let beat = 0; beat < 4; beat++) {
      const pitch = root * (melody[(bar * 4 + beat) % melody.length] ?? 2);
      mixInto(out, note(pitch, beatMs, 0.12), at + samplesOf(beat * beatMs));
    }
  }
  return out;
}

/** Chords that stand for seconds, as of an organ. */
export const chords = (count: number, ms = 1_500): Float32Array =>
  joined(
    ...Array.from({ length: count }, (_, i) => {
      const root = [261.63, 349.23, 392, 329.63][i % 4] ?? 261.63;
      return tone([root, root * 1.26, root * 1.5, root * 2], ms, 0.25);
    }),
  );

/** White noise, and with `colour` above 0 (below 1) ever more of it at the low end. */
export function noise(ms: number, rms: number, random: Random, colour = 0): Float32Array {
  let low = 0;
  const scale = rms * Math.sqrt(1 - colour * colour) * Math.sqrt(3);
  return Float32Array.from({ length: samplesOf(ms) }, () => {
    low = colour * low + (2 * random.next() - 1) * scale;
    return low;
  });
}

/**
 * Something that moves as a voice does, made of pulses through two gliding resonances: syllables of 150–250 ms, a pitch that
 * glides, gaps between words, hissed consonants. No words; for detectors that must take it for speech.
 */
export function babble(ms: number, random: Random, peak = 0.3): Float32Array {
  const out = new Float32Array(samplesOf(ms));
  let at = 0;
  while (at < out.length) {
    if (random.next() < 0.5) at += hiss(out, at, samplesOf(50 + 60 * random.next()), random);
    at += syllable(out, at, samplesOf(130 + 120 * random.next()), random);
    if (random.next() < 0.3) at += samplesOf(60 + 100 * random.next());
  }
  const top = out.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-9);
  return out.map((x) => (x * peak) / top);
}

function hiss(out: Float32Array, at: number, length: number, random: Random): number {
  let before = 0;
  for (let i = 0; i < length && at + i < out.length; i++) {
    const white = random.next() - 0.5;
    out[at + i] = 0.5 * (white - before) * Math.sin((Math.PI * i) / length);
    before = white;
  }
  return length;
}

function syllable(out: Float32Array, at: number, length: number, random: Random): number {
  const fromHz = 110 + 60 * random.next();
  const toHz = fromHz * (0.75 + 0.5 * random.next());
  const formants = [300 + 500 * random.next(), 900 + 1_300 * random.next()];
  const glide = [0.7 + 0.7 * random.next(), 0.7 + 0.7 * random.next()];
  const state = [0, 0, 0, 0];
  const loudness = 0.15 + random.next();
  let phase = 0;
  for (let i = 0; i < length && at + i < out.length; i++) {
    const part = i / length;
    phase += (fromHz + (toHz - fromHz) * part) / SOUND_RATE_HZ;
    const pulse = phase >= 1 ? 1 : 0;
    phase -= pulse;
    let sum = 0;
    for (let f = 0; f < 2; f++) {
      const hz = (formants[f] ?? 0) * (1 + ((glide[f] ?? 1) - 1) * part);
      const radius = Math.exp((-Math.PI * 90) / SOUND_RATE_HZ);
      const y =
        pulse +
        2 * radius * Math.cos((2 * Math.PI * hz) / SOUND_RATE_HZ) * (state[2 * f] ?? 0) -
        radius * radius * (state[2 * f + 1] ?? 0);
      state[2 * f + 1] = state[2 * f] ?? 0;
      state[2 * f] = y;
      sum += y / (f + 1);
    }
    out[at + i] = (out[at + i] ?? 0) + loudness * sum * Math.sin(Math.PI * part) ** 2;
  }
  return length;
}

/** dB of full scale of a stretch of samples. */
export function levelDb(samples: Float32Array): number {
  const power = samples.reduce((sum, x) => sum + x * x, 0) / Math.max(1, samples.length);
  return 10 * Math.log10(power + 1e-12);
}
