import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { THREAT_KINDS } from "../../../detection/model/threat.js";
import { Seeded } from "../../../detection/threat/training/seeded.js";
import { parseSlots, parseStories, tell, type LabelledDialogue } from "../../../detection/threat/training/stories.js";

/** Families by language that were promised when the set was asked for, and what each must be able to give. */
const FAMILIES = { honest: { en: 30, es: 15 }, scam: { en: 20, es: 10 } } as const;
const DISTINCT_PER_FAMILY = 60;
const TELLINGS = 150;
const LANGUAGES = ["en", "es"] as const;
const SIDES = ["honest", "scam"] as const;

const read = (name: string): string =>
  readFileSync(new URL(`../../fixtures/threat/test/${name}`, import.meta.url), "utf8");

/** Each story told often, with one seed: what was said, without the times. */
const told = SIDES.flatMap((side) =>
  LANGUAGES.flatMap((language) => {
    const slots = parseSlots(read(`slots-${language}.txt`));
    return parseStories(read(`${side}-${language}.story`), language).map((story, index) => {
      const random = new Seeded(1000 + index);
      const dialogues = new Map<string, LabelledDialogue>();
      for (let i = 0; i < TELLINGS; i++) {
        const dialogue = tell(story, slots, random);
        dialogues.set(JSON.stringify(dialogue.turns.map(({ speaker, text }) => [speaker, text])), dialogue);
      }
      return { side, story, dialogues: [...dialogues.values()], texts: [...dialogues.keys()] };
    });
  }),
);

await test("the held-out set has the promised families in both languages", () => {
  for (const side of SIDES)
    for (const language of LANGUAGES) {
      const count = told.filter((one) => one.side === side && one.story.language === language).length;
      assert.ok(count >= FAMILIES[side][language], `${side} ${language}: ${String(count)}`);
    }
  const names = told.map(({ story }) => story.family);
  assert.deepEqual([...new Set(names)], names);
});

await test("honest files hold honest stories only, scam files every kind of fraud", () => {
  for (const { side, story } of told) assert.equal(story.kind === "none", side === "honest", story.family);
  const kinds = new Set(told.map(({ story }) => story.kind));
  assert.deepEqual(
    THREAT_KINDS.filter((kind) => !kinds.has(kind)),
    [],
  );
  const calledAgent = told.filter(({ side, story }) => side === "scam" && story.called === "agent");
  assert.deepEqual([...new Set(calledAgent.map(({ story }) => story.language))], [...LANGUAGES]);
});

await test("every telling of a scam has a request, by the suspect and after the pretext; no honest one has", () => {
  for (const { side, story, dialogues } of told)
    for (const { stages, requestTurn, turns, suspect, called } of dialogues) {
      if (side === "honest") {
        assert.equal(requestTurn, undefined, story.family);
        continue;
      }
      assert.ok(requestTurn !== undefined, `${story.family} asks for nothing`);
      assert.equal(turns[requestTurn]?.speaker, suspect === "called" ? called : "caller", story.family);
      const pretext = stages.indexOf("pretext");
      assert.ok(pretext >= 0 && pretext < requestTurn, `${story.family} asks before its story`);
    }
});

await test("every family gives many different dialogues, in whole turns", () => {
  const distinct = { honest: new Set<string>(), scam: new Set<string>() };
  for (const { side, story, texts, dialogues } of told) {
    assert.ok(texts.length >= DISTINCT_PER_FAMILY, `${story.family}: ${String(texts.length)}`);
    for (const text of texts) distinct[side].add(text);
    for (const { turns } of dialogues)
      for (const { text } of turns) assert.doesNotMatch(text, /[()[\]{}|~]/, story.family);
  }
  assert.ok(distinct.honest.size >= 3000, `honest: ${String(distinct.honest.size)}`);
  assert.ok(distinct.scam.size >= 1000, `scam: ${String(distinct.scam.size)}`);
});
