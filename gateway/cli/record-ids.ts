import { createHmac, randomBytes } from "node:crypto";
import type { ManagedStore } from "../adapters/store/open-store.js";
import { unixMs } from "../core/time.js";

const NAME = "record-ids";
const LATEST_MS = 8.64e15;
/** 96 bits. */
const LENGTH = 24;

/**
 * Ids of rows that bring none, made of what is in them with the store's own key: the same row has the same id whenever it is
 * imported there, and nobody without the key finds a number by trying.
 */
export async function storeIds(
  store: Pick<ManagedStore, "callRecords" | "write">,
): Promise<(content: string) => string> {
  const key = (await keptKey(store)) ?? (await newKey(store));
  return (content) => letters(createHmac("sha256", key).update(content).digest("hex").slice(0, LENGTH));
}

async function keptKey({ callRecords }: Pick<ManagedStore, "callRecords">): Promise<string | undefined> {
  const key = (await callRecords.position(NAME))?.value["key"];
  return typeof key === "string" ? key : undefined;
}

async function newKey(store: Pick<ManagedStore, "callRecords" | "write">): Promise<string> {
  const key = randomBytes(32).toString("hex");
  // A position gives way to a later one, and goes when it is old: of two imports that begin at once the first one's key stays.
  const at = unixMs(LATEST_MS - Date.now());
  await store.write([{ kind: "intake-position", position: { name: NAME, at, value: { key } } }]);
  return (await keptKey(store)) ?? key;
}

/** `0` to `f` as `a` to `p`: what no mask takes for a number. */
const letters = (hex: string): string =>
  hex.replace(/./g, (digit) => String.fromCharCode(97 + Number.parseInt(digit, 16)));
