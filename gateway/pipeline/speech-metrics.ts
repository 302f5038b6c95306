import type { Counter, Gauge, Histogram, Metrics } from "../core/metrics.js";

const LAG_BUCKETS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10];
const DECODE_BUCKETS = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 3, 5, 10];

/** Everything that the listening side counts. */
export class SpeechMetrics {
  /** By kind and by what became of it. */
  readonly jobs: Counter;
  readonly decodeSeconds: Histogram;
  /** By what they were: speech, short, steady. */
  readonly segments: Counter;
  readonly queueSeconds: Gauge;
  readonly shedCalls: Gauge;
  readonly shedTotal: Counter;
  readonly heardCalls: Gauge;
  readonly heardStreams: Gauge;
  readonly talkers: Gauge;
  readonly capacityTalkers: Gauge;
  readonly frames: Counter;
  readonly packetsLost: Counter;
  readonly packetsRefused: Counter;
  readonly forkDropped: Counter;
  readonly detectorFailed: Counter;
  readonly faults: Counter;
  readonly #lag: Histogram;

  constructor(metrics: Metrics) {
    this.jobs = metrics.counter(
      "ringfence_speech_jobs_total",
      "Pieces of speech handed to the recogniser, by kind and outcome",
      ["kind", "outcome"],
    );
    this.decodeSeconds = metrics.histogram("ringfence_speech_decode_seconds", "Time of one decode", DECODE_BUCKETS);
    this.segments = metrics.counter("ringfence_speech_segments_total", "Stretches of sound by what they were", [
      "what",
    ]);
    this.queueSeconds = metrics.gauge("speech_queue_seconds", "Audio that waits for the recogniser, seconds");
    this.shedCalls = metrics.gauge(
      "ringfence_speech_shed_calls",
      "Calls that have lost their transcription at present",
    );
    this.shedTotal = metrics.counter(
      "ringfence_speech_shed_total",
      "Times a call lost its transcription because the CPU was short",
    );
    this.heardCalls = metrics.gauge("ringfence_heard_calls", "Calls that are listened to");
    this.heardStreams = metrics.gauge("ringfence_heard_streams", "Speakers that are listened to");
    this.talkers = metrics.gauge("ringfence_speech_talkers", "Speakers in the middle of a stretch of speech");
    this.capacityTalkers = metrics.gauge(
      "ringfence_speech_capacity_talkers",
      "Talkers at a time that the recogniser keeps up with, measured at start",
    );
    this.frames = metrics.counter(
      "ringfence_heard_frames_total",
      "Coded frames by what the energy gate did: silent or decoded",
      ["gate"],
    );
    this.packetsLost = metrics.counter(
      "ringfence_heard_packets_lost_total",
      "Packets that never came to the listening side",
    );
    this.packetsRefused = metrics.counter(
      "ringfence_heard_packets_refused_total",
      "Packets that are no audio of the stream that they came under",
    );
    this.forkDropped = metrics.counter(
      "ringfence_heard_fork_dropped_total",
      "Packets that the listening side was too slow to take; calls are not affected",
    );
    this.detectorFailed = metrics.counter(
      "ringfence_voice_activity_failed_total",
      "Times the own detector stood in for the configured one",
    );
    this.faults = metrics.counter(
      "ringfence_listening_faults_total",
      "Bugs of the listening side that cost a speaker or a verdict",
    );
    this.#lag = metrics.histogram(
      "ringfence_speech_lag_seconds",
      "Time from the end of a stretch of speech to its text",
      LAG_BUCKETS,
    );
  }

  lag(ms: number): void {
    this.#lag.observe(ms / 1_000);
  }
}
