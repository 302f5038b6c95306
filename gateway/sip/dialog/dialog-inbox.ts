/** Requests that wait for the user to be set. */
const MAX_HELD = 8;

/** Who is told of the requests of one dialog. Those that come before the user is there wait for it, a few of them. */
export class DialogInbox<Request, User extends { onRequest(request: Request): void }> {
  #user: User | undefined;
  #held: Request[] | undefined;

  get user(): User | undefined {
    return this.#user;
  }

  /** @param soon Runs what it is given once the caller has returned: then the user gets what waited. */
  setUser(user: User | undefined, soon: (fn: () => void) => void): void {
    this.#user = user;
    if (user === undefined || this.#held === undefined) return;
    const held = this.takeHeld();
    soon(() => {
      for (const request of held) user.onRequest(request);
    });
  }

  /** @returns False: the user is not there yet and too many wait: to be answered 500. */
  give(request: Request): boolean {
    if (this.#user !== undefined) this.#user.onRequest(request);
    else if ((this.#held?.length ?? 0) >= MAX_HELD) return false;
    else (this.#held ??= []).push(request);
    return true;
  }

  /** What waits, no more after this. Of a dialog that is over it is to be answered 481. */
  takeHeld(): readonly Request[] {
    const held = this.#held ?? [];
    this.#held = undefined;
    return held;
  }
}
