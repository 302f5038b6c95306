import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { configSchema } from "../../../gateway/config/schema.js";
import { configProblems } from "../../../gateway/wiring/check-config.js";
import { startWarnings } from "../../../gateway/wiring/start-warnings.js";

type Section = Readonly<Record<string, unknown>>;

/** One after the other, as the guide has them: a later one adds to what was there. */
function merged(snippets: readonly Readonly<Record<string, Section>>[]): Record<string, Section> {
  const all: Record<string, Section> = {};
  for (const snippet of snippets)
    for (const [name, section] of Object.entries(snippet)) all[name] = { ...all[name], ...section };
  return all;
}

test("the guide for Asterisks: its snippets together are a configuration that can be served", () => {
  const guide = readFileSync("docs/guides/asterisk.md", "utf8")
    // A file of the reader's machine.
    .replace(/passwordFile: \S+/, "password: secret");
  const snippets = [...guide.matchAll(/^```yaml\n(.*?)^```/gms)]
    .map(([, text]) => parse(text ?? "") as Readonly<Record<string, Section>> | null)
    .filter((snippet) => snippet !== null && "asterisk" in snippet) as Readonly<Record<string, Section>>[];
  assert.equal(snippets.length, 3);
  for (let count = 1; count <= snippets.length; count++) {
    const config = configSchema.parse(merged(snippets.slice(0, count)));
    assert.deepEqual(configProblems(config), []);
    assert.deepEqual(
      startWarnings(config, 0).filter(({ code }) => code.startsWith("asterisk.")),
      [],
    );
  }
});
