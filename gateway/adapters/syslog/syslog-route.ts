import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { siemMessage, type AlertNotice, type SiemFormat } from "../../../detection/index.js";
import type { AlertDelivery, AlertRoute, RouteReply } from "../../ports/alert-route.js";
import { syslogFrame } from "./syslog-frame.js";

/** After a message the server has so long to hang up, if it does not want us, ms. */
const LINGER_MS = 500;

export interface SyslogOptions {
  readonly host: string;
  readonly port: number;
  /** `tcp`: the same framing in the clear. */
  readonly transport: "tls" | "tcp";
  /** PEM. `ca` undefined: the system's authorities. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly format: SiemFormat;
  /** 0 to 23. */
  readonly facility: number;
  /** Name of this machine in the messages. */
  readonly hostname: string;
  readonly version: string;
  readonly timeoutMs: number;
}

/**
 * RFC 5424 messages over TLS (RFC 5425) with octet counting. Syslog knows no acknowledgement, so every message has a connection
 * of its own, which we end after it: only when the server has ended its side as well, without an error, it has read all there was.
 * A server that refuses our certificate may say so by hanging up, after it has let us send: who hangs up first has not read it.
 */
export class SyslogRoute implements AlertRoute {
  readonly #options: SyslogOptions;
  readonly #open = new Set<Socket>();
  #closed = false;

  constructor(options: SyslogOptions) {
    this.#options = options;
  }

  send(notice: AlertNotice, { id }: AlertDelivery): Promise<RouteReply> {
    if (this.#closed) return Promise.resolve({ kind: "failed", why: "closed" });
    const { format, facility, hostname, version, timeoutMs } = this.#options;
    const message = siemMessage(format, notice, id, version);
    const frame = syslogFrame({
      facility,
      severity: notice.severity,
      at: notice.at,
      hostname,
      msgId: notice.event,
      message,
    });
    return new Promise((resolve) => {
      let isDone = false;
      const socket = this.#connect(() => socket.write(frame, () => (linger = setTimeout(end, LINGER_MS))));
      const end = (): void => {
        isDone = !socket.readableEnded;
        socket.end();
      };
      let linger: NodeJS.Timeout | undefined;
      this.#open.add(socket);
      const timer = setTimeout(() => socket.destroy(new Error("timeout")), timeoutMs);
      let why: string | undefined;
      socket.resume();
      socket.on("error", (error) => (why ??= nameOf(error)));
      socket.on("close", () => {
        clearTimeout(timer);
        clearTimeout(linger);
        this.#open.delete(socket);
        const isRead = isDone && why === undefined && socket.writableFinished && socket.readableEnded;
        resolve(isRead ? { kind: "sent" } : { kind: "failed", why: why ?? "connection lost" });
      });
    });
  }

  close(): Promise<void> {
    this.#closed = true;
    for (const socket of this.#open) socket.destroy(new Error("closed"));
    return Promise.resolve();
  }

  #connect(onOpen: () => void): Socket {
    const { host, port, transport, tls } = this.#options;
    if (transport === "tcp") return connectTcp({ host, port, allowHalfOpen: false }, onOpen);
    // Names are in no certificate as addresses, and an address is no server name (RFC 6066 §3).
    const options: ConnectionOptions = { host, port, minVersion: "TLSv1.2", ...tls };
    if (!/^[\d.]+$|:/.test(host)) options.servername = host;
    return connectTls(options, onOpen);
  }
}

/** A code, or a name: messages of TLS may hold names of certificates. */
const nameOf = (error: Error & { code?: string }): string => error.code ?? error.message.slice(0, 100);
