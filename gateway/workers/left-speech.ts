import { setImmediate as nextTurn } from "node:timers/promises";
import type { SpeechFolder, UnboundSpeech } from "../adapters/speech-files/speech-folder.js";
import { isOfSubjects, type SubjectVault } from "../adapters/vault/subject-vault.js";
import { GatewayError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import { unixMs, type UnixMs } from "../core/time.js";
import type { LegalHoldStore } from "../ports/legal-holds.js";
import type { CdrQuery, Store } from "../ports/records.js";

export interface LeftSpeechDeps {
  readonly store: Pick<Store, "transcripts" | "cdrs">;
  readonly holds: Pick<LegalHoldStore, "hold" | "holds">;
  readonly speech: Pick<SpeechFolder, "unbound" | "bind" | "pathOf" | "remove">;
  readonly vault: SubjectVault;
  readonly log: Log;
}

type Left = Map<string, UnboundSpeech>;

interface RecordedCall {
  readonly callId: string;
  readonly caller: string;
  readonly called: string;
  /** A transcript has none. */
  readonly startedAt?: UnixMs;
  readonly answeredAt?: UnixMs;
  readonly endedAt: UnixMs;
}

const PAGE = 1_000;
const DAY_MS = 86_400_000;
/** The last words of a call may be written a while after its record; and clocks of files are coarse. */
const SLACK_MS = 10 * 60_000;
/** Speech that belongs to no record: its call may be up yet, and silent. */
const NOBODYS_MS = DAY_MS;
/** A call may have been up for so long when its last words were kept. */
const LONGEST_CALL_MS = DAY_MS;

/**
 * What a crash leaves: speech of calls whose text was never written, under the installation's keys. The record of such a call, which the next
 * start writes or, where the call went on, its end, says who spoke, and it is put under their keys; what belongs to no record is deleted.
 */
export class LeftSpeech {
  readonly #deps: LeftSpeechDeps;

  constructor(deps: LeftSpeechDeps) {
    this.#deps = deps;
  }

  /**
   * Puts speech under the keys of those who spoke, where a record tells who did: of calls that a restart has ended, or of all calls of a number.
   * @param forgotten A number that is deleted next: what it shares with who is under a legal hold goes under the other's key alone.
   * @returns What no such record is about. @throws GatewayError `store.*`, `crypto.key`
   */
  async bind(forgotten?: string): Promise<readonly UnboundSpeech[]> {
    const { speech, store } = this.#deps;
    const left = byPath(await speech.unbound(isOfSubjects));
    if (left.size === 0) return [];
    const ofText = unixMs(Math.min(...timesOf(left)) - SLACK_MS);
    let from: { readonly before: UnixMs; readonly beforeId: string } | undefined;
    for (;;) {
      const rows = await store.transcripts({ limit: PAGE, since: ofText, ...from });
      for (const row of rows) await this.#claim(left, row);
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE || left.size === 0) break;
      from = { before: last.endedAt, beforeId: last.callId };
      await nextTurn();
    }
    if (forgotten === undefined) await this.#claimAll(left, { cause: "restart" });
    else for (const side of ["caller", "called"]) await this.#claimAll(left, { [side]: forgotten }, forgotten);
    return [...left.values()];
  }

  /**
   * As `bind`, and by records of any kind what would be deleted otherwise; then deletes what belongs to no record for a day. While there are legal
   * holds it stays: it may be of who is held.
   */
  async sweep(now: UnixMs): Promise<void> {
    const { holds, speech, log } = this.#deps;
    const nobodys = byPath((await this.bind()).filter(({ writtenAt }) => writtenAt < now - NOBODYS_MS));
    await this.#claimAll(nobodys, {});
    if (nobodys.size === 0 || (await holds.holds({ limit: 1 })).length > 0) return;
    let calls = 0;
    for (const path of nobodys.keys()) if (await speech.remove(path)) calls++;
    log.info("speech.left-deleted", { calls });
  }

  /** A file's name does not tell its call's, so all records are gone through that may be meant. */
  async #claimAll(left: Left, which: Pick<CdrQuery, "cause" | "caller" | "called">, forgotten?: string): Promise<void> {
    if (left.size === 0) return;
    const times = timesOf(left);
    const since = unixMs(Math.min(...times) - LONGEST_CALL_MS);
    let page: Pick<CdrQuery, "before" | "beforeId"> = { before: unixMs(Math.max(...times) + SLACK_MS) };
    while (left.size > 0) {
      const rows = await this.#deps.store.cdrs({ limit: PAGE, ...which, since, ...page });
      for (const row of rows) await this.#claim(left, row, forgotten);
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) break;
      page = { before: last.startedAt, beforeId: last.id };
      await nextTurn();
    }
  }

  async #claim(left: Left, call: RecordedCall, forgotten?: string): Promise<void> {
    const { speech, vault, log } = this.#deps;
    const path = speech.pathOf(call.callId);
    const found = left.get(path);
    if (found === undefined || !wasUp(call, found.writtenAt)) return;
    left.delete(path);
    const people = await this.#readersOf(call, forgotten);
    try {
      await speech.bind(call.callId, vault, (key, context) => vault.seal(people, key, context));
    } catch (error) {
      // Damaged, or under keys that are no longer ours: nobody can read it, and it goes by its age.
      if (!(error instanceof GatewayError) || error.code !== "crypto.key") throw error;
      log.error("speech.bind-failed", {}, error);
    }
  }

  async #readersOf({ caller, called }: RecordedCall, forgotten: string | undefined): Promise<readonly string[]> {
    const people = [caller, called];
    const others = people.filter((each) => each !== forgotten);
    const [other] = others;
    if (forgotten === undefined || others.length !== 1 || other === undefined) return people;
    return (await this.#deps.holds.hold(other)) === undefined ? people : others;
  }
}

const byPath = (speech: readonly UnboundSpeech[]): Left => new Map(speech.map((each) => [each.path, each]));
const timesOf = (left: Left): readonly number[] => [...left.values()].map(({ writtenAt }) => writtenAt);

/**
 * A Call-ID may come again: the record has to be of the call in which that was said. The name of a call that nobody answered may be another's as
 * soon as it is over, and that one may be up yet, and have no record.
 */
function wasUp({ startedAt, answeredAt, endedAt }: RecordedCall, at: UnixMs): boolean {
  const mayBeLate = startedAt === undefined || answeredAt !== undefined;
  return endedAt >= at - (mayBeLate ? SLACK_MS : 0) && (startedAt === undefined || startedAt <= at + SLACK_MS);
}
