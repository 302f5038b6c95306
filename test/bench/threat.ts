import { builtInWeights, judgeAll, quality, ThreatClassifier, type Quality } from "../../detection/index.js";
import { heldOutDialogues } from "../support/held-out-dialogues.js";
import { outsideSets } from "../support/outside-dialogues.js";

const HONEST = 3000;
const FRAUDS = 1000;
const SEED = 31_337;
const WORD_ERROR_RATES = [0, 0.05, 0.1, 0.2];
const WARM_UP_DIALOGUES = 200;
const BAR = { recallBeforeRequest: 0.9, falseCutShare: 0.001 };

/**
 * How fast a verdict is, and how good: on held-out families written by another author, as said and as a recogniser may mishear it,
 * and on dialogues from outside where they are there. Options: `--honest N --frauds N`.
 */
export function run(options: Readonly<Record<string, string>>): Promise<Readonly<Record<string, unknown>>> {
  const honest = Number(options["honest"] ?? HONEST);
  const frauds = Number(options["frauds"] ?? FRAUDS);
  const weights = builtInWeights();
  const classifier = new ThreatClassifier(weights);
  const { end } = weights.thresholds;
  const table = WORD_ERROR_RATES.map((wordErrorRate) => {
    const outcomes = judgeAll(classifier, heldOutDialogues({ honest, frauds, wordErrorRate, seed: SEED }));
    const of = (language: string) =>
      quality(
        outcomes.filter(({ dialogue }) => dialogue.language === language),
        end,
      );
    return { wordErrorRate, ...quality(outcomes, end), en: brief(of("en")), es: brief(of("es")) };
  });
  const { present, absent } = outsideSets();
  const outside = Object.fromEntries(
    present.map(({ name, read }) => [name, brief(quality(judgeAll(classifier, read()), end))]),
  );
  const [clean] = table;
  return Promise.resolve({
    ...speed(classifier),
    recallBeforeRequest: clean?.warnedBefore.share,
    recallByRequest: clean?.warnedByRequest.share,
    honestCalls: clean?.honest,
    falseCuts: Math.round((clean?.honestCut.share ?? 0) * (clean?.honest ?? 0)),
    falseCutHigh95: clean?.honestCut.high,
    honestWarnShare: clean?.honestReach.suspicious.share,
    barsMet: {
      recallBeforeRequest: (clean?.warnedBefore.share ?? 0) >= BAR.recallBeforeRequest,
      falseCuts: (clean?.honestCut.share ?? 1) <= BAR.falseCutShare,
    },
    thresholds: weights.thresholds,
    setsAbsent: absent,
    outside,
    table,
  });
}

function brief(of: Quality): object {
  const { honest, frauds, honestReach, honestCut, fraudReach, fraudCut, warnedBefore } = of;
  const shares = { honest, frauds, honestWarned: honestReach.suspicious.share, honestScam: honestReach.scam.share };
  return {
    ...shares,
    honestCut: honestCut.share,
    fraudWarned: fraudReach.suspicious.share,
    fraudCut: fraudCut.share,
    ...(warnedBefore.of === 0 ? {} : { warnedBefore: warnedBefore.share }),
  };
}

/** One `add` after another, misheard turns, everything of a verdict included. */
function speed(classifier: ThreatClassifier): { verdictP50Ms: number; verdictP99Ms: number; verdictMaxMs: number } {
  const dialogues = heldOutDialogues({ honest: 300, frauds: 300, wordErrorRate: 0.1, seed: SEED + 1 });
  const times: number[] = [];
  dialogues.forEach(({ turns, called }, index) => {
    const dialogue = classifier.open({ calledSide: called });
    for (const turn of turns) {
      const before = performance.now();
      dialogue.add(turn);
      if (index >= WARM_UP_DIALOGUES) times.push(performance.now() - before);
    }
  });
  times.sort((a, b) => a - b);
  const at = (share: number): number => Math.round((times[Math.floor(times.length * share)] ?? 0) * 1000) / 1000;
  return { verdictP50Ms: at(0.5), verdictP99Ms: at(0.99), verdictMaxMs: Math.round((times.at(-1) ?? 0) * 1000) / 1000 };
}
