import { readFileSync } from "node:fs";

/** The package's version; found from the sources and from `dist/`. */
export function packageVersion(): string {
  for (const path of ["../../package.json", "../../../package.json"]) {
    try {
      const manifest = JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as {
        name?: string;
        version?: string;
      };
      if (manifest.name === "ringfence" && manifest.version !== undefined) return manifest.version;
    } catch {
      continue;
    }
  }
  return "unknown";
}
