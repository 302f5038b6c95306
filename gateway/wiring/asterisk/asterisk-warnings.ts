import type { Config } from "../../config/schema.js";

/** What can be right, and seldom is. One stable code and one sentence each; no value is shown. */
export function asteriskWarnings({ asterisk }: Config): readonly { readonly code: string; readonly why: string }[] {
  const { servers, verdict, screening } = asterisk;
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
