const NAMED: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/**
 * Text as content or quoted attribute of HTML and SVG. Characters that turn the direction of writing are shown, not obeyed:
 * a caller's name must not rearrange the line it stands in.
 */
export const escapeHtml = (text: string): string =>
  text
    .replace(/[&<>"']/g, (character) => NAMED[character] ?? "")
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, "\ufffd")
    .replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
