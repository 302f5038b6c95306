import { XMLParser } from "fast-xml-parser";
import { fail, ok, type Result } from "../../core/result.js";

/** An element, names without their prefix and in lower case: dialects differ in both. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Its own text, entities undone, blanks around it gone. */
  readonly text: string;
}

export type XmlError =
  | "xml.too-large"
  /** More elements, or deeper, than any document of ours has. */
  | "xml.too-many"
  /** A document type is never needed here, and entities are what bombs are made of. */
  | "xml.doctype"
  | "xml.malformed";

export interface XmlLimits {
  readonly bytes: number;
  /** `<` characters: tags of both kinds, comments, instructions. */
  readonly tags: number;
  readonly depth: number;
  /** Characters of one text or attribute; what is longer is cut. */
  readonly text: number;
}

export const DEFAULT_XML_LIMITS: XmlLimits = { bytes: 32_768, tags: 1_024, depth: 24, text: 1_024 };

/**
 * Reads a small document of a sender that is not trusted. Expands no entity but the five of XML and character references, takes
 * no document type, validates nothing: what is not closed is closed at the end.
 *
 * @returns The outermost elements, or why there are none. Never throws.
 */
export function readXml(
  bytes: Uint8Array,
  limits: XmlLimits = DEFAULT_XML_LIMITS,
): Result<readonly XmlElement[], XmlError> {
  if (bytes.byteLength > limits.bytes) return fail("xml.too-large");
  const text = decode(bytes);
  if (/<!(?:DOCTYPE|ENTITY)/i.test(text)) return fail("xml.doctype");
  if (count(text, "<") > limits.tags) return fail("xml.too-many");
  try {
    const parser = new XMLParser({
      preserveOrder: true,
      ignoreAttributes: false,
      attributeNamePrefix: "",
      removeNSPrefix: true,
      processEntities: false,
      parseTagValue: false,
      parseAttributeValue: false,
      trimValues: false,
      ignoreDeclaration: true,
      ignorePiTags: true,
      cdataPropName: CDATA,
      maxNestedTags: limits.depth,
    });
    return ok(elements(parser.parse(text) as unknown, limits));
  } catch {
    // The parser throws on a tag that never ends and on names that are keywords of JavaScript.
    return fail("xml.malformed");
  }
}

const CDATA = "#cdata";
const TEXT = "#text";
const ATTRIBUTES = ":@";

function elements(nodes: unknown, limits: XmlLimits): XmlElement[] {
  const found: XmlElement[] = [];
  for (const node of asList(nodes)) {
    const name = Object.keys(node).find((key) => key !== ATTRIBUTES);
    if (name === undefined || name === TEXT || name === CDATA) continue;
    const content = node[name];
    found.push({
      name: name.toLowerCase(),
      attributes: attributesOf(node[ATTRIBUTES], limits),
      children: elements(content, limits),
      text: textOf(content).trim().slice(0, limits.text),
    });
  }
  return found;
}

function textOf(nodes: unknown): string {
  let text = "";
  for (const node of asList(nodes)) {
    const plain = node[TEXT];
    if (typeof plain === "string") text += undoEntities(plain);
    for (const part of asList(node[CDATA])) if (typeof part[TEXT] === "string") text += part[TEXT];
  }
  return text;
}

function attributesOf(values: unknown, limits: XmlLimits): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (typeof values !== "object" || values === null) return found;
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === "string") found.set(name.toLowerCase(), undoEntities(value).trim().slice(0, limits.text));
  }
  return found;
}

function asList(nodes: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(nodes) ? (nodes as readonly Readonly<Record<string, unknown>>[]) : [];
}

const NAMED: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** The five named entities and character references; any other stays as it is. Undone once: `&amp;lt;` is `&lt;`. */
function undoEntities(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,4}));/gi, (all, decimal, hex, name) => {
    if (typeof name === "string") return NAMED[name] ?? all;
    const code = typeof decimal === "string" ? Number(decimal) : Number.parseInt(String(hex), 16);
    return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000) ? String.fromCodePoint(code) : "";
  });
}

/** UTF-8 unless the document says latin1 or begins with a mark of UTF-16. */
function decode(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 128)).toString("latin1");
  if (head.startsWith("\xff\xfe")) return new TextDecoder("utf-16le").decode(bytes);
  if (head.startsWith("\xfe\xff")) return new TextDecoder("utf-16be").decode(bytes);
  const latin1 = /encoding\s*=\s*["'](?:iso-8859-1|latin1|windows-1252)["']/i.test(head);
  return new TextDecoder(latin1 ? "windows-1252" : "utf-8").decode(bytes);
}

function count(text: string, character: string): number {
  let found = 0;
  for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) found++;
  return found;
}
