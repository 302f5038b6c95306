import { UserActivity, type SavedActivity } from "./user-activity.js";
import { UserHistory, type SavedHistory } from "./user-history.js";

export interface KnownUser {
  readonly history: UserHistory;
  readonly activity: UserActivity;
}

/** Without its activity a user is loaded as one who was quiet lately. */
export type SavedUsers = readonly (readonly [user: string, history: SavedHistory, activity?: SavedActivity])[];

/** The users that were seen last; those seen longest ago go. */
export class UserBook {
  readonly #limit: number;
  readonly #users = new Map<string, KnownUser>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#users.size;
  }

  /** @param dayOver Told when the first record of a later day comes: the day before is complete, but for late ones. */
  of(user: string, day: number, dayOver: (history: UserHistory, day: number) => void): KnownUser {
    const known = this.#users.get(user);
    if (known === undefined) return this.#add(user, { history: new UserHistory(), activity: new UserActivity() });
    const { today } = known.history;
    if (today >= 0 && day > today) {
      // Once a day: a Map keeps its entries in the order of their making.
      this.#users.delete(user);
      this.#users.set(user, known);
      dayOver(known.history, today);
    }
    return known;
  }

  #add(user: string, made: KnownUser): KnownUser {
    if (this.#users.size >= this.#limit) {
      const [oldest] = this.#users.keys();
      if (oldest !== undefined) this.#users.delete(oldest);
    }
    this.#users.set(user, made);
    return made;
  }

  /** Those seen longest ago first, so many at a time. */
  *save(size: number): Generator<SavedUsers> {
    let part: SavedUsers[number][] = [];
    for (const [user, { history, activity }] of this.#users) {
      part.push([user, history.save(), activity.save()]);
      if (part.length < size) continue;
      yield part;
      part = [];
    }
    if (part.length > 0) yield part;
  }

  /** Adds what a part of `save` has. */
  load(saved: SavedUsers): void {
    for (const [user, history, activity] of saved)
      this.#add(user, {
        history: UserHistory.load(history),
        activity: activity === undefined ? new UserActivity() : UserActivity.load(activity),
      });
  }
}
