// npm run check:docs: links between pages lead somewhere, every dependency has its line, files and commands that pages name exist.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

interface Package {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const pages = [
  ...["README.md", "CHANGELOG.md", "CONTRIBUTING.md"].filter((path) => existsSync(path)),
  ...readdirSync("docs", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
];
const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Package;
const complaints: string[] = [];

for (const page of pages) {
  const text = readFileSync(page, "utf8");
  for (const [, target = ""] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    if (!existsSync(join(dirname(page), target))) complaints.push(`${page}: link to ${target} leads nowhere`);
  }
  for (const [, script = ""] of text.matchAll(/npm run (?:-s )?([a-z][a-z:-]*)/g)) {
    if (manifest.scripts[script] === undefined) complaints.push(`${page}: npm run ${script} does not exist`);
  }
  for (const [, path = ""] of text.matchAll(
    /`((?:gateway|detection|scripts|test|dialplan|asterisk-conf)\/[\w./-]+)`/g,
  )) {
    if (!existsSync(path)) complaints.push(`${page}: ${path} does not exist`);
  }
}

const dependencies = existsSync("docs/dependencies.md") ? readFileSync("docs/dependencies.md", "utf8") : "";
for (const name of Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })) {
  if (!dependencies.includes(`\`${name}\``)) complaints.push(`docs/dependencies.md: no line for ${name}`);
}
if (Object.keys(manifest.scripts).length > 25) complaints.push("package.json: more than 25 scripts");

for (const line of complaints) console.error(line);
console.log(`check:docs: ${pages.length} pages, ${complaints.length} complaints`);
process.exitCode = complaints.length === 0 ? 0 : 1;
