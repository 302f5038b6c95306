import { z } from "zod";
import { REPORT_NAMES } from "../../detection/index.js";
import { count } from "./field.js";

const zone = z
  .string()
  .max(64)
  .refine((name) => {
    try {
      return new Intl.DateTimeFormat("en", { timeZone: name }).format(0) !== "";
    } catch {
      return false;
    }
  }, "not an IANA time zone");

const subjects = z.array(z.string().min(1).max(128)).max(10_000);

const scheduled = z.strictObject({
  name: z
    .enum(REPORT_NAMES)
    .exclude(["journey"])
    .describe("daily, executive, international, iso27001, hipaa, sox, pci or gdpr"),
  every: z.enum(["day", "week", "month"]).describe("It covers the day, the week (from Monday) or the month before"),
  at: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, "not HH:MM")
    .default("06:00")
    .describe("When it is made, by reports.timeZone"),
  formats: z
    .array(z.enum(["html", "csv", "pdf"]))
    .min(1)
    .default(["html"])
    .describe("One file for each"),
});

/** Reports. Which sites there are, and how long records are kept, is in `records`. */
export const reportsSchema = z.strictObject({
  organisation: z.string().max(128).optional().describe("Stands above the title"),
  timeZone: zone.default("UTC").describe("IANA name: where days of a report begin and end"),
  numbers: z
    .enum(["masked", "full"])
    .default("masked")
    .describe("masked: without the last four digits; full: as they are"),
  paymentLines: subjects.default([]).describe("PCI: numbers on which cards are taken, prefixes with * at the end"),
  euCallers: subjects
    .optional()
    .describe(
      "GDPR: users that may call the EU, prefixes with * at the end, or department:NAME. Absent: nobody is judged",
    ),
  folder: z
    .string()
    .max(4_096)
    .default("reports")
    .describe("Where scheduled reports are written, readable by us alone"),
  keepDays: count(400, "Days that scheduled reports are kept; 0 = for ever", 0, 36_500),
  chromium: z
    .string()
    .max(4_096)
    .default("chromium")
    .describe("Program that prints PDF: Debian's package chromium. Only started where a PDF is asked for"),
  schedule: z.array(scheduled).max(64).default([]).describe("Reports that are made by themselves"),
});
