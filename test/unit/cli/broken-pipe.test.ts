import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { BROKEN_PIPE_STATUS, endAtBrokenPipe } from "../../../gateway/cli/broken-pipe.js";

const failed = (code: string): Error => Object.assign(new Error(code), { code });

function watched() {
  const stream = new EventEmitter();
  const exits: number[] = [];
  endAtBrokenPipe([stream], (status) => exits.push(status));
  return { stream, exits };
}

test("who prints to a pipe that nobody reads any more ends", () => {
  const { stream, exits } = watched();
  stream.emit("error", failed("EPIPE"));
  assert.deepEqual(exits, [BROKEN_PIPE_STATUS]);
});

test("a full disk is no broken pipe", () => {
  const { stream, exits } = watched();
  assert.throws(() => stream.emit("error", failed("ENOSPC")), /ENOSPC/);
  assert.deepEqual(exits, []);
});

for (const code of ["EPIPE", "ENOSPC"])
  test(`${code}: a command that takes errors of its output by itself is left alone with it`, () => {
    const { stream, exits } = watched();
    const taken: Error[] = [];
    stream.on("error", (error: Error) => taken.push(error));
    stream.emit("error", failed(code));
    assert.deepEqual([taken.length, exits], [1, []]);
  });
