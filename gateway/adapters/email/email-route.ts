import { createTransport } from "nodemailer";
import { noticeFacts, noticeTitle, plain, type AlertNotice } from "../../../detection/index.js";
import { TimeLimit } from "../../core/time-limit.js";
import type { AlertDelivery, AlertRoute, RouteReply } from "../../ports/alert-route.js";
import { answersOf, replyOf, type SmtpError } from "./smtp-answers.js";

export interface EmailOptions {
  readonly host: string;
  readonly port: number;
  /** `starttls`: nothing is sent to a server that does not offer it. `none`: in the clear, also where it is offered. */
  readonly security: "starttls" | "tls" | "none";
  /** PEM. `ca` undefined: the system's authorities. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly from: string;
  readonly to: readonly string[];
  readonly timeoutMs: number;
}

/** Deliveries of which is remembered who has them already; of more the oldest go to all again, under the same Message-ID. */
const MOST_BEGUN = 1_000;

/** A delivery that some recipients have, and others are to be asked for again. */
interface Begun {
  readonly left: readonly string[];
  readonly taken: number;
  readonly refused: number;
}

/**
 * Mail over SMTP, one connection a message. Message-ID is made of the delivery's id and the same in every try; all mails of a case
 * refer to one, so that readers show them together. An answer of 4xx, or that we may not log in, is tried again, for the recipients
 * that it was about; 5xx is final. What takes longer than the time-out ends with its connection.
 */
export class EmailRoute implements AlertRoute {
  readonly #options: EmailOptions;
  readonly #begun = new Map<string, Begun>();
  readonly #stop = new AbortController();

  constructor(options: EmailOptions) {
    this.#options = options;
  }

  async send(notice: AlertNotice, delivery: AlertDelivery): Promise<RouteReply> {
    if (this.#stop.signal.aborted) return { kind: "failed", why: "closed" };
    const limit = new TimeLimit(this.#options.timeoutMs, this.#stop.signal);
    const before = this.#begun.get(delivery.id) ?? { left: this.#options.to, taken: 0, refused: 0 };
    const transport = this.#transport();
    try {
      const mail = { ...this.#mail(notice, delivery), signal: limit.signal };
      const envelope = { from: this.#options.from, to: [...before.left] };
      const { rejectedErrors } = await transport.sendMail({ ...mail, envelope });
      return this.#answered(delivery.id, before, rejectedErrors ?? []);
    } catch (error) {
      if (limit.signal.aborted) return { kind: "failed", why: this.#whyEnded() };
      const { rejected, rejectedErrors } = error as SmtpError;
      const isOfRecipients = rejected !== undefined && rejectedErrors !== undefined;
      return isOfRecipients ? this.#answered(delivery.id, before, rejectedErrors) : replyOf(error as SmtpError);
    } finally {
      limit.end();
      transport.close();
    }
  }

  close(): Promise<void> {
    this.#stop.abort();
    return Promise.resolve();
  }

  #whyEnded(): string {
    return this.#stop.signal.aborted ? "closed" : "timeout";
  }

  /** Each recipient has its own answer: who has it does not get it again because others do not. */
  #answered(id: string, before: Begun, errors: readonly SmtpError[]): RouteReply {
    const all = this.#options.to.length;
    const { later, refused, code } = answersOf(errors);
    const after: Begun = {
      left: later,
      taken: before.taken + before.left.length - later.length - refused,
      refused: before.refused + refused,
    };
    this.#begun.delete(id);
    if (after.left.length > 0) {
      this.#begun.set(id, after);
      const [oldest] = this.#begun.keys();
      if (this.#begun.size > MOST_BEGUN && oldest !== undefined) this.#begun.delete(oldest);
      const of = after.left.length === all ? "" : ` for ${after.left.length} of ${all} recipients`;
      return { kind: "failed", why: `SMTP ${code}${of}` };
    }
    if (after.taken === 0) return { kind: "rejected", why: `SMTP ${code}` };
    return { kind: "sent", ...(after.refused > 0 && { refused: after.refused }) };
  }

  #transport() {
    const { host, port, security, tls, user, password, timeoutMs } = this.#options;
    return createTransport({
      host,
      port,
      secure: security === "tls",
      requireTLS: security === "starttls",
      ignoreTLS: security === "none",
      tls: { minVersion: "TLSv1.2", ...tls },
      ...(user === undefined ? {} : { auth: { user, pass: password ?? "" } }),
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      // What was given up must not be delivered: the connection is not ended in good order.
      socketCloseTimeout: 0,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  #mail(notice: AlertNotice, { id }: AlertDelivery) {
    const { from, to } = this.#options;
    const messageId = `<${messageName(id)}@ringfence.invalid>`;
    const thread = `<${messageName(notice.caseId)}@ringfence.invalid>`;
    return {
      from,
      to: [...to],
      subject: noticeTitle(notice),
      text: mailText(notice),
      messageId,
      // A test is of no case: it is no answer to itself.
      ...(thread === messageId ? {} : { inReplyTo: thread, references: [thread] }),
      // RFC 3834 §5: nobody's absence note is to come back.
      headers: { "Auto-Submitted": "auto-generated", "X-Ringfence-Delivery": messageName(id) },
    };
  }
}

const messageName = (id: string): string => id.replaceAll(/[^\w.-]/g, "_").slice(0, 200);

function mailText(notice: AlertNotice): string {
  const facts = noticeFacts(notice).map(([name, value]) => `${name}: ${value}`);
  return [
    plain(notice.explanation, 4_000),
    "",
    `What to do: ${plain(notice.recommended, 4_000)}`,
    "",
    ...facts,
    "",
  ].join("\n");
}
