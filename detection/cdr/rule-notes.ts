import type { CdrRule, CdrRuleNotes } from "./cdr-finding.js";

/** What a person is told beside the figures. */
export const RULE_NOTES: Readonly<Record<CdrRule, CdrRuleNotes>> = {
  "unusual-international": {
    title: "Unusual international calls",
    explanation: "The user's day abroad differs from the last thirty days of that user, and from what users do here.",
    recommended: "Ask the user; until they confirm, bar international calls of that line and change its credentials.",
    falsePositives: "A business trip, a new project abroad, a campaign.",
  },
  "after-hours": {
    title: "Calls while the site is closed",
    explanation: "Calls were made at hours at which nobody works there, more than that user ever makes then.",
    recommended: "See whether somebody was there; bar the line outside of business hours.",
    falsePositives: "Overtime, a holiday that the calendar does not know, a site in another time zone than configured.",
  },
  "mass-dialling": {
    title: "Mass dialling",
    explanation: "Many different numbers were called within minutes, far more than that user ever calls.",
    recommended: "Stop the line now: this is how a taken-over extension looks. Then look for who logged in as it.",
    falsePositives: "The first day of a call centre's campaign, an alarm system that informs everybody.",
  },
  "call-forwarding": {
    title: "Suspicious call forwarding",
    explanation: "Calls are sent on to where it costs or out of the house, or that was set while nobody worked.",
    recommended: "Take the forwarding back, ask the user, look at who changed the setting and from where.",
    falsePositives: "An employee who forwards to a mobile for the evening, a relocation.",
  },
  wangiri: {
    title: "Short rings that ask to be called back",
    explanation: "One far range rang several users for seconds each. Calls back are what it earns from.",
    recommended: "Block calls to that range and tell the users not to call back.",
    falsePositives: "A foreign call centre whose dialler hangs up early.",
  },
  "revenue-share": {
    title: "Calls to a range that pays for them",
    explanation: "One foreign or costly range got far more calls and minutes within an hour than ever.",
    recommended: "Block the range now, then find out which lines called it and how they were taken over.",
    falsePositives: "A conference abroad that everybody dials into.",
  },
  "traffic-pumping": {
    title: "Long calls to one domestic range",
    explanation: "One domestic range got far more long calls than ever: somebody may be paid for their length.",
    recommended: "Listen to what is there; limit the length of calls to that range.",
    falsePositives: "A new conference bridge or hotline that many users dial into.",
  },
  "sim-box": {
    title: "A line that carries other people's calls",
    explanation: "Many destinations, short calls, hardly a call in, at nearly all hours of the day.",
    recommended: "Compare the caller identities and the equipment of that line; suspend it.",
    falsePositives: "An outbound call centre with shifts round the clock on one line.",
  },
  "number-scan": {
    title: "Neighbouring numbers one after the other",
    explanation: "Numbers were called in sequence: somebody looks for lines that answer.",
    recommended: "Stop the line; block the caller where it comes from outside.",
    falsePositives: "Calling through a company's extensions by hand, a test of new numbers.",
  },
  "concurrent-calls": {
    title: "More calls at a time than one user can have",
    explanation: "The line had more calls up at the same time than ever.",
    recommended: "Limit the line to the calls that one person needs; look for another device that is registered.",
    falsePositives: "A shared line or trunk that is recorded as a user for the first time.",
  },
  "behaviour-change": {
    title: "A user or a site that behaves differently",
    explanation:
      "The user makes far more calls than on any of the last thirty days; or the site more than its last eight weeks lead one to expect.",
    recommended: "Ask the user; of a site, look who makes more calls than before.",
    falsePositives: "A new role, a campaign, the day after a holiday.",
  },
  "failed-authentication": {
    title: "Failed authentications",
    explanation: "Somebody tries passwords. A call that goes through afterwards means that one was right.",
    recommended: "Block the address; where a call went through, change the password and stop the line.",
    falsePositives: "A device with an old password after a change.",
  },
};
