import type { Token } from "../text/tokens.js";
import type { Lexicon, WordClass } from "./lexicon.js";

/** A class found at a token, and the token after its last. */
export interface Unit {
  readonly wordClass: number;
  readonly end: number;
}

interface Phrase {
  readonly words: readonly string[];
  /** Matched without regard to light words on either side. */
  readonly loose: boolean;
  readonly wordClass: number;
}

const NONE: readonly number[] = [];
const FUZZY_FROM = 9;
const CACHE_WORDS = 20_000;

/**
 * Says which classes a word belongs to: by spelling, by its beginning, or, for a word that nobody knows, by one letter's difference
 * (recognisers misspell). Caches up to 20,000 words; beyond it starts anew.
 */
export class TokenClasses {
  readonly #exact = new Map<string, number[]>();
  readonly #prefixes = new Map<string, number[]>();
  readonly #phrases = new Map<string, Phrase[]>();
  /** A word with one letter left out → the words that it may come from. */
  readonly #deletions = new Map<string, string[]>();
  readonly #stop = new Set<string>();
  /** Articles and the like: recognisers lose them, so phrases do without. */
  readonly #light = new Set<string>();
  readonly #stopByLanguage: Set<string>[] = [];
  readonly #isKnown: (word: string) => boolean;
  readonly #cache = new Map<string, readonly number[]>();
  #longestPrefix = 0;

  /** @param isKnown Words that are right as they are, though no class has them. */
  constructor(lexicon: Lexicon, isKnown: (word: string) => boolean) {
    this.#isKnown = isKnown;
    for (const wordClass of lexicon.classes) {
      if (wordClass.name === "light") for (const word of wordClass.words) this.#light.add(word);
      if (wordClass.name !== "stop") continue;
      this.#stopByLanguage[wordClass.language] = new Set(wordClass.words);
      for (const word of wordClass.words) this.#stop.add(word);
    }
    // A word that several languages have tells nothing of the language.
    for (const [language, words] of this.#stopByLanguage.entries()) {
      for (const other of this.#stopByLanguage.slice(language + 1)) {
        for (const word of [...words]) if (other.delete(word)) words.delete(word);
      }
    }
    lexicon.classes.forEach((wordClass, id) => {
      if (wordClass.name !== "stop" && wordClass.name !== "light") this.#addClass(wordClass, id);
    });
    for (const word of this.#exact.keys()) if (word.length >= FUZZY_FROM) this.#addDeletions(word);
  }

  isStop(word: string): boolean {
    return this.#stop.has(word);
  }

  /** How many of the words are small words of a language. */
  stopsIn(tokens: readonly Token[], language: number): number {
    const stops = this.#stopByLanguage[language];
    let count = 0;
    for (const { word } of tokens) if (stops?.has(word) === true) count++;
    return count;
  }

  classesOf(word: string): readonly number[] {
    const cached = this.#cache.get(word);
    if (cached !== undefined) return cached;
    const classes = this.#lookUp(word);
    if (this.#cache.size >= CACHE_WORDS) this.#cache.clear();
    this.#cache.set(word, classes);
    return classes;
  }

  /** Appends to `into` the word sequences that begin at `at`. */
  phrasesAt(tokens: readonly Token[], at: number, into: Unit[]): void {
    const phrases = this.#phrases.get(tokens[at]?.word ?? "");
    if (phrases === undefined) return;
    for (const phrase of phrases) {
      const end = phrase.loose ? this.#looseEnd(phrase.words, tokens, at) : exactEnd(phrase.words, tokens, at);
      if (end > 0) into.push({ wordClass: phrase.wordClass, end });
    }
  }

  #looseEnd(words: readonly string[], tokens: readonly Token[], at: number): number {
    let index = 1;
    let skipped = 0;
    for (let i = at + 1; i < tokens.length && index < words.length; i++) {
      const word = tokens[i]?.word ?? "";
      if (fits(words[index] ?? "", word)) {
        index++;
        skipped = 0;
        if (index === words.length) return i + 1;
      } else if (!this.#light.has(word) || ++skipped > 2) return 0;
    }
    return 0;
  }

  #addClass({ words }: WordClass, id: number): void {
    for (const word of words) {
      if (word.includes("_")) this.#addPhrase(word.split("_"), id);
      else if (word.endsWith("*")) this.#addPrefix(word.slice(0, -1), id);
      else push(this.#exact, word, id);
    }
  }

  #addPrefix(prefix: string, id: number): void {
    push(this.#prefixes, prefix, id);
    this.#longestPrefix = Math.max(this.#longestPrefix, prefix.length);
  }

  #addPhrase(parts: readonly string[], wordClass: number): void {
    const weighty = parts.filter((part) => !this.#light.has(part));
    const loose = weighty.filter((part) => !this.#stop.has(part)).length > 1;
    const words = loose ? weighty : parts;
    push(this.#phrases, words[0] ?? "", { words, loose, wordClass });
  }

  #addDeletions(word: string): void {
    for (const shorter of deletions(word)) push(this.#deletions, shorter, word);
    push(this.#deletions, word, word);
  }

  #lookUp(word: string): readonly number[] {
    const found = new Set(this.#exact.get(word));
    for (let length = Math.min(word.length, this.#longestPrefix); length > 2; length--) {
      for (const id of this.#prefixes.get(word.slice(0, length)) ?? NONE) found.add(id);
    }
    if (found.size > 0) return [...found];
    if (word.length < FUZZY_FROM || this.#stop.has(word) || this.#isKnown(word)) return NONE;
    for (const candidate of [word, ...deletions(word)]) {
      for (const like of this.#deletions.get(candidate) ?? []) {
        for (const id of this.#exact.get(like) ?? NONE) found.add(id);
      }
    }
    return found.size === 0 ? NONE : [...found];
  }
}

function exactEnd(words: readonly string[], tokens: readonly Token[], at: number): number {
  for (let i = 1; i < words.length; i++) if (!fits(words[i] ?? "", tokens[at + i]?.word ?? "")) return 0;
  return at + words.length;
}

const fits = (pattern: string, word: string): boolean =>
  pattern.endsWith("*") ? word.startsWith(pattern.slice(0, -1)) : word === pattern;

function* deletions(word: string): Generator<string> {
  for (let i = 0; i < word.length; i++) yield word.slice(0, i) + word.slice(i + 1);
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
