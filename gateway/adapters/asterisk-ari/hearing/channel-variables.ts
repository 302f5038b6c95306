import type { AriChannel, AriLink, AriRequest } from "../ari-contracts.js";
import { dialledNumber } from "../watch/channel-kind.js";

/**
 * Sets a variable, or writes a dialplan function, of a channel that is not in Stasis: ARI refuses that (409), while the dialplan
 * function EXPORT (func_export) takes the channel by its unique id, and a global variable of that name calls it.
 * https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Dialplan_Functions/EXPORT/
 *
 * @throws GatewayError `ari.unavailable`, `ari.rejected`. Asterisk does not say whether the function is there.
 */
export async function setOnChannel(link: AriLink, channelId: string, name: string, value: string): Promise<void> {
  const body = { variable: `EXPORT(${channelId},${name})`, value };
  await link.request({ method: "POST", path: "/asterisk/variable", body });
}

/** The same of a channel that is in Stasis, as an order: in the body, as URLs are cut at 4,096 characters and end up in logs. */
export const settingOf = (channelId: string, variable: string, value: string): AriRequest => ({
  method: "POST",
  path: `/channels/${encodeURIComponent(channelId)}/variable`,
  body: { variable, value },
});

/** @returns Undefined: it is not set, or it could not be asked for. */
export async function readVariable(link: AriLink, channelId: string, name: string): Promise<string | undefined> {
  const path = `/channels/${encodeURIComponent(channelId)}/variable`;
  const answer = await link.request({ method: "GET", path, query: { variable: name } }).catch(() => undefined);
  return valueOf(answer);
}

/** As `readVariable`, of the whole Asterisk. */
export async function readGlobal(link: AriLink, name: string): Promise<string | undefined> {
  const answer = await link
    .request({ method: "GET", path: "/asterisk/variable", query: { variable: name } })
    .catch(() => undefined);
  return valueOf(answer);
}

/** The number that a channel dialled before dialplan/extensions.conf sent it here: there it is in a subroutine. */
export async function askDialled(link: AriLink, channel: AriChannel): Promise<string | undefined> {
  const said = dialledNumber(channel);
  if (said !== undefined) return said;
  return (
    (await readVariable(link, channel.id, "RINGFENCE_CALLED")) ??
    (await readVariable(link, channel.id, "STACK_PEEK(1,e)"))
  );
}

function valueOf(answer: unknown): string | undefined {
  const value = (answer as { readonly value?: unknown } | undefined)?.value;
  return typeof value === "string" && value !== "" ? value : undefined;
}
