// The story of scripts/demo. Exit code 0 only if every step held.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Phone, type Leg } from "./phone.js";

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

function startGateway(folder: string, calledPort: number): Promise<{ child: ChildProcess; ready: Ready }> {
  const config = {
    sip: { listenPort: 0, nextHops: [`127.0.0.1:${calledPort}`] },
    trunks: [
      { id: "carrier-a", sources: ["127.0.0.2"] },
      { id: "carrier-b", sources: ["127.0.0.3"] },
    ],
    http: { listenPort: 0, apiKeys: [{ key: KEY, role: "admin", id: "demo" }] },
    metrics: { listenPort: 0 },
    store: { folder: join(folder, "data") },
    detection: { masking: { windowMs: WINDOW_MS, threshold: 5, mode: "enforce" } },
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

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-demo-"));
  const called = new Phone("127.0.0.1");
  const carrierA = new Phone("127.0.0.2");
  const carrierB = new Phone("127.0.0.3");
  let child: ChildProcess | undefined;
  try {
    await Promise.all([called.open(), carrierA.open(), carrierB.open()]);
    const started = await startGateway(folder, called.port);
    child = started.child;
    const { ready } = started;
    const port = Number(
      ready.sip
        .find((name) => name.startsWith("udp:"))
        ?.split(":")
        .at(-1),
    );
    const stage: Stage = { ready, gateway: { address: "127.0.0.1", port }, carrierA, carrierB, called, folder };
    console.log(
      `\nRingfence on ${ready.sip.join(", ")}: two carriers call one switch through it (window 5 s, threshold 5 callers)\n`,
    );
    await honestCall(stage);
    await busyHotline(stage);
    await attack(stage);
    await afterwards(stage);
    whereNext(ready);
    if (keep) await new Promise((resolve) => process.once("SIGINT", resolve));
  } catch (error) {
    failures++;
    console.error(error instanceof Error ? error.message : error);
  } finally {
    await stop(child);
    for (const phone of [called, carrierA, carrierB]) phone.close();
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
    `  ${new URL("/docs", ready.http).href}  the HTTP API`,
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
