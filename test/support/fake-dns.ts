import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

export type DnsRecord =
  | { readonly type: "A"; readonly address: string; readonly ttl?: number }
  | { readonly type: "AAAA"; readonly address: string; readonly ttl?: number }
  | {
      readonly type: "SRV";
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: string;
    }
  | {
      readonly type: "NAPTR";
      readonly order: number;
      readonly preference: number;
      readonly service: string;
      readonly replacement: string;
      readonly flags?: string;
    };

const CODES = { A: 1, AAAA: 28, SRV: 33, NAPTR: 35 } as const;

/** A DNS server on loopback UDP that knows what a test tells it. RFC 1035 §4, as much as is needed. */
export class FakeDns {
  /** By name in lower case. */
  readonly records = new Map<string, readonly DnsRecord[]>();
  /** `A sip.example.com`, in order of arrival. */
  readonly asked: string[] = [];
  /** True: takes questions and says nothing. */
  silent = false;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("message", (query, from) => {
      const answer = this.#answer(query);
      if (!this.silent) socket.send(answer, from.port, from.address);
    });
  }

  static async listen(): Promise<FakeDns> {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    return new FakeDns(socket);
  }

  get server(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  close(): void {
    this.#socket.close();
  }

  #answer(query: Buffer): Buffer {
    const labels: string[] = [];
    let at = 12;
    for (let size = query[at]!; size > 0; size = query[at]!) {
      labels.push(query.toString("latin1", at + 1, at + 1 + size));
      at += size + 1;
    }
    const name = labels.join(".").toLowerCase();
    const code = query.readUInt16BE(at + 1);
    const type = Object.entries(CODES).find(([, each]) => each === code)?.[0] ?? String(code);
    this.asked.push(`${type} ${name}`);
    const all = this.records.get(name);
    const found = (all ?? []).filter((each) => each.type === type);
    const header = Buffer.from(query.subarray(0, 12));
    header.writeUInt16BE(all === undefined ? 0x8183 : 0x8180, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(found.length, 6);
    header.writeUInt32BE(0, 8);
    return Buffer.concat([header, query.subarray(12, at + 5), ...found.map((each) => resourceRecord(name, each))]);
  }
}

function resourceRecord(name: string, record: DnsRecord): Buffer {
  const data = recordData(record);
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(CODES[record.type], 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(("ttl" in record ? record.ttl : undefined) ?? 60, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([domain(name), fixed, data]);
}

function recordData(record: DnsRecord): Buffer {
  switch (record.type) {
    case "A":
      return Buffer.from(record.address.split(".").map(Number));
    case "AAAA":
      return v6(record.address);
    case "SRV":
      return Buffer.concat([words(record.priority, record.weight, record.port), domain(record.target)]);
    case "NAPTR":
      return Buffer.concat([
        words(record.order, record.preference),
        text(record.flags ?? "s"),
        text(record.service),
        text(""),
        domain(record.replacement),
      ]);
  }
}

const words = (...values: number[]): Buffer =>
  Buffer.concat(values.map((each) => Buffer.from([each >> 8, each & 0xff])));
const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length]), Buffer.from(value, "latin1")]);
const domain = (name: string): Buffer =>
  Buffer.concat([
    ...name
      .split(".")
      .filter((label) => label !== "")
      .map(text),
    Buffer.from([0]),
  ]);

function v6(address: string): Buffer {
  const [head = "", tail = ""] = address.split("::");
  const groups = (part: string) => part.split(":").filter((each) => each !== "");
  const zeros = Array.from({ length: 8 - groups(head).length - groups(tail).length }, () => "0");
  return words(...[...groups(head), ...zeros, ...groups(tail)].map((each) => Number.parseInt(each, 16)));
}
