/** Called between two bits of long work: where it gives a promise, others on this thread go first. Throws when the work is not wanted any more. */
export type Breath = () => Promise<void> | undefined;
