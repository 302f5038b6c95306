import { fail, ok, type Result } from "../../core/result.js";
import { RtpHeader } from "../rtp/rtp-header.js";
import { deriveSessionKeys, keystream, type SessionKeys } from "./derive-keys.js";
import { PacketIndex } from "./packet-index.js";
import type { SrtpCrypto } from "./srtp-crypto.js";
import { srtpSuiteOf, type SrtpSuite } from "./srtp-suite.js";

/** What a sender said of its key. RFC 4568 §6.1 */
export interface SrtpKey {
  readonly suite: string;
  /** Base64 of master key and master salt. */
  readonly keySalt: string;
  /** Bytes of the master key identifier in every packet; 0: none. */
  readonly mkiBytes?: number;
}

export interface SrtpError {
  readonly code:
    /** No RTP packet, or without room for what protects it. */
    | "srtp.truncated"
    /** It was not protected with this key, or somebody has changed it. */
    | "srtp.auth"
    /** It came before, or is too old to tell. */
    | "srtp.replay";
}

/** Sources that one key may have at a time; one more, and the one heard longest ago is forgotten with its replay window. */
const MAX_SOURCES = 16;
/**
 * Wraps that we may have missed, as when we join late: with 50 packets a second, 22 hours. A prime number, so that every one has
 * its turn whatever other sources fail in between.
 */
const MOST_WRAPS = 61;
/** Of these, tried for each packet that does not open: what that costs is bounded. */
const TRIES = 4;
const INDEX_BYTES = 6;

/** Undefined: a suite that we do not know, or a key of another length. */
export function srtpCipher(crypto: SrtpCrypto, key: SrtpKey): SrtpCipher | undefined {
  const suite = srtpSuiteOf(key.suite);
  const bytes = Buffer.from(key.keySalt, "base64");
  if (suite === undefined || bytes.byteLength !== suite.keyBytes + suite.saltBytes) return undefined;
  const salt = bytes.subarray(suite.keyBytes);
  return new SrtpCipher(crypto, suite, deriveSessionKeys(crypto, suite, bytes.subarray(0, suite.keyBytes), salt), key);
}

/** Protects and opens packets of a given index; knows nothing of order. RFC 3711 §3.3, §4; RFC 7714 §8 */
export class SrtpCipher {
  readonly #crypto: SrtpCrypto;
  readonly #suite: SrtpSuite;
  readonly #keys: SessionKeys;
  readonly #mkiBytes: number;
  readonly #encrypt: (blocks: Uint8Array) => Uint8Array;
  readonly #mac: (...parts: readonly Uint8Array[]) => Uint8Array;
  readonly #roc = new Uint8Array(4);
  readonly #header = new RtpHeader();

  constructor(
    crypto: SrtpCrypto,
    suite: SrtpSuite,
    keys: SessionKeys,
    { mkiBytes = 0 }: { readonly mkiBytes?: number },
  ) {
    this.#crypto = crypto;
    this.#suite = suite;
    this.#keys = keys;
    this.#mkiBytes = mkiBytes;
    this.#encrypt = crypto.blockCipher(keys.cipherKey);
    this.#mac = crypto.hmacSha1(keys.authKey);
  }

  /** Added to a packet by `seal`, MKI left aside. */
  get tagBytes(): number {
    return this.#suite.tagBytes;
  }

  /** Packets that carry a master key identifier are opened, not made. */
  get canSeal(): boolean {
    return this.#mkiBytes === 0;
  }

  /** @param index As the sender counts it. @returns The plain packet, newly allocated. */
  open(packet: Uint8Array, index: number): Result<Uint8Array, SrtpError> {
    const payloadStart = this.#payloadStart(packet);
    const end = packet.byteLength - this.#mkiBytes;
    const { kind, tagBytes } = this.#suite;
    if (payloadStart === undefined || end - tagBytes < payloadStart) return fail({ code: "srtp.truncated" });
    if (kind === "gcm") {
      const head = packet.subarray(0, payloadStart);
      const iv = this.#gcmIv(packet, index);
      const plain = this.#crypto.gcmOpen(this.#keys.cipherKey, iv, head, packet.subarray(payloadStart, end));
      return plain === undefined ? fail({ code: "srtp.auth" }) : ok(joined(head, plain));
    }
    // The tag is behind the MKI. RFC 3711 §3.1
    const tagAt = packet.byteLength - tagBytes;
    const covered = packet.subarray(0, tagAt - this.#mkiBytes);
    if (!sameBytes(this.#tag(covered, index), packet.subarray(tagAt))) return fail({ code: "srtp.auth" });
    const plain = Uint8Array.from(covered);
    this.#crypt(plain, payloadStart, index);
    return ok(plain);
  }

  /** Protects a packet. Never twice with one index and SSRC. @returns Newly allocated. Only where `canSeal`. */
  seal(packet: Uint8Array, index: number): Result<Uint8Array, SrtpError> {
    const payloadStart = this.#payloadStart(packet);
    if (payloadStart === undefined) return fail({ code: "srtp.truncated" });
    if (this.#suite.kind === "gcm") {
      const head = packet.subarray(0, payloadStart);
      const iv = this.#gcmIv(packet, index);
      return ok(joined(head, this.#crypto.gcmSeal(this.#keys.cipherKey, iv, head, packet.subarray(payloadStart))));
    }
    const secret = Uint8Array.from(packet);
    this.#crypt(secret, payloadStart, index);
    return ok(joined(secret, this.#tag(secret, index)));
  }

  #payloadStart(packet: Uint8Array): number | undefined {
    const error = this.#header.read(packet);
    // Padding is encrypted: what its count says is not to be read here.
    if (error !== undefined && error !== "rtp.padding") return undefined;
    return this.#header.payloadStart;
  }

  /** RFC 3711 §4.1.1 */
  #crypt(packet: Uint8Array, from: number, index: number): void {
    const iv = new Uint8Array(16);
    iv.set(this.#keys.salt);
    xorSsrcAndIndex(iv, 4, packet, index);
    const mask = keystream(this.#encrypt, iv, packet.byteLength - from);
    for (let i = 0; i < mask.byteLength; i++) packet[from + i] = (packet[from + i] ?? 0) ^ (mask[i] ?? 0);
  }

  /** RFC 3711 §4.2: over the packet and the roll-over counter. */
  #tag(packet: Uint8Array, index: number): Uint8Array {
    const roc = Math.floor(index / 65_536);
    for (let i = 0; i < 4; i++) this.#roc[i] = roc >>> (24 - 8 * i);
    return this.#mac(packet, this.#roc).subarray(0, this.#suite.tagBytes);
  }

  /** RFC 7714 §8.1 */
  #gcmIv(packet: Uint8Array, index: number): Uint8Array {
    const iv = Uint8Array.from(this.#keys.salt);
    xorSsrcAndIndex(iv, 2, packet, index);
    return iv;
  }
}

function xorSsrcAndIndex(iv: Uint8Array, at: number, packet: Uint8Array, index: number): void {
  for (let i = 0; i < 4; i++) iv[at + i] = (iv[at + i] ?? 0) ^ (packet[8 + i] ?? 0);
  let rest = index;
  for (let i = INDEX_BYTES - 1; i >= 0; i--) {
    iv[at + 4 + i] = (iv[at + 4 + i] ?? 0) ^ (rest % 256);
    rest = Math.floor(rest / 256);
  }
}

interface Source {
  readonly packets: PacketIndex;
  /** Grows with every packet that was opened. */
  usedAt: number;
}

/**
 * Opens what one sender sends with one key: keeps roll-over counters and replay windows of its sources. A source whose sequence number
 * has wrapped unseen is found within 16 packets, by trying: RFC 3711 §3.3.1 has who joins late told its counter, which SDP cannot.
 */
export class SrtpReceiver {
  readonly #cipher: SrtpCipher;
  readonly #sources = new Map<number, Source>();
  #opened = 0;
  #tried = 0;

  constructor(cipher: SrtpCipher) {
    this.#cipher = cipher;
  }

  /** @param packet May be hostile. @returns The plain packet, newly allocated. */
  open(packet: Uint8Array): Result<Uint8Array, SrtpError> {
    if (packet.byteLength < 12) return fail({ code: "srtp.truncated" });
    const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
    const ssrc = view.getUint32(8);
    const source = this.#sources.get(ssrc) ?? { packets: new PacketIndex(), usedAt: 0 };
    const { packets } = source;
    const index = packets.estimate(view.getUint16(2));
    const isOld = index < 0 || packets.isReplay(index);
    const opened = isOld ? fail({ code: "srtp.replay" } as const) : this.#cipher.open(packet, index);
    if (opened.ok) this.#remember(ssrc, source, index);
    else if (opened.error.code !== "srtp.truncated") return this.#ahead(packet, ssrc, source) ?? opened;
    return opened;
  }

  /** After wraps that were missed; never back: what was sent before stays a replay. */
  #ahead(packet: Uint8Array, ssrc: number, source: Source): Result<Uint8Array, SrtpError> | undefined {
    const sequenceNumber = ((packet[2] ?? 0) << 8) | (packet[3] ?? 0);
    for (let i = 0; i < TRIES; i++) {
      this.#tried = (this.#tried % MOST_WRAPS) + 1;
      const index = source.packets.indexAfter(this.#tried, sequenceNumber);
      const opened = this.#cipher.open(packet, index);
      if (!opened.ok) continue;
      this.#remember(ssrc, source, index);
      return opened;
    }
    return undefined;
  }

  /** Only what was authentic: who has not the key shall neither fill the table nor push anybody out of it. */
  #remember(ssrc: number, source: Source, index: number): void {
    source.packets.remember(index);
    source.usedAt = ++this.#opened;
    if (this.#sources.has(ssrc)) return;
    if (this.#sources.size >= MAX_SOURCES) {
      const oldest = [...this.#sources].reduce((a, b) => (b[1].usedAt < a[1].usedAt ? b : a));
      this.#sources.delete(oldest[0]);
    }
    this.#sources.set(ssrc, source);
  }
}

const joined = (head: Uint8Array, tail: Uint8Array): Uint8Array => {
  const all = new Uint8Array(head.byteLength + tail.byteLength);
  all.set(head);
  all.set(tail, head.byteLength);
  return all;
};

/** In a time that does not tell where they differ. */
function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false;
  let different = 0;
  for (let i = 0; i < a.byteLength; i++) different |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return different === 0;
}
