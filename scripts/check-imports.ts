// A file may import from its own folder and from a lower row (STYLE: layout and imports), and never from what imports it. Nothing else.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";

/** Lowest first. The first prefix that matches a path decides its row. */
const ROWS: readonly (readonly string[])[] = [
  ["detection"],
  ["gateway/core"],
  ["gateway/sip", "gateway/media"],
  ["gateway/ports"],
  ["gateway/call", "gateway/pipeline", "gateway/api", "gateway/config", "gateway/adapters/*"],
  ["gateway/main.ts", "gateway/wiring", "gateway/workers", "gateway/cli", "scripts"],
  ["test"],
];
/** Only these may use sockets, files, timers, clocks, randomness or the environment. */
const MAY_TOUCH_THE_WORLD = /^(gateway\/(adapters\/|workers\/|cli\/|wiring\/|main\.ts$)|scripts\/|test\/)/;
const WORLD =
  /\bfrom "node:(?!assert)|\b(?:Date\.now|performance\.now|setTimeout|setInterval|setImmediate|process\.|Math\.random)\b/;
/** Dialogs, transactions and the engine that holds them name each other's types: one machine in several files. */
const MAY_BE_CIRCLES = /^gateway\/adapters\/(?:sip-embedded|sip-drachtio)\//;
/** The top row joins the others, so its parts may meet. */
const JOINING_ROW = 5;

interface Place {
  readonly folder: string;
  readonly row: number;
}

function place(path: string): Place | undefined {
  for (const [row, prefixes] of ROWS.entries()) {
    for (const prefix of prefixes) {
      const pattern = new RegExp(`^(${prefix.replace("*", "[^/]+")})(/|$)`);
      const folder = pattern.exec(path)?.[1];
      if (folder !== undefined) return { folder, row };
    }
  }
  return undefined;
}

/** @returns One line per forbidden import or call, empty when the tree obeys the rows. */
export function findViolations(files: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  for (const [path, text] of files) {
    const from = place(path);
    if (from === undefined) {
      found.push(`${path}: belongs to no row`);
      continue;
    }
    const code = withoutComments(text);
    const touched = MAY_TOUCH_THE_WORLD.test(path) ? undefined : WORLD.exec(code)?.[0];
    if (touched !== undefined) found.push(`${path}: may not use ${touched}`);
    for (const target of importsOf(path, code)) {
      const to = place(target);
      const joins = from.row === JOINING_ROW && to?.row === JOINING_ROW;
      const allowed = to !== undefined && (to.folder === from.folder || to.row < from.row || joins);
      if (!allowed) found.push(`${path}: may not import ${target}`);
      const reachesIn = to?.folder === "detection" && from.folder !== "detection" && target !== "detection/index.ts";
      if (reachesIn && from.folder !== "test") found.push(`${path}: import detection/index.ts, not ${target}`);
    }
  }
  return found;
}

const importsOf = (path: string, code: string): string[] =>
  [...code.matchAll(/(?<!")\b(?:from|import)\b\s*\(?\s*"(\.[^"]+)"/g)].map(([, specifier = ""]) =>
    posix.join(dirname(path), specifier).replace(/\.js$/, ".ts"),
  );

/** @returns One line per circle of imports, types included: `a.ts → b.ts → a.ts`. */
export function findCircles(files: ReadonlyMap<string, string>): string[] {
  const circles: string[] = [];
  const state = new Map<string, "open" | "done">();
  const way: string[] = [];
  const visit = (path: string): void => {
    state.set(path, "open");
    way.push(path);
    for (const target of importsOf(path, withoutComments(files.get(path) ?? ""))) {
      if (!files.has(target) || (MAY_BE_CIRCLES.test(path) && MAY_BE_CIRCLES.test(target))) continue;
      if (state.get(target) === "open") circles.push([...way.slice(way.indexOf(target)), target].join(" → "));
      else if (!state.has(target)) visit(target);
    }
    way.pop();
    state.set(path, "done");
  };
  for (const path of files.keys()) if (!state.has(path)) visit(path);
  return circles;
}

/** Package name → the folders that import it: each may be used in one only (docs/dependencies.md). */
export function packageUsers(files: ReadonlyMap<string, string>): Map<string, Set<string>> {
  const users = new Map<string, Set<string>>();
  for (const [path, text] of files) {
    const folder = place(path)?.folder;
    if (folder === undefined || folder === "test") continue;
    for (const [, specifier = ""] of withoutComments(text).matchAll(
      /(?<!")\b(?:from|import)\b\s*\(?\s*"([@a-z][^"\s]*)"/g,
    )) {
      if (specifier.startsWith("node:")) continue;
      const name = specifier
        .split("/")
        .slice(0, specifier.startsWith("@") ? 2 : 1)
        .join("/");
      users.set(name, (users.get(name) ?? new Set()).add(folder));
    }
  }
  return users;
}

/** zod is the schema language of both the configuration and the HTTP API; nothing else is shared. */
const SHARED_PACKAGES: Readonly<Record<string, string>> = {
  zod: "schemas of config/ and api/",
  commander: "scripts and cli",
};

export function findSharedPackages(files: ReadonlyMap<string, string>): string[] {
  return [...packageUsers(files)]
    .filter(([name, folders]) => folders.size > 1 && SHARED_PACKAGES[name] === undefined)
    .map(([name, folders]) => `${name}: used in more than one folder: ${[...folders].sort().join(", ")}`);
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(?<![:"'])\/\/.*$/gm, "");
}

export function readTree(root: string, folders: readonly string[]): Map<string, string> {
  const files = new Map<string, string>();
  for (const folder of folders) {
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })) {
      if (name.endsWith(".ts")) files.set(posix.join(folder, name), readFileSync(join(root, folder, name), "utf8"));
    }
  }
  return files;
}

if (process.argv[1]?.endsWith("check-imports.ts") === true) {
  const files = readTree(".", ["detection", "gateway", "scripts"]);
  const circles = findCircles(files).map((circle) => `imports in a circle: ${circle}`);
  const violations = [...findViolations(files), ...circles, ...findSharedPackages(files)];
  for (const line of violations) console.error(line);
  console.log(`check:imports: ${files.size} files, ${violations.length} violations`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}
