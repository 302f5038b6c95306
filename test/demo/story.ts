import type { Script } from "../support/dialogues.js";
import type { Phone } from "./phone.js";
import type { Voice } from "./voice.js";

/** The gateway's first line on stdout. */
export interface Ready {
  readonly sip: readonly string[];
  readonly http: string;
  readonly metrics: string;
  readonly asterisk?: Readonly<Record<string, string>>;
}

export interface Alert {
  readonly alert_id: string;
  readonly b_number: string;
  readonly a_numbers: readonly string[];
  readonly call_count: number;
  readonly call_ids: readonly string[];
  readonly severity: string;
  readonly threat?: { readonly state: string; readonly score: number; readonly kind: string };
}

export const KEY = "demo-key-on-loopback-only-1";
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
export const ms = (value: number): string => `${value.toFixed(1)} ms`;
export const caller = (index: number): string => `+1303555${String(100 + index).padStart(4, "0")}`;

let failures = 0;

/** One line of the story: what should hold, whether it does, and what was seen. */
export function step(held: boolean, what: string, detail: string): void {
  if (!held) failures++;
  console.log(`  ${held ? "✓" : "✗"} ${what.padEnd(58)} ${detail}`);
}

export function stepFailed(error: unknown): void {
  failures++;
  console.error(error instanceof Error ? error.message : error);
}

/** Prints how it went. @returns The exit code. */
export function closing(): number {
  console.log(failures === 0 ? "\nevery step held" : `\n${failures} step(s) did not hold`);
  return failures === 0 ? 0 : 1;
}

/** @throws Error for an answer that is not 2xx. */
export async function api(ready: Ready, path: string, body?: unknown): Promise<unknown> {
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/json" };
  const answer = await fetch(new URL(path, ready.http), { ...init, headers, signal: AbortSignal.timeout(5_000) });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

/** Two telephones that speak, in calls that are listened to. */
export interface Talk {
  readonly caller: Phone;
  readonly called: Phone;
  readonly voices: { readonly caller: Voice; readonly called: Voice };
}

export interface HeardCall {
  readonly state: string;
  readonly score: number;
  readonly kind: string;
  readonly lines: readonly { readonly final: boolean }[];
}

/** What is thought of a call that is up; undefined: it is not listened to, or over. */
export async function heard(ready: Ready, callId: string): Promise<HeardCall | undefined> {
  return api(ready, `/api/v1/calls/${encodeURIComponent(callId)}/heard`).catch(() => undefined) as Promise<
    HeardCall | undefined
  >;
}

/** The same for a call that should be there: asked again where the answer was a refusal of so many questions. */
export async function heardSurely(ready: Ready, callId: string): Promise<HeardCall | undefined> {
  for (let tries = 0; tries < 20; tries++) {
    const now = await heard(ready, callId);
    if (now !== undefined) return now;
    await pause(250);
  }
  return undefined;
}

export const verdictText = (now: HeardCall | undefined): string =>
  now === undefined ? "" : `${now.state} ${now.score.toFixed(2)}${now.kind === "none" ? "" : ` ${now.kind}`}`;

/** Of a call that is over: what its alert says. */
async function endText(ready: Ready, callId: string): Promise<string> {
  const alerts = (await api(ready, "/alerts").catch(() => [])) as readonly Alert[];
  const threat = alerts.find(({ call_ids: calls }) => calls.includes(callId))?.threat;
  const what = threat === undefined ? "" : `${threat.state} ${threat.score.toFixed(2)} ${threat.kind}: `;
  return `${what}the call is down`;
}

/**
 * Speaks the dialogue, each turn once the gateway has the text of the one before, and shows what is thought of the call.
 * @returns Turns that were spoken while the call was up.
 */
export async function speak(
  ready: Ready,
  { voices }: Talk,
  call: { readonly callId: string; readonly isOver: () => boolean },
  script: Script,
): Promise<number> {
  let spoken = 0;
  const { callId, isOver } = call;
  for (const [who, text] of script) {
    if (isOver()) break;
    const before = (await heard(ready, callId))?.lines.filter(({ final }) => final).length ?? 0;
    await voices[who].say(text);
    if (!isOver()) spoken++;
    for (let tries = 0; tries < 400 && !isOver(); tries++) {
      await pause(30);
      const now = await heard(ready, callId);
      if ((now?.lines.filter(({ final }) => final).length ?? 0) > before) break;
    }
    const verdict = isOver()
      ? await endText(ready, callId)
      : await heard(ready, callId).then((now) => verdictText(now));
    console.log(`      ${who.padEnd(6)} ${(text.length > 66 ? `${text.slice(0, 65)}…` : text).padEnd(67)} ${verdict}`);
  }
  return spoken;
}

/** Where to look afterwards. */
export function whereNext(ready: Ready, kept: boolean, more: readonly string[]): void {
  const curl = (path: string): string => `curl -s -H 'Authorization: Bearer ${KEY}' ${new URL(path, ready.http).href}`;
  const lines = [
    "",
    kept ? "Where to look (Ctrl-C ends it):" : "Where to look (`--keep` leaves it running):",
    `  ${new URL("/docs", ready.http).href}  the HTTP API (any name, the key as password)`,
    `  ${curl("/alerts")}`,
    `  ${curl("/api/v1/teardowns")}  proof, per leg`,
    `  ${new URL("/metrics", ready.metrics).href}  metrics for Prometheus`,
    ...more.map((line) => `  ${line}`),
  ];
  console.log(lines.join("\n"));
}
