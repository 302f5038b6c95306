import { createServer, type AddressInfo, type Socket } from "node:net";

/** Takes what an AudioSocket brings: linear PCM, 16 bit, 8 kHz, by the UUID that the connection says first. */
export class AudioSocketDouble {
  /** Samples by UUID in lower case with hyphens. */
  readonly heard = new Map<string, number[]>();
  /** UUIDs whose connection has ended. */
  readonly ended = new Set<string>();
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#serve(socket));

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    let rest = Buffer.alloc(0);
    let uuid = "";
    socket.on("data", (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      while (rest.length >= 3 && rest.length >= 3 + rest.readUInt16BE(1)) {
        const [kind, payload] = [rest[0], rest.subarray(3, 3 + rest.readUInt16BE(1))];
        rest = rest.subarray(3 + payload.length);
        if (kind === 1) {
          uuid = payload.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
          this.heard.set(uuid, []);
        } else if (kind === 0x10) {
          const samples = this.heard.get(uuid);
          for (let at = 0; at + 1 < payload.length; at += 2) samples?.push(payload.readInt16LE(at));
        }
      }
    });
    // A silent AudioSocket can freeze Asterisk's bridge: silence from the first moment.
    const silence = Buffer.concat([Buffer.from([0x10, 0x01, 0x40]), Buffer.alloc(320)]);
    const pace = setInterval(() => socket.write(silence), 20);
    socket.on("close", () => {
      clearInterval(pace);
      this.#sockets.delete(socket);
      this.ended.add(uuid);
    });
  }
}

/** The tone that `samples` are made of, Hz, by its upward zero crossings; 0: silence. */
export function toneHz(samples: readonly number[], sampleRateHz = 8_000): number {
  if (!samples.some((sample) => Math.abs(sample) > 500)) return 0;
  let crossings = 0;
  for (let i = 1; i < samples.length; i++) if ((samples[i - 1] ?? 0) < 0 && (samples[i] ?? 0) >= 0) crossings++;
  return (crossings * sampleRateHz) / samples.length;
}
