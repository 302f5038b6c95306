import type { CallRecord, CdrFinding, CdrRule, SettingChange, Severity, UnixMs } from "../../detection/index.js";
import type { IntakePosition } from "./intake-position.js";
import type { PageQuery, ScopeQuery } from "./records.js";

export interface CallRecordQuery extends PageQuery, ScopeQuery {
  readonly user?: string;
  /** Canonical. */
  readonly caller?: string;
  readonly called?: string;
  readonly country?: string;
  readonly site?: string;
  readonly source?: string;
}

/** With `scope`: findings of which a record, at least, is of it. */
export interface FindingQuery extends PageQuery, ScopeQuery {
  readonly rule?: CdrRule;
  readonly severity?: Severity;
  readonly subject?: string;
  readonly state?: "open" | "closed";
}

export interface SettingChangeQuery extends PageQuery {
  readonly user?: string;
}

/** By what legs of one conversation are known. */
export interface LinkQuery extends ScopeQuery {
  /** Call ids and record ids: of a leg, or named by one as related or as what it was transferred from. 1,000 at most. */
  readonly ids: readonly string[];
  readonly correlations: readonly string[];
}

/** Call records of all sources and what was found in them, as the store has them. Written through `Store.write`. */
export interface CallRecordStore {
  records(query: CallRecordQuery): Promise<readonly CallRecord[]>;
  /** Those that began at or after, oldest first, in pages. `judged`: those only that detectors saw, or did not see yet. */
  recordsFrom(since: UnixMs, which?: { readonly judged: boolean }): AsyncIterable<readonly CallRecord[]>;
  /** Those that are, name or share one of these; in any order, 1,000 at most. */
  linked(query: LinkQuery): Promise<readonly CallRecord[]>;
  findings(query: FindingQuery): Promise<readonly CdrFinding[]>;
  finding(id: string): Promise<CdrFinding | undefined>;
  /** Settings that were changed, newest first. */
  settingChanges(query: SettingChangeQuery): Promise<readonly SettingChange[]>;
  position(name: string): Promise<IntakePosition | undefined>;
}
