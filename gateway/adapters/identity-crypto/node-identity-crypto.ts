import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import { GatewayError } from "../../core/errors.js";
import type { IdentityCrypto } from "../../ports/identity-crypto.js";

/** JWS wants r and s side by side (RFC 7518 §3.4), not the SEQUENCE that X.509 has. */
const ENCODING = "ieee-p1363";

/** ES256 by OpenSSL on the thread pool. */
export class NodeIdentityCrypto implements IdentityCrypto {
  readonly #key: KeyObject | undefined;
  /** What an imported key costs is more than half of a verification. */
  readonly #keys = new WeakMap<Uint8Array, KeyObject>();

  /**
   * @param pem Private key to sign with; undefined: it only verifies.
   * @throws GatewayError `crypto.key` where it is no P-256 private key.
   */
  constructor(pem?: string) {
    this.#key = pem === undefined ? undefined : privateKey(pem);
  }

  async verifyEs256(spki: Uint8Array, data: Uint8Array, signature: Uint8Array): Promise<boolean> {
    const key = this.#import(spki);
    if (key === undefined || signature.length !== 64) return false;
    return new Promise((resolve) => {
      verify("sha256", data, { key, dsaEncoding: ENCODING }, signature, (error, good) =>
        resolve(error === null && good),
      );
    });
  }

  async signEs256(data: Uint8Array): Promise<Uint8Array> {
    const key = this.#key;
    if (key === undefined) throw new GatewayError("crypto.key", "no key to sign caller identities with");
    return new Promise((resolve, reject) => {
      sign("sha256", data, { key, dsaEncoding: ENCODING }, (error, signature) => {
        if (error === null) resolve(signature);
        else reject(new GatewayError("crypto.key", "signing failed", { cause: error }));
      });
    });
  }

  #import(spki: Uint8Array): KeyObject | undefined {
    const known = this.#keys.get(spki);
    if (known !== undefined) return known;
    try {
      const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
      if (!isP256(key)) return undefined;
      this.#keys.set(spki, key);
      return key;
    } catch {
      return undefined;
    }
  }
}

function privateKey(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (isP256(key)) return key;
  } catch {
    // Told below: what OpenSSL says of a key file helps nobody and may quote it.
  }
  throw new GatewayError("crypto.key", "identity.sign.keyFile is no P-256 private key in PEM");
}

const isP256 = (key: KeyObject): boolean =>
  key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1";
