import assert from "node:assert/strict";
import { test } from "node:test";
import { CueMatcher } from "../../../../detection/threat/cues/cue-matcher.js";
import { LEXICONS } from "../../../../detection/threat/cues/lexicons.js";
import { tokens } from "../../../../detection/threat/text/tokens.js";

const matcher = new CueMatcher(LEXICONS, () => false);
const cuesOf = (text: string): string[] => matcher.match(tokens(text)).map(({ cue }) => matcher.cueNames[cue] ?? "");

/** Who says it, and how, matters more than the words. */
const cases = [
  { text: "read me the code that you just got", has: "request.code", hasNot: "not.protect" },
  { text: "never share your code with anyone", has: "not.protect", hasNot: "request.code" },
  { text: "we will never ask for your PIN", has: "not.protect", hasNot: "request.pin" },
  { text: "do not read the code to anybody except me", has: "pressure.only-me", hasNot: "request.code" },
  {
    text: "a man called me and said I should buy gift cards and read him the codes",
    has: "honest.reported",
    hasNot: "request.gift",
  },
  { text: "did you read the code to anyone", has: "honest.reported", hasNot: "request.code" },
  { text: "if you don't give me the code you lose your money", has: "request.code", hasNot: "not.request" },
  { text: "it is not urgent at all", has: "not.urgent", hasNot: "pressure.urgency" },
  { text: "this is urgent, do it immediately", has: "pressure.urgency", hasNot: "not.urgent" },
  { text: "go to the store and buy google play gift cards", has: "request.gift", hasNot: "not.request" },
  { text: "i sold a bike to my neighbour yesterday", has: "", hasNot: "request.transfer" },
  { text: "no autorizado necesito que me diga el código que le llegó", has: "request.code", hasNot: "not.request" },
  { text: "nunca comparta su clave con nadie", has: "not.protect", hasNot: "request.pin" },
  { text: "no le diga a nadie de su familia", has: "pressure.secrecy", hasNot: "" },
  { text: "the window shuts tonight and the next person on the list gets it", has: "pressure.scarcity", hasNot: "" },
  { text: "if it asks choose friends and family", has: "pressure.coach", hasNot: "" },
  { text: "your bank won't like it, banks never do", has: "pressure.no-check", hasNot: "" },
  { text: "mum my phone's smashed, this is my new number", has: "pretext.voice", hasNot: "" },
  { text: "think it over, there is no need to decide now", has: "honest.choice", hasNot: "" },
  { text: "there's no charge, you pay at the desk", has: "honest.free", hasNot: "" },
  { text: "type it in yourself, don't read it to me", has: "honest.byself", hasNot: "request.code" },
  { text: "cierran ya y se lo doy al siguiente", has: "pressure.scarcity", hasNot: "" },
  { text: "le sale a favor, son cuatro mil", has: "pretext.windfall", hasNot: "" },
  { text: "lo puede pensar el tiempo que quiera, no cuesta nada", has: "honest.choice", hasNot: "" },
] as const;
for (const { text, has, hasNot } of cases) {
  test(`cues of: ${text}`, () => {
    const cues = cuesOf(text);
    if (has !== "") assert.ok(cues.includes(has), `${has} in ${cues.join(" ")}`);
    if (hasNot !== "") assert.ok(!cues.includes(hasNot), `no ${hasNot} in ${cues.join(" ")}`);
  });
}

test("a pattern does not reach over many words", () => {
  assert.ok(!cuesOf("buy milk bread butter cheese apples pears plums then gift cards").includes("request.gift"));
});

test("hostile text takes bounded time", () => {
  const word = "code read me the code gift card do not tell ";
  // The quickest of three: what the machine does beside it is not the matcher's.
  const tookMs = [1, 2, 3].map(() => {
    const before = performance.now();
    matcher.match(tokens(word.repeat(400)));
    return performance.now() - before;
  });
  assert.ok(Math.min(...tookMs) < 2000, tookMs.join(" "));
});
