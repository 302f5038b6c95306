import assert from "node:assert/strict";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { BaselineFile } from "../../../../gateway/adapters/baseline-file/baseline-file.js";
import { GatewayError } from "../../../../gateway/core/errors.js";
import { temporaryFolder } from "../../../support/processes.js";

describe("baseline file", () => {
  const rows = [
    { called: "+12025550100", callersPerWindow: 12, origin: "learned" as const, hours: [[480_000, 11] as const] },
  ];

  test("what was saved is loaded, readable by us alone", async () => {
    const folder = temporaryFolder("baseline");
    const file = new BaselineFile(folder.path);
    await file.save(rows);
    assert.deepEqual(await new BaselineFile(folder.path).load(), rows);
    assert.equal(statSync(join(folder.path, "baseline.json")).mode & 0o777, 0o600);
    folder.remove();
  });

  test("without a file nothing is known", async () => {
    const folder = temporaryFolder("baseline");
    assert.deepEqual(await new BaselineFile(folder.path).load(), []);
    folder.remove();
  });

  for (const [name, text] of [
    ["cut off", '{"version":1,"rows":[{"called":"+1202'],
    ["of another shape", '{"rows":[{"called":5}]}'],
  ] as const) {
    test(`a file ${name} is put aside, not overwritten`, async () => {
      const folder = temporaryFolder("baseline");
      const path = join(folder.path, "baseline.json");
      writeFileSync(path, text);
      assert.equal(await new BaselineFile(folder.path).load(), undefined);
      assert.ok(existsSync(`${path}.unreadable`) && !existsSync(path));
      folder.remove();
    });
  }

  test("a folder that cannot be written is store.unavailable", async () => {
    const folder = temporaryFolder("baseline");
    writeFileSync(join(folder.path, "file"), "");
    const file = new BaselineFile(join(folder.path, "file"));
    await assert.rejects(
      file.save(rows),
      (error) => error instanceof GatewayError && error.code === "store.unavailable",
    );
    folder.remove();
  });
});
