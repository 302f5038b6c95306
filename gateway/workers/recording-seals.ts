import type { SubjectVault } from "../adapters/vault/subject-vault.js";
import { GatewayError } from "../core/errors.js";
import type { KeptOrder, KeptRecordingJob, RecordingResult } from "../ports/recordings.js";
import type { Vault } from "../ports/vault.js";

type Sealer = Pick<Vault, "seal" | "open">;

/**
 * What is kept of a job and under which keys: its order under those of caller and called, everything else (files, texts, result) under a key that is in
 * the order. Destroying one of the two makes all of it unreadable, wherever it lies; sealing the order anew is enough to keep it for others.
 */
export class RecordingSeals {
  readonly #vault: SubjectVault;

  constructor(vault: SubjectVault) {
    this.#vault = vault;
  }

  /** @param people Canonical numbers. @returns Base64. */
  sealOrder(id: string, people: readonly (string | undefined)[], order: KeptOrder): string {
    return sealed({ seal: (plain, context) => this.#vault.seal(people, plain, context) }, order, orderContext(id));
  }

  /** @throws GatewayError `subject.forgotten`, `crypto.key`; so do the others. */
  order({ id, sealedOrder }: KeptRecordingJob): KeptOrder {
    return opened(this.#vault, sealedOrder, orderContext(id)) as KeptOrder;
  }

  /** @returns Undefined: somebody of it was deleted before. @throws GatewayError `crypto.key` */
  orderIfAny(job: KeptRecordingJob): KeptOrder | undefined {
    try {
      return this.order(job);
    } catch (error) {
      if (error instanceof GatewayError && error.code === "subject.forgotten") return undefined;
      throw error;
    }
  }

  /** For the files of a job. */
  vaultOf(job: KeptRecordingJob): Sealer {
    const { key } = this.order(job);
    if (key !== undefined) return this.#vault.withKey(Buffer.from(key, "base64"));
    // Of before: files and result are under the installation's keys.
    return {
      seal: (plain, context) => this.#vault.seal([], plain, context),
      open: (piece, context) => this.#vault.open(piece, context),
    };
  }

  sealResult(job: KeptRecordingJob, result: RecordingResult): string {
    return sealed(this.vaultOf(job), result, resultContext(job.id));
  }

  result(job: KeptRecordingJob, piece: string): RecordingResult {
    return opened(this.vaultOf(job), piece, resultContext(job.id)) as RecordingResult;
  }
}

const orderContext = (id: string): string => `recording-order:${id}`;
const resultContext = (id: string): string => `recording-result:${id}`;

const sealed = (vault: Pick<Sealer, "seal">, value: object, context: string): string =>
  Buffer.from(vault.seal(Buffer.from(JSON.stringify(value)), context)).toString("base64");

const opened = (vault: Pick<Sealer, "open">, piece: string, context: string): unknown =>
  JSON.parse(Buffer.from(vault.open(Buffer.from(piece, "base64"), context)).toString("utf8")) as unknown;
