// The story of scripts/demo. Exit code 0 only if every step held.
import { execFileSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HONEST_BANK_CALL, SCAM_CALL } from "../support/dialogues.js";
import { modemEngineFile } from "../support/modem/engine-file.js";
import { endGateway, startGateway } from "./gateway.js";
import { Phone, type Leg } from "./phone.js";
import {
  api,
  caller,
  closing,
  heardSurely,
  KEY,
  ms,
  pause,
  speak,
  step,
  stepFailed,
  verdictText,
  whereNext,
} from "./story.js";
import type { Alert, Ready, Talk } from "./story.js";
import { Voice } from "./voice.js";

const VICTIM = "+12025550142";
const HOTLINE = "+12025550100";
const WINDOW_MS = 5_000;
const keep = process.argv.includes("--keep");

function settings(
  folder: string,
  ports: { readonly called: number; readonly talker: number },
  modem: string,
): Readonly<Record<string, unknown>> {
  return {
    sip: {
      listenPort: 0,
      nextHops: [`127.0.0.1:${ports.called}`],
      hopGroups: { heard: [`127.0.0.1:${ports.talker}`] },
    },
    trunks: [
      { id: "carrier-a", sources: ["127.0.0.2"] },
      { id: "carrier-b", sources: ["127.0.0.3"] },
      { id: "heard", sources: ["127.0.0.4"], hopGroup: "heard", media: { anchor: "relay", listen: true } },
    ],
    http: { listenPort: 0, apiKeys: [{ key: KEY, role: "admin", id: "demo" }] },
    metrics: { listenPort: 0 },
    store: { folder: join(folder, "data") },
    detection: { masking: { windowMs: WINDOW_MS, threshold: 5, mode: "enforce" } },
    // A recogniser of real speech needs a model that has to be fetched first: here a tone modem stands in for it.
    speech: { engine: "module", module: { path: modem }, voiceActivity: { engine: "energy" } },
    limits: { drainMs: 0 },
    logs: { level: "error" },
  };
}

interface Stage {
  readonly talk: Talk;
  readonly ready: Ready;
  readonly gateway: { address: string; port: number };
  readonly carrierA: Phone;
  readonly carrierB: Phone;
  readonly called: Phone;
  readonly folder: string;
}

async function honestCall({ carrierB, called, gateway }: Stage): Promise<void> {
  const started = performance.now();
  const leg = carrierB.call(caller(50), "+12025550111", gateway);
  const answered = await carrierB.until(() => leg.answeredAt !== undefined);
  await pause(200);
  const stillUp = leg.endedAt === undefined;
  carrierB.hangUp(leg);
  const over = await called.until(() =>
    [...called.legs.values()].some((other) => other.from === leg.from && other.endedBy === "BYE"),
  );
  step(
    answered && stillUp && over,
    "an honest call passes and ends when its caller hangs up",
    `answered after ${ms((leg.answeredAt ?? 0) - started)}`,
  );
}

/** Three days of the switch's call records: eight callers of the hotline within four seconds, twelve hours a day. */
function hotlineRecording(): string {
  const lines = ["call_id,a_number,b_number,timestamp,status,switch_id"];
  const firstHour = Date.UTC(2026, 0, 5, 8);
  for (let day = 0; day < 3; day++) {
    for (let hour = 0; hour < 12; hour++) {
      for (let i = 0; i < 8; i++) {
        const at = new Date(firstHour + day * 86_400_000 + hour * 3_600_000 + i * 500).toISOString();
        lines.push(`rec-${day}-${hour}-${i},${caller(500 + ((hour * 8 + i) % 90))},${HOTLINE},${at},active,switch-1`);
      }
    }
  }
  return `${lines.join("\n")}\n`;
}

/** Replays the recording with `ringfence replay --learn` and teaches the running gateway what came out. @returns callers per window */
async function replayBaseline(ready: Ready, folder: string): Promise<number> {
  const [recording, learned] = [join(folder, "hotline.csv"), join(folder, "baseline.json")];
  writeFileSync(recording, hotlineRecording());
  execFileSync(process.execPath, ["dist/gateway/cli/ringfence.js", "replay", recording, "--learn", learned], {
    stdio: "ignore",
  });
  const body = JSON.parse(readFileSync(learned, "utf8")) as {
    rows: { b_number: string; callers_per_window: number }[];
  };
  await api(ready, "/api/v1/baseline", body);
  return body.rows.find((row) => row.b_number === HOTLINE)?.callers_per_window ?? 0;
}

async function busyHotline({ ready, carrierB, gateway, folder }: Stage): Promise<void> {
  const usual = await replayBaseline(ready, folder);
  const legs: Leg[] = [];
  for (let i = 0; i < 8; i++) {
    legs.push(carrierB.call(caller(60 + i), HOTLINE, gateway));
    await pause(100);
  }
  const answered = await carrierB.until(() => legs.every((leg) => leg.answeredAt !== undefined));
  await pause(300);
  const up = legs.filter((leg) => leg.endedAt === undefined).length;
  step(
    answered && usual > 0 && up === 8,
    "a busy hotline with a replayed baseline is left alone",
    `usual there: ${usual} callers in 5 s; ${up} of 8 calls up`,
  );
  for (const leg of legs) carrierB.hangUp(leg);
}

async function attack(stage: Stage): Promise<void> {
  const { carrierA, called, gateway, ready } = stage;
  const legs: Leg[] = [];
  for (let i = 0; i < 4; i++) {
    legs.push(carrierA.call(caller(i), VICTIM, gateway));
    await pause(120);
  }
  await carrierA.until(() => legs.every((leg) => leg.answeredAt !== undefined));
  const quiet = legs.every((leg) => leg.endedAt === undefined);
  const found = performance.now();
  const fifth = carrierA.call(caller(4), VICTIM, gateway);
  legs.push(fifth);
  await carrierA.until(() => legs.every((leg) => leg.endedAt !== undefined));
  const bLegs = [...called.legs.values()].filter((leg) => leg.to === VICTIM);
  await called.until(() => bLegs.every((leg) => leg.endedAt !== undefined));
  step(
    quiet && fifth.endedBy === "603",
    "the attack is seen at its fifth caller, not before",
    `fifth INVITE answered ${fifth.endedBy ?? "nothing"} after ${ms((fifth.endedAt ?? 0) - found)}`,
  );
  for (const leg of legs.slice(0, 4)) {
    const other = bLegs.find((candidate) => candidate.from === leg.from);
    const down = leg.endedBy === "BYE" && other?.endedBy === "BYE";
    const when = `caller's leg ${ms((leg.endedAt ?? Infinity) - found)}, called leg ${ms((other?.endedAt ?? Infinity) - found)}`;
    step(down, `  call ${legs.indexOf(leg) + 1} (${leg.from}) is down on both legs`, when);
  }
  const more: Leg[] = [];
  for (let i = 5; i < 25; i++) {
    more.push(carrierA.call(caller(i), VICTIM, gateway));
    await pause(30);
  }
  await carrierA.until(() => more.every((leg) => leg.endedAt !== undefined));
  const refused = more.filter((leg) => leg.endedBy === "603").length;
  const reached = [...called.legs.values()].filter((leg) => leg.to === VICTIM).length;
  step(
    refused === 20 && reached === 4,
    "20 more callers are refused, none reaches the victim",
    `${refused} × 603, reason ${more[0]?.reason ?? "none"}`,
  );
  const alerts = (await api(ready, "/alerts")) as readonly Alert[];
  const alert = alerts.find((candidate) => candidate.b_number === VICTIM);
  step(
    alert !== undefined,
    "an alert was raised",
    alert === undefined ? "none" : `${alert.severity}, ${alert.a_numbers.length} callers, ${alert.call_count} calls`,
  );
}

async function afterwards({ carrierA, carrierB, gateway }: Stage): Promise<void> {
  const newcomer = carrierA.call(caller(40), VICTIM, gateway);
  await carrierA.until(() => newcomer.endedAt !== undefined);
  step(
    newcomer.endedBy === "603",
    "a new caller from the attacking trunk is refused",
    `answered ${newcomer.endedBy ?? "nothing"}`,
  );
  const honest = carrierB.call(caller(90), VICTIM, gateway);
  const answered = await carrierB.until(() => honest.answeredAt !== undefined);
  await pause(200);
  step(
    answered && honest.endedAt === undefined,
    "a caller from another trunk to the same number is let through",
    `answered ${honest.status}`,
  );
  carrierB.hangUp(honest);
  await carrierB.until(() => honest.endedAt !== undefined);
}

const spoken = (leg: Leg) => ({ callId: leg.callId, isOver: () => leg.endedAt !== undefined });

async function listening(stage: Stage): Promise<void> {
  const { talk, gateway, ready } = stage;
  console.log("\n  Two calls on a trunk that is listened to (RTP through the relay, text from a tone modem):");
  const honest = talk.caller.call(caller(200), "+12025550161", gateway);
  await talk.caller.until(() => honest.answeredAt !== undefined);
  const turns = await speak(ready, talk, spoken(honest), HONEST_BANK_CALL);
  const before = await heardSurely(ready, honest.callId);
  step(
    turns === HONEST_BANK_CALL.length && honest.endedAt === undefined && before?.state === "clear",
    "an honest call of the bank is heard and left alone",
    `${before?.lines.length ?? 0} lines, ${verdictText(before)}`,
  );
  talk.caller.hangUp(honest);
  await talk.caller.until(() => honest.endedAt !== undefined);
  const scam = talk.caller.call(caller(201), "+12025550162", gateway);
  await talk.caller.until(() => scam.answeredAt !== undefined);
  const turnsOfScam = await speak(ready, talk, spoken(scam), SCAM_CALL);
  await talk.caller.until(() => scam.endedAt !== undefined, 5_000);
  const otherLeg = [...talk.called.legs.values()].find(({ from }) => from === scam.from);
  await talk.called.until(() => otherLeg?.endedAt !== undefined, 5_000);
  const after = (scam.endedAt ?? Infinity) - talk.voices.caller.saidAt;
  step(
    scam.endedBy === "BYE" && otherLeg?.endedBy === "BYE" && turnsOfScam < SCAM_CALL.length,
    "a scam call is heard and ended before the code is told",
    `both legs down ${ms(after)} after the caller's last word`,
  );
  const warned = talk.called.tags.map((tag) => tag.split(";")[0]).join(" → ");
  step(warned !== "", "the called side's equipment was told as it went on", warned);
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-demo-"));
  const called = new Phone("127.0.0.1");
  const carrierA = new Phone("127.0.0.2");
  const carrierB = new Phone("127.0.0.3");
  const voices = { caller: new Voice("127.0.0.4"), called: new Voice("127.0.0.1") };
  const talk = { caller: new Phone("127.0.0.4", voices.caller), called: new Phone("127.0.0.1", voices.called), voices };
  const phones = [called, carrierA, carrierB, talk.caller, talk.called, voices.caller, voices.called];
  let child: ChildProcess | undefined;
  try {
    await Promise.all(phones.map((phone) => phone.open()));
    const ports = { called: called.port, talker: talk.called.port };
    const started = await startGateway(
      ["dist/gateway/cli/ringfence.js"],
      folder,
      settings(folder, ports, await modemEngineFile(folder)),
    );
    child = started.child;
    const { ready } = started;
    const port = Number(
      ready.sip
        .find((name) => name.startsWith("udp:"))
        ?.split(":")
        .at(-1),
    );
    const stage: Stage = { ready, gateway: { address: "127.0.0.1", port }, carrierA, carrierB, called, folder, talk };
    console.log(
      `\nRingfence on ${ready.sip.join(", ")}: two carriers call one switch through it (window 5 s, threshold 5 callers)\n`,
    );
    await honestCall(stage);
    await busyHotline(stage);
    await attack(stage);
    await afterwards(stage);
    await listening(stage);
    whereNext(ready, keep, ["your own:  npx ringfence serve --config FILE     (docs/guides/first-hop.md)"]);
    if (keep) await new Promise((resolve) => process.once("SIGINT", resolve));
  } catch (error) {
    stepFailed(error);
  } finally {
    await endGateway(child);
    for (const phone of phones) phone.close();
    rmSync(folder, { recursive: true, force: true });
  }
  process.exitCode = closing();
}

await main();
