import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { GatewayError } from "../../core/errors.js";
import type { Vault } from "../../ports/vault.js";
import type { KeySet } from "./key-file.js";

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * A sealed piece: version (1 byte), length of the key's id (1), the id, nonce (12), ciphertext, tag (16). Version, id and context
 * are authenticated. Nonces are random: with 2^32 pieces a key their chance to repeat is below 2^-32 (NIST SP 800-38D §8.3), so
 * rotate well before.
 */
export class AesVault implements Vault {
  readonly #keys: KeySet;

  constructor(keys: KeySet) {
    this.#keys = keys;
  }

  seal(plain: Uint8Array, context: string): Uint8Array {
    const id = this.#keys.current;
    const head = headOf(id);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#key(id), nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(aad(head, context));
    const sealed = cipher.update(plain);
    return Buffer.concat([head, nonce, sealed, cipher.final(), cipher.getAuthTag()]);
  }

  open(sealed: Uint8Array, context: string): Uint8Array {
    const idBytes = sealed[1] ?? 0;
    const start = 2 + idBytes + NONCE_BYTES;
    if (sealed[0] !== VERSION || idBytes === 0 || sealed.byteLength < start + TAG_BYTES) {
      throw new GatewayError("crypto.key", "this is nothing that was sealed");
    }
    const id = Buffer.from(sealed.subarray(2, 2 + idBytes)).toString("latin1");
    const head = sealed.subarray(0, 2 + idBytes);
    const cipher = createDecipheriv("aes-256-gcm", this.#key(id), sealed.subarray(2 + idBytes, start), {
      authTagLength: TAG_BYTES,
    });
    cipher.setAAD(aad(head, context));
    cipher.setAuthTag(sealed.subarray(sealed.byteLength - TAG_BYTES));
    const plain = cipher.update(sealed.subarray(start, sealed.byteLength - TAG_BYTES));
    try {
      return Buffer.concat([plain, cipher.final()]);
    } catch (cause) {
      throw new GatewayError("crypto.key", "a sealed piece was changed, or belongs somewhere else", { cause });
    }
  }

  withKey(key: Uint8Array): Vault {
    return new AesVault({ current: "s", keys: new Map([["s", key]]) });
  }

  #key(id: string): Uint8Array {
    const key = this.#keys.keys.get(id);
    if (key === undefined) throw new GatewayError("crypto.key", `there is no key ${JSON.stringify(id)} any more`);
    return key;
  }
}

function headOf(id: string): Uint8Array {
  return Buffer.concat([Buffer.from([VERSION, id.length]), Buffer.from(id, "latin1")]);
}

const aad = (head: Uint8Array, context: string): Uint8Array => Buffer.concat([head, Buffer.from(context)]);
