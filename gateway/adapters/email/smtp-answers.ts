import type { RouteReply } from "../../ports/alert-route.js";

/** What nodemailer tells of an answer that was no success. */
export interface SmtpError {
  readonly responseCode?: number | undefined;
  readonly code?: string | undefined;
  /** The one that it is about. */
  readonly recipient?: string | undefined;
  /** Set where no recipient was taken. */
  readonly rejected?: readonly string[] | undefined;
  /** One for each recipient that was not taken. */
  readonly rejectedErrors?: readonly SmtpError[] | undefined;
}

/** RFC 4954 §6: who may not log in is told so. A password that was changed is given to us by and by. */
const NOT_LOGGED_IN: readonly number[] = [530, 534, 535, 538];

/** For a message as a whole. The server's text may quote addresses: only its code is told. */
export function replyOf({ responseCode, code }: SmtpError): RouteReply {
  if (responseCode === undefined) return { kind: "failed", why: code ?? "SMTP failed" };
  const isFinal = responseCode >= 500 && code !== "EAUTH" && !NOT_LOGGED_IN.includes(responseCode);
  return { kind: isFinal ? "rejected" : "failed", why: `SMTP ${responseCode}` };
}

/** @returns Who is to be asked again, how many are not, and the code of one of the former, else of the latter. */
export function answersOf(errors: readonly SmtpError[]): {
  readonly later: readonly string[];
  readonly refused: number;
  readonly code: number;
} {
  const later = errors.filter((error) => replyOf(error).kind === "failed");
  return {
    // As it was sent: nodemailer writes domains in its own way.
    later: later.flatMap(({ recipient }) => recipient ?? []),
    refused: errors.length - later.length,
    code: (later[0] ?? errors[0])?.responseCode ?? 0,
  };
}
