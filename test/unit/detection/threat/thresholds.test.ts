import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseThresholds, THRESHOLD_SETTINGS } from "../../../../detection/index.js";

const ONE_TO_ONE = { slope: 1, offset: 0 };
const calibrations = { early: ONE_TO_ONE, sure: ONE_TO_ONE };
const logOdds = (score: number): number => Math.log(score / (1 - score));
const near = (score: number, wanted: number): void => {
  assert.ok(Math.abs(logOdds(score) - wanted) < 0.02, `${logOdds(score)} is near ${wanted}`);
};
const honest = (author: string, early: number, sure = -5, damning = false) => ({
  author,
  language: "en",
  fraud: false,
  turns: [
    { early, sure, damning },
    { early: -9, sure: 9, damning: false },
  ],
  requestTurn: undefined,
});
/** Of author a ten calls from 0 to 0.9, of b forty, all lower. */
const held = [
  ...Array.from({ length: 10 }, (_, i) => honest("a", i / 10)),
  ...Array.from({ length: 40 }, () => honest("b", -3)),
];

test("suspicious lies where so many honest calls are warned of, every author counting the same", () => {
  // Two of author a's ten are a tenth of all where both authors count the same; the third would be too many.
  const { suspicious, uncertain } = chooseThresholds(held, calibrations, {
    ...THRESHOLD_SETTINGS,
    honestWarned: 0.101,
  });
  near(suspicious, 0.7);
  near(uncertain, 0.7 - THRESHOLD_SETTINGS.uncertainMargin);
});

test("scam and end lie above honest calls with something damning to show, and only those", () => {
  const { scamMargin, endMargin } = THRESHOLD_SETTINGS;
  const { scam, end } = chooseThresholds([...held, honest("b", -3, 2, true)], calibrations, THRESHOLD_SETTINGS);
  near(scam, 2 + scamMargin);
  near(end, 2 + endMargin);
});

test("so small a share of honest calls as is bearable lies beyond, and does not count", () => {
  const outlier = [honest("b", -3, 8, true), honest("b", -3, 1, true)];
  const { scam } = chooseThresholds([...held, ...outlier], calibrations, { ...THRESHOLD_SETTINGS, honestBeyond: 0.02 });
  near(scam, 1 + THRESHOLD_SETTINGS.scamMargin);
});

test("frauds move no threshold", () => {
  const fraud = { ...honest("a", 5, 7, true), fraud: true, requestTurn: 1 };
  const without = chooseThresholds(held, calibrations, THRESHOLD_SETTINGS);
  assert.deepEqual(chooseThresholds([...held, fraud], calibrations, THRESHOLD_SETTINGS), without);
});
