import assert from "node:assert/strict";
import { after, afterEach, before, test, type TestContext } from "node:test";
import { Command } from "commander";
import { registerAlerts } from "../../../gateway/cli/alerts.js";
import { AlertDeskScene, raise } from "../../support/alert-desk-scene.js";
import { apiHarness, KEYS, type ApiHarness } from "../../support/api-harness.js";
import { sampleAlert } from "../../support/records.js";

const alerts = new AlertDeskScene();
let harness: ApiHarness;
let url = "";

before(async () => {
  await raise(alerts, 1);
  await raise(alerts, 2);
  await alerts.pass();
  harness = await apiHarness({}, { alerts: alerts.desk });
  url = await harness.app.listen({ host: "127.0.0.1", port: 0 });
});
after(() => harness.app.close());
afterEach(() => (process.exitCode = undefined));

/** `ringfence alerts …`: what it printed, and its exit status. */
async function ringfence(t: TestContext, ...words: readonly string[]) {
  const [said, wrong]: [string[], string[]] = [[], []];
  t.mock.method(console, "log", (line: string) => void said.push(line));
  t.mock.method(console, "error", (line: string) => void wrong.push(line));
  const program = new Command();
  registerAlerts(program);
  process.exitCode = 0;
  await program.parseAsync(["alerts", ...words, "--url", url, "--key", KEYS.analyst], { from: "user" });
  const status = process.exitCode;
  t.mock.restoreAll();
  process.exitCode = undefined;
  return { said: said.join(), wrong: wrong.join(), status };
}

test("ack of a case that is closed, and ack and close of a false positive: a line says that nothing was changed, status 1", async (t) => {
  const [one, other] = [sampleAlert(1).id, sampleAlert(2).id];
  assert.match((await ringfence(t, "close", one)).said, /closed/);
  const ack = await ringfence(t, "ack", one);
  assert.deepEqual([ack.said, ack.status], ["", 1]);
  assert.match(ack.wrong, /^alerts: case\.closed: case-\S+ is closed since \S+ \(by-hand\): nothing was changed$/);
  await ringfence(t, "false-positive", other);
  for (const verb of ["ack", "close"]) {
    const { said, wrong, status } = await ringfence(t, verb, other, "--json");
    assert.deepEqual([said, status], ["", 1], verb);
    assert.match(
      wrong,
      /^alerts: case\.false-positive: .* is marked as a false positive since \S+: nothing was changed$/,
    );
  }
});

test("show has a case's text, its comments and deliveries; an unknown one is an error", async (t) => {
  await raise(alerts, 4);
  await alerts.pass();
  const { id } = sampleAlert(4);
  await ringfence(t, "comment", id, "called the carrier \u001b[2J");
  const { said, status } = await ringfence(t, "show", id);
  assert.equal(status, 0);
  assert.match(said, /HIGH {2}masking .* {2}open {2}/);
  assert.match(said, / {2}\S+Z {2}the-analyst: called the carrier /);
  assert.ok(!said.includes("\u001b"));
  assert.match(said, / {2}\S+Z {2}hook {2}opened {2}sent/);
  const whole = JSON.parse((await ringfence(t, "show", id, "--json")).said) as { comments: unknown[] };
  assert.equal(whole.comments.length, 1);
  const unknown = await ringfence(t, "show", "nope");
  assert.deepEqual([unknown.said, unknown.status], ["", 1]);
  assert.match(unknown.wrong, /alert\.unknown/);
});

test("close says who closed it, not who had acknowledged it", async (t) => {
  await raise(alerts, 3);
  await alerts.pass();
  const { id } = sampleAlert(3);
  assert.match((await ringfence(t, "ack", id)).said, / {2}acknowledged by the-analyst {2}/);
  const path = `/api/v1/alerts/cases/${id}/close`;
  await harness.ask("POST", path, { as: "admin" });
  assert.match((await ringfence(t, "list")).said, / {2}closed by the-admin {2}/);
});

test("what is as it was asked for already is no failure", async (t) => {
  const again = await ringfence(t, "close", sampleAlert(1).id);
  assert.deepEqual([again.wrong, again.status], ["", 0]);
  assert.match(again.said, /closed by the-analyst {2}.*\(by-hand\)/);
});
