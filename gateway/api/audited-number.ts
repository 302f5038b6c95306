import type { ApiContext } from "./api-context.js";

/**
 * A number that somebody has sent, as it is written into the audit log: in the form of the number plan, by which it is sealed there and its
 * key is found when the number is deleted.
 */
export const auditedNumber = ({ control }: ApiContext, number: string): Promise<string> =>
  control.canonical(number).catch(() => number);
