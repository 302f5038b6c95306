import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  followFinding,
  takeAlert,
  unixMs,
  type AlertContext,
  type AlertCase,
  type CdrFinding,
} from "../../../detection/index.js";
import { openStore, type ManagedStore } from "../../../gateway/adapters/store/open-store.js";
import { seesCase, type DataScope } from "../../../gateway/core/data-scope.js";
import { silentLog } from "../../../gateway/core/log.js";
import { alertOfFinding } from "../../../gateway/pipeline/records/finding-alert.js";
import { temporaryFolder } from "../../support/processes.js";
import { storeTemplate } from "../../support/store-template.js";

const T = 1_700_000_000_000;
const SCOPE: DataScope = { teams: ["own"], trunks: [], sites: ["own-site"], departments: [] };
const OWN = { site: "own-site", records: 1 };
const ALIEN = { site: "alien-site", records: 1 };
const CONTEXT: AlertContext = {
  settings: {
    ...{ groupMs: 600_000, updateEveryMs: 0, closeAfterQuietMs: 0 },
    ...{ maintenance: [], suppress: [], escalation: [], teams: [] },
  },
  guards: [],
  now: unixMs(T + 100_000),
};

let store: ManagedStore;
let close: () => Promise<void>;
before(async () => {
  const folder = temporaryFolder("team-cases");
  store = await openStore({ folder: folder.path, template: await storeTemplate(), log: silentLog });
  close = async () => {
    await store.close();
    folder.remove();
  };
});
after(() => close());

const finding = (subject: string, id: string, seconds: number, change: Partial<CdrFinding> = {}): CdrFinding => ({
  ...{ id: `${subject}-${id}`, change: "opened", rule: "sim-box", mode: "enforce", severity: "high", score: 1 },
  ...{ subject, firstAt: unixMs(T), at: unixMs(T + seconds * 1_000), evidence: {}, detail: {} },
  ...{ records: [], recordCount: 1 },
  ...change,
});

/** The case that these alerts make, one after the other. */
async function caseOf(...findings: readonly CdrFinding[]): Promise<string> {
  let id = "";
  for (const each of findings) {
    await store.write([{ kind: "alert", alert: alertOfFinding(each) }]);
    await store.alertCases.takeIn(1, CONTEXT.now, (alert, incident, current) => {
      const step = takeAlert(current, alert, incident, CONTEXT, `case-${alert.id}`);
      id = step.after.id;
      return { ...step, deliveries: [] };
    });
  }
  return id;
}

const follow = (id: string, by: CdrFinding): Promise<AlertCase | undefined> =>
  store.alertCases.change(id, CONTEXT.now, (of) => ({
    after: followFinding(of, alertOfFinding(by), CONTEXT)?.after ?? of,
    deliveries: [],
  }));

/** What is read of one case, and what is read of all of them by SQL, must be the same. */
async function isShown(id: string): Promise<boolean> {
  const of = await store.alertCases.case(id);
  assert.ok(of !== undefined);
  const listed = (await store.alertCases.cases({ limit: 100, scope: SCOPE })).some((each) => each.id === id);
  assert.equal(seesCase(of, SCOPE), listed, "the list and the single case disagree");
  return listed;
}

test("a case of one finding of the team is the team's, also when it grows there", async () => {
  const id = await caseOf(finding("a", "x", 0, { places: [OWN] }));
  assert.equal(await isShown(id), true);
  const grown = await follow(id, finding("a", "x", 10, { places: [{ ...OWN, records: 9 }], recordCount: 9 }));
  assert.equal(grown?.latest.callCount, 9);
  assert.equal(await isShown(id), true);
});

test("a case that another team's finding opened stays the house's when one of the team joins it", async () => {
  const id = await caseOf(finding("b", "x", 0, { places: [ALIEN] }), finding("b", "y", 10, { places: [OWN] }));
  assert.equal((await store.alertCases.case(id))?.alertCount, 2);
  assert.equal(await isShown(id), false);
  await follow(id, finding("b", "y", 20, { places: [{ ...OWN, records: 2 }], recordCount: 2 }));
  assert.equal(await isShown(id), false, "it has grown by the team's records only");
});

test("a case with a finding of which nobody wrote whose it is is the house's", async () => {
  assert.equal(await isShown(await caseOf(finding("c", "x", 0), finding("c", "y", 10, { places: [OWN] }))), false);
});

test("a closed case that begins again remembers whose its earlier findings were", async () => {
  const id = await caseOf(finding("d", "x", 0, { places: [ALIEN] }));
  await store.alertCases.change(id, CONTEXT.now, (of) => ({
    after: { ...of, state: "closed", closedAt: CONTEXT.now, closedWhy: "by-hand" },
    deliveries: [],
  }));
  await caseOf(finding("d", "y", 10, { places: [OWN] }));
  assert.equal((await store.alertCases.case(id))?.state, "open");
  assert.equal(await isShown(id), false);
});

test("a finding that grows to more places than it names takes its case from the team", async () => {
  const id = await caseOf(finding("e", "x", 0, { places: [OWN] }));
  await follow(id, finding("e", "x", 10, { places: [OWN], isWide: true, recordCount: 40 }));
  assert.equal(await isShown(id), false);
});

test("a case from before places were kept is the team's only where it has had no other finding", async () => {
  const one = await caseOf(finding("f", "x", 0, { places: [OWN] }));
  const two = await caseOf(finding("g", "x", 0, { places: [OWN] }), finding("g", "y", 10, { places: [OWN] }));
  for (const id of [one, two])
    await store.alertCases.change(id, CONTEXT.now, ({ places: _places, ...of }) => ({ after: of, deliveries: [] }));
  assert.deepEqual([await isShown(one), await isShown(two)], [true, false]);
});
