/**
 * The server's names of dialogs that are up or coming up: Call-ID and the From tag of the INVITE that made them. It has one
 * table for both directions, so a call that keeps its Call-ID and From tag on its way through us would be two dialogs of one name,
 * and the messages of one leg would go to the other.
 */
export class DialogNames {
  readonly #uses = new Map<string, number>();

  has(callId: string, tag: string): boolean {
    return this.#uses.has(serverDialogId(callId, tag));
  }

  take(callId: string, tag: string): void {
    const name = serverDialogId(callId, tag);
    this.#uses.set(name, (this.#uses.get(name) ?? 0) + 1);
  }

  release(callId: string, tag: string): void {
    const name = serverDialogId(callId, tag);
    const uses = this.#uses.get(name) ?? 0;
    if (uses > 1) this.#uses.set(name, uses - 1);
    else this.#uses.delete(name);
  }

  /** The tag itself or, where that name is taken, one made of it: an INVITE repeated with credentials gets the same again. */
  freeTag(callId: string, tag: string): string {
    let free = tag;
    while (this.has(callId, free)) free += "-b";
    return free;
  }
}

/** The server's own name for a dialog: `tag` is the From tag of the request that made it. */
export const serverDialogId = (callId: string, tag: string): string => `${callId};from-tag=${tag}`;
