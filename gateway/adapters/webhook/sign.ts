import { createHmac } from "node:crypto";

/** The value of `X-Ringfence-Signature`: HMAC-SHA256 over `SECONDS.BODY`; a receiver checks it over the raw body and refuses old `t`. */
export function sign(secret: string, body: string, unixSeconds: number): string {
  return `t=${unixSeconds},v1=${createHmac("sha256", secret).update(`${unixSeconds}.${body}`).digest("hex")}`;
}
