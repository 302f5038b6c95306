const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** RFC 4648 §4. Characters outside the alphabet count as zero bits. */
export function bytesOfBase64(text: string): Uint8Array {
  const values = new Uint8Array(128);
  for (let i = 0; i < ALPHABET.length; i++) values[ALPHABET.charCodeAt(i)] = i;
  const clean = text.replace(/=+$/, "");
  const bytes = new Uint8Array(Math.floor((clean.length * 3) / 4));
  let bits = 0;
  let have = 0;
  let out = 0;
  for (let i = 0; i < clean.length; i++) {
    bits = ((bits << 6) | (values[clean.charCodeAt(i) & 127] ?? 0)) & 0xffffff;
    have += 6;
    if (have < 8) continue;
    have -= 8;
    bytes[out++] = (bits >> have) & 0xff;
  }
  return bytes;
}

/** RFC 4648 §4, with padding. */
export function base64OfBytes(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const have = Math.min(3, bytes.length - i);
    const bits = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    for (let part = 0; part < 4; part++) {
      text += part <= have ? ALPHABET.charAt((bits >> (18 - 6 * part)) & 63) : "=";
    }
  }
  return text;
}
