import { unixMs, type UnixMs } from "../core/time.js";
import type { SwitchEvent } from "../ports/gateway-control.js";
import type { EventBody } from "./schemas/switch-contract.js";

/** What switches call the states of a call. Anything else counts as a call that is up. */
const STATUSES: ReadonlyMap<string, SwitchEvent["status"]> = new Map([
  ["active", "active"],
  ["started", "active"],
  ["initiated", "active"],
  ["ringing", "ringing"],
  ["early", "ringing"],
  ["answered", "answered"],
  ["connected", "answered"],
  ["confirmed", "answered"],
  ["ended", "ended"],
  ["completed", "ended"],
  ["disconnected", "ended"],
  ["terminated", "ended"],
  ["failed", "ended"],
  ["cancelled", "ended"],
  ["canceled", "ended"],
  ["busy", "ended"],
  ["hangup", "ended"],
]);

export function switchEvent(body: EventBody): SwitchEvent {
  return {
    callId: body.call_id,
    aNumber: body.a_number,
    bNumber: body.b_number,
    at: readTimestamp(body.timestamp),
    status: STATUSES.get(body.status?.toLowerCase() ?? "active") ?? "active",
    switchId: body.switch_id ?? undefined,
    trunk: body.trunk ?? undefined,
  };
}

/**
 * A switch's timestamp: ISO 8601 (with or without zone; without: UTC), kdb's `2024.01.15D10:30:00.000000000`, or a number of
 * seconds, ms, µs or ns since 1970, told apart by size. @returns undefined when it cannot be read: then arrival counts.
 */
export function readTimestamp(raw: string | number | null | undefined): UnixMs | undefined {
  if (raw === undefined || raw === null) return undefined;
  const number = typeof raw === "number" ? raw : /^\d{9,20}(\.\d{1,9})?$/.test(raw) ? Number(raw) : undefined;
  if (number !== undefined) return fromEpoch(number);
  if (typeof raw !== "string") return undefined;
  const match = /^(\d{4})[-.](\d\d)[-.](\d\d)[T D](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\s*(Z|[+-]\d\d:?\d\d)?$/i.exec(
    raw.trim(),
  );
  if (match === null) return undefined;
  const [, year, month, day, clock, fraction = "", zone = "Z"] = match;
  const ms = Date.parse(
    `${year ?? ""}-${month ?? ""}-${day ?? ""}T${clock ?? ""}.${fraction.padEnd(3, "0").slice(0, 3)}${zone.toUpperCase()}`,
  );
  return Number.isFinite(ms) ? unixMs(ms) : undefined;
}

function fromEpoch(value: number): UnixMs | undefined {
  if (!Number.isFinite(value) || value <= 0) return undefined;
  if (value < 1e11) return unixMs(Math.round(value * 1_000));
  if (value < 1e14) return unixMs(Math.round(value));
  if (value < 1e17) return unixMs(Math.round(value / 1e3));
  return unixMs(Math.round(value / 1e6));
}
