/** What a caller, a recogniser, a file or a peer wrote must not steer the terminal: control characters and turns of direction become U+FFFD. */
export const printable = (text: string): string =>
  text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, "\uFFFD");
