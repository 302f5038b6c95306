import { uriOf } from "../message/name-addr.js";
import type { CallIdentifier } from "./recording-metadata.js";
import type { XmlElement } from "./xml-tree.js";

export interface MetadataExtensions {
  readonly identifiers: readonly CallIdentifier[];
  /** URI or number; undefined: no extension says it. */
  readonly caller: string | undefined;
  readonly called: string | undefined;
}

/** Elements of extensions whose text names the call in another system. A map: elements may be called `constructor`. */
const IDENTIFIERS: ReadonlyMap<string, CallIdentifier["kind"]> = new Map([
  ["callid", "call-id"],
  ["call-id", "call-id"],
  ["ucid", "ucid"],
  ["gcid", "tracking"],
  ["guid", "guid"],
  ["cisco-guid", "guid"],
  ["exttrackingid", "tracking"],
  ["conversationid", "tracking"],
]);

/** Who called whom: Sonus `callData`, BroadWorks and Webex `callType`, Metaswitch `metaswitchRecordingMetadata`. */
const CALLER = ["fromhdr", "callingpartynumber"] as const;
const CALLED = ["tohdr", "calledpartynumber", "dialeddigits"] as const;

/** Elements further in are not looked at. */
const MOST_DEPTH = 8;

/** What vendors say beyond RFC 7865, wherever in the document they say it. The first that says who called counts. */
export function readExtensions(root: XmlElement): MetadataExtensions {
  const identifiers: CallIdentifier[] = [];
  const texts = new Map<string, string>();
  const visit = (element: XmlElement, depth: number): void => {
    if (depth > MOST_DEPTH) return;
    const { name, text } = element;
    const kind = IDENTIFIERS.get(name);
    if (kind !== undefined) identifiers.push(...identifier(kind, text));
    if (name === "header") identifiers.push(...headerIdentifier(element));
    if (text !== "" && !texts.has(name)) texts.set(name, text);
    for (const child of element.children) visit(child, depth + 1);
  };
  visit(root, 0);
  const first = (names: readonly string[]): string | undefined => {
    const text = names.map((name) => texts.get(name)).find((value) => value !== undefined);
    return text === undefined ? undefined : partyOf(text);
  };
  return { identifiers, caller: first(CALLER), called: first(CALLED) };
}

/** `00FA08…;encoding=hex` is one value; Call-IDs of BroadWorks' call halves are names of its own. */
function identifier(kind: CallIdentifier["kind"], text: string): CallIdentifier[] {
  const value = kind === "ucid" || kind === "guid" ? (text.split(";", 1)[0] ?? "").trim() : text;
  if (value === "") return [];
  return [{ kind: kind === "call-id" && value.startsWith("callhalf-") ? "tracking" : kind, value }];
}

/** Oracle's `<apkt:header label="Call-ID"><value>…</value></apkt:header>`. */
function headerIdentifier(element: XmlElement): CallIdentifier[] {
  const label = element.attributes.get("label")?.toLowerCase();
  const value = element.children.find(({ name }) => name === "value")?.text ?? "";
  if (value === "") return [];
  if (label === "call-id") return [{ kind: "call-id", value }];
  return label === "cisco-guid" ? [{ kind: "guid", value }] : [];
}

/** A whole From value, a URI or a number. */
function partyOf(text: string): string {
  return text.includes("<") ? (uriOf(text) ?? text) : text;
}
