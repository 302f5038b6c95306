import assert from "node:assert/strict";
import { test } from "node:test";
import {
  areParams,
  hasParam,
  MOST_PARAMS,
  paramOf,
  parseParams,
  withoutParam,
  withParam,
} from "../../../../gateway/sip/message/params.js";

const FOUND = [
  [";a=1;b=2", "b", "2"],
  [";A = 1 ; B = 2 ", "b", "2"],
  [";lr", "lr", ""],
  [";lr;x=1", "lr", ""],
  [";a=;b=2", "a", ""],
  [';a="x;b=no";b="y\\";z"', "b", '"y\\";z"'],
  [";ab=1;a=2", "a", "2"],
  [";a-b=1", "a", undefined],
  [";a=1", "b", undefined],
  ["", "a", undefined],
  [";a=1;a=2", "a", "1"],
  [";host=[2001:db8::1]:5060", "host", "[2001:db8::1]:5060"],
] as const;
for (const [params, name, value] of FOUND) {
  test(`parameter ${name} of ${JSON.stringify(params)}`, () => {
    assert.equal(paramOf(params, name), value);
    assert.equal(hasParam(params, name), value !== undefined);
  });
}

const LISTS = [
  ["", []],
  [";a", [["a", ""]]],
  [
    "; A = 1 ; b ",
    [
      ["a", "1"],
      ["b", ""],
    ],
  ],
  [
    ';x="a;b" ;y',
    [
      ["x", '"a;b"'],
      ["y", ""],
    ],
  ],
  [";x=", [["x", ""]]],
] as const;
for (const [params, expected] of LISTS) {
  test(`list of ${JSON.stringify(params)}`, () => {
    assert.deepEqual(parseParams(params), expected);
    assert.ok(areParams(params));
  });
}

for (const params of ["a=1", ";", ";;", ";a;;b", ";a=1 2", ';a="x', ";a=1,b", ";=1", ';a=b"c"', ";[a]=1"]) {
  test(`not well-formed: ${JSON.stringify(params)}`, () => {
    assert.equal(parseParams(params), undefined);
    assert.equal(areParams(params), false);
  });
}

test("more parameters than the limit are refused, exactly the limit is not", () => {
  assert.equal(parseParams(";a".repeat(MOST_PARAMS))?.length, MOST_PARAMS);
  assert.equal(parseParams(";a".repeat(MOST_PARAMS + 1)), undefined);
});

test("a parameter is replaced in its place, appended, removed", () => {
  assert.equal(withParam(";rport;branch=x", "rport", "5060"), ";rport=5060;branch=x");
  assert.equal(withParam("", "lr", ""), ";lr");
  assert.equal(withParam(';a="x;y" ;b', "a", "1"), ";a=1 ;b");
  assert.equal(withoutParam(";a=1;b=2;A=3", "a"), ";b=2");
  assert.equal(withoutParam(';a="b;c";b', "b"), ';a="b;c"');
  assert.equal(withoutParam(";a", "a"), "");
});
