/** Sizes beyond which a message is refused. Bytes are counted as received, folding and line ends included. */
export interface SipLimits {
  /** Request or status line, without its line end. Beyond: 414 for a request, a response is dropped. */
  readonly startLineBytes: number;
  /** One header field, folded lines included. Beyond: 513. */
  readonly headerLineBytes: number;
  /** Header lines in one message. Beyond: 513. */
  readonly headerCount: number;
  /** Everything before the body. Beyond: 513. */
  readonly headBytes: number;
  /** Beyond: 413. */
  readonly bodyBytes: number;
}

export const DEFAULT_SIP_LIMITS: SipLimits = {
  startLineBytes: 8192,
  headerLineBytes: 16_384,
  headerCount: 256,
  headBytes: 65_536,
  bodyBytes: 1_048_576,
};
