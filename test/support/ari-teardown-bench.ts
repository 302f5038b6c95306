import { asteriskMissing } from "./asterisk.js";
import { openAriStage, type AriStage } from "./ari-stage.js";
import { ChannelWitness } from "./channel-witness.js";
import { until } from "./processes.js";
import { quantile } from "./sipp.js";
import { caller, place } from "./telephones.js";

type Figures = Readonly<Record<string, unknown>>;

interface Row {
  readonly call_id: string;
  readonly a_outcome: string;
  readonly took_ms: number;
}

const victim = (index: number): string => `+1202556${String(index).padStart(4, "0")}`;
/** Of one attack, from the first call to the last channel gone. */
const ATTACK_TIMEOUT_MS = 20_000;
/** All attacks together; what did not fit is said. */
const BUDGET_MS = 45_000;
const PAGE = 1_000;

/**
 * Attacks of five callers on one number of an Asterisk that is only watched over ARI. Options: `attacks` (default 60).
 * What is measured by whom stands in test/bench/asterisk.ts.
 */
export async function benchAriTeardown(options: Readonly<Record<string, string>>): Promise<Figures> {
  const missing = asteriskMissing();
  if (missing !== undefined) return { teardownSkipped: missing };
  const attacks = Number(options["attacks"] ?? 60);
  const stage = await openAriStage({ detection: { limits: { answeredDisconnectsPerMinute: 1_000_000 } } });
  let witness: ChannelWitness | undefined;
  try {
    await until("ARI to be up", async () => (await stage.gateway.metric("ringfence_ari_up")) === 1);
    witness = await ChannelWitness.open(stage.asterisk);
    await attack(stage, witness, victim(9_999), 0); // warm-up, not counted
    const warmUp = await rows(stage, 5);
    const tookMs: number[] = [];
    const stopAt = performance.now() + BUDGET_MS;
    while (tookMs.length < attacks && performance.now() < stopAt)
      tookMs.push(await attack(stage, witness, victim(tookMs.length), 5 * tookMs.length));
    const proofs = (await rows(stage, warmUp.length + 5 * tookMs.length)).slice(warmUp.length);
    const confirmed = proofs.filter((row) => row.a_outcome === "confirmed");
    const outcomes: Record<string, number> = {};
    for (const row of proofs) outcomes[row.a_outcome] = (outcomes[row.a_outcome] ?? 0) + 1;
    return {
      teardownP99Ms: round(quantile(tookMs, 0.99)),
      teardownP50Ms: round(quantile(tookMs, 0.5)),
      teardownMaxMs: round(Math.max(...tookMs)),
      teardownAttacks: tookMs.length,
      teardownOutcomes: outcomes,
      teardownGatewayP99Ms: round(
        quantile(
          confirmed.map((row) => row.took_ms),
          0.99,
        ),
      ),
    };
  } finally {
    witness?.close();
    await stage.close();
  }
}

/** @returns From sending the fifth INVITE to Asterisk's last ChannelDestroyed of the five, ms. */
async function attack(
  { phones, asterisk }: AriStage,
  witness: ChannelWitness,
  called: string,
  from: number,
): Promise<number> {
  const legs = await place(phones.carrierA, asterisk.sipPort, called, from, 4);
  if (legs.some((leg) => leg.status !== 200 || leg.endedAt !== undefined)) throw new Error("a call did not come up");
  const startedAt = performance.now();
  const fifth = phones.carrierA.call(caller(from + 4), called, { address: "127.0.0.1", port: asterisk.sipPort });
  const isOver = (): boolean => [...legs, fifth].every((leg) => leg.endedAt !== undefined);
  if (!(await phones.carrierA.until(isOver, ATTACK_TIMEOUT_MS))) throw new Error("a call of the attack was not ended");
  await witness.allGone(ATTACK_TIMEOUT_MS);
  return witness.lastDestroyedAt - startedAt;
}

/** Oldest first. */
async function rows({ gateway }: AriStage, atLeast: number): Promise<readonly Row[]> {
  let found: readonly Row[] = [];
  await until(
    `${atLeast} teardowns in the store`,
    async () => {
      found = (await gateway.api(`/api/v1/teardowns?limit=${PAGE}`)).json as readonly Row[];
      return found.length >= Math.min(atLeast, PAGE);
    },
    20_000,
  );
  return found.toReversed();
}

const round = (value: number): number => Math.round(value * 1_000) / 1_000;
