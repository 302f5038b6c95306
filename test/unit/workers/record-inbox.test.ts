import assert from "node:assert/strict";
import { test } from "node:test";
import { unixMs, type Alert, type Incident } from "../../../detection/index.js";
import type { StoreRecord } from "../../../gateway/ports/records.js";
import { RecordInbox } from "../../../gateway/workers/record-inbox.js";
import { sampleIncident } from "../../support/fake-gateway-control.js";

const incident = sampleIncident("i-1");
const alert = (id: string): Alert => ({
  id,
  incidentId: incident.id,
  rule: "masking",
  called: incident.called,
  callers: incident.callers,
  callerCount: 5,
  callIds: ["c"],
  callCount: 5,
  severity: "high",
  detectedAt: unixMs(1_700_000_000_000),
  disposition: "enforced",
  message: "m",
});

function inbox() {
  const told: [string, Incident | undefined][] = [];
  const audited: string[] = [];
  const box = new RecordInbox({
    onAlert: (each, its) => void told.push([each.id, its]),
    onAudit: ({ id }) => void audited.push(id),
  });
  const accept = (...records: readonly StoreRecord[]): void => box.accept(JSON.stringify(records));
  return { box, told, audited, accept };
}
const asRecord = (each: Alert): StoreRecord => ({ kind: "alert", alert: each });
const opened = { kind: "incident", change: "opened", incident } as unknown as StoreRecord;

test("an alert is told with its incident, also when the incident stands behind it in the batch", () => {
  const { told, accept } = inbox();
  accept(asRecord(alert("a-1")), opened);
  assert.deepEqual(told, [["a-1", incident]]);
});

test("a batch that comes twice, after the worker was replaced or not, tells each alert once", () => {
  const { told, accept, box } = inbox();
  accept(asRecord(alert("a-1")));
  accept(asRecord(alert("a-1")), asRecord(alert("a-2")));
  assert.deepEqual(
    told.map(([id]) => id),
    ["a-1", "a-2"],
  );
  assert.deepEqual(
    box.recentAlerts().map(({ id }) => id),
    ["a-2", "a-1"],
  );
});

test("memory is bounded: the newest 1,000 alerts are kept", () => {
  const { box, accept } = inbox();
  for (let i = 0; i < 1_500; i++) accept(asRecord(alert(`a-${i}`)));
  const ids = box.recentAlerts().map(({ id }) => id);
  assert.deepEqual([ids.length, ids[0], ids.at(-1)], [1_000, "a-1499", "a-500"]);
});

test("audit entries of the SIP thread are passed on", () => {
  const { audited, accept } = inbox();
  const entry = {
    id: "e-1",
    at: unixMs(1),
    actor: "policy",
    role: "policy",
    action: "x",
    target: "t",
    outcome: "done",
    detail: {},
  } as const;
  accept({ kind: "audit", entry });
  assert.deepEqual(audited, ["e-1"]);
});
