import { z } from "zod";
import { count, durationMs } from "../field.js";

const text = (what: string) => z.string().trim().min(1).max(1_000).optional().describe(what);

const language = z.strictObject({
  voice: z
    .string()
    .regex(/^[A-Za-z][\w+-]{0,31}$/)
    .optional()
    .describe("Voice of the synthesiser (`espeak-ng --voices`); default: the language's own"),
  texts: z
    .strictObject({
      ask: text("Who are you, and why do you call?"),
      again: text("It was not understood, or nothing was said"),
      keypad: text("1 puts through, 2 leaves a message"),
      pass: text("The call is put through"),
      voicemail: text("A message may be left"),
      goodbye: text("The call is not put through"),
    })
    .prefault({})
    .describe("What is said, instead of our own words; a language that we have no words for needs all of them"),
  fillers: z
    .array(z.string().min(1).max(50))
    .max(500)
    .default([])
    .describe("Further words that say nothing about who calls or why, lower case without accents"),
});

const outcome = (fallback: "pass" | "voicemail" | "goodbye", what: string) =>
  z.enum(["pass", "voicemail", "goodbye"]).default(fallback).describe(what);

/** Call screening: a prompt, an answer, a judgement. */
export const screeningSchema = z.strictObject({
  enabled: z.boolean().default(false).describe("Screen the calls that the dialplan sends to Stasis with `screen`"),
  maxAtOnce: count(50, "Calls screened at a time; further ones go on unscreened", 1, 10_000),
  defaultLanguage: z
    .string()
    .regex(/^[a-z]{2}$/)
    .default("en")
    .describe("Where the dialplan names a language that there are no prompts in, ISO 639-1"),
  languages: z
    .record(z.string().regex(/^[a-z]{2}$/), language)
    .default({})
    .describe("Words and voices by language (ISO 639-1), beside our own English and Spanish"),
  promptFolder: z
    .string()
    .optional()
    .describe("Folder of own recordings, `LANGUAGE-PROMPT.wav` (`en-ask.wav`); what is there is not synthesised"),
  synthesiser: z
    .strictObject({
      engine: z
        .enum(["espeak-ng", "none"])
        .default("espeak-ng")
        .describe("Text to speech; without it, and without recordings, callers hear beeps"),
      program: z.string().min(1).default("espeak-ng").describe("Name or path of the program"),
      wordsPerMinute: count(150, "Speed of the voice", 80, 400),
      timeoutMs: durationMs(10_000, "Time for one text", 500, 120_000),
      diskMib: count(64, "Sounds kept in store.folder, at most, MiB", 1, 10_240),
    })
    .prefault({})
    .describe("Text to speech, in the house"),
  silenceMs: durationMs(5_000, "After a prompt somebody has to begin to speak within this", 1_000, 60_000),
  endOfSpeechMs: durationMs(800, "So much silence after the last word ends an answer", 200, 5_000),
  answerMs: durationMs(20_000, "Longest answer; then it is judged as far as it came", 2_000, 120_000),
  textMs: durationMs(3_000, "Text that is not there so long after the last word does not come", 500, 30_000),
  keypadMs: durationMs(6_000, "Time to press a key, after two prompts without an answer", 1_000, 60_000),
  maxMs: durationMs(
    75_000,
    "All of it together; less than the dialplan waits (RINGFENCE_SCREEN_WAIT)",
    10_000,
    600_000,
  ),
  talkLevel: count(256, "Mean level from which on Asterisk takes sound for speech (TALK_DETECT)", 1, 32_767),
  onSilence: outcome("voicemail", "Who says nothing and presses nothing, or is not understood"),
  onSuspicious: outcome("voicemail", "Who sounds suspicious, or has a bad history"),
  onScam: outcome("goodbye", "Who is surely a fraud"),
});

export type ScreeningConfig = z.output<typeof screeningSchema>;
