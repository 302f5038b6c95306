import { join } from "node:path";
import { AuditFile } from "../adapters/audit-file/audit-file.js";
import { AuditInbox } from "../adapters/audit-file/audit-inbox.js";
import { PrometheusMetrics } from "../adapters/metrics-prometheus/prometheus-metrics.js";
import { OidcVerifier } from "../adapters/oidc/oidc-verifier.js";
import { RecordSpool } from "../adapters/record-spool/record-spool.js";
import { SPEECH_FOLDER, SpeechFolder } from "../adapters/speech-files/speech-folder.js";
import { openStore, type ManagedStore } from "../adapters/store/open-store.js";
import { CryptoRandom } from "../adapters/system/crypto-random.js";
import { SystemClock } from "../adapters/system/system-clock.js";
import { AesVault } from "../adapters/vault/aes-vault.js";
import { makeFirstKeys } from "../adapters/vault/first-keys.js";
import { readKeyFile } from "../adapters/vault/key-file.js";
import { SUBJECT_KEYS, SubjectKeys } from "../adapters/vault/subject-keys.js";
import { SubjectVault } from "../adapters/vault/subject-vault.js";
import type { ApiDeps } from "../api/api-options.js";
import { keptContext } from "../call/transcript-keeper.js";
import type { Clock } from "../core/clock.js";
import { countedLog } from "../core/counted-log.js";
import type { Log } from "../core/log.js";
import { guardLists } from "../../detection/index.js";
import { AlertDesk } from "../pipeline/alerts/alert-desk.js";
import type { GatewayControl } from "../ports/gateway-control.js";
import { alertDeskOptions, NO_ALERTS } from "../wiring/alerts.js";
import type { BackOfficeOptions } from "./back-office-options.js";
import { BackOfficePruning, type BackOfficePruningDeps } from "./back-office-pruning.js";
import { KeptSubjects } from "./kept-subjects.js";

/** What the back office is joined of. */
export interface BackOfficeParts {
  readonly options: BackOfficeOptions;
  readonly log: Log;
  readonly clock: SystemClock;
  readonly metrics: PrometheusMetrics;
  readonly control: GatewayControl;
  readonly store: ManagedStore;
  readonly spool: RecordSpool;
  readonly auditFile: AuditFile;
  readonly auditInbox: AuditInbox;
  readonly desk: AlertDesk;
  readonly speech: SpeechFolder;
  readonly tokens: OidcVerifier | undefined;
  readonly subjects: SubjectKeys;
  readonly vault: SubjectVault;
  readonly keptSubjects: KeptSubjects;
  readonly pruning: BackOfficePruning;
}

/** @throws GatewayError `store.*`, `config.invalid`; what was opened until then is closed again. */
export async function openParts(
  options: BackOfficeOptions,
  control: GatewayControl,
  plainLog: Log,
): Promise<BackOfficeParts> {
  const clock = new SystemClock();
  const random = new CryptoRandom();
  const metrics = new PrometheusMetrics();
  const log = countedLog(plainLog, metrics);
  const { folder, databaseUrl, retentionDays, auditFileBytes, queueLimit, spillLimitBytes } = options.store;
  const deps = { clock, random, metrics, log };
  const store = await openStore({
    folder,
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    retention: {
      cdrDays: retentionDays,
      incidentDays: retentionDays,
      auditDays: retentionDays,
      transcriptDays: options.privacy.transcriptDays,
      ...(options.recordDays === undefined ? {} : { recordDays: options.recordDays }),
    },
    log,
  });
  try {
    const auditFile = await AuditFile.open(deps, { folder: join(folder, "audit"), maxBytes: auditFileBytes });
    const auditInbox = new AuditInbox(folder, () => log.error("audit.inbox-unreadable"));
    const highMark = Math.max(1, Math.floor(queueLimit / 5));
    const spool = await RecordSpool.open(
      { ...deps, store },
      { folder: join(folder, "spool"), queueLimit, highMark, spillLimitBytes },
    );
    const speech = new SpeechFolder(join(folder, SPEECH_FOLDER), options.logs.key);
    const tokens = options.oidc === undefined ? undefined : new OidcVerifier(options.oidc, deps);
    const sealed = sealing(options, { ...deps, store, speech });
    const pruning = pruningOf(options, {
      ...{ ...deps, store, speech, sink: spool },
      ...{ keys: sealed.keptSubjects, auditFile },
    });
    const desk = new AlertDesk(
      alertDeskOptions({ alerts: NO_ALERTS, ...options }, retentionDays, { clock, version: options.version }),
      {
        ...deps,
        store: store.alertCases,
        onGuards: (guards) => control.guardAlso(guardLists(guards)),
        mayPrune: pruning.mayPrune,
      },
    );
    return {
      ...{ options, log, clock, metrics, control, store, spool, auditFile, auditInbox, desk, speech, tokens, pruning },
      ...sealed,
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Keys are read anew for each piece: a rotation needs no restart. */
function sealing(
  { store: { folder }, privacy, logs }: BackOfficeOptions,
  deps: { store: ManagedStore; speech: SpeechFolder; clock: Clock; log: Log },
): Pick<BackOfficeParts, "subjects" | "vault" | "keptSubjects"> {
  const keyFile = privacy.keyFile ?? join(folder, "keys.json");
  // What needs no keys goes on without: who seals is told.
  try {
    if (!makeFirstKeys(keyFile, folder)) deps.log.error("keys.missing", {});
  } catch (error) {
    deps.log.error("keys.not-made", {}, error);
  }
  const installation = (): AesVault => new AesVault(readKeyFile(keyFile, false));
  const subjects = new SubjectKeys(join(folder, SUBJECT_KEYS), logs.key, installation);
  const vault = new SubjectVault(subjects, installation);
  const keptSubjects = new KeptSubjects({ ...deps, holds: deps.store.legalHolds, keys: subjects, vault });
  return { subjects, vault, keptSubjects };
}

function pruningOf(options: BackOfficeOptions, deps: BackOfficePruningDeps): BackOfficePruning {
  const { transcriptDays, audioDays } = options.privacy;
  const keptDays = Math.max(transcriptDays, audioDays ?? 0, options.recordings?.config.keepDays ?? 0);
  // In the audit chain a number's key is needed for ever.
  const keyDays = options.sealAuditNumbers === true ? undefined : keptDays;
  return new BackOfficePruning({ audioDays, keyDays, auditFileDays: options.store.auditFileDays ?? 0 }, deps);
}

export const transcriptOpener = (vault: SubjectVault): Pick<ApiDeps, "openTranscript"> => ({
  openTranscript: (record) =>
    Buffer.from(vault.open(Buffer.from(record.sealed, "base64"), keptContext(record))).toString("utf8"),
});
