import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Test data that is not part of the repository: public test messages, kept beside it where somebody has them. */
const FOLDER = fileURLToPath(new URL("../../../shared/cases/sip-torture/", import.meta.url));

/** Why a case cannot run here; undefined where it can. Give it to `test` as `skip`. */
export function missingCases(name: string): string | undefined {
  return existsSync(join(FOLDER, name)) ? undefined : `the optional folder sip-torture/${name} is not on this machine`;
}

export function readCase(name: string): Buffer {
  return readFileSync(join(FOLDER, name));
}

/** Paths of all files below a folder of cases, sorted; none where it is absent. */
export function listCases(name: string): string[] {
  const folder = join(FOLDER, name);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .flatMap((entry) => {
      const path = join(name, entry);
      return statSync(join(FOLDER, path)).isDirectory() ? listCases(path) : [path];
    });
}
