// npm run -s bench -- NAME [--json] [--key value …]: runs test/bench/NAME.ts and prints its result; with --json as one JSON object, the last line.
import { existsSync, readdirSync } from "node:fs";
import { pathToFileURL } from "node:url";

interface Bench {
  run(options: Readonly<Record<string, string>>): Promise<Readonly<Record<string, unknown>>>;
}

const [name, ...rest] = process.argv.slice(2);
const file = `test/bench/${name ?? ""}.ts`;
if (name === undefined || !/^[a-z-]+$/.test(name) || !existsSync(file)) {
  const known = readdirSync("test/bench")
    .filter((f) => f.endsWith(".ts"))
    .map((f) => f.slice(0, -3));
  console.error(`usage: npm run -s bench -- NAME [--json]; benches: ${known.join(", ")}`);
  process.exit(2);
}
const options: Record<string, string> = {};
for (let i = 0; i < rest.length; i++) {
  const key = rest[i]?.replace(/^--/, "") ?? "";
  const next = rest[i + 1];
  if (next === undefined || next.startsWith("--")) options[key] = "true";
  else options[key] = rest[++i] ?? "";
}
const bench = (await import(pathToFileURL(file).href)) as Bench;
const result = await bench.run(options);
if (options["json"] === "true") console.log(JSON.stringify(result));
else console.log(JSON.stringify(result, null, 2));
process.exit(0);
