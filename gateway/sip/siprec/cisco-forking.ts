import { uriOf } from "../message/name-addr.js";
import { parseParams } from "../message/params.js";
import { parseSipUri } from "../message/uri.js";
import { unescapeUri } from "../message/text.js";
import type { CallIdentifier } from "./recording-metadata.js";

/**
 * What Cisco Unified CM says of a call whose media a phone (built-in bridge) or a gateway forks: parameters in the URI of the
 * recording INVITE's From. Two INVITEs make one recording: `x-nearend` brings what the recorded device's user says, `x-farend`
 * the other side; all further parameters are the same in both.
 */
export interface CiscoForking {
  readonly end: "near" | "far";
  /** Call identifier of the near end: both INVITEs of a recording have it. Unique within a cluster. */
  readonly refci: string;
  /** What both INVITEs of a recording have in common and no other. */
  readonly pair: string;
  /** Number of the recorded line; empty: not told. */
  readonly nearAddress: string;
  /** Number of whoever is at the other side; empty: not told (private). */
  readonly farAddress: string;
  readonly identifiers: readonly CallIdentifier[];
}

/** @param from The From value of an INVITE. @returns Undefined where it names no forked end. */
export function readCiscoForking(from: string): CiscoForking | undefined {
  if (!/;x-(?:near|far)end[;>=]/i.test(from)) return undefined;
  const uri = parseSipUri(uriOf(from) ?? "");
  const list = uri === undefined ? undefined : parseParams(uri.params);
  if (uri === undefined || list === undefined) return undefined;
  const params = new Map(list.map(([name, value]) => [name, unescapeUri(value)]));
  const refci = params.get("x-refci") ?? "";
  if (refci === "") return undefined;
  const cluster = params.get("x-nearendclusterid") ?? uri.host;
  return {
    end: params.has("x-farend") ? "far" : "near",
    refci,
    pair: `${cluster}/${params.get("x-nearenddevice") ?? ""}/${refci}`.toLowerCase(),
    nearAddress: params.get("x-nearendaddr") ?? unescapeUri(uri.user ?? ""),
    farAddress: params.get("x-farendaddr") ?? "",
    identifiers: identifiersIn(params),
  };
}

const NAMES: readonly (readonly [name: string, kind: CallIdentifier["kind"]])[] = [
  ["x-refci", "refci"],
  ["x-farendrefci", "refci"],
  ["x-nearendguid", "guid"],
  ["x-farendguid", "guid"],
  ["x-sessionid", "session-id"],
];

function identifiersIn(params: ReadonlyMap<string, string>): CallIdentifier[] {
  return NAMES.map(([name, kind]) => ({ kind, value: params.get(name) ?? "" })).filter(({ value }) => value !== "");
}
