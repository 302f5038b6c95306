import { TrunkTable, type NumberReader, type TrunkSettings } from "../call/trunks.js";
import type { Config } from "../config/schema.js";
import { fail, ok, type Result } from "../core/result.js";
import { trunkIdentity } from "./identity.js";

type TrunkConfig = Config["trunks"][number];

/** Makes the number reader of one trunk. */
export type MakeNumbers = (plan: TrunkConfig["numberPlan"]) => NumberReader;

/** @returns The table, or what is wrong with the trunks as one line. */
export function trunkTable(config: Config, makeNumbers: MakeNumbers): Result<TrunkTable, string> {
  const settings = (trunk: Omit<TrunkConfig, "id">, id: string): TrunkSettings =>
    trunkSettings(config, trunk, id, makeNumbers);
  const table = TrunkTable.of({
    trunks: config.trunks.map((trunk) => settings(trunk, trunk.id)),
    defaultTrunk: settings({ ...config.defaultTrunk, sources: [] }, config.defaultTrunk.id ?? "default"),
    trustedHops: config.limits.trustedHops,
    unknownSources: config.limits.unknownSources,
  });
  if (table.ok) return ok(table.value);
  return fail(`trunks: ${table.error.code} ${table.error.trunk} ${table.error.text}`);
}

function trunkSettings(
  config: Config,
  trunk: Omit<TrunkConfig, "id">,
  id: string,
  makeNumbers: MakeNumbers,
): TrunkSettings {
  const {
    topologyHiding,
    requirePolicy,
    mode,
    relayOutOfDialog,
    refusalStatus,
    maxCallDurationMs,
    keepAliveMs,
    hopGroup,
    media,
  } = trunk;
  const identity = trunkIdentity(config.identity, trunk.identity);
  return {
    id,
    sources: trunk.sources,
    allowFrom: trunk.allowFrom,
    onForbidden: trunk.onForbidden,
    trusted: trunk.trusted,
    callerFrom: trunk.callerFrom,
    withheldNumbers: trunk.withheldNumbers,
    numbers: makeNumbers(trunk.numberPlan),
    ...(identity === undefined ? {} : { identity }),
    policy: {
      topologyHiding,
      requirePolicy,
      mode,
      relayOutOfDialog,
      refusalStatus,
      maxCallDurationMs,
      keepAliveMs,
      hopGroup,
      ...(media.anchor === "none" ? {} : { media }),
      hopTimeoutMs: config.sip.hopTimeoutMs,
      ...(trunk.redirectTo === undefined ? {} : { redirectTo: trunk.redirectTo }),
    },
  };
}
