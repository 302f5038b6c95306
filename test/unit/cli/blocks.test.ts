import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addBlock, listBlocks, removeBlock } from "../../../gateway/cli/blocks.js";
import { connectionOf } from "../../../gateway/cli/gateway-http.js";
import { apiHarness, KEYS, type ApiHarness } from "../../support/api-harness.js";

let harness: ApiHarness;
let url = "";
const lines: string[] = [];
const print = (line: string): void => void lines.push(line);
const as = (role: keyof typeof KEYS) => connectionOf({ url: `${url}/`, key: KEYS[role] }, {});

before(async () => {
  harness = await apiHarness();
  url = await harness.app.listen({ host: "127.0.0.1", port: 0 });
});
after(() => harness.app.close());

const options = { ttl: "30m", reason: "test" };

test("blocks are added, shown as a table or as JSON, and removed", async () => {
  lines.length = 0;
  await listBlocks(as("viewer"), false, print);
  await addBlock(as("analyst"), "+12025550199", { ...options, trunk: "carrier-a", prefix: "+1303" }, print);
  await addBlock(as("analyst"), "+12025550198", { ...options, ttl: "2h", caller: "+12025550101\u001b[2J" }, print);
  await listBlocks(as("viewer"), false, print);
  await removeBlock(as("admin"), "block-1", false, print);
  lines.push("--");
  await listBlocks(as("viewer"), true, print);
  const [none, added, , header, first, second, removed, , json] = lines;
  assert.equal(none, "no blocks in force");
  assert.equal(added, "added block-1: +1303…, trunk carrier-a → +12025550199 until 2023-11-14T22:43:20.000Z");
  assert.match(header ?? "", /^ID +CALLERS +TO +UNTIL +BY +REASON$/);
  assert.match(
    first ?? "",
    /^block-1 +\+1303…, trunk carrier-a +\+12025550199 +2023-11-14T22:43:20\.000Z +the-analyst +test$/,
  );
  assert.match(second ?? "", /^block-2 +\+12025550101�\[2J /, "what a caller wrote does not steer the terminal");
  assert.equal(removed, "removed block-1: +1303…, trunk carrier-a → +12025550199");
  assert.equal((JSON.parse(json ?? "") as { b_number: string }[])[0]?.b_number, "+12025550198");
});

for (const [name, act, message] of [
  ["no callers named", () => addBlock(as("analyst"), "1", options, print), /--caller, --prefix or --trunk/],
  [
    "a duration that is none",
    () => addBlock(as("analyst"), "1", { ...options, trunk: "t", ttl: "soon" }, print),
    /--ttl/,
  ],
  [
    "a duration that the gateway refuses",
    () => addBlock(as("analyst"), "1", { ...options, trunk: "t", ttl: "999d" }, print),
    /request\.invalid: ttl_ms/,
  ],
  ["a role that may not", () => addBlock(as("viewer"), "1", { ...options, trunk: "t" }, print), /auth\.forbidden/],
  ["no key", () => listBlocks(connectionOf({}, { RINGFENCE_URL: url }), false, print), /auth\.required.*RINGFENCE_KEY/],
  ["an unknown block", () => removeBlock(as("admin"), "a/b c", false, print), /block\.unknown/],
  [
    "a gateway that is not there",
    () => listBlocks(connectionOf({ url: "http://127.0.0.1:1" }, {}), false, print),
    /cannot be reached: /,
  ],
] as const) {
  test(`${name}: the reason is told`, async () => {
    await assert.rejects(act(), message);
  });
}

test("a number that was kept as dialled is added with a warning; an international one without", async () => {
  lines.length = 0;
  await addBlock(as("analyst"), "2025550142", { ...options, trunk: "t" }, print);
  await addBlock(as("analyst"), "+12025550142", { ...options, trunk: "t" }, print);
  assert.equal(lines.length, 3);
  assert.match(lines[1] ?? "", /^warning: the number plan makes no international number of 2025550142: /);
});

test("options win over the environment; a URL that is none is refused", () => {
  const env = { RINGFENCE_URL: "http://192.0.2.1:5000", RINGFENCE_KEY: "from-env" };
  assert.deepEqual(connectionOf({}, env), { url: "http://192.0.2.1:5000", key: "from-env" });
  assert.deepEqual(connectionOf({ url: "https://h/", key: "k" }, env), { url: "https://h", key: "k" });
  assert.deepEqual(connectionOf({}, {}), { url: "http://127.0.0.1:5000", key: undefined });
  assert.throws(() => connectionOf({ url: "h:5000" }, {}), /not an HTTP address/);
});
