import type { Store } from "../ports/records.js";
import type { ApiDeps } from "./api-options.js";

/** What was deleted of the calls of one number. */
export interface ForgottenCalls {
  readonly transcripts: number;
  readonly audio: number;
}

type Deps = Pick<ApiDeps, "forgetAudio"> & { readonly store: Pick<Store, "subjectCalls" | "forgetSubject"> };

/**
 * Deletes audio and text of the calls of a number. The audio first: only the rows say which calls were his, and while they are there
 * a deletion that broke off can be asked for again.
 * @throws GatewayError `store.*`: what is left is found by the next try.
 */
export async function forgetCalls({ store, forgetAudio }: Deps, number: string): Promise<ForgottenCalls> {
  let [transcripts, audio] = [0, 0];
  for (;;) {
    const callIds = await store.subjectCalls(number);
    if (callIds.length === 0) break;
    audio += (await forgetAudio?.(callIds)) ?? 0;
    const gone = await store.forgetSubject(number, callIds);
    transcripts += gone.length;
    // A hold came in between: what it keeps is not among the next ones.
    if (gone.length === 0) break;
  }
  return { transcripts, audio };
}
