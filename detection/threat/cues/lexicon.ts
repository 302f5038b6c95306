/** One element of a pattern: any of these classes, at most `gap` weighty words after the element before. */
export interface PatternElement {
  readonly classes: readonly number[];
  readonly gap: number;
}

export interface Pattern {
  readonly cue: number;
  readonly language: number;
  readonly elements: readonly PatternElement[];
}

/** A language's words and cues, as text: english-classes and english-cues say how it is written. */
export interface LexiconText {
  readonly language: string;
  readonly classes: string;
  readonly cues: string;
}

/** Words of one class: plain, beginning with, or several in a row. */
export interface WordClass {
  readonly language: number;
  readonly name: string;
  readonly words: readonly string[];
}

export interface Lexicon {
  readonly languages: readonly string[];
  readonly cueNames: readonly string[];
  readonly classes: readonly WordClass[];
  readonly patterns: readonly Pattern[];
}

/** Cues that patterns don't name but the matcher makes of others. */
export const DERIVED_CUES = ["not.request", "honest.reported", "pressure.only-me", "digits.read"] as const;
const DEFAULT_GAP = 3;

/**
 * Reads the lexicons. They are part of the program, so a mistake in one is our bug and throws.
 * @throws Error naming language and line.
 */
export function compileLexicon(texts: readonly LexiconText[]): Lexicon {
  const builder = new LexiconBuilder();
  for (const text of texts) builder.addClasses(text);
  for (const text of texts) builder.addCues(text);
  return builder.lexicon();
}

class LexiconBuilder {
  readonly #classes: { language: number; name: string; words: string[] }[] = [];
  readonly #classByName = new Map<string, number>();
  readonly #cues: string[] = [...DERIVED_CUES];
  readonly #patterns: Pattern[] = [];
  readonly #languages: string[] = [];
  #language = 0;

  addClasses({ language, classes }: LexiconText): void {
    this.#languages.push(language);
    this.#language = this.#languages.length - 1;
    for (const line of lines(classes)) {
      const colon = line.indexOf(":");
      if (colon < 0) throw new Error(`${language}: class without a colon: ${line}`);
      this.#class(
        line.slice(0, colon),
        line
          .slice(colon + 1)
          .trim()
          .split(/\s+/),
      );
    }
  }

  addCues({ language, cues }: LexiconText): void {
    this.#language = this.#languages.indexOf(language);
    let cue = -1;
    for (const line of cues.split("\n")) {
      if (line.trim() === "") continue;
      if (line.startsWith(" ")) this.#patterns.push(this.#pattern(language, cue, line.trim()));
      else cue = this.#cue(line.trim());
    }
  }

  lexicon(): Lexicon {
    return { languages: this.#languages, cueNames: this.#cues, classes: this.#classes, patterns: this.#patterns };
  }

  #cue(name: string): number {
    if (!this.#cues.includes(name)) this.#cues.push(name);
    return this.#cues.indexOf(name);
  }

  #class(name: string, words: readonly string[]): number {
    const key = `${this.#language}:${name}`;
    const known = this.#classByName.get(key);
    if (known !== undefined) return known;
    const id = this.#classes.length;
    this.#classes.push({ language: this.#language, name, words: [...words] });
    this.#classByName.set(key, id);
    return id;
  }

  #pattern(language: string, cue: number, text: string): Pattern {
    const elements: PatternElement[] = [];
    let gap = DEFAULT_GAP;
    for (const piece of text.split(/\s+/)) {
      if (piece.startsWith("~")) {
        gap = Number(piece.slice(1));
        continue;
      }
      if (piece.startsWith("+")) gap = 0;
      const alternatives = piece.replace(/^\+/, "").split("|");
      const named = alternatives.filter((word) => word.startsWith("@")).map((word) => word.slice(1));
      const plain = alternatives.filter((word) => !word.startsWith("@"));
      const classes = named.map((name) => this.#named(language, name, text));
      if (plain.length > 0) classes.push(this.#class(`=${plain.join("|")}`, plain));
      elements.push({ classes, gap });
      gap = DEFAULT_GAP;
    }
    if (elements.length === 0 || text.endsWith("~") || /~\d+$/.test(text))
      throw new Error(`${language}: bad pattern: ${text}`);
    return { cue, language: this.#language, elements };
  }

  #named(language: string, name: string, text: string): number {
    const id = this.#classByName.get(`${this.#language}:${name}`);
    if (id === undefined) throw new Error(`${language}: no class ${name}, asked for by: ${text}`);
    return id;
  }
}

const lines = (text: string): readonly string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
