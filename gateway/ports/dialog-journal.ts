import type { CdrOrigin } from "../../detection/index.js";
import type { DialogSnapshot } from "./sip-endpoint.js";

/** What has to survive kill -9 so that no leg stays up for ever. */
export type JournalEntry =
  /** The INVITE left towards the called side; a late 2xx to it must be ACKed and ended. */
  | {
      readonly kind: "invited";
      readonly callId: string;
      readonly bCallId: string;
      readonly bFromTag: string;
      /** Absent in journals of older versions. */
      readonly facts?: InvitedFacts;
      readonly at: number;
    }
  /** Both legs are confirmed. */
  | {
      readonly kind: "answered";
      readonly callId: string;
      readonly a: DialogSnapshot;
      readonly b: DialogSnapshot;
      readonly facts: JournalFacts;
      readonly at: number;
    }
  /** The call is over on both legs. */
  | { readonly kind: "ended"; readonly callId: string };

/** Who called whom, for the Cdr of a call that the process did not live to end. Times in Unix ms; `nextHop` is empty where unknown. */
export interface InvitedFacts {
  /** The A-leg's Call-ID, where the call is in the journal under another name. */
  readonly aCallId?: string;
  readonly caller: string;
  readonly called: string;
  readonly trunk: string;
  readonly startedAt: number;
  readonly nextHop: string;
  readonly emergency: boolean;
  readonly origin?: CdrOrigin;
}

export interface JournalFacts extends Omit<InvitedFacts, "aCallId"> {
  readonly answeredAt: number;
}

/** Append-only, on disk. `append` never blocks the caller on the disk and survives the death of the process once the current turn of the event loop is over. */
export interface DialogJournal {
  append(entry: JournalEntry): void;
  /** It cannot be written at present: calls that begin or end now would not be known after a crash. */
  readonly failing?: boolean;
  /** What was open when the last process ended, in order. Entries that are cut off or broken are skipped and counted. */
  recover(): Promise<{ readonly entries: readonly JournalEntry[]; readonly broken: number }>;
  close(): Promise<void>;
}
