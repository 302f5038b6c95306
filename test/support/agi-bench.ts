import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { agiEnvironment, askAgi } from "./agi-peer.js";
import { asteriskMissing, startAsterisk } from "./asterisk.js";
import { startGateway, type GatewayProcess } from "./gateway-process.js";
import { freeUdpPort, temporaryFolder } from "./processes.js";
import { quantile, runSipp, sippMissing, type SippResult } from "./sipp.js";

/** Asks about numbers that begin with 2; those that begin with 3 ring at once. */
const DIALPLAN = `[general]
static = yes
writeprotect = yes
[globals]
RINGFENCE_AGI = @AGI_ADDRESS@
#include "ringfence.conf"
[incoming]
exten => _2.,1,Gosub(ringfence-check,s,1)
 same => n,Goto(ring,1)
exten => _3.,1,Goto(ring,1)
exten => ring,1,Ringing()
 same => n,Answer()
 same => n,Wait(30)
`;
/** As an operator would run it: the dialplan is not written out. */
const LOGGER = `[logfiles]
messages.log => notice,warning,error
`;
const HOLD_MS = 200;
const WARM_UP_S = 2;
/** The bar of the verdict, seconds: an edge of the gateway's histogram. */
const BAR = "0.02";

/**
 * AGI verdicts of the production process. Options: `rate` (calls/s, default 100), `seconds` (default 20).
 * What is measured by whom stands in test/bench/asterisk.ts.
 */
export async function benchAgi(options: Readonly<Record<string, string>>): Promise<Readonly<Record<string, unknown>>> {
  const rate = Number(options["rate"] ?? 100);
  const seconds = Number(options["seconds"] ?? 20);
  const gateway = await startGateway({ asterisk: { agi: { enabled: true, listenPort: 0 } } });
  try {
    const address = gateway.ready.asterisk?.["agi"] ?? "";
    await askFor(address, rate, WARM_UP_S, "4");
    const asked = await askFor(address, rate, seconds, "5");
    return {
      agiP99Ms: round(quantile(asked.tookMs, 0.99)),
      agiP50Ms: round(quantile(asked.tookMs, 0.5)),
      agiMaxMs: round(Math.max(...asked.tookMs)),
      agiCalls: asked.tookMs.length,
      agiUnanswered: asked.unanswered,
      clientLateP99Ms: round(quantile(asked.lateMs, 0.99)),
      ...(await throughAsterisk(gateway, address, rate, seconds)),
    };
  } finally {
    await gateway.stop();
  }
}

/** Every call at its time, whether the ones before it were answered or not: a server that is slow is not asked less. */
async function askFor(
  address: string,
  rate: number,
  seconds: number,
  prefix: string,
): Promise<{ tookMs: number[]; lateMs: number[]; unanswered: number }> {
  const startedAt = performance.now();
  const asked: Promise<number | undefined>[] = [];
  const lateMs: number[] = [];
  for (let i = 0; i < rate * seconds; i++) {
    const dueAt = startedAt + (i * 1_000) / rate;
    const waitMs = dueAt - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    lateMs.push(performance.now() - dueAt);
    const fields = {
      uniqueid: `${prefix}.${i}`,
      callerid: `+1303${prefix}${String(i).padStart(6, "0")}`,
      dnid: `+1202${prefix}${String(i).padStart(6, "0")}`,
    };
    asked.push(
      askAgi(address, agiEnvironment("check", fields)).then(({ variables, tookMs }) =>
        variables["RINGFENCE_VERDICT"] === "allow" ? tookMs : undefined,
      ),
    );
  }
  const all = await Promise.all(asked);
  const tookMs = all.filter((each) => each !== undefined);
  return { tookMs, lateMs, unanswered: all.length - tookMs.length };
}

/** From INVITE to 180 through a real Asterisk, with the question and without. */
async function throughAsterisk(
  gateway: GatewayProcess,
  address: string,
  rate: number,
  seconds: number,
): Promise<Readonly<Record<string, unknown>>> {
  const missing = asteriskMissing() ?? sippMissing();
  if (missing !== undefined) return { asteriskSkipped: missing };
  const asterisk = await startAsterisk({
    files: { "extensions.conf": DIALPLAN, "logger.conf": LOGGER },
    values: { AGI_ADDRESS: address },
    rtpPorts: 1_000,
  });
  try {
    const before = await counted(gateway);
    await calls(asterisk.sipPort, "2", rate, WARM_UP_S);
    const unasked = await calls(asterisk.sipPort, "3", rate, seconds);
    const asked = await calls(asterisk.sipPort, "2", rate, seconds);
    const after = await counted(gateway);
    return {
      agiAsteriskWithin20Ms: round((after.within - before.within) / (after.all - before.all)),
      agiAsteriskCalls: after.all - before.all,
      askedSetupP99Ms: round(quantile(asked.rttMs, 0.99)),
      askedSetupP50Ms: round(quantile(asked.rttMs, 0.5)),
      unaskedSetupP99Ms: round(quantile(unasked.rttMs, 0.99)),
      unaskedSetupP50Ms: round(quantile(unasked.rttMs, 0.5)),
      failedCalls: asked.failed + unasked.failed,
    };
  } finally {
    await asterisk.stop();
  }
}

async function counted(gateway: GatewayProcess): Promise<{ all: number; within: number }> {
  return {
    all: await gateway.metric("ringfence_agi_seconds_count", '{script="check"}'),
    within: await gateway.metric("ringfence_agi_seconds_bucket", `{script="check",le="${BAR}"}`),
  };
}

async function calls(port: number, prefix: string, rate: number, seconds: number): Promise<SippResult> {
  const folder = temporaryFolder("agi-bench");
  const csv = join(folder.path, "numbers.csv");
  const number = (i: number): string => String(i).padStart(6, "0");
  const rows = Array.from({ length: rate * seconds }, (_each, i) => `+1303${prefix}${number(i)};${prefix}${number(i)}`);
  writeFileSync(csv, `SEQUENTIAL\n${rows.join("\n")}\n`);
  try {
    return await runSipp({
      scenario: "uac.xml",
      remote: `127.0.0.1:${port}`,
      localPort: await freeUdpPort(),
      csv,
      rate,
      calls: rate * seconds,
      holdMs: HOLD_MS,
    });
  } finally {
    folder.remove();
  }
}

const round = (value: number): number => Math.round(value * 1_000) / 1_000;
