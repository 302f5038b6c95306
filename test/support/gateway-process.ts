import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startProcess, temporaryFolder, type Running } from "./processes.js";

export interface ReadyLine {
  readonly ready: true;
  /** `udp:127.0.0.1:5060` */
  readonly sip: readonly string[];
  readonly http: string;
  readonly metrics: string;
  /** `agi` → `127.0.0.1:4573` … */
  readonly asterisk?: Readonly<Record<string, string>>;
}

export interface GatewayProcess {
  readonly ready: ReadyLine;
  readonly running: Running;
  /** Port of the first UDP listener. */
  readonly sipPort: number;
  readonly folder: string;
  readonly adminKey: string;
  /** GET or POST with the admin key; JSON in, JSON out. */
  api(
    path: string,
    init?: { method?: string; body?: unknown; key?: string | undefined },
  ): Promise<{ status: number; json: unknown }>;
  /** One sample of /metrics, summed over labels unless `labels` is given as it stands in the text: `{x="y"}`. */
  metric(name: string, labels?: string): Promise<number>;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Test keys: documentation values, in no real use. */
export const TEST_KEYS = {
  admin: "test-admin-key-0123456789",
  analyst: "test-analyst-key-0123456789",
  viewer: "test-viewer-key-0123456789",
  switch: "test-switch-key-0123456789",
} as const;

type Section = Readonly<Record<string, unknown>>;

const START_MS = 120_000;
const STOP_MS = 30_000;
const ANSWER_MS = 30_000;

/** A window that outlasts a machine which stands still for some seconds: the calls of an attack are placed one after the other. */
export const WIDE_WINDOW = { masking: { windowMs: 60_000 } } as const;
/** `asterisk.agi` on a port that the kernel chooses; an Asterisk that is slow to answer is waited for. */
export const PATIENT_AGI = { enabled: true, listenPort: 0, budgetMs: 30_000 } as const;

/**
 * A configuration on loopback with ports that the kernel chooses; `sections` are laid over it, one level deep. Next hops are telephones
 * in the test's own process: they get the time that a busy machine takes.
 */
export function testConfig(folder: string, sections: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const base: Record<string, Section> = {
    sip: { listenAddress: "127.0.0.1", listenPort: 0, nextHops: [], hopTimeoutMs: 15_000 },
    http: {
      listenAddress: "127.0.0.1",
      listenPort: 0,
      apiKeys: Object.entries(TEST_KEYS).map(([role, key]) => ({ role, key })),
    },
    metrics: { listenPort: 0 },
    store: { folder: join(folder, "data") },
  };
  const merged: Record<string, unknown> = { ...base };
  for (const [name, section] of Object.entries(sections)) {
    const isSection = typeof section === "object" && section !== null && !Array.isArray(section);
    merged[name] = isSection ? { ...base[name], ...section } : section;
  }
  return merged;
}

/**
 * Starts the production process (`dist/` where it is built, else the sources) and waits for its ready line.
 * @throws Error with the process's output when it ends or says nothing within two minutes.
 */
export async function startGateway(
  sections: Readonly<Record<string, unknown>> = {},
  extra: { args?: string[]; folder?: string; env?: Record<string, string>; nodeArgs?: readonly string[] } = {},
): Promise<GatewayProcess> {
  const own = extra.folder === undefined ? temporaryFolder("gateway") : undefined;
  const folder = extra.folder ?? own?.path ?? "";
  const configFile = join(folder, "ringfence.json");
  writeFileSync(configFile, JSON.stringify(testConfig(folder, sections), null, 2));
  const entry = [...(extra.nodeArgs ?? []), ...ringfenceEntry()];
  let announce: (line: ReadyLine) => void = () => undefined;
  const announced = new Promise<ReadyLine>((resolve) => (announce = resolve));
  let first = true;
  const running = startProcess(process.execPath, [...entry, "serve", "--config", configFile, ...(extra.args ?? [])], {
    env: extra.env ?? {},
    onLine: (line) => {
      if (!first || !line.startsWith('{"ready"')) return;
      first = false;
      announce(JSON.parse(line) as ReadyLine);
    },
  });
  const timer = new Promise<never>((_resolve, reject) => {
    const late = (): void => reject(new Error(`the gateway did not get ready in time:\n${running.output()}`));
    setTimeout(late, START_MS).unref();
  });
  const died = running.exited.then((code) =>
    Promise.reject(new Error(`the gateway ended with ${code}:\n${running.output()}`)),
  );
  const ready = await Promise.race([announced, timer, died]).catch(async (error: unknown) => {
    await running.stop("SIGKILL");
    own?.remove();
    throw error;
  });
  died.catch(() => undefined);
  const sipPort = Number(ready.sip.find((name) => name.startsWith("udp:"))?.replace(/^.*:/, "") ?? 0);
  return {
    ready,
    running,
    sipPort,
    folder,
    adminKey: TEST_KEYS.admin,
    api: (path, init = {}) => askPatiently(ready.http, path, { key: TEST_KEYS.admin, ...init }),
    metric: (name, labels) => readMetric(ready.metrics, name, labels),
    stop: async (signal = "SIGTERM") => {
      const code = await running.stop(signal, STOP_MS);
      own?.remove();
      return code;
    },
  };
}

/** Arguments of node that run the `ringfence` command: the build in `dist/` (or `RINGFENCE_TEST_DIST`), else the sources. */
export function ringfenceEntry(): readonly string[] {
  const built = join(process.env["RINGFENCE_TEST_DIST"] ?? "dist", "gateway/cli/ringfence.js");
  const sources = process.env["RINGFENCE_TEST_SOURCES"] === "1" || !existsSync(built);
  return sources ? ["--import", "tsx", "gateway/cli/ringfence.ts"] : [built];
}

/** A connection that is kept may be closed by the other side in the moment in which it is used again. */
const ONE_CONNECTION = { connection: "close" } as const;

interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  readonly key?: string | undefined;
}
interface Answer {
  readonly status: number;
  readonly json: unknown;
}

/** A question that the thread of calls had no time for is asked again: on a busy machine it may have none for two seconds. */
async function askPatiently(base: string, path: string, init: Asked): Promise<Answer> {
  const isQuestion = init.method === undefined && init.body === undefined;
  const until = performance.now() + ANSWER_MS;
  for (;;) {
    const answer = await callApi(base, path, init);
    if (!isQuestion || !isLost(answer) || performance.now() > until) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const isLost = ({ status, json }: Answer): boolean =>
  status === 503 && JSON.stringify(json).includes('"backoffice.lost"');

async function callApi(base: string, path: string, init: Asked): Promise<Answer> {
  const headers: Record<string, string> = { ...ONE_CONNECTION };
  if (init.key !== undefined) headers["authorization"] = `Bearer ${init.key}`;
  if (init.body !== undefined) headers["content-type"] = "application/json";
  const answer = await fetch(new URL(path, base), {
    method: init.method ?? (init.body === undefined ? "GET" : "POST"),
    headers,
    ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  const text = await answer.text();
  let json: unknown = text;
  try {
    json = JSON.parse(text);
  } catch {
    json = text;
  }
  return { status: answer.status, json };
}

async function readMetric(url: string, name: string, labels: string | undefined): Promise<number> {
  const answer = await fetch(url.endsWith("/metrics") ? url : new URL("/metrics", url), {
    headers: ONE_CONNECTION,
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  const text = await answer.text();
  let sum = 0;
  for (const line of text.split("\n")) {
    if (!line.startsWith(name) || line.startsWith("#")) continue;
    const rest = line.slice(name.length);
    if (!rest.startsWith(" ") && !rest.startsWith("{")) continue;
    if (labels !== undefined && !rest.startsWith(labels)) continue;
    sum += Number(line.slice(line.lastIndexOf(" ") + 1));
  }
  return sum;
}
