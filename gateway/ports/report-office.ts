import type { ReportRange } from "../../detection/index.js";
import type { DataScope } from "../core/data-scope.js";

export const REPORT_FORMAT_NAMES = ["html", "csv", "pdf"] as const;

export interface MadeReport {
  readonly type: string;
  readonly content: Uint8Array;
}

export interface ReportOrder {
  readonly name: "daily" | "executive" | "iso27001" | "hipaa" | "sox" | "pci" | "gdpr" | "international";
  readonly range: ReportRange;
  readonly format: (typeof REPORT_FORMAT_NAMES)[number];
  /** Of these rows alone; absent: of all. */
  readonly scope?: DataScope;
}

/** Makes reports for whoever asks over HTTP. */
export interface ReportOffice {
  /** Days of the office's clock: `from` from its midnight on, `to` to its end. Undefined: no such days, or more than ten years. */
  daysOf(from: string, to: string): ReportRange | undefined;
  /** @throws GatewayError `store.*`, `report.pdf`, `report.busy` */
  make(order: ReportOrder): Promise<MadeReport>;
  /** The journey of the call that has this id. @throws as `make` @returns Undefined: there is none, or none that the scope sees. */
  journey(callId: string, order: Pick<ReportOrder, "format" | "scope">): Promise<MadeReport | undefined>;
}
