import { CidrTable } from "../../core/cidr.js";
import { GatewayError } from "../../core/errors.js";

/** @param key Of the configuration, for the message. @throws GatewayError `config.invalid`: one is no network */
export function networksOf(key: string, cidrs: readonly string[]): CidrTable<true> {
  const table = CidrTable.of(cidrs.map((cidr) => [cidr, true] as const));
  if (!table.ok) throw new GatewayError("config.invalid", `${key}: ${table.error.text}`);
  return table.value;
}
