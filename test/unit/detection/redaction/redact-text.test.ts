import assert from "node:assert/strict";
import { test } from "node:test";
import { redactText } from "../../../../detection/redaction/redactor.js";

/** Each text, and what it has to become. Numbers are test numbers of the card schemes, or made for their check digits. */
const CASES: readonly (readonly [said: string, redacted: string])[] = [
  // Cards, in writing.
  ["my card is 4111 1111 1111 1111, thanks", "my card is [card], thanks"],
  ["it is 4111111111111111", "it is [card]"],
  ["five five five five, 5555 5555 4444", "[card]"],
  ["the amex is 3782-822463-10005", "the amex is [card]"],
  ["4111.1111.1111.1111", "[card]"],
  ["card number 4111 1111 1111 1112", "card number [card]"],
  // Cards, spoken, with what recognisers make of it.
  ["four one one one one one one one one one one one one one one one", "[card]"],
  ["four triple one, quadruple one, quadruple one, quadruple one", "[card]"],
  ["it's four one double one uh one one one one, then one one one one and one one one one", "it's [card]"],
  ["fifty five fifty five fifty five fifty five fifty five fifty five forty four forty four", "[card]"],
  ["5 5 double 5, 55 fifty-five 5 five 5 five 4 4 4 four", "[card]"],
  ["four oh one two, triple eight, eight eight eight, eight one eight eight one", "[card]"],
  ["card number four one to three for five", "card number [card]"],
  ["four hundred eleven one hundred eleven one hundred eleven eleven eleven eleven eleven one", "[card]"],
  ["cuatro uno uno uno uno uno uno uno uno uno uno uno uno uno uno uno", "[card]"],
  ["la tarjeta es cuatro, triple uno, y luego doble uno, doble uno, once, once, once y once", "la tarjeta es [card]"],
  ["cincuenta y cinco cincuenta y cinco cincuenta y cinco cincuenta y cinco 55 55 44 44", "[card]"],
  // Codes and PINs.
  ["the code is one two three four five six", "the code is [code]"],
  ["the code is 483 921", "the code is [code]"],
  ["483921 is the code", "[code] is the code"],
  ["my pin is one nine eight four", "my pin is [code]"],
  ["my pin is nineteen eighty four", "my pin is [code]"],
  ["my PIN is 1984.", "my PIN is [code]."],
  ["the password is x7 k2 m9", "the password is [code]"],
  ["el código es cuatro ocho tres nueve dos uno", "el código es [code]"],
  ["la clave es treinta y dos cuarenta y cinco", "la clave es [code]"],
  ["su contraseña es 4 8 3 9", "su contraseña es [code]"],
  ["me ha llegado un código de verificación: 483921", "me ha llegado un código de verificación: [code]"],
  ["the security code on the back is three two one", "the security code on the back is [code]"],
  ["el código de seguridad es 321", "el código de seguridad es [code]"],
  ["the card expires twelve twenty eight", "the card expires [card]"],
  ["my card, expiry date 12/28", "my card, expiry date [card]"],
  ["la tarjeta caduca el 12/28", "la tarjeta caduca el [card]"],
  // Accounts and persons.
  ["GB29 NWBK 6016 1331 9268 19", "[iban]"],
  ["IBAN ES91 2100 0418 4502 0005 1332 please", "IBAN [iban] please"],
  ["DE89370400440532013000", "[iban]"],
  ["G B two nine N W B K six zero one six one three three one nine two six eight one nine", "[iban]"],
  ["my social is 123-45-6789", "my social is [id]"],
  ["social security number one two three four five six seven eight nine", "social security number [id]"],
  ["mi DNI es 12345678Z", "mi DNI es [id]"],
  ["12345678-Z", "[id]"],
  ["uno dos tres cuatro cinco seis siete ocho Z", "[id]"],
  ["el NIE X1234567L", "el NIE [id]"],
  ["CURP GARC850101HDFRRL09", "CURP [id]"],
  ["my passport is AB1234567", "my passport is [id]"],
  ["account number 12345678, sort code 20-00-00", "account number [id], sort code [id]"],
  ["mi número de cuenta es cero cero uno dos tres cuatro", "mi número de cuenta es [id]"],
  ["my driver's license is D1234567", "my driver's license is [id]"],
  // What begins the next sentence is a word, not a letter of the code.
  ["Your code is 482913. I will send you a refund today.", "Your code is [code]. I will send you a refund today."],
  ["Your code is 482913. A colleague will call.", "Your code is [code]. A colleague will call."],
  ["El código es 482913. Y te llamo mañana.", "El código es [code]. Y te llamo mañana."],
  ["the code is four eight two nine. I will call you", "the code is [code]. I will call you"],
  ["the code is 482913. OK, let me look", "the code is [code]. OK, let me look"],
  ["my card is 4111 1111 1111 1111. I will call you", "my card is [card]. I will call you"],
  ["my account number is 12345678. I will call you", "my account number is [id]. I will call you"],
  ["the password is x7 k2 m9. I will wait", "the password is [code]. I will wait"],
  // And where it is one of the code, or the code is too short without it, it goes.
  ["the password is x7 k2. I will wait", "the password is [code] will wait"],
  ["the password is a1b2. A colleague will call", "the password is [code] colleague will call"],
  ["the code is K-7-2. OK, let me look", "the code is [code], let me look"],
  ["the password is x7 k2. A as in apple", "the password is [code] as in apple"],
  ["the password is x. 7. k. 2. I. 9.", "the password is [code]."],
  ["the password is 4829. A is the last one", "the password is [code] is the last one"],
  ["the password is 4829. I", "the password is [code]"],
  ["mi DNI es 12345678. Z", "mi DNI es [id]"],
  ["mi clave es 4829. Y griega", "mi clave es [code] griega"],
];
for (const [said, redacted] of CASES) {
  test(`goes: ${said}`, () => {
    assert.equal(redactText(said).text, redacted);
  });
}

const STAY: readonly string[] = [
  "",
  "you owe 1,250 dollars",
  "a refund of $4,999.99 to your account",
  "that is four thousand two hundred dollars",
  "son cuatro mil doscientos euros",
  "it costs 2500 euros",
  "two hundred and fifty four people",
  "we met in 1984, on the 12 of May 2019",
  "el 12 de mayo de 1986",
  "on 12/05/1986 at 10:30",
  "call me at ten thirty",
  "a las diez y media, o a las 1030",
  "my card expires soon",
  "flight BA 2490 at gate 12",
  "flight two four nine oh",
  "el vuelo 2490",
  "room 2104, zip code 90210",
  "el código postal es 28013",
  "order number 3348917502",
  "your case number is 4471",
  "the card ending in 4242",
  "call me back at 202 555 0123",
  "my phone number is two oh two five five five oh one two three",
  "mi teléfono es 600 123 456",
  "+1 202 555 0123",
  "for one to three days",
  "I will be there in five to ten minutes",
  "ten percent, or 20%",
  "version 1.2.3 of 192.0.2.1",
  "turn left at 4512 Oak Tree Lane",
  "one or two of them, maybe three",
  "cuatro o cinco veces",
  "please read me the six digit code",
  "dígame los dieciséis dígitos de la tarjeta",
  "we never ask for your PIN, and the password stays with you",
  "the verification takes 15 minutes and costs 1200 dollars",
];
for (const said of STAY) {
  test(`stays: ${said}`, () => {
    assert.deepEqual(redactText(said), { text: said, spans: [] });
  });
}

test("spans are those of the text as it was said", () => {
  const said = "ok, my card is 4111 1111 1111 1111 and the pin is 4 8 3 9.";
  const { spans } = redactText(said);
  assert.deepEqual(
    spans.map(({ start, end, kind }) => [said.slice(start, end), kind]),
    [
      ["4111 1111 1111 1111", "card"],
      ["4 8 3 9", "code"],
    ],
  );
});

test("telephone numbers go where that is asked for", () => {
  const said = "call me back at 202 555 0123";
  assert.equal(redactText(said, { phones: true }).text, "call me back at [phone]");
});
