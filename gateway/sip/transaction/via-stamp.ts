import { hasParam, withoutParam } from "../message/params.js";
import { afterFirstValue } from "../message/split-values.js";
import { formatVia, type Via } from "../message/via.js";

/** The client asks for the answer to come back to the port it sent from. RFC 3581 §3 */
export const wantsRport = (via: Via): boolean => via.params.includes("port") && hasParam(via.params, "rport");

/**
 * What the server writes into the top Via: `received` where the address differs from what the client wrote or rport was asked
 * for, and the value of rport. RFC 3261 §18.2.1, RFC 3581 §4. A `received` that the client wrote is not believed.
 *
 * @param line The whole first Via line; `via` is its first value.
 * @param address IP literal without brackets.
 * @returns The line to keep; the same string when nothing changes.
 */
export function stampTopVia(line: string, via: Via, address: string, port: number): string {
  const bare = via.host.charCodeAt(0) === 0x5b ? via.host.slice(1, -1) : via.host;
  const rport = wantsRport(via);
  const forged = via.params.includes("received");
  if (!rport && !forged && bare === address) return line;
  let { params } = via;
  if (forged) params = withoutParam(params, "received");
  if (rport) params = `${withoutParam(params, "rport")};rport=${port}`;
  const value = formatVia({ ...via, params: `${params};received=${address}` });
  return line.includes(",") ? joined(value, afterFirstValue(line)) : value;
}

const joined = (first: string, rest: string): string => (rest === "" ? first : `${first}, ${rest}`);
