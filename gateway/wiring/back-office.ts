import { join } from "node:path";
import { BackOffice } from "../adapters/back-office/back-office.js";
import { RecordChannel } from "../adapters/record-spool/record-channel.js";
import type { TokenGrant } from "../api/api-options.js";
import type { Config } from "../config/schema.js";
import type { Clock } from "../core/clock.js";
import type { Log } from "../core/log.js";
import type { Metrics } from "../core/metrics.js";
import type { GatewayControl } from "../ports/gateway-control.js";
import type { AlertSides } from "./alerts.js";
import { recordsOptions } from "./records.js";
import { backOfficeEntry, type BackOfficeOptions } from "../workers/back-office-options.js";
import { recordingsOptions } from "./recordings.js";
import { reportSettings } from "./reports.js";

export interface BackOfficeDeps {
  readonly control: GatewayControl;
  readonly channel: RecordChannel;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly logKey: Uint8Array;
  readonly version: string;
}

/** Records for the back office wait here, and on disk while it is gone. */
export function openRecordChannel(
  config: Config,
  deps: { clock: Clock; metrics: Metrics; log: Log },
): Promise<RecordChannel> {
  return RecordChannel.open(deps, {
    folder: join(config.store.folder, "spool"),
    queueLimit: config.store.queueLimit,
    spillLimitBytes: config.store.spillLimitBytes,
  });
}

/** The worker thread with store, API, audit, webhook and /metrics, joined to the record channel. Not started. */
export function makeBackOffice(config: Config, deps: BackOfficeDeps): BackOffice<BackOfficeOptions> {
  const { control, channel, clock, log, metrics } = deps;
  const backOffice: BackOffice<BackOfficeOptions> = new BackOffice({
    entry: backOfficeEntry(),
    options: backOfficeOptions(config, deps),
    control,
    clock,
    log,
    metrics,
    beforeAnswer: () => channel.flush(),
    handOver: () => channel.handOver(),
    onRecordsTaken: (seq) => channel.acknowledge(seq),
    onUp: () => channel.attach((batch) => void backOffice.post(batch)),
    onDown: () => channel.detach(),
  });
  return backOffice;
}

/** What people and machines are told, and by which routes, as `config` has it. @throws GatewayError `tls.certificate`: as it was before. */
export const reconfigureAlerts = (
  backOffice: BackOffice<BackOfficeOptions>,
  config: Config,
  deps: Pick<BackOfficeDeps, "logKey" | "version">,
): Promise<void> => {
  const { alerts, webhook } = config;
  return backOffice.reconfigureAlerts({ alerts, webhook } satisfies AlertSides, backOfficeOptions(config, deps));
};

function backOfficeOptions(config: Config, deps: Pick<BackOfficeDeps, "logKey" | "version">): BackOfficeOptions {
  const { http, metrics, store, webhook, logs, privacy, speech } = config;
  const { issuer, ...oidc } = config.access.oidc;
  const keyFile = privacy.keyFile ?? join(store.folder, "keys.json");
  return {
    version: deps.version,
    http: { ...http, apiKeys: http.apiKeys.map(apiKey) },
    teams: config.access.teams,
    sealAuditNumbers: config.access.sealAuditNumbers,
    ...(issuer === undefined ? {} : { oidc: { ...oidc, issuer, grants: oidc.grants.map(grant) } }),
    analysis: speech.analysis,
    metrics,
    store,
    privacy: { transcriptDays: privacy.transcriptDays, audioDays: privacy.audioDays, keyFile },
    webhook,
    reports: reportSettings(config),
    ...recordingsOptions(config, keyFile, deps.logKey),
    records: recordsOptions(config),
    recordDays: config.records.retentionDays,
    alerts: config.alerts,
    logs: { ...logs, key: deps.logKey },
  };
}

const grant = ({ teams, ...rest }: Config["access"]["oidc"]["grants"][number]): TokenGrant => ({
  ...rest,
  ...(teams === undefined ? {} : { teams }),
});

const apiKey = ({
  id,
  teams,
  ...key
}: Config["http"]["apiKeys"][number]): BackOfficeOptions["http"]["apiKeys"][number] => ({
  ...key,
  ...(id === undefined ? {} : { id }),
  ...(teams === undefined ? {} : { teams }),
});
