export interface WebhookAuthOptions {
  readonly secret?: string | undefined;
  readonly token?: string | undefined;
  readonly windowMs: number;
}

/** HMAC-SHA256 of text, lower-case hex; and a comparison whose time does not tell where two texts differ. */
export interface WebhookCrypto {
  hmacHex(key: string, parts: readonly (string | Uint8Array)[]): string;
  isSame(a: string, b: string): boolean;
}

export const SIGNATURE_HEADER = "x-ringfence-signature";

/**
 * Is a message of a recording system genuine? `X-Ringfence-Signature: t=SECONDS,v1=HEX`, HEX over `SECONDS.BODY`, the same form that our
 * own webhooks have; or a bearer token. Where both are configured either will do.
 * @param body As it came in, byte for byte.
 * @returns Why not; undefined: it is.
 */
export function webhookRefusal(
  headers: Readonly<Record<string, string | undefined>>,
  body: Uint8Array,
  { secret, token, windowMs }: WebhookAuthOptions,
  nowMs: number,
  crypto: WebhookCrypto,
): string | undefined {
  if (secret === undefined && token === undefined) return "recordings.webhook has neither secret nor token";
  const signature = headers[SIGNATURE_HEADER];
  if (secret !== undefined && signature !== undefined) {
    const [, seconds, hex] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(signature) ?? [];
    if (seconds === undefined || hex === undefined) return "the signature has another form than t=SECONDS,v1=HEX";
    if (!crypto.isSame(crypto.hmacHex(secret, [`${seconds}.`, body]), hex)) return "the signature is wrong";
    if (Math.abs(nowMs - Number(seconds) * 1_000) > windowMs) return "the signature is too old, or our clocks differ";
    return undefined;
  }
  const bearer = /^Bearer (\S{1,512})$/i.exec(headers["authorization"] ?? "")?.[1];
  if (token !== undefined && bearer !== undefined) {
    // Of two MACs under one key the comparison tells nothing, whatever their lengths were.
    const same = crypto.isSame(crypto.hmacHex("token", [bearer]), crypto.hmacHex("token", [token]));
    return same ? undefined : "the token is wrong";
  }
  return "neither a signature nor a token came with it";
}
