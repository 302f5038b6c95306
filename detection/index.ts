/** The only file the gateway may import from the detection library. */
export * from "./model/time.js";
export * from "./model/result.js";
export * from "./model/events.js";
export * from "./model/findings.js";
export * from "./model/cdr.js";
export * from "./model/speech.js";
export * from "./model/threat.js";
export * from "./model/call-verdict.js";
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
export {
  DEFAULT_VERDICT_CHOICES,
  judgeCall,
  type CallFacts,
  type JudgedCall,
  type VerdictChoices,
} from "./policy/call-verdict.js";
export { SeenCallers } from "./policy/seen-callers.js";
export type { BlockError, BlockRequest } from "./policy/block-book.js";
export type { BaselineOrigin, BaselineRow } from "./policy/baseline.js";
export { NumberPlan, type NumberPlanOptions } from "./numbers/number-plan.js";
export { knownRegions } from "./numbers/number-table.js";
export { numberFacts, type NumberFacts } from "./numbers/number-facts.js";
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
export { validate, validationOf, type Validation } from "./threat/training/validation.js";
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
export type { ThreatCall } from "./policy/threat-incident.js";
export { ThreatPolicy } from "./policy/threat-policy.js";
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
export {
  FORWARD_KINDS,
  NUMBER_CLASSES,
  RECORD_SOURCES,
  type CallRecord,
  type ForwardKind,
  type NumberClass,
  type RecordSource,
  type SettingChange,
} from "./cdr/call-record.js";
export { hashedId } from "./cdr/hashed-id.js";
export { CDR_RULES, type CdrFinding, type CdrRule, type CdrRuleNotes, type FindingPlace } from "./cdr/cdr-finding.js";
export { CdrDetection, type DayWatcher } from "./cdr/cdr-detection.js";
export type { SavedPart } from "./cdr/saved-detection.js";
export {
  DEFAULT_CDR_DETECTION,
  DEFAULT_CDR_THRESHOLDS,
  type CdrDetectionOptions,
  type CdrThresholds,
} from "./cdr/cdr-options.js";
export { RULE_NOTES } from "./cdr/rule-notes.js";
export {
  DEFAULT_SITE,
  SiteCalendar,
  WEEKDAYS,
  type SiteError,
  type SiteOptions,
  type Weekday,
} from "./cdr/site-calendar.js";
export {
  ALERT_EVENTS,
  caseKey,
  CASE_STATES,
  CLOSE_REASONS,
  noticeOf,
  type AlertCase,
  type AlertEvent,
  type AlertNotice,
  type CaseState,
} from "./alerts/alert-case.js";
export { placesOfCase } from "./alerts/case-places.js";
export type {
  AlertFilter,
  AlertGuard,
  AlertSettings,
  EscalationStep,
  MaintenanceWindow,
  Suppression,
  Team,
} from "./alerts/alert-settings.js";
export {
  acknowledge,
  closeCase,
  closeQuiet,
  escalate,
  escalationDeadline,
  followFinding,
  followIncident,
  markFalse,
  takeAlert,
  type AlertContext,
  type CaseStep,
} from "./alerts/case-steps.js";
export { guardLists } from "./alerts/guard-lists.js";
export { countedAsNow } from "./alerts/incident-counts.js";
export { maskNotice, maskNumber, NUMBER_MASKS, type NumberMask } from "./alerts/mask-numbers.js";
export { noticeJson } from "./alerts/notice-json.js";
export { noticeFacts, noticeTitle, plain, severityNumber } from "./alerts/notice-text.js";
export { quietedBy } from "./alerts/quiet-times.js";
export { heededPause, longestPause, pauseBefore, type RetryLimits } from "./alerts/retry.js";
export { routesFor, type RouteChoice } from "./alerts/routing.js";
export { isAtLeast, SEVERITIES } from "./alerts/severity-order.js";
export { SIEM_FORMATS, siemMessage, type SiemFormat } from "./alerts/siem-format.js";
export {
  REPORT_NAMES,
  type ReportBlock,
  type ReportCell,
  type DayPoint,
  type ReportFigure,
  type LegBar,
  type ReportDocument,
  type ReportName,
  type ReportSource,
  type ReportSection,
  type ReportTable,
  type ReportTrace,
  type ReportUnit,
} from "./reports/report-document.js";
export { CallJourney, type JourneyLeg } from "./reports/journey.js";
export { journeyDocument } from "./reports/journey-document.js";
export { buildReport } from "./reports/build-report.js";
export { ReportFacts, type AuditProof, type ReportRange } from "./reports/report-facts.js";
export { readDay, reportRules, startOfDay, type ReportOptions, type ReportRules } from "./reports/report-rules.js";
export { duePeriod, type ReportSchedule } from "./reports/schedule.js";
export { reportCall, traced } from "./reports/report-call.js";
export { caseRow } from "./reports/case-row.js";
export {
  alertRow,
  auditRow,
  changeRow,
  findingRow,
  incidentRow,
  tracedEvent,
  type AuditRow,
  type EventRow,
} from "./reports/event-figures.js";
