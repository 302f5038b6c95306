import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { configSchema } from "../../../gateway/config/schema.js";
import { screeningProblems } from "../../../gateway/wiring/asterisk/check-screening.js";
import { screeningLanguages } from "../../../gateway/wiring/asterisk/screening-prompts.js";
import { temporaryFolder } from "../../support/processes.js";

const SERVER = { id: "pbx", ariUrl: "http://127.0.0.1:8088/ari", username: "u", password: "p" };
const SPEECH = { engine: "module", module: { path: "/nowhere.js" } };

function problems(screening: object, more: object = {}, servers: readonly object[] = [SERVER]): string[] {
  const asterisk = { servers, screening: { enabled: true, ...screening } };
  return screeningProblems(configSchema.parse({ asterisk, speech: SPEECH, ...more }));
}

const CASES: readonly (readonly [string, string[], readonly string[]])[] = [
  ["all is there", problems({}), []],
  ["it is off", problems({ enabled: false, defaultLanguage: "xx" }, { speech: {} }, []), []],
  [
    "nobody hears",
    problems({}, { speech: {} }),
    ["asterisk.screening.enabled: nobody would hear the answer: speech.engine is none"],
  ],
  [
    "no Asterisk",
    problems({}, {}, []),
    ["asterisk.screening.enabled: only with asterisk.servers: calls come over ARI"],
  ],
  [
    "no words in the default language",
    problems({ defaultLanguage: "fr" }),
    ["asterisk.screening.defaultLanguage: there are no words in fr"],
  ],
  [
    "a new language with half its words",
    problems({ languages: { fr: { texts: { ask: "Qui est là ?", again: "Pardon ?", pass: "Merci." } } } }),
    ["asterisk.screening.languages.fr.texts: keypad, voicemail, goodbye missing"],
  ],
  [
    "a folder that is not there",
    problems({ promptFolder: "/nowhere/at/all" }),
    ["asterisk.screening.promptFolder: /nowhere/at/all is not there"],
  ],
];

describe("what would make screening a silence is found before the start", () => {
  for (const [name, found, expected] of CASES) test(name, () => assert.deepEqual(found, expected));

  test("a recording that is none", (t) => {
    const folder = temporaryFolder("prompts");
    t.after(() => folder.remove());
    mkdirSync(folder.path, { recursive: true });
    writeFileSync(join(folder.path, "es-ask.wav"), "no sound");
    const found = problems({ promptFolder: folder.path });
    assert.equal(found.length, 1);
    assert.match(found[0] ?? "", /^asterisk\.screening\.promptFolder: .*es-ask\.wav is no WAV file/);
  });

  test("own words go on top of ours", () => {
    const { asterisk } = configSchema.parse({
      asterisk: {
        screening: { languages: { en: { voice: "en-gb", texts: { ask: "Who is it?" }, fillers: ["cheers"] } } },
      },
    });
    const english = screeningLanguages(asterisk.screening).get("en");
    assert.deepEqual([english?.voice, english?.texts.ask], ["en-gb", "Who is it?"]);
    assert.ok((english?.texts.goodbye ?? "").length > 0);
    assert.ok(["cheers", "hello"].every((word) => english?.fillers.includes(word) === true));
  });
});
