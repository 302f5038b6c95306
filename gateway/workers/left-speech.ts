import { setImmediate as nextTurn } from "node:timers/promises";
import type { SpeechFolder, UnboundSpeech } from "../adapters/speech-files/speech-folder.js";
import { isOfSubjects, type SubjectVault } from "../adapters/vault/subject-vault.js";
import { GatewayError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import { unixMs, type UnixMs } from "../core/time.js";
import type { LegalHoldStore } from "../ports/legal-holds.js";
import type { Store } from "../ports/records.js";

export interface LeftSpeechDeps {
  readonly store: Pick<Store, "transcripts" | "cdrs">;
  readonly holds: Pick<LegalHoldStore, "holds">;
  readonly speech: Pick<SpeechFolder, "unbound" | "bind" | "pathOf" | "remove">;
  readonly vault: SubjectVault;
  readonly log: Log;
}

interface RecordedCall {
  readonly callId: string;
  readonly caller: string;
  readonly called: string;
  readonly startedAt?: UnixMs;
  readonly endedAt: UnixMs;
}

const PAGE = 1_000;
const DAY_MS = 86_400_000;
/** The last words of a call may be written a while after its record; and clocks of files are coarse. */
const SLACK_MS = 10 * 60_000;
/** Speech that belongs to no record: its call may be up yet, and silent. */
const NOBODYS_MS = DAY_MS;
/** Of a call that a restart has ended: it may have been up for so long. */
const LONGEST_CALL_MS = DAY_MS;

/**
 * What a crash leaves: speech of calls whose text was never written, under the installation's keys. The record that the next start
 * writes of such a call says who spoke, and it is put under their keys; what belongs to no record is deleted.
 */
export class LeftSpeech {
  readonly #deps: LeftSpeechDeps;

  constructor(deps: LeftSpeechDeps) {
    this.#deps = deps;
  }

  /**
   * Puts speech under the keys of those who spoke, where a record tells who did.
   * @returns What belongs to no record. @throws GatewayError `store.*`, `crypto.key`
   */
  async bind(): Promise<readonly UnboundSpeech[]> {
    const { speech, store } = this.#deps;
    const left = new Map((await speech.unbound(isOfSubjects)).map((each) => [each.path, each]));
    if (left.size === 0) return [];
    const oldest = Math.min(...[...left.values()].map(({ writtenAt }) => writtenAt));
    const ofText = unixMs(oldest - SLACK_MS);
    let from: { readonly before: UnixMs; readonly beforeId: string } | undefined;
    for (;;) {
      const rows = await store.transcripts({ limit: PAGE, since: ofText, ...from });
      for (const row of rows) await this.#claim(left, row);
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE || left.size === 0) break;
      from = { before: last.endedAt, beforeId: last.callId };
      await nextTurn();
    }
    const ofRestart = unixMs(oldest - LONGEST_CALL_MS);
    from = undefined;
    while (left.size > 0) {
      const rows = await store.cdrs({ limit: PAGE, cause: "restart", since: ofRestart, ...from });
      for (const row of rows) await this.#claim(left, row);
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) break;
      from = { before: last.startedAt, beforeId: last.id };
      await nextTurn();
    }
    return [...left.values()];
  }

  /** As `bind`, and deletes what belongs to no record for a day. While there are legal holds it stays: it may be of who is held. */
  async sweep(now: UnixMs): Promise<void> {
    const { holds, speech, log } = this.#deps;
    const nobodys = (await this.bind()).filter(({ writtenAt }) => writtenAt < now - NOBODYS_MS);
    if (nobodys.length === 0 || (await holds.holds({ limit: 1 })).length > 0) return;
    let calls = 0;
    for (const { path } of nobodys) if (await speech.remove(path)) calls++;
    log.info("speech.left-deleted", { calls });
  }

  async #claim(left: Map<string, UnboundSpeech>, call: RecordedCall): Promise<void> {
    const { speech, vault, log } = this.#deps;
    const path = speech.pathOf(call.callId);
    const found = left.get(path);
    if (found === undefined || !wasUp(call, found.writtenAt)) return;
    left.delete(path);
    const people = [call.caller, call.called];
    try {
      await speech.bind(call.callId, vault, (key, context) => vault.seal(people, key, context));
    } catch (error) {
      // Damaged, or under keys that are no longer ours: nobody can read it, and it goes by its age.
      if (!(error instanceof GatewayError) || error.code !== "crypto.key") throw error;
      log.error("speech.bind-failed", {}, error);
    }
  }
}

/** A Call-ID may come again: the record has to be of the call in which that was said. */
const wasUp = ({ startedAt, endedAt }: RecordedCall, at: UnixMs): boolean =>
  endedAt >= at - SLACK_MS && (startedAt === undefined || startedAt <= at + SLACK_MS);
