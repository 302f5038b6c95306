// The story of scripts/demo --asterisk: the same through a real Asterisk that no trunk was moved for. Exit code 0 only if every step held.
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAsterisk, type Asterisk } from "../support/asterisk.js";
import { HONEST_BANK_CALL, SCAM_CALL } from "../support/dialogues.js";
import { ringfenceEntry } from "../support/gateway-process.js";
import { modemEngineFile } from "../support/modem/engine-file.js";
import { freeTcpPort, until } from "../support/processes.js";
import { endGateway, startGateway } from "./gateway.js";
import { Phone, type Leg } from "./phone.js";
import {
  api,
  caller,
  closing,
  heard,
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
/** By the dialplan, told `block` over AGI; or by ARI, which ends every call of an attack and may be quicker. */
const REFUSED: ReadonlySet<string> = new Set(["603", "403"]);
const keep = process.argv.includes("--keep");

/** An Asterisk as somebody has it, and two lines for Ringfence: the verdict, and listening. */
const DIALPLAN = `[globals]
RINGFENCE_AGI = 127.0.0.1:@AGI_PORT@
RINGFENCE_SERVER = pbx
RINGFENCE_WAIT = 5
#include "ringfence.conf"
[from-carrier]
exten => _+X.,1,Gosub(ringfence-check,s,1)
 same => n,Gosub(ringfence-listen,s,1)
 same => n,NoOp(CALL \${CALLERID(num)} \${RINGFENCE_CALL_ID} \${RINGFENCE_VERDICT} \${RINGFENCE_REASON})
 same => n,Dial(PJSIP/\${EXTEN}@\${IF($["\${EXTEN:0:11}" = "+1202555016"]?talker:switch)},30)
 same => n,Hangup(\${HANGUPCAUSE})
`;

const PJSIP = `[udp]
type = transport
protocol = udp
bind = 0.0.0.0:@SIP_PORT@
[base](!)
type = endpoint
disallow = all
allow = ulaw
direct_media = no
rtp_symmetric = yes
context = from-carrier
identify_by = ip
[carrier](base)
[carrier]
type = identify
endpoint = carrier
match = 127.0.0.2,127.0.0.3,127.0.0.4
[switch](base)
aors = switch
[switch]
type = aor
contact = sip:127.0.0.1:@SWITCH_PORT@
[talker](base)
aors = talker
[talker]
type = aor
contact = sip:127.0.0.1:@TALKER_PORT@
`;

interface Stage {
  readonly asterisk: Asterisk;
  readonly ready: Ready;
  readonly child: ChildProcess;
  readonly at: { readonly address: string; readonly port: number };
  readonly carrierA: Phone;
  readonly carrierB: Phone;
  readonly called: Phone;
  readonly talk: Talk;
}

function settings(
  folder: string,
  asterisk: Asterisk,
  agiPort: number,
  modem: string,
): Readonly<Record<string, unknown>> {
  return {
    sip: { listenPort: 0 },
    http: { listenPort: 0, apiKeys: [{ key: KEY, role: "admin", id: "demo" }] },
    metrics: { listenPort: 0 },
    store: { folder: join(folder, "data") },
    detection: { masking: { windowMs: 5_000, threshold: 5, mode: "enforce" } },
    asterisk: {
      servers: [
        {
          id: "pbx",
          ariUrl: asterisk.ariUrl,
          username: asterisk.ariUser,
          password: asterisk.ariPassword,
        },
      ],
      agi: { enabled: true, listenPort: agiPort, budgetMs: 5_000 },
    },
    // A recogniser of real speech needs a model that has to be fetched first: here a tone modem stands in for it.
    speech: { engine: "module", module: { path: modem }, voiceActivity: { engine: "energy" } },
    limits: { drainMs: 0 },
    logs: { level: "error" },
  };
}

async function honestCall({ carrierB, called, at }: Stage): Promise<void> {
  const started = performance.now();
  const leg = carrierB.call(caller(50), "+12025550111", at);
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

interface Teardown {
  readonly call_id: string;
  readonly via: string;
  readonly a_outcome: string;
}

async function attack({ carrierA, called, at, ready }: Stage): Promise<void> {
  const legs: Leg[] = [];
  for (let i = 0; i < 4; i++) {
    legs.push(carrierA.call(caller(i), VICTIM, at));
    await pause(120);
  }
  await carrierA.until(() => legs.every((leg) => leg.answeredAt !== undefined));
  const quiet = legs.every((leg) => leg.endedAt === undefined);
  const found = performance.now();
  const fifth = carrierA.call(caller(4), VICTIM, at);
  await carrierA.until(() => [...legs, fifth].every((leg) => leg.endedAt !== undefined));
  step(
    quiet && REFUSED.has(fifth.endedBy ?? ""),
    "the attack is seen at its fifth caller, not before",
    `fifth INVITE answered ${fifth.endedBy ?? "nothing"} after ${ms((fifth.endedAt ?? 0) - found)}`,
  );
  const bLegs = [...called.legs.values()].filter((leg) => leg.to === VICTIM);
  await called.until(() => bLegs.every((leg) => leg.endedAt !== undefined));
  for (const leg of legs) {
    const other = bLegs.find((candidate) => candidate.from === leg.from);
    const when = `caller's leg ${ms((leg.endedAt ?? Infinity) - found)}, called leg ${ms((other?.endedAt ?? Infinity) - found)}`;
    step(
      leg.endedBy === "BYE" && other?.endedBy === "BYE",
      `  call ${legs.indexOf(leg) + 1} (${leg.from}) is down on both legs`,
      when,
    );
  }
  let proofs: readonly Teardown[] = [];
  await until("the proofs", async () => {
    proofs = ((await api(ready, "/api/v1/teardowns?limit=100")) as readonly Teardown[]).filter(
      (each) => each.via === "asterisk",
    );
    return proofs.filter((each) => each.a_outcome === "confirmed").length >= 4;
  }).catch(() => undefined);
  const confirmed = proofs.filter((each) => each.a_outcome === "confirmed").length;
  step(confirmed >= 4, "each was ended through ARI, with proof", `${confirmed} × ChannelDestroyed of every channel`);
}

async function afterwards({ carrierA, called, at, ready }: Stage): Promise<void> {
  const more: Leg[] = [];
  for (let i = 5; i < 25; i++) {
    more.push(carrierA.call(caller(i), VICTIM, at));
    await pause(30);
  }
  await carrierA.until(() => more.every((leg) => leg.endedAt !== undefined));
  const by = (answer: string): number => more.filter((leg) => leg.endedBy === answer).length;
  const refused = by("603") + by("403");
  const reached = [...called.legs.values()].filter((leg) => leg.to === VICTIM).length;
  step(
    refused === 20 && reached === 4,
    "20 more callers are refused, none reaches the victim",
    `${by("603")} × 603 by the dialplan, ${by("403")} × 403 by ARI`,
  );
  const alert = ((await api(ready, "/alerts")) as readonly Alert[]).find((each) => each.b_number === VICTIM);
  step(
    alert !== undefined,
    "an alert was raised",
    alert === undefined ? "none" : `${alert.severity}, ${alert.a_numbers.length} callers, ${alert.call_count} calls`,
  );
}

/** Calls, and waits until the dialplan has said under which name the gateway knows the call, and until it is heard. */
async function talkTo(stage: Stage, from: string, to: string): Promise<{ leg: Leg; callId: string }> {
  const { talk, at, asterisk, ready } = stage;
  const leg = talk.caller.call(from, to, at);
  await talk.caller.until(() => leg.answeredAt !== undefined);
  const line = new RegExp(`"CALL \\${from} (\\S+) `);
  await until("the call in Asterisk's log", () => line.test(asterisk.log()));
  const callId = line.exec(asterisk.log())?.[1] ?? "";
  await until("the call to be listened to", async () => (await heard(ready, callId)) !== undefined);
  return { leg, callId };
}

async function listening(stage: Stage): Promise<void> {
  const { talk, ready } = stage;
  console.log(
    "\n  Two calls that Asterisk lets the gateway hear (snoop and external media over ARI, text from a tone modem):",
  );
  const honest = await talkTo(stage, caller(200), "+12025550161");
  const isOver = ({ leg }: { leg: Leg }) => ({ isOver: () => leg.endedAt !== undefined });
  const turns = await speak(ready, talk, { ...honest, ...isOver(honest) }, HONEST_BANK_CALL);
  const before = await heardSurely(ready, honest.callId);
  step(
    turns === HONEST_BANK_CALL.length && honest.leg.endedAt === undefined && before?.state === "clear",
    "an honest call of the bank is heard and left alone",
    `${before?.lines.length ?? 0} lines, ${verdictText(before)}`,
  );
  talk.caller.hangUp(honest.leg);
  await talk.caller.until(() => honest.leg.endedAt !== undefined);
  const scam = await talkTo(stage, caller(201), "+12025550162");
  const spoken = await speak(ready, talk, { ...scam, ...isOver(scam) }, SCAM_CALL);
  await talk.caller.until(() => scam.leg.endedAt !== undefined);
  const otherLeg = [...talk.called.legs.values()].find(({ from }) => from === scam.leg.from);
  await talk.called.until(() => otherLeg?.endedAt !== undefined);
  const afterMs = (scam.leg.endedAt ?? Infinity) - talk.voices.caller.saidAt;
  step(
    scam.leg.endedBy === "BYE" && otherLeg?.endedBy === "BYE" && spoken < SCAM_CALL.length,
    "a scam call is heard and ended before the code is told",
    `both legs down ${ms(afterMs)} after the caller's last word`,
  );
}

async function withoutGateway({ child, carrierB, at, asterisk }: Stage): Promise<void> {
  await endGateway(child);
  const started = performance.now();
  const leg = carrierB.call(caller(90), "+12025550112", at);
  const answered = await carrierB.until(() => leg.answeredAt !== undefined);
  step(
    answered,
    "the gateway is stopped: the next call goes on without it",
    `answered after ${ms((leg.answeredAt ?? 0) - started)}`,
  );
  carrierB.hangUp(leg);
  await carrierB.until(() => leg.endedAt !== undefined);
  let left = "";
  await until("all channels to be gone", async () => {
    left = (await asterisk.cli("core show channels count")).split("\n")[0] ?? "";
    return left.startsWith("0 ");
  }).catch(() => undefined);
  step(left.startsWith("0 "), "nothing is left behind in Asterisk", left);
}

async function tell(stage: Stage): Promise<void> {
  console.log(
    `\nAsterisk on udp 127.0.0.1:${stage.at.port} with Ringfence beside it: AGI before Dial, ARI for the rest (window 5 s, threshold 5 callers)\n`,
  );
  await honestCall(stage);
  await attack(stage);
  await afterwards(stage);
  await listening(stage);
  whereNext(stage.ready, keep, ["your own:  docs/guides/asterisk.md"]);
  if (keep) await new Promise((resolve) => process.once("SIGINT", resolve));
  console.log("");
  await withoutGateway(stage);
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-demo-"));
  const [called, carrierA, carrierB] = [new Phone("127.0.0.1"), new Phone("127.0.0.2"), new Phone("127.0.0.3")];
  const voices = { caller: new Voice("127.0.0.4"), called: new Voice("127.0.0.1") };
  const talk = { caller: new Phone("127.0.0.4", voices.caller), called: new Phone("127.0.0.1", voices.called), voices };
  const phones = [called, carrierA, carrierB, talk.caller, talk.called, voices.caller, voices.called];
  let asterisk: Asterisk | undefined;
  let child: ChildProcess | undefined;
  try {
    await Promise.all(phones.map((phone) => phone.open()));
    const agiPort = await freeTcpPort();
    asterisk = await startAsterisk({
      files: { "extensions.conf": DIALPLAN, "pjsip.conf": PJSIP },
      values: { AGI_PORT: agiPort, SWITCH_PORT: called.port, TALKER_PORT: talk.called.port },
    });
    const started = await startGateway(
      ringfenceEntry(),
      folder,
      settings(folder, asterisk, agiPort, await modemEngineFile(folder)),
    );
    child = started.child;
    const at = { address: "127.0.0.1", port: asterisk.sipPort };
    await until("ARI to be up", async () =>
      /ringfence_ari_up\{[^}]*\} 1/.test(await (await fetch(started.ready.metrics)).text()),
    );
    await tell({ asterisk, ...started, at, carrierA, carrierB, called, talk });
  } catch (error) {
    stepFailed(error);
  } finally {
    await endGateway(child);
    await asterisk?.stop();
    for (const phone of phones) phone.close();
    rmSync(folder, { recursive: true, force: true });
  }
  process.exitCode = closing();
}

await main();
