import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameReader } from "../../../../gateway/adapters/sip-drachtio/frame-reader.js";

/** Payloads until more bytes are needed, or the fault. */
function readAll(chunks: readonly string[], maxBytes = 100): (string | undefined)[] {
  const reader = new FrameReader(maxBytes);
  const found: (string | undefined)[] = [];
  for (const chunk of chunks) {
    reader.push(Buffer.from(chunk, "latin1"));
    for (;;) {
      const next = reader.next();
      if (!next.ok) return [...found, next.error.code];
      if (next.value === undefined) break;
      found.push(next.value.toString("latin1"));
    }
  }
  return found;
}

const cases: readonly { name: string; chunks: readonly string[]; found: readonly string[]; maxBytes?: number }[] = [
  { name: "one frame", chunks: ["3#abc"], found: ["abc"] },
  { name: "frames follow each other without anything in between", chunks: ["3#abc2#d#1#|"], found: ["abc", "d#", "|"] },
  { name: "cuts anywhere", chunks: ["1", "0", "#01234", "56789", "1#x"], found: ["0123456789", "x"] },
  { name: "a length is of bytes", chunks: ["2#\xc3\xa91#x"], found: ["\xc3\xa9", "x"] },
  { name: "an unfinished frame gives nothing", chunks: ["5#abcd"], found: [] },
  { name: "no digits", chunks: ["1#a#b"], found: ["a", "drachtio.frame-length"] },
  { name: "a length of nothing", chunks: ["0#"], found: ["drachtio.frame-length"] },
  { name: "a sign", chunks: ["-1#a"], found: ["drachtio.frame-length"] },
  { name: "letters", chunks: ["1x#a"], found: ["drachtio.frame-length"] },
  { name: "the most that is taken", chunks: [`100#${"a".repeat(100)}`], found: ["a".repeat(100)] },
  { name: "more than that", chunks: ["101#"], found: ["drachtio.frame-too-large"] },
  { name: "digits without end are not waited for", chunks: ["1111"], found: ["drachtio.frame-length"] },
];

for (const { name, chunks, found, maxBytes } of cases) {
  test(`drachtio frames: ${name}`, () => {
    assert.deepEqual(readAll(chunks, maxBytes), found);
  });
}
