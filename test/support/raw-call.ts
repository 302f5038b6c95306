import { headerOf, startLineOf, statusOf, tagOf, type RawRequest } from "./raw-message.js";
import { WITHIN_MS, type RawUa } from "./raw-ua.js";

let last = 0;

/** One call that a raw telephone places, message by message. */
export class RawCall {
  readonly callId: string;
  readonly branch: string;
  readonly #phone: RawUa;
  readonly #invite: string;
  /** The last final answer to the INVITE. */
  answer = "";
  #cseq = 1;

  private constructor(phone: RawUa, callId: string, branch: string, invite: string) {
    this.#phone = phone;
    this.callId = callId;
    this.branch = branch;
    this.#invite = invite;
  }

  static place(phone: RawUa, more: Partial<Omit<RawRequest, "method" | "via">> = {}): RawCall {
    const id = `${process.pid}-${++last}`;
    const branch = `z9hG4bK-e2e-${id}`;
    const callId = more.callId ?? `e2e-${id}`;
    const invite = phone.request({ method: "INVITE", branch, fromTag: `from-${id}`, ...more, callId });
    return new RawCall(phone, callId, branch, invite);
  }

  /** Waits for the final answer and acknowledges it. @returns Its status. */
  async final(withinMs = WITHIN_MS): Promise<number> {
    const mine = (message: string): boolean =>
      /^SIP\/2\.0 [2-6]/.test(message) &&
      headerOf(message, "Call-ID") === this.callId &&
      (headerOf(message, "CSeq") ?? "").endsWith("INVITE");
    this.answer = await this.#phone.receive(mine, withinMs);
    this.#acknowledge();
    return statusOf(this.answer);
  }

  cancel(): void {
    this.#again("CANCEL", this.branch, undefined, 1);
  }

  /** A request inside the dialog. @returns Its final answer. */
  async request(method: string, headers: readonly string[] = []): Promise<string> {
    const cseq = ++this.#cseq;
    this.#again(method, `${this.branch}-${cseq}`, tagOf(headerOf(this.answer, "To")), cseq, headers);
    return this.#phone.receive(
      (message) =>
        /^SIP\/2\.0 [2-6]/.test(message) &&
        headerOf(message, "Call-ID") === this.callId &&
        headerOf(message, "CSeq") === `${cseq} ${method}`,
    );
  }

  /** Waits for the request of the other side and answers it. @returns It. */
  async expect(method: string, status = 200, withinMs = WITHIN_MS): Promise<string> {
    const request = await this.#phone.receive(
      (message) => message.startsWith(`${method} `) && headerOf(message, "Call-ID") === this.callId,
      withinMs,
    );
    this.#phone.respond(request, status);
    return request;
  }

  #acknowledge(): void {
    const good = statusOf(this.answer) < 300;
    this.#again("ACK", good ? `${this.branch}-ack` : this.branch, tagOf(headerOf(this.answer, "To")), 1);
  }

  #again(
    method: string,
    branch: string,
    toTag: string | undefined,
    cseq: number,
    headers: readonly string[] = [],
  ): void {
    const lines = this.#invite.split("\r\n\r\n", 1)[0]!.split("\r\n");
    const contact = /<([^>]+)>/.exec(headerOf(this.answer, "Contact") ?? "")?.[1];
    const own = startLineOf(this.#invite).split(" ")[1] ?? "";
    const inDialog = statusOf(this.answer) >= 200 && statusOf(this.answer) < 300;
    const kept = lines.filter((line) => /^(max-forwards|from|call-id):/i.test(line));
    const to = `To: ${headerOf(this.#invite, "To") ?? ""}${toTag === undefined ? "" : `;tag=${toTag}`}`;
    const via = (headerOf(this.#invite, "Via") ?? "").replace(this.branch, branch);
    const uri = inDialog ? (contact ?? own) : own;
    const text = [`${method} ${uri} SIP/2.0`, `Via: ${via}`, ...kept, to, `CSeq: ${cseq} ${method}`, ...headers];
    this.#phone.send(`${text.join("\r\n")}\r\nContent-Length: 0\r\n\r\n`);
  }
}

/** Vias of the INVITEs that a phone has taken. */
const taken = new WeakMap<RawUa, Set<string>>();

/** Takes one call at the called side: 180, then 200. Copies of one that it has taken (§17.1.1.2) are none. @returns The INVITE as it came. */
export async function takeCall(phone: RawUa, withinMs = WITHIN_MS, given?: AbortSignal): Promise<string> {
  const known = taken.get(phone) ?? new Set();
  taken.set(phone, known);
  const viaOf = (message: string): string => headerOf(message, "Via") ?? "";
  const isNew = (message: string): boolean => message.startsWith("INVITE ") && !known.has(viaOf(message));
  const invite = await phone.receive(isNew, withinMs, given);
  known.add(viaOf(invite));
  phone.respond(invite, 180, { tag: "called" });
  phone.respond(invite, 200, { tag: "called" });
  return invite;
}

/** The caller hangs up: the called side answers the BYE of that call, and no other's. @param invite The INVITE as the called side had it. */
export async function hangUpThrough(call: RawCall, phone: RawUa, invite: string): Promise<void> {
  const ended = call.request("BYE");
  const bye = await phone.receive(
    (message) => message.startsWith("BYE ") && headerOf(message, "Call-ID") === headerOf(invite, "Call-ID"),
  );
  phone.respond(bye, 200);
  const answer = await ended;
  if (statusOf(answer) !== 200) throw new Error(`the BYE was answered with ${startLineOf(answer)}`);
}

/** For a call that may be refused before it gets to the called side. @returns Its final status, and the INVITE where one came. */
export async function takeUnlessRefused(call: RawCall, phone: RawUa): Promise<{ status: number; invite?: string }> {
  const answered = new AbortController();
  const final = call.final().finally(() => answered.abort());
  const invite = await takeCall(phone, WITHIN_MS, answered.signal).catch(() => undefined);
  const status = await final;
  return invite === undefined ? { status } : { status, invite };
}
