import assert from "node:assert/strict";
import { test } from "node:test";
import { findCircles, findSharedPackages, findViolations } from "../../../scripts/check-imports.js";

const cases: readonly { name: string; path: string; code: string; violations: number }[] = [
  {
    name: "detection may not know SIP",
    path: "detection/masking/x.ts",
    code: 'import { a } from "../../gateway/sip/a.js";',
    violations: 1,
  },
  {
    name: "the gateway takes detection by its index only",
    path: "gateway/call/x.ts",
    code: 'import { a } from "../../detection/masking/a.js";',
    violations: 1,
  },
  {
    name: "neighbours never meet",
    path: "gateway/call/x.ts",
    code: 'import { a } from "../adapters/store/a.js";',
    violations: 1,
  },
  {
    name: "two adapters never meet",
    path: "gateway/adapters/hep/x.ts",
    code: 'import { a } from "../store/a.js";',
    violations: 1,
  },
  {
    name: "sip opens no socket",
    path: "gateway/sip/x.ts",
    code: 'import { createSocket } from "node:dgram";',
    violations: 1,
  },
  { name: "call reads no clock", path: "gateway/call/x.ts", code: "const now = Date.now();", violations: 1 },
  {
    name: "an adapter may do both",
    path: "gateway/adapters/hep/x.ts",
    code: 'import { createSocket } from "node:dgram"; Date.now();',
    violations: 0,
  },
  { name: "a lower row is fine", path: "gateway/call/x.ts", code: 'import { a } from "../ports/a.js";', violations: 0 },
  {
    name: "comments and strings are no imports",
    path: "detection/x.ts",
    code: '// import { a } from "../gateway/a.js";\nconst s = get("from") ?? "b";',
    violations: 0,
  },
  { name: "a file outside every row is named", path: "gateway/utils/x.ts", code: "", violations: 1 },
];
for (const { name, path, code, violations } of cases) {
  test(`import rows: ${name}`, () => assert.equal(findViolations(new Map([[path, code]])).length, violations));
}

test("import rows: a package belongs to one folder", () => {
  const files = new Map([
    ["gateway/adapters/store/a.ts", 'import pg from "pg";'],
    ["gateway/api/b.ts", 'import pg from "pg";'],
  ]);
  assert.deepEqual(findSharedPackages(files), [
    "pg: used in more than one folder: gateway/adapters/store, gateway/api",
  ]);
});

test("import rows: circles are named once, types too, whichever way they go", () => {
  const files = new Map([
    ["gateway/call/a.ts", 'import type { B } from "./b.js";\nimport { X } from "./x.js";'],
    ["gateway/call/b.ts", 'import { C } from "./c.js";'],
    ["gateway/call/c.ts", 'import { A } from "./a.js"; // import { B } from "./b.js";'],
    ["gateway/call/x.ts", 'import { c } from "./c.js";\nimport { gone } from "./gone.js";'],
    ["gateway/adapters/sip-embedded/d.ts", 'import type { E } from "./e.js";'],
    ["gateway/adapters/sip-embedded/e.ts", 'import type { D } from "./d.js";'],
  ]);
  assert.deepEqual(findCircles(files), [
    "gateway/call/a.ts → gateway/call/b.ts → gateway/call/c.ts → gateway/call/a.ts",
  ]);
  assert.deepEqual(
    findCircles(
      new Map([
        ["gateway/call/a.ts", 'import { X } from "./x.js";'],
        ["gateway/call/x.ts", ""],
      ]),
    ),
    [],
  );
});
