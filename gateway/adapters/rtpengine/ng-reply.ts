import { fail, ok, type Result } from "../../core/result.js";
import { decodeBencode, type BencodeDictionary, type BencodeError, type BencodeValue } from "./bencode.js";

export interface NgMessage {
  readonly cookie: string;
  readonly content: BencodeDictionary;
}

/** Longest cookie that is read. */
const MAX_COOKIE = 128;

/** One datagram of the ng protocol: cookie, a space, a dictionary. */
export function parseNgMessage(datagram: Uint8Array): Result<NgMessage, BencodeError | "ng.cookie" | "ng.content"> {
  const space = datagram.subarray(0, MAX_COOKIE + 1).indexOf(0x20);
  if (space < 1) return fail("ng.cookie");
  const cookie = Buffer.from(datagram.buffer, datagram.byteOffset, space).toString("latin1");
  const value = decodeBencode(datagram.subarray(space + 1));
  if (!value.ok) return value;
  return isDictionary(value.value) ? ok({ cookie, content: value.value }) : fail("ng.content");
}

export const isDictionary = (value: BencodeValue | undefined): value is BencodeDictionary => value instanceof Map;

const EMPTY: BencodeDictionary = new Map();

/** A member; empty, 0, [] or {} where it is absent or of another type. */
export const textIn = (from: BencodeDictionary, key: string): string => {
  const value = from.get(key);
  return typeof value === "string" ? value : "";
};
export const numberIn = (from: BencodeDictionary, key: string): number => {
  const value = from.get(key);
  return typeof value === "number" ? value : 0;
};
export const listIn = (from: BencodeDictionary, key: string): readonly BencodeValue[] => {
  const value = from.get(key);
  return value !== undefined && Array.isArray(value) ? (value as readonly BencodeValue[]) : [];
};
export const dictionaryIn = (from: BencodeDictionary, key: string): BencodeDictionary => {
  const value = from.get(key);
  return isDictionary(value) ? value : EMPTY;
};
