import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { encodeBencode, type Bencodable, type BencodeDictionary } from "../../gateway/adapters/rtpengine/bencode.js";
import { parseNgMessage, textIn } from "../../gateway/adapters/rtpengine/ng-reply.js";

/** What is said to one datagram: a dictionary, raw bytes, or nothing. */
export type NgScript = (command: string, args: BencodeDictionary, cookie: string) => Bencodable | Buffer | undefined;

/** What a peaceful rtpengine says: descriptions come back with port 7000. */
export const peaceful: NgScript = (command, args) => {
  if (command === "ping") return { result: "pong" };
  if (command === "offer" || command === "answer")
    return { result: "ok", sdp: textIn(args, "sdp").replace(/m=audio \d+/, "m=audio 7000") };
  return { result: "ok" };
};

/** Speaks ng over UDP on loopback, but says what a test wants it to. */
export class FakeRtpengine {
  readonly host = "127.0.0.1";
  readonly weight: number;
  script: NgScript = peaceful;
  /** Commands in the order in which they came, repeats too. */
  readonly commands: string[] = [];
  readonly cookies: string[] = [];
  readonly arguments: BencodeDictionary[] = [];
  /** Told of every command: the client's port, and its cookie. */
  onAsked: ((port: number, cookie: string) => void) | undefined;
  readonly #socket: Socket;

  private constructor(socket: Socket, weight: number) {
    this.#socket = socket;
    this.weight = weight;
    socket.on("message", (datagram, from) => this.#take(datagram, from));
  }

  static async start(weight = 1): Promise<FakeRtpengine> {
    const socket = createSocket("udp4");
    socket.unref();
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    return new FakeRtpengine(socket, weight);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** How often that command came. */
  count(command: string): number {
    return this.commands.filter((each) => each === command).length;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }

  #take(datagram: Buffer, from: RemoteInfo): void {
    const message = parseNgMessage(datagram);
    if (!message.ok) throw new Error(`the client sent rubbish: ${message.error}`);
    const { cookie, content } = message.value;
    const command = textIn(content, "command");
    this.commands.push(command);
    this.cookies.push(cookie);
    this.arguments.push(content);
    this.onAsked?.(from.port, cookie);
    const said = this.script(command, content, cookie);
    if (said === undefined) return;
    const reply = Buffer.isBuffer(said) ? said : Buffer.concat([Buffer.from(`${cookie} `), encodeBencode(said)]);
    this.#socket.send(reply, from.port, from.address);
  }
}
