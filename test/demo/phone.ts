import { randomBytes } from "node:crypto";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import type { Voice } from "./voice.js";

/** How one leg of a demo call stands. Times are performance.now(), ms. */
export interface Leg {
  readonly callId: string;
  readonly from: string;
  readonly to: string;
  status: number;
  answeredAt: number | undefined;
  /** When a BYE or a refusal ended it, and which. */
  endedAt: number | undefined;
  endedBy: string | undefined;
  /** The Reason header of what ended it. */
  reason: string | undefined;
}

interface Dialog {
  readonly to: string;
  readonly remote: { readonly address: string; readonly port: number };
  readonly target: string;
  /** Route header lines. */
  readonly routes: readonly string[];
}

const header = (text: string, name: string): string =>
  new RegExp(`^${name}\\s*:\\s*(.*)$`, "im").exec(text)?.[1]?.trim() ?? "";
const headers = (text: string, name: string): string[] =>
  [...text.matchAll(new RegExp(`^${name}\\s*:.*$`, "gim"))].map((match) => match[0].trim());
/** The caller's route set: Record-Route of the answer, last first. RFC 3261 §12.1.2 */
const routeSet = (answer: string): string[] =>
  headers(answer, "Record-Route")
    .flatMap((line) => line.slice(line.indexOf(":") + 1).split(","))
    .reverse()
    .map((route) => `Route: ${route.trim()}`);
const token = (): string => randomBytes(6).toString("hex");

const sdpOf = ({ address, port }: { readonly address: string; readonly port: number }): string =>
  [
    "v=0",
    `o=- 1 1 IN IP4 ${address}`,
    "s=-",
    `c=IN IP4 ${address}`,
    "t=0 0",
    `m=audio ${port} RTP/AVP 0`,
    "a=rtpmap:0 PCMU/8000",
    "",
  ].join("\r\n");
/** Of a telephone without a voice. */
const NOWHERE = { address: "192.0.2.1", port: 40_000 };

/**
 * A telephone for the demo: places and takes calls over UDP and hangs up when told. Small on purpose and without any code of
 * the gateway, so that what the demo shows was seen from outside.
 */
export class Phone {
  readonly legs = new Map<string, Leg>();
  readonly #socket: Socket;
  #port = 0;
  readonly #address: string;
  readonly #dialogs = new Map<string, Dialog>();
  #changed: () => void = () => undefined;
  /** Speaks in the call that was set up last; undefined: it is mute. */
  readonly #voice: Voice | undefined;
  /** Values of the X-Ringfence-Threat header of INFO requests that came. */
  readonly tags: string[] = [];

  constructor(address: string, voice?: Voice) {
    this.#address = address;
    this.#voice = voice;
    this.#socket = createSocket("udp4");
    this.#socket.on("message", (bytes, remote) => this.#receive(bytes.toString("latin1"), remote));
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.once("error", reject);
      this.#socket.bind(0, this.#address, resolve);
    });
    this.#port = this.#socket.address().port;
  }

  get port(): number {
    return this.#port;
  }
  get #sdp(): string {
    return sdpOf(this.#voice ?? NOWHERE);
  }

  #speakTo(sdp: string): void {
    const address = /^c=IN IP4 (\S+)/m.exec(sdp)?.[1];
    const port = Number(/^m=audio (\d+)/m.exec(sdp)?.[1] ?? 0);
    if (address !== undefined && port > 0) this.#voice?.connect({ address, port });
  }

  close(): void {
    this.#socket.close();
  }

  /** @param callId Of no other call of this telephone. */
  call(
    from: string,
    to: string,
    gateway: { address: string; port: number },
    callId = `${token()}@${this.#address}`,
  ): Leg {
    const leg: Leg = {
      callId,
      from,
      to,
      status: 0,
      answeredAt: undefined,
      endedAt: undefined,
      endedBy: undefined,
      reason: undefined,
    };
    this.legs.set(callId, leg);
    const lines = [
      `INVITE sip:${to}@${gateway.address}:${gateway.port} SIP/2.0`,
      ...this.#own(
        callId,
        `<sip:${from}@${this.#address}>;tag=${token()}`,
        `<sip:${to}@${gateway.address}>`,
        "1 INVITE",
      ),
      `Contact: <sip:${from}@${this.#address}:${this.#port}>`,
      "Content-Type: application/sdp",
      `Content-Length: ${this.#sdp.length}`,
    ];
    this.#send(`${lines.join("\r\n")}\r\n\r\n${this.#sdp}`, gateway);
    return leg;
  }

  /** @param voice False: its voice speaks in another call by now. */
  hangUp(leg: Leg, { voice = true }: { readonly voice?: boolean } = {}): void {
    const dialog = this.#dialogs.get(leg.callId);
    if (dialog === undefined) return;
    if (voice) this.#voice?.hangUp();
    this.#send(this.#request("BYE", dialog, leg, "20 BYE"), dialog.remote);
  }

  /**
   * Transfers the other side of a call. RFC 3515; attended with RFC 3891.
   * @param to Number, or the call of this telephone whose other side they are to speak with.
   */
  refer(leg: Leg, to: string | Leg): void {
    const dialog = this.#dialogs.get(leg.callId);
    if (dialog === undefined) return;
    const { address, port } = dialog.remote;
    const referTo = typeof to === "string" ? `sip:${to}@${address}:${port}` : this.#replacing(to);
    const bare = this.#request("REFER", dialog, leg, "10 REFER");
    this.#send(
      bare.replace(
        "Content-Length",
        `Contact: <sip:demo@${this.#address}:${this.#port}>\r\nRefer-To: <${referTo}>\r\nContent-Length`,
      ),
      dialog.remote,
    );
  }

  #replacing(leg: Leg): string {
    const tagOf = (line: string): string => /;\s*tag=([^;>\s]+)/i.exec(line)?.[1] ?? "";
    const dialog = this.#dialogs.get(leg.callId);
    const tags = `to-tag=${tagOf(dialog?.to ?? "")};from-tag=${tagOf(this.#fromOf.get(leg.callId) ?? "")}`;
    return `${dialog?.target ?? ""}?Replaces=${encodeURIComponent(`${leg.callId};${tags}`)}`;
  }

  /** Resolves with true once `condition` holds, with false after `timeoutMs`. */
  async until(condition: () => boolean, timeoutMs = 30_000): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    while (!condition()) {
      const left = deadline - performance.now();
      if (left <= 0) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 50));
        this.#changed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return true;
  }

  #own(callId: string, from: string, to: string, cseq: string): string[] {
    const via = `Via: SIP/2.0/UDP ${this.#address}:${this.#port};branch=z9hG4bK${token()};rport`;
    return [via, "Max-Forwards: 70", `From: ${from}`, `To: ${to}`, `Call-ID: ${callId}`, `CSeq: ${cseq}`];
  }

  #request(method: string, { target, to, routes }: Omit<Dialog, "remote">, leg: Leg, cseq: string): string {
    const from = this.#fromOf.get(leg.callId) ?? "";
    const own = this.#own(leg.callId, from, to, cseq);
    return `${[`${method} ${target} SIP/2.0`, ...own, ...routes, "Content-Length: 0"].join("\r\n")}\r\n\r\n`;
  }

  readonly #fromOf = new Map<string, string>();

  #receive(text: string, remote: RemoteInfo): void {
    if (text.startsWith("SIP/2.0 ")) this.#onResponse(text, remote);
    else this.#onRequest(text, remote);
    this.#changed();
  }

  #onResponse(text: string, remote: RemoteInfo): void {
    const leg = this.legs.get(header(text, "Call-ID"));
    const status = Number(text.slice(8, 11));
    if (leg === undefined || status < 180 || header(text, "CSeq").endsWith("REFER")) return;
    if (!header(text, "CSeq").endsWith("INVITE")) {
      leg.endedAt ??= performance.now();
      leg.endedBy ??= "hung up";
      return;
    }
    // What comes through several processes may come out of order: a 180 after the 200 says nothing new.
    if (status < 200 && leg.status >= 200) return;
    leg.status = status;
    this.#fromOf.set(leg.callId, header(text, "From"));
    if (status < 200) return;
    const to = header(text, "To");
    const target = /<([^>]+)>/.exec(header(text, "Contact"))?.[1] ?? `sip:${leg.to}@${remote.address}:${remote.port}`;
    const routes = status < 300 ? routeSet(text) : [];
    const ackVia = status < 300 ? undefined : headers(text, "Via")[0];
    const ack = this.#request("ACK", { target, to, routes }, leg, "1 ACK");
    this.#send(ackVia === undefined ? ack : ack.replace(/^Via:.*$/m, ackVia), remote);
    if (status < 300) {
      leg.answeredAt ??= performance.now();
      this.#dialogs.set(leg.callId, { to, remote, target, routes });
      this.#speakTo(text);
    } else {
      leg.endedAt ??= performance.now();
      leg.endedBy ??= String(status);
      leg.reason ??= header(text, "Reason");
    }
  }

  #onRequest(text: string, remote: RemoteInfo): void {
    const method = text.slice(0, text.indexOf(" "));
    const callId = header(text, "Call-ID");
    if (method === "ACK") return;
    if (method === "INVITE") {
      this.#answerInvite(text, remote, callId);
      return;
    }
    const leg = this.legs.get(callId);
    if (method === "INFO") this.tags.push(header(text, "X-Ringfence-Threat"));
    if (method === "BYE") this.#voice?.hangUp();
    if ((method === "BYE" || method === "CANCEL") && leg !== undefined) {
      leg.endedAt ??= performance.now();
      leg.endedBy ??= method;
      leg.reason ??= header(text, "Reason");
    }
    this.#respond(
      text,
      remote,
      leg === undefined && method !== "OPTIONS" ? "481 Call/Transaction Does Not Exist" : "200 OK",
      "",
    );
  }

  #answerInvite(text: string, remote: RemoteInfo, callId: string): void {
    const known = this.legs.has(callId);
    const user = (name: string): string => /sips?:([^@>;]+)/.exec(header(text, name))?.[1] ?? "";
    if (!known) {
      this.legs.set(callId, {
        callId,
        from: user("From"),
        to: user("To"),
        status: 200,
        answeredAt: performance.now(),
        endedAt: undefined,
        endedBy: undefined,
        reason: undefined,
      });
    }
    this.#fromOf.set(callId, this.#tagged(text));
    this.#dialogs.set(callId, {
      to: header(text, "From"),
      remote,
      target: /<([^>]+)>/.exec(header(text, "Contact"))?.[1] ?? `sip:${remote.address}:${remote.port}`,
      routes: headers(text, "Record-Route").map((line) => line.replace(/^Record-Route/i, "Route")),
    });
    this.#respond(text, remote, "180 Ringing", "");
    this.#respond(text, remote, "200 OK", this.#sdp);
    this.#speakTo(text);
  }

  /** The To of a request, with our tag. */
  #tagged(request: string): string {
    const to = header(request, "To");
    return /;\s*tag=/i.test(to) ? to : `${to};tag=demo${header(request, "Call-ID").slice(0, 8)}`;
  }

  #respond(request: string, remote: RemoteInfo, status: string, body: string): void {
    const tagged = this.#tagged(request);
    const lines = [
      `SIP/2.0 ${status}`,
      ...headers(request, "Via"),
      ...headers(request, "Record-Route"),
      `From: ${header(request, "From")}`,
      `To: ${tagged}`,
      `Call-ID: ${header(request, "Call-ID")}`,
      `CSeq: ${header(request, "CSeq")}`,
      `Contact: <sip:demo@${this.#address}:${this.#port}>`,
      ...(body === "" ? [] : ["Content-Type: application/sdp"]),
      `Content-Length: ${body.length}`,
    ];
    this.#send(`${lines.join("\r\n")}\r\n\r\n${body}`, remote);
  }

  #send(text: string, to: { address: string; port: number }): void {
    this.#socket.send(Buffer.from(text, "latin1"), to.port, to.address);
  }
}
