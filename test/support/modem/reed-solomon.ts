/** GF(256) with x^8+x^4+x^3+x^2+1; α = 2. */
const EXP = new Uint8Array(512);
const LOG = new Uint8Array(256);
for (let i = 0, x = 1; i < 255; i++) {
  EXP[i] = x;
  EXP[i + 255] = x;
  LOG[x] = i;
  x = (x << 1) ^ ((x & 0x80) === 0 ? 0 : 0x11d);
}

const exp = (power: number): number => EXP[((power % 255) + 255) % 255] as number;
const log = (x: number): number => LOG[x] as number;
const mul = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : (EXP[log(a) + log(b)] as number));
const div = (a: number, b: number): number => (a === 0 ? 0 : (EXP[log(a) + 255 - log(b)] as number));

/** Value of a polynomial, lowest power first. */
function valueAt(polynomial: ArrayLike<number>, x: number): number {
  let sum = 0;
  for (let i = polynomial.length - 1; i >= 0; i--) sum = mul(sum, x) ^ (polynomial[i] as number);
  return sum;
}

function product(a: readonly number[], b: readonly number[]): number[] {
  const out = new Array<number>(a.length + b.length - 1).fill(0);
  a.forEach((x, i) => b.forEach((y, j) => (out[i + j] = (out[i + j] as number) ^ mul(x, y))));
  return out;
}

/** Highest power first, as the division below wants it. */
function generator(parity: number): number[] {
  let g = [1];
  for (let i = 0; i < parity; i++) g = product(g, [1, exp(i)]);
  return g;
}

/** @returns `data` followed by `parity` check symbols; together at most 255. */
export function rsEncode(data: Uint8Array, parity: number): Uint8Array {
  const g = generator(parity);
  const out = new Uint8Array(data.length + parity);
  out.set(data);
  for (let i = 0; i < data.length; i++) {
    const factor = out[i] as number;
    if (factor === 0) continue;
    for (let j = 1; j < g.length; j++) out[i + j] = (out[i + j] as number) ^ mul(g[j] as number, factor);
  }
  out.set(data);
  return out;
}

export interface RsDecoded {
  readonly data: Uint8Array;
  /** Symbols that were not as sent. */
  readonly corrected: number;
}

/**
 * Corrects `e` errors and `f` erasures where 2e + f ≤ parity (Berlekamp–Massey started from the erasures, Chien, Forney).
 * @returns Undefined when it cannot.
 */
export function rsDecode(received: Uint8Array, parity: number, erasures: readonly number[]): RsDecoded | undefined {
  const n = received.length;
  if (erasures.length > parity) return undefined;
  const syndromes = Array.from({ length: parity }, (_, j) => syndrome(received, j));
  if (syndromes.every((s) => s === 0)) return { data: received.slice(0, n - parity), corrected: 0 };
  const locator = findLocator(
    syndromes,
    erasures.map((at) => exp(n - 1 - at)),
  );
  const degree = locator.length - 1;
  if (2 * degree - erasures.length > parity) return undefined;
  const evaluator = product(syndromes, locator).slice(0, parity);
  // The formal derivative keeps the odd powers.
  const derivative = locator.slice(1).map((c, i) => (i % 2 === 0 ? c : 0));
  const fixed = received.slice();
  let roots = 0;
  let corrected = 0;
  for (let at = 0; at < n; at++) {
    const x = exp(n - 1 - at);
    const inverse = exp(-(n - 1 - at));
    if (valueAt(locator, inverse) !== 0) continue;
    roots++;
    const below = valueAt(derivative, inverse);
    if (below === 0) return undefined;
    const magnitude = mul(x, div(valueAt(evaluator, inverse), below));
    if (magnitude !== 0) corrected++;
    fixed[at] = (fixed[at] as number) ^ magnitude;
  }
  if (roots !== degree) return undefined;
  for (let j = 0; j < parity; j++) if (syndrome(fixed, j) !== 0) return undefined;
  return { data: fixed.slice(0, n - parity), corrected };
}

function syndrome(word: Uint8Array, j: number): number {
  const x = exp(j);
  let sum = 0;
  for (const symbol of word) sum = mul(sum, x) ^ symbol;
  return sum;
}

/** Locator of errors and erasures, lowest power first, without leading zeros. */
function findLocator(syndromes: readonly number[], erasureLocators: readonly number[]): number[] {
  let locator = [1];
  for (const x of erasureLocators) locator = product(locator, [1, x]);
  let previous = locator.slice();
  let errors = 0;
  for (let step = erasureLocators.length; step < syndromes.length; step++) {
    let discrepancy = 0;
    for (let i = 0; i < locator.length && i <= step; i++) {
      discrepancy ^= mul(locator[i] as number, syndromes[step - i] as number);
    }
    previous = [0, ...previous];
    if (discrepancy === 0) continue;
    const next = locator.slice();
    for (let i = 0; i < previous.length; i++) {
      next[i] = (next[i] ?? 0) ^ mul(discrepancy, previous[i] as number);
    }
    if (2 * errors <= step - erasureLocators.length) {
      errors = step + 1 - erasureLocators.length - errors;
      previous = locator.map((c) => div(c, discrepancy));
    }
    locator = next;
  }
  while (locator.length > 1 && locator.at(-1) === 0) locator.pop();
  return locator;
}
