/** ISO/IEC 7812-1, annex B. @param digits Digits only. */
export function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    const doubled = digit * 2;
    sum += i % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** ISO 13616, ISO/IEC 7064 MOD 97-10. @param text Capital letters and digits, country first. */
export function passesMod97(text: string): boolean {
  let rest = 0;
  for (const char of text.slice(4) + text.slice(0, 4)) {
    const code = char.charCodeAt(0);
    rest = code >= 65 ? (rest * 100 + code - 55) % 97 : (rest * 10 + code - 48) % 97;
  }
  return rest === 1;
}

const DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE";

/** Spain's DNI (eight digits) and NIE (X, Y or Z and seven), with their check letter at the end. */
export function isSpanishId(text: string): boolean {
  const found = /^([XYZ]?)(\d{7,8})([A-Z])$/.exec(text);
  if (found === null) return false;
  const [, prefix = "", digits = "", letter = ""] = found;
  if (prefix.length + digits.length !== 8) return false;
  return DNI_LETTERS[Number(`${"XYZ".indexOf(prefix === "" ? "X" : prefix)}${digits}`) % 23] === letter;
}

/** Mexico's CURP: four letters, date of birth, sex, five letters, two more. */
export const CURP = /^[A-Z]{4}\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[HMX][A-Z]{5}[A-Z0-9]\d$/;

/** Lengths of the IBANs of those countries that have most of them; others: 15 to 34. */
const IBAN_LENGTHS: Readonly<Record<string, number>> = {
  ...{ AD: 24, AE: 23, AT: 20, BE: 16, BG: 22, BR: 29, CH: 21, CR: 22, CY: 28, CZ: 24, DE: 22, DK: 18, DO: 28, EE: 20 },
  ...{ ES: 24, FI: 18, FR: 27, GB: 22, GI: 23, GR: 27, GT: 28, HR: 21, HU: 28, IE: 22, IL: 23, IS: 26, IT: 27, LI: 21 },
  ...{ LT: 20, LU: 20, LV: 21, MC: 27, MT: 31, NL: 18, NO: 15, PL: 28, PT: 25, RO: 24, SA: 24, SE: 24, SI: 19, SK: 24 },
  ...{ SM: 27, SV: 28, TR: 26, UA: 29, VG: 24 },
};

export interface IbanStart {
  readonly length: number;
  readonly valid: boolean;
}

const MOST_IBAN = 34;
const LEAST_IBAN = 15;

/** Whether an IBAN begins at `at`. @param text Capital letters and digits. @returns Its length; one of a known country may be invalid: a recogniser mishears. */
export function ibanAt(text: string, at: number): IbanStart | undefined {
  const head = text.slice(at, at + 4);
  if (!/^[A-Z]{2}\d{2}$/.test(head)) return undefined;
  const expected = IBAN_LENGTHS[head.slice(0, 2)];
  const left = text.length - at;
  if (expected !== undefined) {
    if (left < expected) return undefined;
    return { length: expected, valid: passesMod97(text.slice(at, at + expected)) };
  }
  for (let length = Math.min(MOST_IBAN, left); length >= LEAST_IBAN; length--) {
    if (passesMod97(text.slice(at, at + length))) return { length, valid: true };
  }
  return undefined;
}
