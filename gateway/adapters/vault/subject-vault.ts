import { hkdfSync } from "node:crypto";
import { GatewayError } from "../../core/errors.js";
import type { Opener, Vault } from "../../ports/vault.js";
import type { SubjectKeys } from "./subject-keys.js";

/** Pieces of the installation's vault begin with 1. */
const VERSION = 2;
const ID_BYTES = 16;
const KEY_BYTES = 32;
const MOST_SUBJECTS = 2;
const PURPOSE = "ringfence: what two people have in common";

/** Whether a piece belongs to people; otherwise it is under the installation's keys, or is none. */
export const isOfSubjects = (sealed: Uint8Array): boolean => sealed[0] === VERSION;

/**
 * Seals what belongs to the people of a call under the keys of all of them: when one's key is destroyed nobody can open it any more, wherever a
 * copy of it lies. What belongs to nobody that we know is under the installation's keys.
 *
 * A piece: version (1 byte), how many people (1), the id of each (16), then what `Vault` seals under a key that is made of theirs (HKDF-SHA256,
 * RFC 5869). The ids are authenticated.
 */
export class SubjectVault implements Opener {
  readonly #keys: SubjectKeys;
  readonly #installation: () => Vault;

  /** @param installation Asked for each piece: its keys may have been rotated. */
  constructor(keys: SubjectKeys, installation: () => Vault) {
    this.#keys = keys;
    this.#installation = installation;
  }

  /** @param people Canonical numbers; empty ones and those that are undefined are nobody. @throws GatewayError `crypto.key` */
  seal(people: readonly (string | undefined)[], plain: Uint8Array, context: string): Uint8Array {
    const numbers = [...new Set(people.filter((each) => each !== undefined && each !== ""))] as string[];
    const installation = this.#installation();
    if (numbers.length === 0) return installation.seal(plain, context);
    if (numbers.length > MOST_SUBJECTS) throw new GatewayError("crypto.key", "a piece belongs to two people at most");
    const keys = numbers.map((number) => this.#keys.keyOf(number)).sort((a, b) => (a.id < b.id ? -1 : 1));
    const head = Buffer.concat([Buffer.from([VERSION, keys.length]), ...keys.map(({ id }) => Buffer.from(id, "hex"))]);
    const vault = installation.withKey(joined(keys.map(({ key }) => key)));
    return Buffer.concat([head, vault.seal(plain, boundTo(head, context))]);
  }

  /** @throws GatewayError `subject.forgotten`: the key of one of them was destroyed; `crypto.key`. */
  open(sealed: Uint8Array, context: string): Uint8Array {
    if (sealed[0] !== VERSION) return this.#installation().open(sealed, context);
    const count = sealed[1] ?? 0;
    const head = sealed.subarray(0, 2 + count * ID_BYTES);
    if (count === 0 || count > MOST_SUBJECTS || sealed.byteLength <= head.byteLength)
      throw new GatewayError("crypto.key", "this is nothing that was sealed");
    const keys = Array.from({ length: count }, (_, index) => {
      const id = Buffer.from(head.subarray(2 + index * ID_BYTES, 2 + (index + 1) * ID_BYTES)).toString("hex");
      const key = this.#keys.keyById(id);
      if (key === undefined) throw new GatewayError("subject.forgotten", "it belonged to somebody who was deleted");
      return key;
    });
    return this.#installation().withKey(joined(keys)).open(sealed.subarray(head.byteLength), boundTo(head, context));
  }

  /** Nobody's yet, or of these very people: who else it belongs to keeps it. */
  mayBeSealedFor(sealed: Uint8Array, people: readonly string[]): boolean {
    if (sealed[0] !== VERSION) return true;
    const count = sealed[1] ?? 0;
    const ids = Array.from({ length: count }, (_, index) =>
      Buffer.from(sealed.subarray(2 + index * ID_BYTES, 2 + (index + 1) * ID_BYTES)).toString("hex"),
    );
    const wanted = new Set(people.filter((each) => each !== "").map((each) => this.#keys.idOf(each)));
    return ids.length === wanted.size && ids.every((id) => wanted.has(id));
  }

  withKey(key: Uint8Array): Vault {
    return this.#installation().withKey(key);
  }
}

const joined = (keys: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(hkdfSync("sha256", Buffer.concat(keys), new Uint8Array(0), PURPOSE, KEY_BYTES));

const boundTo = (head: Uint8Array, context: string): string => `${Buffer.from(head).toString("hex")}:${context}`;
