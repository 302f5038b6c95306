import type { AlertNotice, UnixMs } from "../../../detection/index.js";

/** What `ringfence alerts test ROUTE` sends: numbers of no real person (the range that is kept for examples). */
export const testNotice = (id: string, at: UnixMs): AlertNotice => ({
  event: "test",
  caseId: id,
  sequence: 1,
  at,
  state: "open",
  severity: "low",
  rule: "masking",
  called: "+12025550100",
  callers: ["+12025550101", "+12025550102"],
  callerCount: 2,
  callIds: [],
  callCount: 2,
  alertCount: 1,
  openedAt: at,
  updatedAt: at,
  incidentId: id,
  alertId: id,
  disposition: "shadow",
  trunks: [],
  message: "This is a test: nothing has happened.",
  explanation: "Somebody tries whether alerts arrive here.",
  recommended: "Nothing is to be done.",
});
