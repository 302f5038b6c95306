/** Said or not by when PJSIP's modules happen to be loaded; nothing of a configuration changes it. */
const OF_THE_START = /sip_endpoint\.c Warning: Module "[^"]+" registered during operation/;

/** Warnings and errors of an Asterisk's log. */
export const complaintsIn = (log: string): string[] =>
  log.split("\n").filter((line) => /\] (?:WARNING|ERROR)\[/.test(line) && !OF_THE_START.test(line));
