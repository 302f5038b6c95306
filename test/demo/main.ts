// The story of scripts/demo. Exit code 0 only if every step held.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HONEST_BANK_CALL, SCAM_CALL, type Script } from "../support/dialogues.js";
import { modemEngineFile } from "../support/modem/engine-file.js";
import { Phone, type Leg } from "./phone.js";
import { Voice } from "./voice.js";

const VICTIM = "+12025550142";
const HOTLINE = "+12025550100";
const WINDOW_MS = 5_000;
const keep = process.argv.includes("--keep");

interface Ready {
  readonly sip: readonly string[];
  readonly http: string;
  readonly metrics: string;
}

interface Alert {
  readonly alert_id: string;
  readonly b_number: string;
  readonly a_numbers: readonly string[];
  readonly call_count: number;
  readonly severity: string;
}

const KEY = "demo-key-on-loopback-only-1";
let failures = 0;

function step(held: boolean, what: string, detail: string): void {
  if (!held) failures++;
  console.log(`  ${held ? "✓" : "✗"} ${what.padEnd(58)} ${detail}`);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const ms = (value: number): string => `${value.toFixed(1)} ms`;
const caller = (index: number): string => `+1303555${String(100 + index).padStart(4, "0")}`;

function startGateway(
  folder: string,
  ports: { readonly called: number; readonly talker: number },
  modem: string,
): Promise<{ child: ChildProcess; ready: Ready }> {
  const config = {
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
  const file = join(folder, "ringfence.json");
  writeFileSync(file, JSON.stringify(config, null, 2));
  const child = spawn(process.execPath, ["dist/gateway/cli/ringfence.js", "serve", "--config", file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return new Promise((resolve, reject) => {
    let text = "";
    const timer = setTimeout(() => reject(new Error("the gateway did not get ready in 30 s")), 30_000);
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const end = text.indexOf("\n");
      if (end < 0) return;
      clearTimeout(timer);
      resolve({ child, ready: JSON.parse(text.slice(0, end)) as Ready });
    });
    child.once("exit", (code) => reject(new Error(`the gateway ended with ${code}`)));
  });
}

async function api(ready: Ready, path: string, body?: unknown): Promise<unknown> {
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/json" };
  const answer = await fetch(new URL(path, ready.http), { ...init, headers, signal: AbortSignal.timeout(5_000) });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
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

/** Two telephones that speak, on a trunk whose calls are listened to. */
interface Talk {
  readonly caller: Phone;
  readonly called: Phone;
  readonly voices: { readonly caller: Voice; readonly called: Voice };
}

interface HeardCall {
  readonly state: string;
  readonly score: number;
  readonly kind: string;
  readonly lines: readonly { readonly final: boolean }[];
}

async function heard(ready: Ready, leg: Leg): Promise<HeardCall | undefined> {
  return api(ready, `/api/v1/calls/${encodeURIComponent(leg.callId)}/heard`).catch(() => undefined) as Promise<
    HeardCall | undefined
  >;
}

/** Speaks the dialogue, each turn once the gateway has the text of the one before, and shows what is thought of the call. */
async function speak({ talk, ready }: Stage, leg: Leg, script: Script): Promise<number> {
  let spoken = 0;
  const isOver = (): boolean => leg.endedAt !== undefined;
  for (const [who, text] of script) {
    if (isOver()) break;
    const before = (await heard(ready, leg))?.lines.filter(({ final }) => final).length ?? 0;
    await talk.voices[who].say(text);
    if (!isOver()) spoken++;
    for (let tries = 0; tries < 100 && !isOver(); tries++) {
      await pause(30);
      const now = await heard(ready, leg);
      if ((now?.lines.filter(({ final }) => final).length ?? 0) > before) break;
    }
    const verdict = isOver() ? "the call is down" : await heard(ready, leg).then((now) => verdictText(now));
    console.log(`      ${who.padEnd(6)} ${(text.length > 66 ? `${text.slice(0, 65)}…` : text).padEnd(67)} ${verdict}`);
  }
  return spoken;
}

const verdictText = (now: HeardCall | undefined): string =>
  now === undefined ? "" : `${now.state} ${now.score.toFixed(2)}${now.kind === "none" ? "" : ` ${now.kind}`}`;

async function listening(stage: Stage): Promise<void> {
  const { talk, gateway, ready } = stage;
  console.log("\n  Two calls on a trunk that is listened to (RTP through the relay, text from a tone modem):");
  const honest = talk.caller.call(caller(200), "+12025550161", gateway);
  await talk.caller.until(() => honest.answeredAt !== undefined);
  const turns = await speak(stage, honest, HONEST_BANK_CALL);
  const before = await heard(ready, honest);
  step(
    turns === HONEST_BANK_CALL.length && honest.endedAt === undefined && before?.state !== "scam",
    "an honest call of the bank is heard and left alone",
    `${before?.lines.length ?? 0} lines, ${verdictText(before)}`,
  );
  talk.caller.hangUp(honest);
  await talk.caller.until(() => honest.endedAt !== undefined);
  const scam = talk.caller.call(caller(201), "+12025550162", gateway);
  await talk.caller.until(() => scam.answeredAt !== undefined);
  const spoken = await speak(stage, scam, SCAM_CALL);
  await talk.caller.until(() => scam.endedAt !== undefined, 5_000);
  const otherLeg = [...talk.called.legs.values()].find(({ from }) => from === scam.from);
  await talk.called.until(() => otherLeg?.endedAt !== undefined, 5_000);
  const after = (scam.endedAt ?? Infinity) - talk.voices.caller.saidAt;
  step(
    scam.endedBy === "BYE" && otherLeg?.endedBy === "BYE" && spoken < SCAM_CALL.length,
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
    const started = await startGateway(folder, ports, await modemEngineFile(folder));
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
    whereNext(ready);
    if (keep) await new Promise((resolve) => process.once("SIGINT", resolve));
  } catch (error) {
    failures++;
    console.error(error instanceof Error ? error.message : error);
  } finally {
    await stop(child);
    for (const phone of phones) phone.close();
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(failures === 0 ? "\nevery step held" : `\n${failures} step(s) did not hold`);
  process.exitCode = failures === 0 ? 0 : 1;
}

function whereNext(ready: Ready): void {
  const curl = (path: string): string => `curl -s -H 'Authorization: Bearer ${KEY}' ${new URL(path, ready.http).href}`;
  const lines = [
    "",
    keep ? "Where to look (Ctrl-C ends it):" : "Where to look (`scripts/demo --keep` leaves it running):",
    `  ${new URL("/docs", ready.http).href}  the HTTP API (any name, the key as password)`,
    `  ${curl("/alerts")}`,
    `  ${curl("/api/v1/teardowns")}  proof, per leg`,
    `  ${ready.metrics}`,
    "  your own:  npx ringfence serve --config FILE     (docs/guides/first-hop.md)",
  ];
  console.log(lines.join("\n"));
}

async function stop(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await exited;
  clearTimeout(timer);
}

await main();
