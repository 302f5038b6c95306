import type { FastifyInstance, LightMyRequestResponse } from "fastify";
import { createHash } from "node:crypto";
import type { Alert } from "../../detection/index.js";
import {
  DEFAULT_API_LIMITS,
  DEFAULT_SWITCH_SOURCES,
  type ApiDeps,
  type ApiOptions,
} from "../../gateway/api/api-options.js";
import { buildApi } from "../../gateway/api/build-api.js";
import { silentLog, type Log } from "../../gateway/core/log.js";
import { noMetrics } from "../../gateway/core/metrics.js";
import type { ComponentHealth } from "../../gateway/ports/gateway-control.js";
import type { AuditEntry, Store } from "../../gateway/ports/records.js";
import { FakeClock } from "./fake-clock.js";
import { FakeGatewayControl } from "./fake-gateway-control.js";
import { MemoryStore } from "./memory-store.js";

export const KEYS = {
  viewer: "viewer-key-0123456789",
  analyst: "analyst-key-0123456789",
  switch: "switch-key-0123456789",
  admin: "admin-key-0123456789",
} as const;
export type KeyRole = keyof typeof KEYS;

export const sha256Hex = (text: string): string => createHash("sha256").update(text).digest("hex");

export interface ApiHarness {
  readonly app: FastifyInstance;
  readonly control: FakeGatewayControl;
  readonly store: MemoryStore;
  readonly clock: FakeClock;
  readonly audit: AuditEntry[];
  readonly alerts: Alert[];
  health: ComponentHealth[];
  /** A request from loopback, with the key of a role or without one. */
  readonly ask: (method: string, url: string, asked?: Asked) => Promise<LightMyRequestResponse>;
}

export interface Asked {
  readonly as?: KeyRole;
  readonly body?: unknown;
  readonly from?: string;
  readonly headers?: Record<string, string>;
}

type Overrides = Partial<Omit<ApiOptions, "limits">> & {
  readonly limits?: Partial<ApiOptions["limits"]>;
  readonly log?: Log;
};

type Extra = Pick<
  ApiDeps,
  | "openTranscript"
  | "forgetAudio"
  | "allStored"
  | "tokens"
  | "holds"
  | "subjects"
  | "cdrDays"
  | "recordDays"
  | "reports"
  | "alerts"
  | "callRecords"
  | "recordings"
> & {
  /** In place of the one in memory. */
  readonly realStore?: Store;
};

export async function apiHarness(overrides: Overrides = {}, { realStore, ...extra }: Extra = {}): Promise<ApiHarness> {
  const { limits, log = silentLog, ...options } = overrides;
  const control = new FakeGatewayControl();
  const store = new MemoryStore();
  const clock = new FakeClock();
  const audit: AuditEntry[] = [];
  const alerts: Alert[] = [];
  let ids = 0;
  const keys = Object.entries(KEYS).map(([role, key]) => ({ role: role as KeyRole, key, id: `the-${role}` }));
  const harness = { control, store, clock, audit, alerts, health: [] as ComponentHealth[] };
  const app = await buildApi({
    options: {
      keys,
      switchSources: DEFAULT_SWITCH_SOURCES,
      version: "0.0.0-test",
      ...options,
      limits: { ...DEFAULT_API_LIMITS, ...limits },
    },
    control,
    store: realStore ?? store,
    recentAlerts: () => alerts,
    settle: () => Promise.resolve(),
    ...extra,
    audit: (entry) => void audit.push(entry),
    localHealth: () => Promise.resolve(harness.health),
    clock,
    random: { token: () => `id-${++ids}`, next: () => 0.5 },
    sha256Hex,
    log,
    metrics: noMetrics,
  });
  const ask = (method: string, url: string, { as, body, from, headers = {} }: Asked = {}) =>
    app.inject({
      method: method as "GET",
      url,
      headers: { ...(as === undefined ? {} : { authorization: `Bearer ${KEYS[as]}` }), ...headers },
      ...(body === undefined ? {} : { payload: body as object }),
      ...(from === undefined ? {} : { remoteAddress: from }),
    });
  return Object.assign(harness, { app, ask });
}
