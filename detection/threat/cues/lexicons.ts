import { ENGLISH_ANSWER_CUES } from "./english-answer-cues.js";
import { ENGLISH_CLASSES } from "./english-classes.js";
import { ENGLISH_DEMAND_CUES } from "./english-demand-cues.js";
import { ENGLISH_PLAIN_CUES } from "./english-plain-cues.js";
import { ENGLISH_STORY_CUES } from "./english-story-cues.js";
import type { LexiconText } from "./lexicon.js";
import { SPANISH_CLASSES } from "./spanish-classes.js";
import { SPANISH_DEMAND_CUES } from "./spanish-demand-cues.js";
import { SPANISH_PLAIN_CUES } from "./spanish-plain-cues.js";
import { SPANISH_STORY_CUES } from "./spanish-story-cues.js";

/** A further language is two files and a line here; its cues should bear the names of the others. */
export const LEXICONS: readonly LexiconText[] = [
  {
    language: "en",
    classes: ENGLISH_CLASSES,
    cues: ENGLISH_STORY_CUES + ENGLISH_DEMAND_CUES + ENGLISH_ANSWER_CUES + ENGLISH_PLAIN_CUES,
  },
  {
    language: "es",
    classes: SPANISH_CLASSES,
    cues: SPANISH_STORY_CUES + SPANISH_DEMAND_CUES + SPANISH_PLAIN_CUES,
  },
];
