// Regression: a `message`, `call` or `phone` near a one-time code or an account number made a telephone number of it, which stays readable by default.
import assert from "node:assert/strict";
import { test } from "node:test";
import { redactText } from "../../../../detection/redaction/redactor.js";
import { shownAnswer, shownAtLast } from "../../../support/redacted-talk.js";

const ANSWERS: readonly (readonly [question: string, answer: string, shown: string])[] = [
  // What came over a telephone is none.
  ["What is the code?", "the message says 482913", "the message says [code]"],
  ["What is the code?", "the text message I got says 482 913", "the text message I got says [code]"],
  ["What is the code?", "my phone says four eight two nine one three", "my phone says [code]"],
  ["What is the code?", "it came on my mobile, 482913", "it came on my mobile, [code]"],
  ["What is the code?", "they called me and the answer is 482913", "they called me and the answer is [code]"],
  ["What is the code?", "the office gave me 4829137", "the office gave me [code]"],
  ["What is the code?", "it's 482913, now call me back", "it's [code], now call me back"],
  ["Read me the code we sent to your phone number", "482913", "[code]"],
  ["tell me the PIN, or I will call you back", "wait, 4 5 3 2 9 1", "wait, [code]"],
  ["What is your social security number?", "they called me… 123 45 6789", "they called me… [id]"],
  ["What is your social security number?", "the office has it, 678 12 3456", "the office has it, [id]"],
  ["your account number please", "the message from my bank says 12345678", "the message from my bank says [id]"],
  ["your account number please", "602-555-0123", "[id]"],
  ["¿Cuál es el código?", "el mensaje dice 482913", "el mensaje dice [code]"],
  ["¿Cuál es el código?", "en mi teléfono dice cuatro ocho dos nueve uno tres", "en mi teléfono dice [code]"],
  ["¿Cuál es el código?", "me ha llegado una llamada, 482 913", "me ha llegado una llamada, [code]"],
  ["dígame el número de cuenta", "la oficina me dio el 12345678", "la oficina me dio el [id]"],
  // A message that was told of a moment ago.
  ["What does the text say?", "678123456", "[id]"],
  ["the message came", "they texted me 0123456789", "they texted me [id]"],
  ["Did you get the messages?", "2025550123", "[id]"],
  ["And the answer?", "seis siete ocho uno dos tres cuatro cinco seis", "[id]"],
  ["the office sent it", "12345678", "[code]"],
  ["¿Qué pone el mensaje?", "678 123 456", "[id]"],
  ["¿Qué dice el mensaje de la oficina?", "912345678", "[id]"],
  // Telephone numbers stay.
  ["What does the text say?", "602-555-0123", "602-555-0123"],
  ["What does the text say?", "call +1 202 555 0123", "call +1 202 555 0123"],
  ["What does the text say?", "call 202 555 0123", "call 202 555 0123"],
  ["You can text me.", "2025550123", "2025550123"],
  ["Where can I call?", "600 123 456", "600 123 456"],
  ["¿Adónde puedo llamar?", "600123456", "600123456"],
  ["What is the code? And what is your phone number?", "202 555 0123", "202 555 0123"],
  ["I have your account number. What is your phone number?", "555 0123", "555 0123"],
  ["What is your phone number?", "482 9130", "482 9130"],
  ["What is your cell?", "202 555 0123", "202 555 0123"],
  ["Thank you for the code. Bye.", "my phone number is 555 0123", "my phone number is 555 0123"],
  ["What is the account number?", "it's +1 202 555 0123 where you reach us", "it's +1 202 555 0123 where you reach us"],
  ["¿Me da su teléfono?", "600 123 456", "600 123 456"],
  [
    "¿Cuál es su número de teléfono?",
    "seis cero cero uno dos tres cuatro cinco seis",
    "seis cero cero uno dos tres cuatro cinco seis",
  ],
];
for (const [question, answer, shown] of ANSWERS) {
  test(`${question} – ${answer}`, () => {
    assert.equal(shownAnswer(question, answer), shown);
  });
}

const SAID: readonly (readonly [said: string, shown: string])[] = [
  ["the message says 482913", "the message says [code]"],
  ["they called me… 123 45 6789", "they called me… [id]"],
  ["What is the code? The message says 482913.", "What is the code? The message says [code]."],
  ["the code on my phone is 482913", "the code on my phone is [code]"],
  ["call me, the PIN is 482913", "call me, the PIN is [code]"],
  ["my account number is 602-555-0123", "my account number is [id]"],
  ["the code is (482) 913", "the code is ([code]"],
  ["el mensaje con el código dice 482913", "el mensaje con el código dice [code]"],
  ["call me at 555 0123", "call me at 555 0123"],
  ["call 5550 0123", "call 5550 0123"],
  ["you can call the office, 202 555 0123", "you can call the office, 202 555 0123"],
  ["text 202-555-0123", "text 202-555-0123"],
  ["my phone number is 482 913", "my phone number is 482 913"],
  ["my new mobile is 07700 900123", "my new mobile is 07700 900123"],
  ["202 555 0123 is my phone number", "202 555 0123 is my phone number"],
  ["el número de teléfono es 600 123 456", "el número de teléfono es 600 123 456"],
  ["Phone: 51 516 33 75", "Phone: 51 516 33 75"],
  ["Código en el móvil: 482913", "Código en el móvil: [code]"],
  ["llámeme al 600 12 34 56", "llámeme al 600 12 34 56"],
  ["la oficina tiene el 912 345 678", "la oficina tiene el 912 345 678"],
];
for (const [said, shown] of SAID) {
  test(`said: ${said}`, () => {
    assert.equal(redactText(said).text, shown);
  });
}

for (const [asked, told] of [
  ["What's your office number?", "202 555 0123"],
  ["¿Cuál es el número de la oficina?", "912345678"],
] as const)
  test(`a telephone number that is asked for: ${asked}`, () => {
    const shown = shownAtLast([
      ["caller", asked],
      ["callee", told],
    ]);
    assert.equal(shown[1], told);
  });

test("a code asked for stays one with the other's words between", () => {
  const shown = shownAtLast([
    ["caller", "I sent a code to your phone, read it to me please"],
    ["callee", "hold on"],
    ["caller", "it is in the message"],
    ["callee", "the message says 482"],
    ["caller", "okay"],
    ["callee", "913"],
  ]);
  assert.deepEqual(shown.slice(3), ["the message says [code]", "okay", "[code]"]);
});
