import type { ScreeningPrompt } from "./screening-options.js";

/** What one language needs: data only. */
export interface ScreeningLanguage {
  /** ISO 639-1. */
  readonly language: string;
  /** espeak-ng's voice. */
  readonly voice: string;
  readonly texts: Readonly<Record<ScreeningPrompt, string>>;
  /** Words that say nothing about who calls, or why: lower case, without accents. */
  readonly fillers: readonly string[];
}

export const SCREENING_LANGUAGES: readonly ScreeningLanguage[] = [
  {
    language: "en",
    voice: "en-us",
    texts: {
      ask: "Hello. The person you are calling does not know this number. Please say who you are, and why you are calling.",
      again: "Sorry, I did not understand. Please say your name, and the reason for your call.",
      keypad: "To be put through, press 1. To leave a message, press 2.",
      pass: "Thank you. I am putting you through.",
      voicemail: "Thank you. Please leave a message.",
      goodbye: "This call cannot be put through. Goodbye.",
    },
    fillers: "hello hi hey yes yeah yep no ok okay who is this what sorry pardon uh um hm please can you hear me".split(
      " ",
    ),
  },
  {
    language: "es",
    voice: "es",
    texts: {
      ask: "Hola. La persona a la que llama no conoce este número. Por favor, diga quién es y por qué llama.",
      again: "Perdón, no le he entendido. Por favor, diga su nombre y el motivo de su llamada.",
      keypad: "Para que le pase la llamada, pulse 1. Para dejar un mensaje, pulse 2.",
      pass: "Gracias. Le paso la llamada.",
      voicemail: "Gracias. Por favor, deje un mensaje.",
      goodbye: "No se puede pasar esta llamada. Adiós.",
    },
    fillers: "hola si no bueno diga digame quien es que perdon eh em por favor oiga me oye vale".split(" "),
  },
];
