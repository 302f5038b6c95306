/** What a raw number, SIP URI or tel URI names, before any plan is applied. */
export interface RawUser {
  /** User part without parameters, escapes undone. */
  readonly user: string;
  /** `;phone-context=` of a local number (RFC 3966 §5.1.5), lower case; empty: none. */
  readonly context: string;
}

/**
 * Takes the user out of `sip:USER;params@host;uri-params`, `tel:NUMBER;params`, `<…>`, `"Name" <…>`, `USER@host` (numbers only) or a plain user.
 * Parameters (`;rn=`, `;npdi`, `;ext=`, `;isub=`, `;user=phone` …) are dropped: the number names the subscriber, the rest says
 * how to get there.
 */
export function readUser(raw: string): RawUser {
  let text = raw.trim();
  const open = text.lastIndexOf("<");
  if (open >= 0) {
    const close = text.indexOf(">", open);
    text = text.slice(open + 1, close < 0 ? undefined : close).trim();
  }
  const scheme = /^(sips?|tel):/i.exec(text)?.[0];
  if (scheme !== undefined) text = text.slice(scheme.length);
  const at = text.indexOf("@");
  if (at >= 0 && (scheme !== undefined ? !scheme.toLowerCase().startsWith("tel") : isDialled(text, at))) {
    text = text.slice(0, at);
    const password = text.indexOf(":");
    if (password >= 0) text = text.slice(0, password);
  }
  const semicolon = text.indexOf(";");
  if (semicolon < 0) return { user: unescape(text), context: "" };
  return { user: unescape(text.slice(0, semicolon)), context: contextOf(text.slice(semicolon)) };
}

/** Only digits, separators and `+` up to `end` or the first parameter? */
function isDialled(text: string, end: number): boolean {
  for (let i = 0; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === 59) return i > 0;
    if (!((code >= 48 && code <= 57) || isSeparator(code) || code === 43)) return false;
  }
  return end > 0;
}

/** Visual separators of RFC 3966 §5.1.1, blank and slash as people write them. */
export const isSeparator = (code: number): boolean =>
  code === 45 || code === 46 || code === 40 || code === 41 || code === 32 || code === 47;

function contextOf(parameters: string): string {
  const found = /;phone-context=([^;]*)/i.exec(parameters)?.[1] ?? "";
  return unescape(found).toLowerCase();
}

function unescape(text: string): string {
  if (!text.includes("%")) return text;
  return text.replace(/%([0-9a-f]{2})/gi, (whole, hex: string) => {
    const code = Number.parseInt(hex, 16);
    return code > 32 && code < 127 ? String.fromCharCode(code) : whole;
  });
}
