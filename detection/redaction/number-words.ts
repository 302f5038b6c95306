export interface NumberWord {
  /** `unit` 0–9, `teen` 10–29 in one word, `tens` 20–90, `hundred` multiplies, `hundreds` 100–900 in one word, `scale` thousand and up. */
  readonly kind: "unit" | "teen" | "tens" | "hundred" | "hundreds" | "scale";
  readonly value: number;
  readonly language: "en" | "es" | "both";
}

const EN_UNITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const EN_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(" ");
const EN_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split(" ");
const ES_UNITS = ["cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"];
const ES_TEENS =
  "diez once doce trece catorce quince dieciseis diecisiete dieciocho diecinueve veinte veintiuno veintidos veintitres veinticuatro veinticinco veintiseis veintisiete veintiocho veintinueve".split(
    " ",
  );
const ES_TENS = "treinta cuarenta cincuenta sesenta setenta ochenta noventa".split(" ");
const ES_HUNDREDS =
  "ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos".split(" ");

type Language = NumberWord["language"];

function makeTable(): ReadonlyMap<string, NumberWord> {
  const table = new Map<string, NumberWord>();
  const add = (kind: NumberWord["kind"], language: Language, words: readonly string[], first: number, step: number) =>
    words.forEach((word, index) => table.set(word, { kind, value: first + index * step, language }));
  add("unit", "en", EN_UNITS, 0, 1);
  add("unit", "en", ["nought"], 0, 1);
  add("unit", "en", ["naught"], 0, 1);
  add("unit", "en", ["niner"], 9, 1);
  add("unit", "en", ["fife"], 5, 1);
  add("teen", "en", EN_TEENS, 10, 1);
  add("tens", "en", EN_TENS, 20, 10);
  add("tens", "en", ["fourty"], 40, 10);
  add("hundred", "en", ["hundred"], 100, 1);
  add("scale", "en", ["thousand"], 1e3, 1);
  add("scale", "en", ["million"], 1e6, 1);
  for (const word of ["billion", "trillion", "quadrillion", "quintillion", "sextillion"])
    add("scale", "en", [word], 1e9, 1);
  add("unit", "es", ES_UNITS, 0, 1);
  add("teen", "es", ES_TEENS, 10, 1);
  add("teen", "es", ["veintiun"], 21, 1);
  add("tens", "es", ES_TENS, 30, 10);
  add("hundreds", "es", ["cien"], 100, 1);
  add("hundreds", "es", ES_HUNDREDS, 100, 100);
  add(
    "hundreds",
    "es",
    ES_HUNDREDS.map((word) => word.replace(/os$/, "as")),
    100,
    100,
  );
  add("scale", "es", ["mil"], 1e3, 1);
  for (const word of ["millon", "millones"]) add("scale", "es", [word], 1e6, 1);
  return table;
}

const WORDS = makeTable();
export const numberWord = (norm: string): NumberWord | undefined => WORDS.get(norm);

const REPEATS: ReadonlyMap<string, number> = new Map([
  ...(["double", "doble"] as const).map((word) => [word, 2] as const),
  ...(["triple", "treble"] as const).map((word) => [word, 3] as const),
  ...(["quadruple", "cuadruple"] as const).map((word) => [word, 4] as const),
]);
/** `double` → 2. */
export const repeatWord = (norm: string): number | undefined => REPEATS.get(norm);

const PLURALS: ReadonlyMap<string, string> = new Map([
  ...EN_UNITS.map((word, digit) => [`${word}s`, String(digit)] as const),
  ...ES_UNITS.filter((word) => word !== "uno").map(
    (word, digit) => [`${word}s`, String(digit === 0 ? 0 : digit + 1)] as const,
  ),
  ["zeroes", "0"] as const,
  ["sixes", "6"] as const,
]);
/** `zeros` → "0". */
export const pluralDigit = (norm: string): string | undefined => PLURALS.get(norm);

/** What a recogniser writes for a digit, and what is one only among digits. */
const ALMOST: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...{ to: "2", too: "2", for: "4", fore: "4", ate: "8", won: "1", tree: "3" },
    ...{ un: "1", una: "1", ses: "6" },
  }),
);
export const almostDigit = (norm: string): string | undefined => ALMOST.get(norm);

/** Zero as a letter; digits next to it decide. */
export const isLetterZero = (norm: string): boolean => norm === "o" || norm === "oh";
