import { isIPv4, isIPv6 } from "node:net";

export interface HepEndpoint {
  /** IP literal without brackets. */
  readonly address: string;
  readonly port: number;
}

export interface HepMessage {
  readonly payload: Uint8Array;
  readonly transport: "udp" | "tcp" | "tls";
  readonly from: HepEndpoint;
  readonly to: HepEndpoint;
  /** Unix ms, fractions allowed. */
  readonly at: number;
}

export interface HepAgent {
  /** Capture agent id, 32 bits. */
  readonly captureId: number;
  readonly password?: string;
}

/** The length field has 16 bits. */
const MAX_PACKET_BYTES = 0xffff;
const CHUNK_HEADER_BYTES = 6;
const SIP = 1;
const CHUNK = {
  ipFamily: 1,
  ipProtocol: 2,
  sourceV4: 3,
  destinationV4: 4,
  sourceV6: 5,
  destinationV6: 6,
  sourcePort: 7,
  destinationPort: 8,
  seconds: 9,
  microseconds: 10,
  protocolType: 11,
  captureId: 12,
  password: 14,
  payload: 15,
} as const;

/**
 * One SIP message as a HEP3 packet (HEP/EEP network protocol, revision 3): `HEP3`, the packet's length, then chunks of vendor 0,
 * type, length with its own header, value; all numbers big-endian.
 * @returns Undefined where an address is no literal, the two are of different families, or the message is too long for a packet.
 */
export function encodeHep3(message: HepMessage, agent: HepAgent): Buffer | undefined {
  const { payload, transport, from, to, at } = message;
  const v6 = from.address.includes(":");
  const source = addressBytes(from.address);
  const destination = addressBytes(to.address);
  if (source === undefined || destination === undefined || source.length !== destination.length) return undefined;
  const password = agent.password === undefined ? undefined : Buffer.from(agent.password, "utf8");
  const passwordBytes = password === undefined ? 0 : CHUNK_HEADER_BYTES + password.length;
  // Eleven fixed chunks: 3 of one byte, 2 of two, 3 of four, 2 addresses, and the payload.
  const total = 6 + 11 * CHUNK_HEADER_BYTES + 3 + 4 + 12 + 2 * source.length + passwordBytes + payload.byteLength;
  if (total > MAX_PACKET_BYTES) return undefined;

  const packet = Buffer.allocUnsafe(total);
  packet.write("HEP3", "latin1");
  packet.writeUInt16BE(total, 4);
  let end = 6;
  const chunk = (type: number, length: number): number => {
    packet.writeUInt16BE(0, end);
    packet.writeUInt16BE(type, end + 2);
    packet.writeUInt16BE(CHUNK_HEADER_BYTES + length, end + 4);
    end += CHUNK_HEADER_BYTES + length;
    return end - length;
  };
  packet.writeUInt8(v6 ? 10 : 2, chunk(CHUNK.ipFamily, 1));
  packet.writeUInt8(transport === "udp" ? 17 : 6, chunk(CHUNK.ipProtocol, 1));
  packet.set(source, chunk(v6 ? CHUNK.sourceV6 : CHUNK.sourceV4, source.length));
  packet.set(destination, chunk(v6 ? CHUNK.destinationV6 : CHUNK.destinationV4, source.length));
  packet.writeUInt16BE(from.port & 0xffff, chunk(CHUNK.sourcePort, 2));
  packet.writeUInt16BE(to.port & 0xffff, chunk(CHUNK.destinationPort, 2));
  const seconds = Math.floor(at / 1000);
  packet.writeUInt32BE(seconds >>> 0, chunk(CHUNK.seconds, 4));
  packet.writeUInt32BE(Math.floor((at - seconds * 1000) * 1000), chunk(CHUNK.microseconds, 4));
  packet.writeUInt8(SIP, chunk(CHUNK.protocolType, 1));
  packet.writeUInt32BE(agent.captureId >>> 0, chunk(CHUNK.captureId, 4));
  if (password !== undefined) packet.set(password, chunk(CHUNK.password, password.length));
  packet.set(payload, chunk(CHUNK.payload, payload.byteLength));
  return packet;
}

function addressBytes(address: string): Uint8Array | undefined {
  if (isIPv4(address)) return Uint8Array.from(address.split(".").map(Number));
  return isIPv6(address) ? v6Bytes(address) : undefined;
}

/** `isIPv6` has vouched for the form; a zone (`%eth0`) is left away, a dotted tail is two groups. */
function v6Bytes(address: string): Uint8Array {
  const plain = (address.split("%")[0] ?? "").replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, a, b, c, d) => {
    const group = (high: unknown, low: unknown): string => ((Number(high) << 8) | Number(low)).toString(16);
    return `${group(a, b)}:${group(c, d)}`;
  });
  const [head = "", tail] = plain.split("::");
  const groups = (part: string): string[] => part.split(":").filter((each) => each !== "");
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const bytes = new Uint8Array(16);
  const put = (list: readonly string[], first: number): void =>
    list.forEach((each, i) => {
      const value = Number.parseInt(each, 16);
      bytes[2 * (first + i)] = value >> 8;
      bytes[2 * (first + i) + 1] = value & 0xff;
    });
  put(left, 0);
  put(right, 8 - right.length);
  return bytes;
}
