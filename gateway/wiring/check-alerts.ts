import { readFileSync } from "node:fs";
import type { Config } from "../config/schema.js";

/** What the schema of alerts cannot see: names that are there twice or not at all, files that cannot be read. */
export function alertProblems({ alerts, records }: Config): string[] {
  const names = alerts.routes.map(({ name }) => name);
  const teams = new Set(alerts.teams.map(({ name }) => name));
  const { closeAfterQuietMs: quietMs } = alerts;
  const isTooShort = quietMs > 0 && quietMs < records.detection.quietMs;
  return [
    ...(isTooShort
      ? ["alerts.closeAfterQuietMs: shorter than records.detection.quietMs, in which a finding still goes on"]
      : []),
    ...names.flatMap((name, i) =>
      names.indexOf(name) === i ? [] : [`alerts.routes.${i}.name: ${JSON.stringify(name)} is there twice`],
    ),
    ...alerts.escalation.flatMap(({ routes }, i) =>
      routes
        .filter((name) => !names.includes(name))
        .map((name) => `alerts.escalation.${i}.routes: no route is called ${JSON.stringify(name)}`),
    ),
    ...(["routes", "maintenance", "suppress"] as const).flatMap((list) =>
      alerts[list].flatMap((entry, i) =>
        entry.teams
          .filter((name) => !teams.has(name))
          .map((name) => `alerts.${list}.${i}.teams: no team is called ${JSON.stringify(name)}`),
      ),
    ),
    ...alerts.maintenance.flatMap(({ from, until, weekly }, i) =>
      from === undefined && until === undefined && weekly === undefined
        ? [`alerts.maintenance.${i}: needs from, until or weekly`]
        : [],
    ),
    ...alerts.routes.flatMap((route, i) =>
      route.kind === "email" || route.kind === "syslog" ? tlsProblems(route, `alerts.routes.${i}`) : [],
    ),
    ...alerts.routes.flatMap((route, i) =>
      route.kind === "email" && route.security === "none" && route.password !== undefined
        ? [`alerts.routes.${i}.security: a password is not sent in the clear`]
        : [],
    ),
  ];
}

interface TlsFiles {
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

function tlsProblems({ caFile, certFile, keyFile }: TlsFiles, path: string): string[] {
  const files = { caFile, certFile, keyFile };
  const unreadable = Object.entries(files).flatMap(([key, file]) => {
    if (file === undefined) return [];
    try {
      readFileSync(file);
      return [];
    } catch {
      return [`${path}.${key}: ${JSON.stringify(file)} cannot be read`];
    }
  });
  const isHalf = (certFile === undefined) !== (keyFile === undefined);
  return [...unreadable, ...(isHalf ? [`${path}: our own certificate needs both certFile and keyFile`] : [])];
}
