import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import { COMMANDS } from "../../../gateway/cli/commands.js";

for (const [name, load] of COMMANDS)
  test(`ringfence ${name} is found by its name`, async () => {
    const program = new Command();
    (await load())(program);
    assert.deepEqual(
      program.commands.map((command) => command.name()),
      [name],
    );
  });
