import { parseJoin, parseReplaces, parseTargetDialog, type DialogReference } from "../sip/message/header-values.js";
import { withParam } from "../sip/message/params.js";
import { escapeUri, unescapeUri } from "../sip/message/text.js";
import type { DialogIndex } from "./dialog-index.js";

/*
 * Dialog identifiers inside messages are those of the sender's side of the gateway; the receiver knows the other leg's.
 *
 * A reference is mapped when the tag that it gives to the dialog's far end (`to-tag`) is one of ours: then the sender speaks
 * of its dialog with us and means the one behind us. A reference whose to-tag is a peer's has been mapped already (or comes from
 * a party that sees the receiver's own identifiers) and stays, so a REFER and the INVITE that it leads to may both pass here.
 */

/** Replaces, RFC 3891 §6.1. @returns The value for the other side; the same string where it names no call of ours. */
export function mapReplaces(value: string, index: DialogIndex): string {
  return mapReference(value, parseReplaces(value), "to-tag", "from-tag", index);
}

/** Join, RFC 3911 §7.1. */
export function mapJoin(value: string, index: DialogIndex): string {
  return mapReference(value, parseJoin(value), "to-tag", "from-tag", index);
}

/**
 * Target-Dialog, RFC 4538 §7. User agents differ in whose view `local-tag` and `remote-tag` are, so both are tried and the
 * order is kept.
 */
export function mapTargetDialog(value: string, index: DialogIndex): string {
  const reference = parseTargetDialog(value);
  const mapped = mapReference(value, reference, "remote-tag", "local-tag", index);
  if (mapped !== value || reference === undefined) return mapped;
  const swapped = { ...reference, toTag: reference.fromTag, fromTag: reference.toTag };
  return mapReference(value, swapped, "local-tag", "remote-tag", index);
}

function mapReference(
  value: string,
  reference: DialogReference | undefined,
  toName: string,
  fromName: string,
  index: DialogIndex,
): string {
  if (reference === undefined) return value;
  const other = index.farEnd({ callId: reference.callId, ours: reference.toTag, theirs: reference.fromTag });
  if (other === undefined) return value;
  return other.callId + withParam(withParam(reference.params, toName, other.theirs), fromName, other.ours);
}

/**
 * Refer-To with `?Replaces=…` (or Join, Target-Dialog) in its URI, escaped as RFC 3261 §19.1.1 wants. RFC 3515, RFC 5589 §7.
 * Every other character of the value stays.
 */
export function mapReferTo(value: string, index: DialogIndex): string {
  const question = value.indexOf("?");
  if (question < 0) return value;
  const close = value.indexOf(">", question);
  const end = close < 0 ? value.length : close;
  const headers = value.slice(question + 1, end).split("&");
  let changed = false;
  for (let i = 0; i < headers.length; i++) {
    const header = headers[i] ?? "";
    const equals = header.indexOf("=");
    const map = equals < 0 ? undefined : MAPPED_IN_URI.get(unescapeUri(header.slice(0, equals)).toLowerCase());
    if (map === undefined) continue;
    const text = unescapeUri(header.slice(equals + 1));
    const mapped = map(text, index);
    if (mapped === text) continue;
    headers[i] = header.slice(0, equals + 1) + escapeUri(mapped, "header");
    changed = true;
  }
  return changed ? value.slice(0, question + 1) + headers.join("&") + value.slice(end) : value;
}

type MapValue = (value: string, index: DialogIndex) => string;

const MAPPED_IN_URI: ReadonlyMap<string, MapValue> = new Map<string, MapValue>([
  ["replaces", mapReplaces],
  ["join", mapJoin],
  ["target-dialog", mapTargetDialog],
]);

/** `dialog` elements looked at in one body; more pass as they are. */
const MOST_DIALOGS = 256;

/**
 * application/dialog-info+xml: `call-id`, `local-tag` and `remote-tag` of each `<dialog>` (RFC 4235 §4.1), which are the
 * notifier's. One that names the notifier's dialog with us becomes the watcher side's dialog of the same call.
 * Attributes only are changed; the rest of the document stays byte for byte.
 */
export function mapDialogInfo(body: Uint8Array, index: DialogIndex): Uint8Array {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("latin1");
  let out = "";
  let from = 0;
  for (let seen = 0; seen < MOST_DIALOGS; seen++) {
    const at = nextDialogTag(text, from);
    const end = at < 0 ? -1 : text.indexOf(">", at);
    if (end < 0) break;
    out += text.slice(from, at) + mapDialogElement(text.slice(at, end), index);
    from = end;
  }
  return from === 0 ? body : Buffer.from(out + text.slice(from), "latin1");
}

/** Position of the next `<dialog` or `<prefix:dialog` start tag. */
function nextDialogTag(text: string, from: number): number {
  for (let at = text.indexOf("dialog", from); at >= 0; at = text.indexOf("dialog", at + 6)) {
    const next = text.charCodeAt(at + 6);
    if (next > 32) continue;
    let open = at - 1;
    const least = Math.max(from, at - 64);
    while (open >= least && /[\w.:-]/.test(text.charAt(open))) open--;
    if (text.charAt(open) === "<" && (open === at - 1 || text.charAt(at - 1) === ":")) return open;
  }
  return -1;
}

function mapDialogElement(element: string, index: DialogIndex): string {
  const callId = attribute(element, "call-id");
  const local = attribute(element, "local-tag");
  const remote = attribute(element, "remote-tag");
  if (callId === undefined || local === undefined || remote === undefined) return element;
  const other = index.farEnd({ callId, ours: remote, theirs: local });
  if (other === undefined) return element;
  const withCallId = withAttribute(element, "call-id", other.callId);
  return withAttribute(withAttribute(withCallId, "local-tag", other.ours), "remote-tag", other.theirs);
}

function attribute(element: string, name: string): string | undefined {
  const bounds = attributeBounds(element, name);
  return bounds === undefined ? undefined : unescapeXml(element.slice(bounds.from, bounds.to));
}

function withAttribute(element: string, name: string, value: string): string {
  const bounds = attributeBounds(element, name);
  return bounds === undefined ? element : element.slice(0, bounds.from) + escapeXml(value) + element.slice(bounds.to);
}

function attributeBounds(element: string, name: string): { from: number; to: number } | undefined {
  const found = new RegExp(`\\s${name}\\s*=\\s*(["'])`).exec(element);
  if (found === null) return undefined;
  const from = found.index + found[0].length;
  const to = element.indexOf(found[1] ?? '"', from);
  return to < 0 ? undefined : { from, to };
}

const XML: readonly (readonly [string, string])[] = [
  ["&lt;", "<"],
  ["&gt;", ">"],
  ["&quot;", '"'],
  ["&apos;", "'"],
  ["&amp;", "&"],
];

function unescapeXml(text: string): string {
  if (!text.includes("&")) return text;
  return XML.reduce((out, [entity, character]) => out.replaceAll(entity, character), text);
}

function escapeXml(text: string): string {
  return text.replace(/[<>"'&]/g, (character) => XML.find(([, each]) => each === character)?.[0] ?? character);
}
