// Regression: numbers in the form of amounts, times, decimals and dates stayed readable whatever was asked for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Redactor, redactText } from "../../../../detection/redaction/redactor.js";
import { shownAnswer, shownAtLast } from "../../../support/redacted-talk.js";

const GO: readonly (readonly [said: string, shown: string])[] = [
  // Thousands.
  ["my card number is 4,111,111,111,111,111", "my card number is [card]"],
  ["it's a visa, 4,111,111,111,111,111", "it's a visa, [card]"],
  ["mi número de tarjeta es 4.111.111.111.111.111", "mi número de tarjeta es [card]"],
  ["my social security number is 123,456,789", "my social security number is [id]"],
  ["my account number is 12,345,678", "my account number is [id]"],
  ["the code is 482,913", "the code is [code]"],
  ["your one-time code: 482,913.", "your one-time code: [code]."],
  ["el código es 482.913", "el código es [code]"],
  ["DNI 12.345.678-Z", "DNI [id]"],
  ["mi DNI es el 12.345.678 Z", "mi DNI es el [id]"],
  ["12.345.678-Z", "[id]"],
  ["my PIN is 4,532", "my PIN is [code]"],
  ["482,913 is the code", "[code] is the code"],
  // Times, decimals, addresses, dates.
  ["my PIN is 12:34", "my PIN is [code]"],
  ["the PIN for my card is 12:34", "the PIN for my card is [card]"],
  ["mi clave es 12:34", "mi clave es [code]"],
  ["the code is 12:34:56", "the code is [code]"],
  ["my PIN is 45.32", "my PIN is [code]"],
  ["mi PIN es 45,32", "mi PIN es [code]"],
  ["the PIN is 4.5.3.2", "the PIN is [code]"],
  ["the PIN is 4.5.3.2.1", "the PIN is [code]"],
  ["the PIN is 4,5,3,2", "the PIN is [code]"],
  ["the PIN is 4/5/32", "the PIN is [code]"],
  ["the code is 12.05.86", "the code is [code]"],
  ["my cvv is 1,2,3", "my cvv is [code]"],
  ["el código de seguridad es 1,2,3", "el código de seguridad es [code]"],
  ["sort code 20.00.00", "sort code [id]"],
  ["my card, expiry date 12.28", "my card, expiry date [card]"],
  // Words.
  ["my PIN is one thousand two hundred thirty four", "my PIN is [code]"],
  ["my PIN is one thousand two hundred and thirty-four", "my PIN is [code]"],
  ["mi PIN es mil doscientos treinta y cuatro", "mi PIN es [code]"],
  ["la clave es dos mil veinte", "la clave es [code]"],
  ["the code is four hundred eighty two thousand nine hundred thirteen", "the code is [code]"],
  ["el código es cuatrocientos ochenta y dos mil novecientos trece", "el código es [code]"],
  [
    "my card number is four thousand one hundred eleven one thousand one hundred eleven one thousand one hundred eleven one thousand one hundred eleven",
    "my card number is [card]",
  ],
  ["mi DNI es doce millones trescientos cuarenta y cinco mil seiscientos setenta y ocho Z", "mi DNI es [id]"],
  ["DNI doce millones trescientos cuarenta y cinco mil seiscientos setenta y ocho", "DNI [id]"],
  ["my social is 123.456.789", "my social is [id]"],
  ["mi número de seguridad social es 123.456.789", "mi número de seguridad social es [id]"],
  ["el código que me ha llegado es 482.913", "el código que me ha llegado es [code]"],
  ["the code's 482,913", "the code's [code]"],
  // What only sounds like a unit.
  ["my PIN is four five three two am I right", "my PIN is [code] am I right"],
  ["my PIN is one two three four am I right", "my PIN is [code] am I right"],
  ["the code is 4 8 2 9 1 3 second time I say it", "the code is [code] second time I say it"],
  ["my PIN is $4,532", "my PIN is $[code]"],
  ["the cvv is 123 may I go now", "the cvv is [code] may I go now"],
  ["my PIN is 4532%", "my PIN is [code]"],
  ["4532% is the code", "[code] is the code"],
  // Other ways to say it.
  ["the code is 4-8-2-9-1-3", "the code is [code]"],
  ["the code is four-eight-two-nine-one-three", "the code is [code]"],
  ["the code is double five, triple zero, one", "the code is [code]"],
  ["la clave es doble cinco triple cero uno", "la clave es [code]"],
  ["my PIN is oh four oh seven", "my PIN is [code]"],
  ["the code is 4A5 B32", "the code is [code]"],
  ["the code is 482\n913", "the code is [code]\n[code]"],
  ["the code is 4th 8th 2nd 9th", "the code is [code]"],
  ["the code is four point five point three point two", "the code is [code]"],
  ["la clave es cuatro punto cinco punto tres punto dos", "la clave es [code]"],
  [
    "the first digit is four, the second is five, the third is three, the last is two, that's my PIN",
    "the first digit is [code], that's my PIN",
  ],
];
for (const [said, shown] of GO) {
  test(`goes: ${said}`, () => {
    assert.equal(redactText(said).text, shown);
  });
}

const ANSWERS: readonly (readonly [question: string, answer: string, shown: string])[] = [
  ["What is your card number?", "4,111,111,111,111,111", "[card]"],
  ["What is the code?", "482,913", "[code]"],
  ["What is the code?", "uh let me think, I believe it's 482,913", "uh let me think, I believe it's [code]"],
  ["What's the PIN?", "12:34", "[code]"],
  ["Tell me the PIN.", "one thousand two hundred thirty four", "[code]"],
  ["Tell me the PIN.", "4,532 dollars", "[code] dollars"],
  ["Read me your social security number", "123,456,789", "[id]"],
  ["¿Cuál es el PIN?", "mil doscientos treinta y cuatro", "[code]"],
  ["¿Cuál es el código?", "el mensaje dice 482.913", "el mensaje dice [code]"],
  ["dígame su DNI", "doce millones trescientos cuarenta y cinco mil seiscientos setenta y ocho", "[id]"],
  ["and the three digits on the back?", "1,2,3", "[code]"],
  ["What's the code?", "sure, one second, it's 482,913", "sure, one second, it's [code]"],
  ["¿Me dice el código?", "a ver, me pone 482.913 en la pantalla", "a ver, me pone [code] en la pantalla"],
  ["What's the code?", "it came at 10:30 and it says 482,913", "it came at 10:30 and it says [code]"],
  ["What is the PIN?", "the first is four, the second is five, then three, and the last is two", "the first is [code]"],
  [
    "¿Cuál es la clave?",
    "el primero es cuatro, el segundo es cinco, el tercero tres y el último dos",
    "el primero es [code]",
  ],
  ["What is the code?", "4532%", "[code]"],
  ["¿Cuál es el código?", "el mensaje dice 4532 %", "el mensaje dice [code]"],
  // Honest neighbours.
  ["What is the code?", "it gives me 20%, or 1200% growth", "it gives me 20%, or 1200% growth"],
  ["What's the code?", "I don't have it, and I paid 1,250", "I don't have it, and I paid 1,250"],
  ["Can you confirm the account number?", "yes, and the payment was 1,250", "yes, and the payment was 1,250"],
  ["Do you have the code?", "I have an appointment on 12/05/2026", "I have an appointment on 12/05/2026"],
  ["Thank you for the code.", "the refund is 1,250, right?", "the refund is 1,250, right?"],
  ["Thank you for the code.", "and I get 1,250 euros", "and I get 1,250 euros"],
  ["I have your account number. How much is it?", "1,250", "1,250"],
  ["When did you get the code?", "12:34", "12:34"],
  ["What is the code?", "it came at 12:34", "it came at 12:34"],
  ["What is your card number, and how much did you pay?", "4,532", "4,532"],
  ["Your date of birth, and then your account number", "it was 12/05/1986", "it was 12/05/1986"],
  ["¿A qué hora le llegó el código?", "a las 12:34", "a las 12:34"],
];
for (const [question, answer, shown] of ANSWERS) {
  test(`${question} – ${answer}`, () => {
    assert.equal(shownAnswer(question, answer), shown);
  });
}

const STAY: readonly string[] = [
  "the balance of your account is 12,345",
  "your account is 1,250 overdrawn",
  "the card is $1,250 over its limit",
  "I used the code and saved 1,250",
  "the code costs 1.250 euros",
  "the PIN letter comes at 12:34",
  "the code is valid until 12:34",
  "the code came on 12/05/2026",
  "my passport was issued on 12/05/2019",
  "the card expires on 12/05/2026",
  "my card is charged 1,250 a month",
  "the total on the card is 4,111",
  "we never ask for your PIN. 1,250 customers know that",
  "1,250 for the room",
  "mil doscientos treinta y cuatro euros de la cuenta",
  "el saldo de su cuenta es 1.250.000",
  "su cuenta tiene mil doscientos euros",
  "el código llega a las 12:34",
  "we never ask for your PIN. Sales grew by 1200% this year",
  "the order number is 482,913",
  "the promo code is 482,913",
  "lists of 2,500, 3,000, 3,500, 4,000 and 4,500",
  "at 192.0.2.1, version 1.2.3",
  "su cita es el 12/05/2026 a las 10:30",
  "the first is 4, the second is 5, the third 3 and the last 2",
  "it went from four point five to three point two percent",
  "it is 9:30 am now, or 10 am",
  "two thousand and four, mil novecientos ochenta y cuatro",
];
for (const said of STAY) {
  test(`stays: ${said}`, () => {
    assert.deepEqual(redactText(said), { text: said, spans: [] });
  });
}

const TALKS: readonly { readonly name: string; readonly said: readonly string[]; readonly shown: readonly string[] }[] =
  [
    {
      name: "a card in spoken thousands, a line each",
      said: [
        "four thousand one hundred eleven",
        "one thousand one hundred eleven",
        "one thousand one hundred eleven",
        "one thousand one hundred eleven",
      ],
      shown: ["[card]", "[card]", "[card]", "[card]"],
    },
    { name: "a PIN over two lines", said: ["my PIN is twelve", "thirty four"], shown: ["my PIN is [code]", "[code]"] },
    {
      name: "a PIN in thousands over two lines",
      said: ["mi PIN es cuatro mil", "quinientos treinta y dos"],
      shown: ["mi PIN es [code]", "[code]"],
    },
  ];
for (const { name, said, shown } of TALKS) {
  test(`talk: ${name}`, () => {
    const lines = said.flatMap((text) => [["callee", text] as const, ["caller", "okay"] as const]);
    assert.deepEqual(
      shownAtLast(lines).filter((_, index) => index % 2 === 0),
      shown,
    );
  });
}

test("a partial shows nothing of it either", () => {
  const redactor = new Redactor();
  redactor.add({ speaker: "caller", text: "what is your card number" });
  assert.equal(redactor.preview({ speaker: "callee", text: "4,111,111" }).text, "[card]");
  assert.equal(redactor.preview({ speaker: "callee", text: "four thousand one hundred" }).text, "[card]");
});

test("where telephone numbers go, one that is written with points goes too", () => {
  assert.equal(redactText("mi teléfono es 600.123.456", { phones: true }).text, "mi teléfono es [phone]");
  assert.equal(redactText("mi teléfono es 600.123.456").text, "mi teléfono es 600.123.456");
});
