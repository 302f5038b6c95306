import type { ReportDocument } from "../../../detection/index.js";
import { csvReport } from "./csv-report.js";
import { htmlPage } from "./html-page.js";
import { printPdf, type PdfOptions } from "./print-pdf.js";

export const REPORT_FORMATS = ["html", "csv", "pdf"] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

export const REPORT_TYPES: Readonly<Record<ReportFormat, string>> = {
  html: "text/html; charset=utf-8",
  csv: "text/csv; charset=utf-8",
  pdf: "application/pdf",
};

/** @throws GatewayError `report.pdf` */
export async function renderReport(report: ReportDocument, format: ReportFormat, pdf: PdfOptions): Promise<Uint8Array> {
  switch (format) {
    case "html":
      return new TextEncoder().encode(htmlPage(report));
    case "csv":
      return new TextEncoder().encode(csvReport(report));
    case "pdf":
      return printPdf(htmlPage(report), pdf);
  }
}
