import type { AuditEntry } from "../../ports/records.js";

/** Numbers as the plan writes them, wherever they stand in a text; and a text that is nothing but a long number. */
const NUMBER = /(?<![\w@.:+-])\+\d{7,15}(?![\w@])|^\d{7,15}$/g;

/** @param seal What is to stand in a number's place. Its context is the entry's id, so that no piece can be moved to another entry. */
export function withSealedNumbers(entry: AuditEntry, seal: (number: string, context: string) => string): AuditEntry {
  const context = `audit:${entry.id}`;
  const sealed = (text: string): string => text.replace(NUMBER, (number) => seal(number, context));
  const detail = Object.entries(entry.detail).map(([key, value]) => [
    key,
    typeof value === "string" ? sealed(value) : value,
  ]);
  return { ...entry, target: sealed(entry.target), detail: Object.fromEntries(detail) as AuditEntry["detail"] };
}
