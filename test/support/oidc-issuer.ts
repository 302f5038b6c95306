import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey, type JWK } from "jose";

interface IssuerKey {
  readonly kid: string;
  readonly algorithm: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export interface TokenShape {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  /** Of an earlier rotation: 0 is the first. Default: the newest. */
  readonly key?: number;
  /** ms since 1970. */
  readonly nowMs: number;
}

/**
 * An OpenID Connect issuer on loopback: discovery document (OpenID Connect Discovery 1.0 §3) and key set (RFC 7517) as providers
 * publish them, tokens signed with its keys. A test says when it rotates and how it fails.
 */
export class OidcIssuer {
  /** What a request gets instead of the usual: a fault of the issuer. */
  fault: ((path: string, response: ServerResponse) => boolean) | undefined;
  /** What is changed in the discovery document. */
  discovery: Readonly<Record<string, unknown>> = {};
  /** Published beside the keys. */
  extraKeys: readonly unknown[] = [];
  readonly asked: string[] = [];
  readonly #keys: IssuerKey[] = [];
  #published: IssuerKey[] = [];
  readonly #server = createServer((request, response) => {
    const path = request.url ?? "";
    this.asked.push(path);
    if (this.fault?.(path, response) === true) return;
    const body = this.#bodyOf(path);
    response.writeHead(body === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(body ?? {}));
  });

  static async start(algorithm = "ES256"): Promise<OidcIssuer> {
    const issuer = new OidcIssuer();
    await issuer.rotate(algorithm);
    await new Promise<void>((resolve) => issuer.#server.listen(0, "127.0.0.1", resolve));
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/realms/voice`;
  }

  /** A new key signs from now on. @param keep The old ones stay published. */
  async rotate(algorithm = "ES256", keep = false): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
    const kid = `key-${this.#keys.length + 1}`;
    const jwk = { ...(await exportJWK(publicKey)), kid, use: "sig", alg: algorithm };
    const key = { kid, algorithm, privateKey, jwk };
    this.#keys.push(key);
    this.#published = keep ? [...this.#published, key] : [key];
  }

  /** The public key as text, for the trick of using it as a shared secret. */
  get publicText(): string {
    return JSON.stringify(this.#published[0]?.jwk);
  }

  get publishedKeys(): readonly JWK[] {
    return this.#published.map(({ jwk }) => jwk);
  }

  sign({ claims = {}, header = {}, key = this.#keys.length - 1, nowMs }: TokenShape): Promise<string> {
    const held = this.#keys[key];
    if (held === undefined) throw new Error(`no key ${key}`);
    const { kid, algorithm, privateKey } = held;
    return new SignJWT(this.claims(nowMs, claims))
      .setProtectedHeader({ alg: algorithm, kid, typ: "at+jwt", ...header })
      .sign(privateKey);
  }

  unsigned(nowMs: number): string {
    return new UnsecuredJWT(this.claims(nowMs, {})).encode();
  }

  claims(nowMs: number, claims: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const now = Math.floor(nowMs / 1_000);
    const all: Record<string, unknown> = {
      iss: this.url,
      aud: "ringfence",
      sub: "user-1",
      iat: now,
      nbf: now,
      exp: now + 300,
      ...claims,
    };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #bodyOf(path: string): unknown {
    if (path === "/realms/voice/.well-known/openid-configuration") {
      return {
        issuer: this.url,
        authorization_endpoint: `${this.url}/auth`,
        token_endpoint: `${this.url}/token`,
        jwks_uri: `${this.url}/certs`,
        response_types_supported: ["code"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256", "ES256"],
        ...this.discovery,
      };
    }
    if (path === "/realms/voice/certs") return { keys: [...this.#published.map(({ jwk }) => jwk), ...this.extraKeys] };
    return undefined;
  }
}
