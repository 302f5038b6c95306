/** Longest value that a variable is given, characters. */
const MAX_VALUE = 1_024;
const CONTROL = /[\u0000-\u001f\u007f]+/g;

/**
 * A value as Asterisk's AGI reads it: in quotes, in which a backslash makes the next character an ordinary one. Control characters
 * become a space: a line end would be the end of the command.
 */
export function agiQuoted(value: string): string {
  const plain = value.replace(CONTROL, " ").slice(0, MAX_VALUE);
  return `"${plain.replace(/[\\"]/g, (c) => `\\${c}`)}"`;
}

/** @param name A variable's name: letters, digits, `_`. */
export const setVariable = (name: string, value: string): string => `SET VARIABLE ${name} ${agiQuoted(value)}`;

/** A line in Asterisk's console at that verbosity, 1–4. */
export const verbose = (message: string, level: number): string => `VERBOSE ${agiQuoted(message)} ${level}`;

export type AgiAnswer =
  | { readonly kind: "done" }
  /** The caller has hung up: a line of its own, whatever was asked. */
  | { readonly kind: "hangup" }
  /** 510 unknown command, 511 not on a dead channel, 520 bad syntax, 200 with a result that says no. */
  | { readonly kind: "refused"; readonly status: number }
  | { readonly kind: "nonsense" };

/** Reads one line of Asterisk's. Its `SET VARIABLE` answers `200 result=1`. */
export function readAnswer(line: string): AgiAnswer {
  if (line === "HANGUP") return { kind: "hangup" };
  const match = /^(\d{3})[ -](.*)$/.exec(line);
  if (match === null) return { kind: "nonsense" };
  const [, digits = "", text = ""] = match;
  const status = Number(digits);
  if (status !== 200) return { kind: "refused", status };
  const result = /^result=(-?\d+)(?: |$)/.exec(text)?.[1];
  if (result === undefined) return { kind: "nonsense" };
  return Number(result) < 0 ? { kind: "refused", status } : { kind: "done" };
}
