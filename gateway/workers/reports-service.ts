import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  duePeriod,
  readDay,
  startOfDay,
  unixMs,
  type ReportDocument,
  type ReportRange,
  type ReportRules,
  type UnixMs,
} from "../../detection/index.js";
import { sweepPrints } from "../adapters/report-pages/print-pdf.js";
import { renderReport, REPORT_TYPES } from "../adapters/report-pages/render-report.js";
import { makeFolder } from "../adapters/system/make-folder.js";
import type { Clock } from "../core/clock.js";
import type { DataScope } from "../core/data-scope.js";
import { GatewayError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import { monoMs } from "../core/time.js";
import type { ReportData } from "../ports/report-data.js";
import type { MadeReport, ReportOffice, ReportOrder } from "../ports/report-office.js";
import { ScopedReportData } from "../wiring/scoped-report-data.js";
import { makeJourney } from "../wiring/journey.js";
import { makeReport, reportRulesOf, type ReportSettings } from "../wiring/reports.js";

interface Deps {
  readonly data: ReportData;
  readonly clock: Clock;
  readonly log: Log;
  /** False: the clock is not believed, so nothing is deleted by age, and no period counts as over. */
  readonly mayPrune?: () => boolean;
}

const LOOK_EVERY_MS = 60_000;
const FIRST_LOOK_MS = 5_000;
/** Of one scheduled report; then it is left until the next period. */
const MAX_TRIES = 5;
/** A failed one is tried again so many looks later, times the tries so far. */
const PAUSE_LOOKS = 5;
const PDF_TIMEOUT_MS = 120_000;
const MAX_AT_A_TIME = 2;
const MAX_RANGE_MS = 3_660 * 86_400_000;
const DAY_MS = 86_400_000;
/** File systems round times of change. */
const ROUNDED_MS = 2_000;
const OURS =
  /^(?:daily|executive|iso27001|hipaa|sox|pci|gdpr|international)-(?:day|week|month)-\d{4}-\d\d-\d\d\.(?:html|csv|pdf)$/;

/** Makes reports on demand and by schedule, off the SIP thread. */
export class ReportsService implements ReportOffice {
  readonly #options: ReportSettings;
  readonly #deps: Deps;
  readonly #rules: ReportRules;
  readonly #stop = new AbortController();
  readonly #tries = new Map<string, { readonly count: number; readonly notBeforeLook: number }>();
  #looks = 0;
  #running = 0;
  #cancel: (() => void) | undefined;
  #looking: Promise<void> = Promise.resolve();

  private constructor(options: ReportSettings, deps: Deps) {
    this.#options = options;
    this.#deps = deps;
    this.#rules = reportRulesOf(options);
  }

  /** @throws GatewayError `config.invalid` */
  static start(options: ReportSettings, deps: Deps): ReportsService {
    const service = new ReportsService(options, deps);
    void sweepPrints();
    if (options.reports.schedule.length > 0) service.#lookLater(FIRST_LOOK_MS);
    return service;
  }

  daysOf(from: string, to: string): ReportRange | undefined {
    const [first, last] = [readDay(from), readDay(to)];
    if (first === undefined || last === undefined || last < first) return undefined;
    const { clock } = this.#rules;
    const range = { from: startOfDay(clock, first), to: startOfDay(clock, last + 1) };
    return range.to - range.from > MAX_RANGE_MS ? undefined : range;
  }

  make(order: ReportOrder): Promise<MadeReport> {
    return this.#onDemand(() => this.#report(order));
  }

  #report({ name, range, format, scope }: ReportOrder): Promise<MadeReport> {
    const signal = this.#stop.signal;
    return this.#made(format, () =>
      makeReport({ name, range, now: this.#deps.clock.unix(), signal }, this.#data(scope), this.#rules),
    );
  }

  async journey(
    callId: string,
    { format, scope }: Pick<ReportOrder, "format" | "scope">,
  ): Promise<MadeReport | undefined> {
    const now = this.#deps.clock.unix();
    const document = await makeJourney(callId, { now }, this.#data(scope), this.#rules);
    return document === undefined
      ? undefined
      : this.#onDemand(() => this.#made(format, () => Promise.resolve(document)));
  }

  #data(scope: DataScope | undefined): ReportData {
    const { data } = this.#deps;
    return scope === undefined ? data : new ScopedReportData(data, scope);
  }

  /** Those by schedule come one after the other and are not counted: whoever asks for reports all the time keeps none of them out. */
  async #onDemand(work: () => Promise<MadeReport>): Promise<MadeReport> {
    if (this.#running >= MAX_AT_A_TIME)
      throw new GatewayError("report.busy", `${MAX_AT_A_TIME} reports are being made`);
    this.#running++;
    try {
      return await work();
    } finally {
      this.#running--;
    }
  }

  async #made(format: ReportOrder["format"], work: () => Promise<ReportDocument>): Promise<MadeReport> {
    const { chromium } = this.#options.reports;
    const content = await renderReport(await work(), format, { program: chromium, timeoutMs: PDF_TIMEOUT_MS });
    return { type: REPORT_TYPES[format], content };
  }

  /** Waits for what is being made; nothing begins any more. */
  async close(): Promise<void> {
    this.#stop.abort(new Error("the gateway stops"));
    this.#cancel?.();
    await this.#looking;
  }

  #lookLater(afterMs: number): void {
    const { clock, log } = this.#deps;
    this.#cancel = clock.callAt(monoMs(clock.mono() + afterMs), () => {
      this.#looking = this.#look()
        .catch((error: unknown) => log.error("report.look", {}, error))
        .finally(() => {
          if (!this.#stop.signal.aborted) this.#lookLater(LOOK_EVERY_MS);
        });
    });
  }

  /** Makes what is due and not there yet. */
  async #look(): Promise<void> {
    const { schedule, folder, keepDays } = this.#options.reports;
    const { clock, log, mayPrune } = this.#deps;
    this.#looks++;
    if (mayPrune?.() === false) return;
    await makeFolder(folder, 0o700);
    const due = new Set<string>();
    for (const { name, formats, ...when } of schedule) {
      const { label, ...range } = duePeriod(when, this.#rules.clock, clock.unix());
      for (const format of formats) {
        const file = `${name}-${when.every}-${label}.${format}`;
        due.add(file);
        const tried = this.#tries.get(file);
        if (this.#stop.signal.aborted) return;
        if (tried !== undefined && (tried.count >= MAX_TRIES || this.#looks < tried.notBeforeLook)) continue;
        if (await isMade(join(folder, file), range, clock.unix())) continue;
        try {
          const { content } = await this.#report({ name, range, format });
          await writeWhole(join(folder, file), content, clock.unix());
          this.#tries.delete(file);
          log.info("report.made", { report: name, format });
        } catch (error) {
          const count = (tried?.count ?? 0) + 1;
          if (this.#tries.size >= 1_000) this.#tries.clear();
          this.#tries.set(file, { count, notBeforeLook: this.#looks + count * PAUSE_LOOKS });
          log.error("report.failed", { report: name, format, tries: count }, error);
        }
      }
    }
    if (keepDays > 0) await this.#deleteOld(folder, unixMs(clock.unix() - keepDays * DAY_MS), due);
  }

  /** @param due What would be made again at once. */
  async #deleteOld(folder: string, before: number, due: ReadonlySet<string>): Promise<void> {
    for (const name of await readdir(folder)) {
      if (!OURS.test(name) || due.has(name)) continue;
      const { mtimeMs } = await stat(join(folder, name));
      if (mtimeMs < before) await rm(join(folder, name), { force: true });
    }
  }
}

/** One from before its period was over, or from a time that has not come, was made by a clock that was wrong: it lacks rows. */
const isMade = (path: string, { to }: ReportRange, now: UnixMs): Promise<boolean> =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs >= to - ROUNDED_MS && mtimeMs <= now + ROUNDED_MS,
    () => false,
  );

/** Whole and on disk, or not there: that a file is there says that its report was made. */
async function writeWhole(path: string, content: Uint8Array, now: UnixMs): Promise<void> {
  const part = `${path}.part`;
  try {
    await rm(part, { force: true });
    const file = await open(part, "wx", 0o600);
    try {
      await file.writeFile(content);
      // Of our clock: that of a file server may be another.
      await file.utimes(now / 1_000, now / 1_000);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

async function syncFolder(path: string): Promise<void> {
  // Windows opens no folders.
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
