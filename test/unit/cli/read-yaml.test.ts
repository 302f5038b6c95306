import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { readYaml } from "../../../gateway/cli/read-yaml.js";
import { temporaryFolder } from "../../support/processes.js";

const folder = temporaryFolder("read-yaml");
after(() => folder.remove());
const path = join(folder.path, "file.yaml");

function read(content: string): unknown {
  writeFileSync(path, content);
  const found = readYaml(path);
  return found.ok ? found.value : found.error;
}

test("YAML and JSON are read, aliases too", () => {
  assert.deepEqual(read("a: &a [1]\nb: *a\n"), { a: [1], b: [1] });
  assert.deepEqual(read('{"a": [1]}'), { a: [1] });
});

const laughs = [
  "a0: &a0 [x, x]",
  ...Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}, *a${i}]`),
];
const tooOften = `${path}: YAML aliases would put one value into more than 100 places; write it out, or use fewer aliases`;

for (const [what, content, says] of [
  ["aliases of aliases that would fill the memory", laughs.join("\n"), tooOften],
  ["one alias in too many places", `a: &a [1]\nb: [${"*a,".repeat(101)}]`, tooOften],
  ["nesting that no reader can follow", `a: ${"[".repeat(20_000)}`, `${path}: values are nested too deeply`],
] as const) {
  test(`${what}: one line says so in words for who wrote the file`, () => assert.equal(read(content), says));
}

test("a file that is broken or not there is one line with its path", () => {
  assert.match(String(read("a: [1")), /file\.yaml: .*line 1/);
  const missing = readYaml("/nonexistent.yaml");
  assert.match(missing.ok ? "" : missing.error, /^\/nonexistent\.yaml: ENOENT/);
});
