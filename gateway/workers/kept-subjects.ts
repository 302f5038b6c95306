import type { RecordBatch } from "../adapters/back-office/messages.js";
import type { SpeechFolder } from "../adapters/speech-files/speech-folder.js";
import type { SubjectKeys } from "../adapters/vault/subject-keys.js";
import type { SubjectVault } from "../adapters/vault/subject-vault.js";
import { keptContext } from "../call/transcript-keeper.js";
import type { Clock } from "../core/clock.js";
import { GatewayError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import { monoMs, unixMs, type UnixMs } from "../core/time.js";
import type { LegalHoldStore } from "../ports/legal-holds.js";
import type { Store, StoreRecord, TranscriptRecord } from "../ports/records.js";
import { LeftSpeech } from "./left-speech.js";

export interface KeptSubjectsDeps {
  readonly store: Pick<Store, "transcripts" | "transcript" | "resealTranscript" | "cdrs">;
  readonly holds: Pick<LegalHoldStore, "hold" | "holds">;
  readonly speech: Pick<SpeechFolder, "unbound" | "bind" | "forget" | "pathOf" | "remove">;
  readonly keys: SubjectKeys;
  readonly vault: SubjectVault;
  readonly clock: Clock;
  readonly log: Log;
}

const MARK = '"kind":"transcript"';
/** The last words of a call may be written after its text was. */
const SPEECH_LATER_MS = 30_000;
/** Calls whose speech is looked for once more; of one more it stays under the installation's keys until the next look at what is left. */
const MOST_LATER = 1_000;
const UNREADABLE: ReadonlySet<string> = new Set(["subject.forgotten", "crypto.key"]);
const PAGE = 1_000;
const DAY_MS = 86_400_000;
/** So much longer than anything that is sealed with it a key is kept that is not used any more, days. */
const SPARE_DAYS = 90;

/**
 * Puts what is kept of calls, text and speech, under the keys of those who spoke. The SIP thread and the listening side seal with the installation's
 * keys, as making a key waits for the disk; here, on the way to the store, it is sealed anew.
 */
export class KeptSubjects {
  readonly #deps: KeptSubjectsDeps;
  readonly #left: LeftSpeech;
  readonly #later = new Set<() => void>();

  constructor(deps: KeptSubjectsDeps) {
    this.#deps = deps;
    this.#left = new LeftSpeech(deps);
  }

  /** @returns The batch with its transcripts sealed anew; as it was where it has none, or no key could be had. Never throws. */
  bind(batch: RecordBatch): RecordBatch {
    if (!batch.json.includes(MARK)) return batch;
    try {
      const records = JSON.parse(batch.json) as readonly StoreRecord[];
      return { ...batch, json: JSON.stringify(records.map((record) => this.#bound(record))) };
    } catch (error) {
      this.#deps.log.error("subjects.bind-failed", {}, error);
      return batch;
    }
  }

  /**
   * Deletes the speech of these calls, as long as their transcripts are there to say who spoke: what is another call's under that name stays.
   * @returns How many had some. @throws GatewayError `store.*`
   */
  async forgetSpeech(callIds: readonly string[]): Promise<number> {
    const { store, speech } = this.#deps;
    let forgotten = 0;
    for (const callId of callIds) {
      const row = await store.transcript(callId);
      if (row !== undefined) forgotten += await speech.forget([heardAs(row)], (sealed) => this.#isOf(row, sealed));
    }
    return forgotten;
  }

  /**
   * What is still there of a number after its deletion is held for the other party: from now on it can be read without that number's key.
   * Speech that a crash has left without its text goes with the key.
   * @returns How many calls. @throws GatewayError `store.*`, `crypto.key`: the key must not be destroyed.
   */
  async keepHeld(number: string): Promise<number> {
    this.#probe(number);
    await this.#left.bind(number);
    let kept = 0;
    for (const side of [{ caller: number }, { called: number }]) {
      let from: Pick<TranscriptRecord, "endedAt" | "callId"> | undefined;
      for (;;) {
        const page = from === undefined ? {} : { before: from.endedAt, beforeId: from.callId };
        const rows = await this.#deps.store.transcripts({ limit: PAGE, ...side, ...page });
        for (const row of rows) {
          await this.#withoutHim(row, number);
          kept++;
        }
        from = rows.at(-1);
        if (rows.length < PAGE) break;
      }
    }
    return kept;
  }

  /**
   * Destroys keys that have not been used for so long that nothing sealed with them is kept any more. While there are legal holds: none.
   * @param keptDays The longest that anything sealed with them is kept.
   */
  async prune(keptDays: number): Promise<void> {
    const { holds, keys, clock, log } = this.#deps;
    if ((await holds.holds({ limit: 1 })).length > 0) return;
    const pruned = keys.prune(unixMs(clock.unix() - (keptDays + SPARE_DAYS) * DAY_MS));
    if (pruned > 0) log.info("subjects.pruned", { keys: pruned });
  }

  /** What a crash has left: see `LeftSpeech`. @throws GatewayError `store.*`, `crypto.key` */
  sweepSpeech(now: UnixMs): Promise<void> {
    return this.#left.sweep(now);
  }

  /** Safe to call twice. */
  close(): void {
    for (const cancel of this.#later) cancel();
    this.#later.clear();
  }

  #bound(record: StoreRecord): StoreRecord {
    if (record.kind !== "transcript") return record;
    const { transcript } = record;
    const { callId, caller, called } = transcript;
    const sealed = this.#resealed(transcript, [caller, called]);
    this.#bindSpeech(callId, [caller, called], true);
    return { ...record, transcript: { ...transcript, sealed } };
  }

  async #withoutHim(row: TranscriptRecord, number: string): Promise<void> {
    const { store, speech, vault } = this.#deps;
    const people = [row.caller, row.called].filter((each) => each !== number);
    try {
      await store.resealTranscript(row.callId, this.#resealed(row, people));
      const seal = (key: Uint8Array, context: string) => vault.seal(people, key, context);
      await speech.bind(heardAs(row), vault, seal, (sealed) => this.#isOf(row, sealed));
    } catch (error) {
      // Damaged, or of another gateway on the same database: our key of that number opens none of it, so its end changes nothing.
      if (!(error instanceof GatewayError) || !UNREADABLE.has(error.code)) throw error;
    }
  }

  /** Nobody's yet, or of those who spoke in that call, or of the one whom a deletion has left. */
  #isOf({ caller, called }: TranscriptRecord, sealed: Uint8Array): boolean {
    return [[caller, called], [caller], [called]].some((people) => this.#deps.vault.mayBeSealedFor(sealed, people));
  }

  /** Whether keys can be had at all. @throws GatewayError `crypto.key` */
  #probe(number: string): void {
    const { vault } = this.#deps;
    vault.open(vault.seal([number], new Uint8Array(0), "probe"), "probe");
  }

  #resealed(record: TranscriptRecord, people: readonly string[]): string {
    const { vault } = this.#deps;
    const context = keptContext(record);
    const plain = vault.open(Buffer.from(record.sealed, "base64"), context);
    return Buffer.from(vault.seal(people, plain, context)).toString("base64");
  }

  #bindSpeech(callId: string, people: readonly string[], againLater: boolean): void {
    const { speech, vault, clock, log } = this.#deps;
    speech
      .bind(
        callId,
        vault,
        (key, context) => vault.seal(people, key, context),
        (sealed) => vault.mayBeSealedFor(sealed, people),
      )
      .then(
        (isThere) => {
          if (isThere || !againLater || this.#later.size >= MOST_LATER) return;
          const cancel = clock.callAt(monoMs(clock.mono() + SPEECH_LATER_MS), () => {
            this.#later.delete(cancel);
            this.#bindSpeech(callId, people, false);
          });
          this.#later.add(cancel);
        },
        (error: unknown) => log.error("subjects.bind-failed", {}, error),
      );
  }
}

/** The call's name while it was up: its speech is under it. The store's suffix is the transcript's only. */
const heardAs = ({ callId, sealedAs }: TranscriptRecord): string => sealedAs ?? callId;
