/** RFC 4733 §2.3 */
export const EVENT_BYTES = 4;
const DIGITS = "0123456789*#ABCD";

/** `0`–`9`, `*`, `#`, `A`–`D`; undefined for other events. RFC 4733 table 3 */
export const digitOf = (event: number): string | undefined => DIGITS[event];
