import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

export interface ScriptedMail {
  readonly to: readonly string[];
  readonly content: string;
}

export interface ScriptedSmtpSettings {
  /** Before each answer, ms. */
  readonly delayMs?: number;
  /** Answers to RCPT by recipient; default: 250. */
  readonly recipients?: (address: string) => string | undefined;
}

/** As much of an SMTP server as says what a test wants, to whom, and when; real ones are in smtp-server.ts. */
export class ScriptedSmtp {
  readonly mails: ScriptedMail[] = [];
  readonly #settings: ScriptedSmtpSettings;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#talk(socket));

  private constructor(settings: ScriptedSmtpSettings) {
    this.#settings = settings;
  }

  static async start(settings: ScriptedSmtpSettings): Promise<ScriptedSmtp> {
    const smtp = new ScriptedSmtp(settings);
    smtp.#server.listen(0, "127.0.0.1");
    await once(smtp.#server, "listening");
    return smtp;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Clients that have not hung up. */
  get connections(): number {
    return this.#sockets.size;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
  }

  #talk(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket)).on("error", () => undefined);
    const say = async (text: string): Promise<void> => {
      await delay(this.#settings.delayMs ?? 0);
      if (socket.writable) socket.write(`${text}\r\n`);
    };
    let to: string[] = [];
    let content: string[] | undefined;
    let rest = "";
    void say("220 test ESMTP");
    socket.on("data", (bytes: Buffer) => {
      const lines = (rest + bytes.toString("latin1")).split("\r\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (content === undefined) {
          const [, recipient] = /^RCPT TO:<(.*?)>/.exec(line) ?? [];
          const refusal = recipient === undefined ? undefined : this.#settings.recipients?.(recipient);
          if (recipient !== undefined && refusal === undefined) to.push(recipient);
          if (line === "DATA") content = [];
          void say(refusal ?? (line === "DATA" ? "354 go on" : "250 ok"));
        } else if (line === ".") {
          this.mails.push({ to, content: content.join("\n") });
          [to, content] = [[], undefined];
          void say("250 taken");
        } else content.push(line);
      }
    });
  }
}
