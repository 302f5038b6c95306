import type { Turn } from "../../model/threat.js";
import type { LabelledDialogue } from "./stories.js";
import type { Seeded } from "./seeded.js";

/** What recognisers take for one another. Ours, from the sound of the words. */
const SOUND_ALIKES: Readonly<Record<string, string>> = {
  code: "coat", card: "cart", gift: "gif", bank: "bang", wire: "why are", pin: "pen", fraud: "frog", account: "a count",
  police: "please", officer: "office or", arrest: "a rest", warrant: "warren", tax: "text", refund: "re fund",
  password: "pass word", bitcoin: "bit coin", anydesk: "any desk", teamviewer: "team viewer", computer: "commuter",
  virus: "virals", transfer: "trans fur", money: "mommy", send: "sent", pay: "they", cash: "cache", bail: "bale",
  jail: "gel", court: "caught", sheriff: "share if", immediately: "immediate lee", urgent: "urge in", secure: "see cure",
  security: "secure it he", social: "so shall", number: "numb her", digit: "did it", digits: "did its", four: "for",
  two: "to", eight: "ate", right: "write", their: "there", your: "you're", hear: "here", son: "sun", mail: "male",
  fee: "fi", parcel: "partial", package: "pack age", customs: "costumes", prize: "price", won: "one", lottery: "lot tree",
  grandma: "grand ma", lawyer: "liar", accident: "axe dent", hospital: "hospitable", confirm: "conform", verify: "very fine",
  codigo: "comodo", tarjeta: "tarea", banco: "blanco", cuenta: "cuento", clave: "llave", dinero: "diez euros",
  policia: "policial", multa: "muleta", fianza: "finanza", transferencia: "transparencia",
  ordenador: "ordenado", computadora: "computador ahora", regalo: "recado", paquete: "paquetes", aduana: "la duana",
  urgente: "gente", ahora: "hora", deposito: "de posito", fraude: "fraudes", seguro: "segundo", numero: "un mero",
}; // prettier-ignore
const FILLERS: Readonly<Record<string, readonly string[]>> = {
  en: ["uh", "um", "you know", "like", "so", "well", "okay"],
  es: ["eh", "este", "pues", "o sea", "bueno", "mmm"],
};
const SPOKEN: Readonly<Record<string, string>> = {
  zero: "0", oh: "0", one: "1", two: "2", three: "3", four: "4", five: "5", six: "6", seven: "7", eight: "8", nine: "9",
  cero: "0", uno: "1", dos: "2", tres: "3", cuatro: "4", cinco: "5", seis: "6", siete: "7", ocho: "8", nueve: "9",
}; // prettier-ignore

export interface NoiseOptions {
  /** Share of words that come out wrong, 0–1. */
  readonly wordErrorRate: number;
  /** Share of turns that come in two pieces, 0–1. */
  readonly splitRate: number;
  /** No capitals, no punctuation. */
  readonly bare: boolean;
}

/**
 * What a recogniser may make of a dialogue: words dropped (4 of 10 errors), taken for others (9 of 20: sound-alikes where we know
 * one, else a letter's difference), added (rest); turns cut in two; spoken digits written as digits.
 */
export function misheard(dialogue: LabelledDialogue, options: NoiseOptions, random: Seeded): LabelledDialogue {
  const turns: Turn[] = [];
  const stages: LabelledDialogue["stages"][number][] = [];
  let requestTurn: number | undefined;
  dialogue.turns.forEach((turn, index) => {
    const words = mishear(turn.text, dialogue.language, options, random);
    if (index === dialogue.requestTurn) requestTurn = turns.length;
    const cut =
      words.length > 7 && random.chance(options.splitRate) ? 3 + random.below(words.length - 5) : words.length;
    for (const piece of [words.slice(0, cut), words.slice(cut)]) {
      if (piece.length === 0) continue;
      turns.push({ ...turn, text: piece.join(" ") });
      stages.push(dialogue.stages[index]);
    }
  });
  return { ...dialogue, turns, stages, requestTurn };
}

function mishear(text: string, language: string, options: NoiseOptions, random: Seeded): string[] {
  const words = text.split(" ");
  const out: string[] = [];
  for (const word of words) {
    const heard = options.bare ? bare(word) : word;
    if (heard === "") continue;
    if (random.chance(options.wordErrorRate)) {
      const kind = random.next();
      if (kind < 0.4) continue;
      if (kind < 0.85) out.push(confused(heard, random));
      else out.push(heard, random.pick(FILLERS[language] ?? FILLERS["en"] ?? ["uh"]));
      continue;
    }
    out.push(heard);
  }
  return options.bare && random.chance(0.5) ? out.map((word) => SPOKEN[word] ?? word) : out;
}

function confused(word: string, random: Seeded): string {
  const plain = bare(word);
  const alike = SOUND_ALIKES[plain.normalize("NFD").replace(/\p{M}/gu, "")];
  if (alike !== undefined && random.chance(0.6)) return alike;
  if (plain.length < 4) return random.pick(["a", "the", "de", "it", "and", "no", "que", "is"]);
  const at = 1 + random.below(plain.length - 1);
  const letter = random.pick(["a", "e", "i", "o", "s", "t", "n", "r", "l", "d"]);
  const kind = random.below(3);
  if (kind === 0) return plain.slice(0, at) + plain.slice(at + 1);
  if (kind === 1) return plain.slice(0, at) + letter + plain.slice(at + 1);
  return plain.slice(0, at) + letter + plain.slice(at);
}

const bare = (word: string): string => word.toLowerCase().replace(/[^\p{L}\p{N}'$€£]/gu, "");
