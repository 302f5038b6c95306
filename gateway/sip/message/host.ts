import { CHAR, isHexDigit, isHostChar, parseUnsigned } from "./chars.js";

/** host of RFC 3261 §25.1: a name, an IPv4 address, or an IPv6 address in brackets. `_` is let through: SRV-style names use it. */
export function isHost(text: string): boolean {
  if (text.charCodeAt(0) === CHAR.openBracket) return text.endsWith("]") && isIpv6(text.slice(1, -1));
  if (text.length === 0 || text.length > 255) return false;
  for (let i = 0; i < text.length; i++) if (!isHostChar(text.charCodeAt(i))) return false;
  return text.charCodeAt(0) !== CHAR.dot && !text.includes("..");
}

/** Four decimal numbers below 256. */
export function isIpv4(text: string): boolean {
  let from = 0;
  for (let part = 0; part < 4; part++) {
    const dot = part === 3 ? text.length : text.indexOf(".", from);
    if (dot < 0 || dot - from > 3 || parseUnsigned(text, from, dot, 255) < 0) return false;
    from = dot + 1;
  }
  return from === text.length + 1;
}

/** Without brackets or zone. RFC 4291 §2.2, RFC 5954 */
export function isIpv6(text: string): boolean {
  if (text.length < 2 || text.length > 45) return false;
  const double = text.indexOf("::");
  if (double < 0) return countGroups(text, true) === 8;
  if (text.includes("::", double + 1)) return false;
  const left = double === 0 ? 0 : countGroups(text.slice(0, double), false);
  const rest = text.slice(double + 2);
  const right = rest === "" ? 0 : countGroups(rest, true);
  return left >= 0 && right >= 0 && left + right <= 7;
}

/** 16-bit groups in colon-separated text, a trailing IPv4 address counting two; -1: malformed. */
function countGroups(text: string, mayEndInIpv4: boolean): number {
  const groups = text.split(":");
  let count = 0;
  for (const [i, group] of groups.entries()) {
    if (group.includes(".")) {
      if (!mayEndInIpv4 || i !== groups.length - 1 || !isIpv4(group)) return -1;
      count += 2;
    } else {
      if (group.length === 0 || group.length > 4) return -1;
      for (let k = 0; k < group.length; k++) if (!isHexDigit(group.charCodeAt(k))) return -1;
      count++;
    }
  }
  return count;
}
