import type { Severity } from "../model/findings.js";

export const SEVERITIES: readonly Severity[] = ["low", "medium", "high", "critical"];

export const isAtLeast = (severity: Severity, least: Severity): boolean =>
  SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(least);

export const worstOf = (a: Severity, b: Severity): Severity => (isAtLeast(a, b) ? a : b);
