import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startProcess, temporaryFolder, type Running } from "./processes.js";

export interface ReadyLine {
  readonly ready: true;
  /** `udp:127.0.0.1:5060` */
  readonly sip: readonly string[];
  readonly http: string;
  readonly metrics: string;
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

/** A configuration on loopback with ports that the kernel chooses; `sections` are laid over it, one level deep. */
export function testConfig(folder: string, sections: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const base: Record<string, Section> = {
    sip: { listenAddress: "127.0.0.1", listenPort: 0, nextHops: [] },
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
 * @throws Error with the process's output when it ends or says nothing within 60 s.
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
    setTimeout(() => reject(new Error(`the gateway did not get ready in 60 s:\n${running.output()}`)), 60_000).unref();
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
    api: (path, init = {}) => callApi(ready.http, path, { key: TEST_KEYS.admin, ...init }),
    metric: (name, labels) => readMetric(ready.metrics, name, labels),
    stop: async (signal = "SIGTERM") => {
      const code = await running.stop(signal, 20_000);
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

async function callApi(
  base: string,
  path: string,
  init: { method?: string; body?: unknown; key?: string | undefined },
): Promise<{ status: number; json: unknown }> {
  const headers: Record<string, string> = {};
  if (init.key !== undefined) headers["authorization"] = `Bearer ${init.key}`;
  if (init.body !== undefined) headers["content-type"] = "application/json";
  const answer = await fetch(new URL(path, base), {
    method: init.method ?? (init.body === undefined ? "GET" : "POST"),
    headers,
    ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
    signal: AbortSignal.timeout(10_000),
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
  const text = await (
    await fetch(url.endsWith("/metrics") ? url : new URL("/metrics", url), { signal: AbortSignal.timeout(10_000) })
  ).text();
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
