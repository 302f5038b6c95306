import { unixMs, type AlertNotice } from "../../detection/index.js";

const AT = unixMs(1_700_000_000_000);

export const sampleNotice = (change: Partial<AlertNotice> = {}): AlertNotice => ({
  event: "opened",
  caseId: "case-0011223344556677",
  sequence: 1,
  at: AT,
  state: "open",
  severity: "high",
  rule: "masking",
  called: "+12025550100",
  callers: ["+12025550101", "+12025550102"],
  callerCount: 2,
  callIds: ["call-1@192.0.2.1"],
  callCount: 2,
  alertCount: 1,
  openedAt: AT,
  updatedAt: AT,
  incidentId: "inc-1",
  alertId: "alert-1",
  disposition: "enforced",
  trunks: ["carrier-a"],
  message: "2 callers reached one number",
  explanation: "2 callers reached one number",
  recommended: "Look at the callers.",
  ...change,
});

/** What a caller may write into a name, where a switch hands names on as numbers: each tries to leave the field it is put in. */
export const HOSTILE =
  'Eve\r\nBcc: victim@example.com\r\n\r\n<!channel> <https://evil.example|click> *b* | = \\ " ] \u2028\u202e\u0085\u0000 cs1=fake\tsev=0|x@here';

/** The hostile text wherever text from outside can be. */
export const hostileNotice = (): AlertNotice =>
  sampleNotice({
    called: HOSTILE,
    callers: [HOSTILE, "+12025550102"],
    callIds: [HOSTILE],
    trunks: [HOSTILE],
    message: HOSTILE,
    explanation: HOSTILE,
    recommended: HOSTILE,
    incidentId: HOSTILE,
  });
