import type { Config } from "../config/schema.js";

/** Of the ports that anybody may use: to these no `fetch` connects, whoever listens there (WHATWG Fetch, "bad port"). */
export const BAD_PORTS: ReadonlySet<number> = new Set([
  ...[
    1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
  ],
]);

/**
 * URLs on ports that are refused before anybody is asked: a connection to them would fail for ever, with no more of a reason than
 * "fetch failed".
 * @returns One line each, `path: what`. Of the URL only its port is told.
 */
export function portProblems(config: Config): string[] {
  const problems: string[] = [];
  const look = (value: unknown, path: string): void => {
    if (typeof value === "string") {
      const port = portOf(value);
      if (port !== undefined && BAD_PORTS.has(port))
        problems.push(`${path}: port ${port} is one that HTTP clients refuse (WHATWG Fetch, bad ports): use another`);
    } else if (typeof value === "object" && value !== null) {
      for (const [key, child] of Object.entries(value)) look(child, path === "" ? key : `${path}.${key}`);
    }
  };
  look(config, "");
  return problems;
}

function portOf(text: string): number | undefined {
  if (!/^https?:\/\//i.test(text)) return undefined;
  try {
    return Number(new URL(text).port);
  } catch {
    return undefined;
  }
}
