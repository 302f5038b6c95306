import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Captures of real calls; not part of the repository, kept beside it where somebody has them. */
const FOLDER = fileURLToPath(new URL("../../../shared/cases/pcap/", import.meta.url));

export function missingCapture(name: string): string | undefined {
  return existsSync(join(FOLDER, name)) ? undefined : `the optional capture ${name} is not on this machine`;
}

export interface Datagram {
  readonly atMs: number;
  readonly from: string;
  readonly to: string;
  readonly toPort: number;
  readonly payload: Uint8Array;
}

/** UDP over IPv4 in a classic pcap file (Ethernet or Linux cooked); fragments and all else are left out. */
export function readCapture(name: string): Datagram[] {
  const file = readFileSync(join(FOLDER, name));
  const little = file.readUInt32LE(0) === 0xa1b2c3d4;
  if (!little && file.readUInt32BE(0) !== 0xa1b2c3d4) throw new Error(`${name} is no pcap file`);
  const u32 = (at: number): number => (little ? file.readUInt32LE(at) : file.readUInt32BE(at));
  const linkBytes = u32(20) === 113 ? 16 : 14;
  const datagrams: Datagram[] = [];
  for (let at = 24; at + 16 <= file.length;) {
    const size = u32(at + 8);
    const frame = file.subarray(at + 16, at + 16 + size);
    const atMs = u32(at) * 1000 + u32(at + 4) / 1000;
    at += 16 + size;
    let start = linkBytes;
    if (frame.readUInt16BE(linkBytes - 2) === 0x8100) start += 4;
    const ip = frame.subarray(start);
    if (frame.readUInt16BE(start - 2) !== 0x0800 || ip.length < 28 || ip.readUInt8(9) !== 17) continue;
    if ((ip.readUInt16BE(6) & 0x3fff) !== 0) continue;
    const udp = ip.subarray((ip.readUInt8(0) & 15) * 4, ip.readUInt16BE(2));
    const address = (from: number): string => ip.subarray(from, from + 4).join(".");
    datagrams.push({
      atMs,
      from: `${address(12)}:${udp.readUInt16BE(0)}`,
      to: `${address(16)}:${udp.readUInt16BE(2)}`,
      toPort: udp.readUInt16BE(2),
      payload: new Uint8Array(udp.subarray(8)),
    });
  }
  return datagrams;
}
