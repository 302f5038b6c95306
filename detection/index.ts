/** The only file the gateway may import from the detection library. */
export * from "./model/time.js";
export * from "./model/result.js";
export * from "./model/events.js";
export * from "./model/findings.js";
export * from "./model/cdr.js";
export * from "./model/speech.js";
export * from "./model/threat.js";
export { FraudDetection } from "./fraud-detection.js";
export type { DetectionStats } from "./policy/detection-stats.js";
export {
  DEFAULT_DETECTION_OPTIONS,
  type BaselineOptions,
  type BlockOptions,
  type DetectionMemory,
  type DetectionOptions,
  type GuardListOptions,
  type IdSource,
  type MaskingOptions,
  type PolicyLimits,
} from "./policy/detection-options.js";
export type { BlockError, BlockRequest } from "./policy/block-book.js";
export type { BaselineOrigin, BaselineRow } from "./policy/baseline.js";
export { NumberPlan, type NumberPlanOptions } from "./numbers/number-plan.js";
export { knownRegions } from "./numbers/number-table.js";
export { emergencyNumbersOf } from "./numbers/emergency-numbers.js";
export { enforceWarnings } from "./policy/warnings.js";
export { effectiveThreshold } from "./policy/baseline.js";
export { readJsonLine, readRow, type RecordedEvent, type RecordError } from "./replay/recorded-call.js";
export { learningOptions, Replay, type ReplayNumber, type ReplayParts, type ReplaySummary } from "./replay/replay.js";
export { diffReplays, type NumberDifference, type ReplayDifference } from "./replay/replay-diff.js";
export { TimeOrder } from "./replay/time-order.js";
export { ThreatClassifier } from "./threat/threat-classifier.js";
export { type Dialogue, type DialogueOptions } from "./threat/dialogue.js";
export {
  builtInWeights,
  loadWeights,
  type ThreatThresholds,
  type ThreatWeights,
  type WeightsError,
} from "./threat/weights.js";
export { LEXICONS } from "./threat/cues/lexicons.js";
export { parseSlots, parseStories, type LabelledDialogue, type Slots, type Story } from "./threat/training/stories.js";
export { tellAll, type TellOptions } from "./threat/training/samples.js";
export { misheard, type NoiseOptions } from "./threat/training/recogniser-noise.js";
export { TRAINING_SETTINGS, trainWeights, type TrainingInput, type TrainingSettings } from "./threat/training/train.js";
export { chooseThresholds, THRESHOLD_SETTINGS, type ThresholdSettings } from "./threat/training/thresholds.js";
export {
  isCut,
  judgeAll,
  quality,
  reached,
  share,
  type Outcome,
  type Quality,
  type Share,
} from "./threat/training/evaluation.js";
export { Seeded } from "./threat/training/seeded.js";
export { DEFAULT_THREAT_OPTIONS, THREAT_STEPS, type ThreatOptions, type ThreatStep } from "./policy/threat-options.js";
export { ThreatPolicy, type ThreatCall } from "./policy/threat-policy.js";
export type { FusedThreat } from "./policy/threat-fusion.js";
export { explain as explainThreat } from "./policy/threat-template.js";
export {
  REDACTION_KINDS,
  redactedOffset,
  withoutSpans,
  type RedactedLine,
  type Redaction,
  type RedactionKind,
  type RedactionOptions,
  type RedactionSpan,
  type Revision,
  type SaidLine,
} from "./redaction/redaction.js";
export { redactText, Redactor } from "./redaction/redactor.js";
export { DEFAULT_ENERGY_GATE, EnergyGate, type EnergyGateOptions } from "./speech/energy-gate.js";
export { PowerSpectrum } from "./speech/power-spectrum.js";
export { DEFAULT_SEGMENT_OPTIONS, type SegmentOptions } from "./speech/segment-options.js";
export {
  SpeechSegmenter,
  type SegmentDrop,
  type SegmentEnd,
  type SegmentSink,
  type SpeechStep,
} from "./speech/speech-segmenter.js";
export { SteadySound } from "./speech/steady-sound.js";
export {
  readVerdict,
  readWords,
  verdictQuestion,
  wordsQuestion,
  type AnswerError,
  type AnswerSchema,
  type ModelQuestion,
} from "./judge/judge-prompt.js";
