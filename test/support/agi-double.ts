import { createServer, type AddressInfo, type Socket } from "node:net";

/** How it treats a request. A record: variables it sets, in order, before it closes. */
export type AgiManner = Readonly<Record<string, string>> | "silent" | "closes" | "garbage";

export interface AgiRequestSeen {
  /** `check` */
  readonly script: string;
  readonly query: URLSearchParams;
  /** `agi_uniqueid` and so on, without `agi_`. */
  readonly fields: ReadonlyMap<string, string>;
}

/** A FastAGI server that does as it is told; knows nothing of the gateway's. */
export class AgiDouble {
  readonly seen: AgiRequestSeen[] = [];
  /** By script; anything else is answered with nothing and closed. */
  readonly manners = new Map<string, AgiManner>();
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#serve(socket));

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Requests of one script. */
  of(script: string): readonly AgiRequestSeen[] {
    return this.seen.filter((request) => request.script === script);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => undefined);
    let text = "";
    let asked = false;
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      if (asked || !text.includes("\n\n")) return;
      asked = true;
      this.#answer(socket, text);
    });
  }

  #answer(socket: Socket, text: string): void {
    const fields = new Map([...text.matchAll(/^agi_(\w+): (.*)$/gm)].map(([, name = "", value = ""]) => [name, value]));
    const [script = "", query = ""] = (fields.get("network_script") ?? "").split("?");
    this.seen.push({ script, query: new URLSearchParams(query), fields });
    const manner = this.manners.get(script) ?? {};
    if (manner === "silent") return;
    if (manner === "closes") socket.end();
    else if (manner === "garbage") socket.end("\0\xff SET VARIABLE\n\n200 result=1\nEXEC\n".repeat(20));
    else {
      const commands = Object.entries(manner).map(([name, value]) => `SET VARIABLE ${name} "${value}"\n`);
      // All at once: Asterisk reads them line by line. Half-closing tells it that nothing follows.
      socket.end(commands.join(""));
    }
  }
}
