import type { Config } from "../../config/schema.js";

/** What can be right, and seldom is. One stable code and one sentence each; no value is shown. */
export function asteriskWarnings({
  asterisk,
  trunks,
  defaultTrunk,
}: Config): readonly { readonly code: string; readonly why: string }[] {
  const { servers, verdict, screening } = asterisk;
  const ids = new Set([defaultTrunk.id ?? "default", ...trunks.map(({ id }) => id)]);
  // `suspected` is so by default.
  const screens = (["unknownCallers", "anonymous", "badIdentity", "unsigned"] as const).filter(
    (key) => verdict[key] === "screen",
  );
  return [
    ...servers.flatMap(({ ariUrl }, i) =>
      new URL(ariUrl).pathname === "/"
        ? [
            {
              code: "asterisk.ari-path",
              why: `asterisk.servers.${i}.ariUrl has no path: without a proxy in front Asterisk's ARI is at /ari`,
            },
          ]
        : [],
    ),
    ...servers.flatMap(({ trunk }, i) =>
      trunk === undefined || ids.has(trunk)
        ? []
        : [
            {
              code: "asterisk.own-trunk",
              why: `asterisk.servers.${i}.trunk is none of trunks: its calls are of a trunk of that name, with the default settings`,
            },
          ],
    ),
    ...(screens.length === 0 || screening.enabled
      ? []
      : [
          {
            code: "asterisk.no-screening",
            why: `asterisk.verdict.${screens.join(", ")}: asterisk.screening is not enabled: ringfence-check lets such calls go on`,
          },
        ]),
  ];
}
