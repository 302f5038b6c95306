/** One dialogue for the tests of the whole: who says what, in order. The last turn of a scam is one that must not be reached. */
export type Script = readonly (readonly [who: "caller" | "called", text: string])[];

/** A caller who claims to be the bank and asks for a one-time code. */
export const SCAM_CALL: Script = [
  ["called", "hello, this is Martha speaking"],
  ["caller", "good afternoon, this is officer Daniels from the fraud department of your bank"],
  ["called", "oh dear, what has happened"],
  ["caller", "someone has stolen money from your account and we have to act right now before it is all gone"],
  ["called", "that is terrible"],
  ["caller", "you must not tell anybody about this call, not even your family or the people in your branch"],
  ["called", "all right"],
  ["caller", "i have just sent a code to your phone, please read me the six digit code so that i can block the thief"],
  ["called", "wait, let me find my glasses"],
  ["caller", "hurry up, read me the code now or transfer your savings to the safe account that i give you"],
  ["called", "the code is one two three four five six"],
];

/** The real bank: it speaks of the account, the card and codes, and asks for none. */
export const HONEST_BANK_CALL: Script = [
  ["called", "hello"],
  ["caller", "good morning, this is your branch calling about the appointment that you asked for"],
  ["called", "yes, about my mortgage"],
  ["caller", "the adviser has time on Thursday at ten, would that suit you"],
  ["called", "Thursday is fine, do I need to bring anything"],
  [
    "caller",
    "please bring your passport and the last pay slip, and remember that we never ask for your code or password",
  ],
  ["called", "good, see you on Thursday then"],
  ["caller", "thank you, have a nice day"],
];
