export interface RtpengineInstance {
  /** IP literal or name; looked up when the socket is opened. */
  readonly host: string;
  /** Of its `listen-ng`. */
  readonly port: number;
  /** Share of the calls, 1 or more. */
  readonly weight: number;
}

export interface RtpengineOptions {
  readonly instances: readonly RtpengineInstance[];
  /** How often each instance is asked whether it is there, ms. */
  readonly pingMs: number;
  /**
   * A command has this long for its answer, repeats included, ms. An offer may need it twice, on two instances: together they
   * should stay below `MediaOptions.describeTimeoutMs`.
   */
  readonly timeoutMs: number;
  /** See `MediaEvent` `idle`; 0: never. rtpengine's own `timeout` should be longer. */
  readonly idleMs: number;
  /** Commands that may be without an answer at a time, per instance; further ones fail at once. */
  readonly maxPending: number;
}

export const DEFAULT_RTPENGINE_OPTIONS: Omit<RtpengineOptions, "instances" | "idleMs"> = {
  pingMs: 2_000,
  timeoutMs: 220,
  maxPending: 2_000,
};
