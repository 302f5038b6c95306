/** `asterisk.servers[].id` of an Asterisk that nothing names. */
export const DEFAULT_ASTERISK = "asterisk";

/** No server id has it in it, and no Call-ID either (RFC 3261 §25.1, `word`): an INVITE with such a Call-ID is answered 400. */
const BETWEEN = ";";

/**
 * What a call of an Asterisk is called everywhere in the gateway, whether the dialplan asks about it, ARI reports it or its audio
 * comes in: `pbx1;1700000000.12`. Two Asterisks cannot collide, and nobody can send the hop a call of that name.
 *
 * @param uniqueId Of the channel that called in, as `agi_uniqueid`, ARI's channel id and `${UNIQUEID}` give it.
 */
export function asteriskCallId(serverId: string, uniqueId: string): string {
  return `${serverId}${BETWEEN}${uniqueId}`;
}

/** @returns Undefined where it is no call of an Asterisk. */
export function readAsteriskCallId(
  callId: string,
): { readonly serverId: string; readonly uniqueId: string } | undefined {
  const at = callId.indexOf(BETWEEN);
  if (at <= 0 || at === callId.length - 1) return undefined;
  return { serverId: callId.slice(0, at), uniqueId: callId.slice(at + 1) };
}
