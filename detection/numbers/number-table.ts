import { COUNTRY_CODES, REGIONS } from "./number-table-data.js";

/** How numbers are dialled in one region. */
export interface RegionNumbers {
  readonly region: string;
  readonly countryCode: string;
  /** `00`, `011`, `810` … */
  readonly internationalPrefix: string;
  /** `0`, `1`, `8`, `06`, or empty. */
  readonly nationalPrefix: string;
  /** Bit n is set when n digits after the country code are possible. */
  readonly lengths: number;
  /** The same for fixed-line and mobile numbers only. */
  readonly ordinaryLengths: number;
}

const lengthBits = (list: string): number => list.split(",").reduce((bits, length) => bits | (1 << Number(length)), 0);

/** Lengths by country code as a number: bit n is set when n digits may follow; 0: no such code. */
const LENGTHS_BY_CODE: Readonly<Int32Array> = (() => {
  const lengths = new Int32Array(1000);
  for (const row of COUNTRY_CODES.trim().split(" ")) {
    const [code = "", list = ""] = row.split(":");
    lengths[Number(code)] = lengthBits(list);
  }
  return lengths;
})();

const BY_REGION: ReadonlyMap<string, RegionNumbers> = new Map(
  REGIONS.trim()
    .split(" ")
    .map((row) => {
      const [region = "", countryCode = "", internationalPrefix = "", nationalPrefix = "", list = "", ordinary = ""] =
        row.split(":");
      const lengths = { lengths: lengthBits(list), ordinaryLengths: lengthBits(ordinary) };
      return [region, { region, countryCode, internationalPrefix, nationalPrefix, ...lengths }];
    }),
);

/** @param region ISO 3166-1 alpha-2, upper case. */
export const regionNumbers = (region: string): RegionNumbers | undefined => BY_REGION.get(region);

/** Every region there is, for checks of configuration. */
export const knownRegions = (): readonly string[] => [...BY_REGION.keys()];

/** Lengths that may follow this country code, as bits; 0 when there is no such code. */
export const lengthsAfter = (countryCode: string): number =>
  countryCode.length <= 3 ? (LENGTHS_BY_CODE[Number(countryCode)] ?? 0) : 0;

/** How many of the digits from `start` on are a country code: 1–3, 0 when none is. Country codes are free of prefixes. */
export function countryCodeLength(digits: string, start: number): number {
  let code = 0;
  for (let length = 1; length <= 3 && start + length <= digits.length; length++) {
    code = code * 10 + digits.charCodeAt(start + length - 1) - 48;
    if (code === 0) return 0;
    if (LENGTHS_BY_CODE[code] !== 0) return length;
  }
  return 0;
}

/** Do the digits from `start` on look like a whole international number: a country code and a possible length? */
export function isInternational(digits: string, start: number): boolean {
  const codeLength = countryCodeLength(digits, start);
  if (codeLength === 0) return false;
  const national = digits.length - start - codeLength;
  if (national > 17) return false;
  let code = 0;
  for (let i = start; i < start + codeLength; i++) code = code * 10 + digits.charCodeAt(i) - 48;
  if (((LENGTHS_BY_CODE[code] as number) & (1 << national)) === 0) return false;
  // North America: area codes begin with 2–9.
  return code !== 1 || digits.charCodeAt(start + 1) >= 50;
}
