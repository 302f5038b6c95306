import assert from "node:assert/strict";
import { test } from "node:test";
import { asteriskMissing } from "../../support/asterisk.js";
import { startProcess } from "../../support/processes.js";

test(
  "every step of scripts/demo --asterisk holds",
  { skip: asteriskMissing() ?? false, timeout: 240_000 },
  async (t) => {
    const demo = startProcess(process.execPath, ["--import", "tsx", "test/demo/asterisk-demo.ts"]);
    t.after(() => demo.stop());
    const code = await demo.exited;
    const text = Buffer.from(demo.output(), "latin1").toString();
    assert.equal(code, 0, text);
    assert.match(text, /every step held/);
    assert.equal(text.match(/^ {2}✓ /gm)?.length, 13, text);
  },
);
