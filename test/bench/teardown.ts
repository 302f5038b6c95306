import { cpus } from "node:os";
import { startGateway, type GatewayProcess } from "../support/gateway-process.js";
import { until } from "../support/processes.js";
import { quantile } from "../support/sipp.js";
import { openTelephones, place, TRUNKS, type Leg, type Telephones } from "../support/telephones.js";

interface TeardownRow {
  readonly call_id: string;
  readonly a_outcome: string;
  readonly b_outcome: string;
  readonly took_ms: number;
}

const victimNumber = (index: number): string => `+1202556${String(index).padStart(4, "0")}`;

/**
 * Bench `teardown`: attacks of five callers on one number after the other (four calls up and answered, the fifth is the finding).
 * `p99Ms` is what the telephones saw: from sending the fifth INVITE to having answered the last BYE of that call on both legs, over
 * confirmed calls. `gatewayP99Ms` is the gateway's own proof. Options: `attacks` (default 100).
 */
export async function run(options: Readonly<Record<string, string>>): Promise<Readonly<Record<string, unknown>>> {
  const attacks = Number(options["attacks"] ?? 100);
  const phones = await openTelephones();
  const gateway = await startGateway({
    sip: { listenPort: 0, nextHops: [`127.0.0.1:${phones.called.port}`], optionsPingMs: 0 },
    trunks: TRUNKS,
    detection: { limits: { answeredDisconnectsPerMinute: 1_000_000 } },
  });
  try {
    await place(phones.carrierB, gateway.sipPort, victimNumber(9_999), 0, 3); // warm-up, not counted
    const seen: number[] = [];
    for (let i = 0; i < attacks; i++) seen.push(...(await attack(phones, gateway, victimNumber(i), i * 5)));
    const rows = await proof(gateway, attacks * 4);
    const count = (outcome: string): number =>
      rows.filter((row) => row.a_outcome === outcome || row.b_outcome === outcome).length;
    const confirmed = rows.filter((row) => row.a_outcome === "confirmed" && row.b_outcome === "confirmed");
    return {
      p99Ms: round(quantile(seen, 0.99)),
      p50Ms: round(quantile(seen, 0.5)),
      maxMs: round(Math.max(...seen)),
      gatewayP99Ms: round(
        quantile(
          confirmed.map((row) => row.took_ms),
          0.99,
        ),
      ),
      confirmed: confirmed.length,
      alreadyGone: count("already-gone"),
      timedOut: count("timed-out"),
      attacks,
      machine: `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}`,
    };
  } finally {
    await gateway.stop();
    phones.close();
  }
}

/** @returns For each of the four calls: ms from the fifth INVITE to the last BYE of its two legs. */
async function attack(
  phones: Telephones,
  gateway: GatewayProcess,
  victim: string,
  firstCaller: number,
): Promise<number[]> {
  const legs = await place(phones.carrierA, gateway.sipPort, victim, firstCaller, 4);
  const found = performance.now();
  await place(phones.carrierA, gateway.sipPort, victim, firstCaller + 4, 1);
  const others = [...phones.called.legs.values()].filter((leg) => leg.to === victim);
  const over = (leg: Leg): boolean => leg.endedAt !== undefined;
  await phones.carrierA.until(() => legs.every(over), 35_000);
  await phones.called.until(() => others.every(over), 35_000);
  const took = legs.map((leg) => {
    const other = others.find((candidate) => candidate.from === leg.from);
    return Math.max(leg.endedAt ?? Infinity, other?.endedAt ?? Infinity) - found;
  });
  phones.called.legs.clear();
  return took.filter(Number.isFinite);
}

async function proof(gateway: GatewayProcess, expected: number): Promise<readonly TeardownRow[]> {
  const rows = new Map<string, TeardownRow>();
  await until(
    "the teardown records",
    async () => {
      const { json } = await gateway.api("/api/v1/teardowns?limit=1000");
      for (const row of json as readonly TeardownRow[]) rows.set(row.call_id, row);
      return rows.size >= Math.min(expected, 1_000);
    },
    20_000,
  );
  return [...rows.values()];
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
