import type { UnixMs } from "../model/time.js";

export const REPORT_NAMES = [
  "daily",
  "executive",
  "iso27001",
  "hipaa",
  "sox",
  "pci",
  "gdpr",
  "international",
  "journey",
] as const;
export type ReportName = (typeof REPORT_NAMES)[number];

/** `percent`: 0–100. */
export type ReportUnit = "count" | "calls" | "minutes" | "seconds" | "percent" | "days";

/** Which rows a number was counted from. */
export interface ReportTrace {
  /** What `--trace` takes: a figure, and where it is one of a group `figure/by/key`. */
  readonly id: string;
  /** How it is counted, in words. */
  readonly definition: string;
  /** Rows behind it; exact. */
  readonly rows: number;
  /** Ids of the first of them, at most 20. */
  readonly sample: readonly string[];
}

/** One number. `value` undefined: there was nothing to work it out from. */
export interface ReportFigure {
  readonly title: string;
  readonly value: number | undefined;
  readonly unit: ReportUnit;
  /** The same in the period before; absent: that period was not read or had no rows. */
  readonly previous?: number;
  readonly trace: ReportTrace;
  /** How it should read beside `previous`: more is worse, or neither. */
  readonly worse?: "more";
}

export type Tone = "plain" | "good" | "warning" | "bad" | "muted";

export interface ReportCell {
  readonly text: string;
  /** Sorts and aligns to the right; in CSV it stands instead of the text. */
  readonly value?: number;
  readonly tone?: Tone;
  /** 0–1: a bar behind the number. */
  readonly share?: number;
  readonly trace?: ReportTrace;
}

export interface ReportTable {
  readonly kind: "table";
  readonly id: string;
  readonly title: string;
  readonly note?: string;
  readonly columns: readonly {
    readonly title: string;
    readonly align?: "right";
    /** Has bars beside its numbers. */
    readonly wide?: true;
    /** Never broken into lines. */
    readonly whole?: true;
  }[];
  readonly rows: readonly (readonly ReportCell[])[];
  /** Rows that are not shown. */
  readonly omitted?: number;
  /** Shown in place of no rows. */
  readonly empty: string;
}

export interface DayPoint {
  /** `2026-03-01`, by the report's clock. */
  readonly day: string;
  /** Undefined: in the future. */
  readonly value?: number;
  /** The interval in which it was expected; absent: too little history. */
  readonly low?: number;
  readonly expected?: number;
  readonly high?: number;
  readonly closed?: true;
  readonly outside?: "above" | "below";
}

export type ReportBlock =
  | { readonly kind: "figures"; readonly figures: readonly ReportFigure[] }
  | { readonly kind: "text"; readonly paragraphs: readonly string[] }
  | ReportTable
  | {
      readonly kind: "days";
      readonly id: string;
      readonly title: string;
      readonly note?: string;
      readonly unit: ReportUnit;
      readonly points: readonly DayPoint[];
    }
  | {
      readonly kind: "hours";
      readonly id: string;
      readonly title: string;
      readonly note?: string;
      /** Twenty-four, by the clock of each call's site. */
      readonly values: readonly number[];
      /** Of these, while the site was closed. */
      readonly closed: readonly number[];
    }
  | { readonly kind: "legs"; readonly id: string; readonly title: string; readonly legs: readonly LegBar[] };

/** One leg of a journey on a common time line, ms from its beginning. */
export interface LegBar {
  readonly label: string;
  readonly detail: string;
  readonly fromMs: number;
  readonly answeredMs?: number;
  readonly toMs: number;
  readonly depth: number;
  readonly tone: Tone;
}

export interface ReportSection {
  readonly id: string;
  readonly title: string;
  readonly lead?: string;
  readonly blocks: readonly ReportBlock[];
}

/** What was read for it. */
export interface ReportSource {
  readonly what: string;
  readonly rows: number;
  readonly first?: UnixMs;
  readonly last?: UnixMs;
  readonly note?: string;
}

/** A report as data; pages, CSV and PDF are made of it elsewhere. */
export interface ReportDocument {
  readonly name: ReportName;
  readonly title: string;
  readonly organisation?: string;
  readonly period: { readonly from: UnixMs; readonly to: UnixMs; readonly timeZone: string; readonly text: string };
  readonly madeAt: UnixMs;
  /** What somebody who reads three lines should know. */
  readonly summary: readonly string[];
  readonly sections: readonly ReportSection[];
  readonly sources: readonly ReportSource[];
  /** What the report cannot say. */
  readonly limits: readonly string[];
}
