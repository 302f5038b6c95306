import { createCipheriv, createDecipheriv, createHmac, type CipherGCMTypes } from "node:crypto";
import type { SrtpCrypto } from "../../media/srtp/srtp-crypto.js";

const GCM_TAG_BYTES = 16;

const gcmName = (key: Uint8Array): CipherGCMTypes => (key.byteLength === 32 ? "aes-256-gcm" : "aes-128-gcm");

/** SRTP's cryptography from OpenSSL, through node:crypto. */
export const nodeSrtpCrypto: SrtpCrypto = {
  blockCipher(key) {
    // One object for all packets: making one costs more than a packet's worth of AES.
    const cipher = createCipheriv(`aes-${key.byteLength * 8}-ecb`, key, null).setAutoPadding(false);
    return (blocks) => cipher.update(blocks);
  },
  hmacSha1(key) {
    return (...parts) => {
      const hmac = createHmac("sha1", key);
      for (const part of parts) hmac.update(part);
      return hmac.digest();
    };
  },
  gcmSeal(key, iv, aad, plain) {
    const cipher = createCipheriv(gcmName(key), key, iv, { authTagLength: GCM_TAG_BYTES }).setAAD(aad);
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  },
  gcmOpen(key, iv, aad, sealed) {
    if (sealed.byteLength < GCM_TAG_BYTES) return undefined;
    const tagAt = sealed.byteLength - GCM_TAG_BYTES;
    const decipher = createDecipheriv(gcmName(key), key, iv, { authTagLength: GCM_TAG_BYTES }).setAAD(aad);
    decipher.setAuthTag(sealed.subarray(tagAt));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(0, tagAt)), decipher.final()]);
    } catch {
      return undefined;
    }
  },
};
