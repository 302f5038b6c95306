import type { SeededRandom } from "./seeded-random.js";

/** What parsers stumble over. */
const DICTIONARY: readonly string[] = [
  "\r\n", "\n", "\r", "\r\n ", "\r\n\t", "\r\n\r\n", " ", "\t", "\0", "\x7f", "\xff", "\xc3\xa9", ":", ";", ",", "=", '"', "\\", '\\"', "<", ">", "@", "?", "&",
  "%", "%00", "%0d%0a", "%zz", "[", "]", "[::1]", "::", "/", "*", "-", "-1", "0", "2147483648", "99999999999999999999", "SIP/2.0", "SIP/2.0 200 OK",
  "SIP/2.0/UDP", "sip:", "sips:", "tel:+", "urn:service:sos", "INVITE", "ACK", "CANCEL", "Via: ", "v:", "l: 5\r\n", "Content-Length: 99999\r\n",
  "Content-Length: -1\r\n", "CSeq: 1 INVITE\r\n", "From: <sip:a@b>\r\n", "To: ", "Contact: *\r\n", ";tag=", ";branch=z9hG4bK", ";received=", ";rport", ";lr",
  "constructor: 1\r\n", "__proto__: 1\r\n", "--boundary", "v=0\r\n", "m=audio 0 RTP/AVP 0\r\n",
]; // prettier-ignore

/** A copy with one to eight things done to it: bytes flipped, cut, doubled, inserted, lines swapped, pieces of another message mixed in. */
export function mutateSip(message: Buffer, random: SeededRandom, others: readonly Buffer[]): Buffer {
  let bytes: Buffer = Buffer.from(message);
  const times = 1 + random.below(8);
  for (let i = 0; i < times; i++) bytes = mutateOnce(bytes, random, others);
  return bytes;
}

function mutateOnce(bytes: Buffer, random: SeededRandom, others: readonly Buffer[]): Buffer {
  const at = random.below(bytes.length + 1);
  const to = Math.min(bytes.length, at + random.below(40));
  switch (random.below(9)) {
    case 0: {
      const copy = Buffer.from(bytes);
      if (at < copy.length) copy[at] = random.below(256);
      return copy;
    }
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)]);
    case 3:
    case 4:
      return splice(bytes, at, pick(DICTIONARY, random));
    case 5:
      return splice(bytes, at, pick(DICTIONARY, random).repeat(1 + random.below(300)));
    case 6: {
      const lines = bytes.toString("latin1").split("\r\n");
      const [line = ""] = lines.splice(random.below(lines.length), 1);
      lines.splice(random.below(lines.length + 1), 0, line);
      return Buffer.from(lines.join("\r\n"), "latin1");
    }
    case 7:
      return bytes.subarray(0, at);
    default: {
      const other = pick(others, random);
      const from = random.below(other.length);
      return Buffer.concat([bytes.subarray(0, at), other.subarray(from, from + random.below(200)), bytes.subarray(to)]);
    }
  }
}

const splice = (bytes: Buffer, at: number, text: string): Buffer =>
  Buffer.concat([bytes.subarray(0, at), Buffer.from(text, "latin1"), bytes.subarray(at)]);

function pick<T>(from: readonly T[], random: SeededRandom): T {
  const item = from[random.below(from.length)];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}
