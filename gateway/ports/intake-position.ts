import type { UnixMs } from "../../detection/index.js";

/** How far a source has been read: a cursor that only the source's adapter understands. */
export interface IntakePosition {
  /** `webex` … */
  readonly name: string;
  readonly at: UnixMs;
  readonly value: Readonly<Record<string, string | number>>;
}
