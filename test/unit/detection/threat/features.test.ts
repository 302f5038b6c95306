import assert from "node:assert/strict";
import { test } from "node:test";
import { CueMatcher } from "../../../../detection/threat/cues/cue-matcher.js";
import { LEXICONS } from "../../../../detection/threat/cues/lexicons.js";
import { FeatureSpace } from "../../../../detection/threat/features.js";
import { HeardTalk } from "../../../../detection/threat/heard-talk.js";

const matcher = new CueMatcher(LEXICONS, () => false);
const space = new FeatureSpace(matcher.cueNames);
const tables = { mask: 0xff, suspect: new Float32Array(256), other: new Float32Array(256) };
const LONG = "one should look at this in peace since it takes a while until the whole of it is told from its beginning";

const cases = [
  { name: "too little said", turns: [["caller", "hello there"]], caller: undefined, called: undefined },
  { name: "a caller who talks alone", turns: [["caller", LONG]], caller: 0.8, called: 0 },
  {
    name: "both the same",
    turns: [
      ["caller", LONG],
      ["callee", LONG],
    ],
    caller: 0.5,
    called: 0.5,
  },
  {
    name: "a caller who answers in few words",
    turns: [
      ["caller", "well yes I do"],
      ["callee", LONG],
    ],
    caller: 0,
    called: 0.8,
  },
] as const;
for (const { name, turns, caller, called } of cases) {
  test(`who talks how much: ${name}`, () => {
    const talk = new HeardTalk(matcher, [tables], {});
    turns.forEach(([speaker, text], index) => {
      talk.add({ speaker, text, atMs: index * 1000 });
    });
    const shown = ([0, 1] as const).map((side) => {
      const other = side === 0 ? 1 : 0;
      const features = space.active(talk.tallies[side].counts, talk.tallies[other].counts, talk.contextOf(side));
      return features.flatMap((feature) => /^talks>=(.+)$/.exec(space.names[feature] ?? "")?.[1] ?? []).map(Number);
    });
    assert.deepEqual(shown, [caller === undefined ? [] : [caller], called === undefined ? [] : [called]]);
  });
}

test("who talks how much is no evidence to show", () => {
  assert.deepEqual(space.sourcesOf(space.names.indexOf("talks>=0.5")), []);
});
