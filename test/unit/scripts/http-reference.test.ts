import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { httpPage } from "../../../scripts/http-reference.js";

const ROUTES = "gateway/api/routes";

test("every route that the API has anywhere is in the reference, those too that only some gateways have", async () => {
  const page = await httpPage("");
  const sources = readdirSync(ROUTES).map((name) => readFileSync(join(ROUTES, name), "utf8"));
  const paths = sources.flatMap((source) => [...source.matchAll(/"(\/api\/v1\/[^"]+)"/g)].map(([, path = ""]) => path));
  assert.ok(paths.length > 40, String(paths.length));
  const missing = paths.filter((path) => !page.includes(` ${path.replaceAll(/:(\w+)/g, "{$1}")}\n`));
  assert.deepEqual(missing, []);
});
