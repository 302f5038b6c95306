import type { AuditEntry } from "../../ports/records.js";

/** Numbers as the plan writes them, wherever they stand in a text, also as a tel URI. */
const NUMBER = /(?:(?<=\btel:)|(?<![\w@.:+-]))\+\d{7,15}(?![\w@])/g;
/** A text that is nothing but a number as people write it; dates and addresses of machines look otherwise. */
const WRITTEN = /^\s*(?:(?:tel:)?\+[\d\s()./-]+|tel:[\d\s()./-]+|00[\d\s()./-]+|[\d\s()/]+)\s*$/i;
const [LEAST_DIGITS, MOST_DIGITS] = [7, 15];

/** @param seal What is to stand in a number's place. Its context is the entry's id, so that no piece can be moved to another entry. */
export function withSealedNumbers(entry: AuditEntry, seal: (number: string, context: string) => string): AuditEntry {
  const context = `audit:${entry.id}`;
  const sealed = (text: string): string => {
    const whole = numberOf(text);
    return whole === undefined ? text.replace(NUMBER, (number) => seal(number, context)) : seal(whole, context);
  };
  const detail = Object.entries(entry.detail).map(([key, value]) => [
    key,
    typeof value === "string" ? sealed(value) : value,
  ]);
  return { ...entry, target: sealed(entry.target), detail: Object.fromEntries(detail) as AuditEntry["detail"] };
}

/** The number that a text is, in the plan's form where its first digits say that it is international: the key is that of its deletion. */
function numberOf(text: string): string | undefined {
  if (!WRITTEN.test(text)) return undefined;
  const bare = text.trim().replace(/^tel:/i, "");
  // +49 (0) 30 …: the zero is dialled within the country only.
  const digits = bare.replace(/^((?:\+|00)[\d\s]*)\(0\)/, "$1").replaceAll(/\D/g, "");
  const number = bare.startsWith("+") ? `+${digits}` : digits.startsWith("00") ? `+${digits.slice(2)}` : digits;
  const count = number.replace("+", "").length;
  return count >= LEAST_DIGITS && count <= MOST_DIGITS ? number : undefined;
}
