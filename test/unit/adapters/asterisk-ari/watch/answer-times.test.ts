import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { until } from "../../../../support/processes.js";
import { ScriptedAri, type Mishap } from "../../../../support/scripted-ari.js";
import { watch, type Watching } from "../../../../support/watching.js";

/** 2023-11-14T22:13:20Z */
const STARTED_S = 1_700_000_000;

describe("a call that was answered before the gateway came", () => {
  let ari: ScriptedAri;
  let watching: Watching;
  beforeEach(async () => {
    ari = new ScriptedAri();
    await ari.start();
  });
  afterEach(async () => {
    watching.close();
    await ari.stop();
  });

  /** It ends ten seconds after it began. @returns When it was answered by its CDR, and how long it talked, ms after its start. */
  async function cdrOf(said: Readonly<Record<string, string>>, mishap?: Mishap) {
    const creationtime = new Date(STARTED_S * 1_000 + 143).toISOString().replace("Z", "+0000");
    const { id } = ari.channel({ state: "Up", creationtime });
    ari.channels.set(id, ari.channel({ id, state: "Up", creationtime }));
    for (const [name, value] of Object.entries(said)) ari.variables.set(`${id} ${name}`, value);
    const path = `/channels/${id}/variable`;
    if (mishap !== undefined) ari.mishaps.set(`GET ${path}`, mishap);
    watching = await watch({
      ...{ ariUrl: ari.ariUrl, username: ari.user, password: ari.password },
      requestTimeoutMs: 200,
    });
    const names = (): readonly string[] =>
      ari.requests.filter(({ path: its }) => its === path).flatMap(({ query }) => query["variable"] ?? []);
    await until("it to have asked", () => names().length > 0);
    const known = Date.now() + 300;
    await until(
      "the answer",
      () => watching.watcher.call(id)?.answeredAt !== STARTED_S * 1_000 + 143 || Date.now() > known,
    );
    ari.destroy(id);
    await until("its CDR", () => watching.cdrs.length === 1);
    const [cdr] = watching.cdrs;
    return { status: cdr?.status, after: (cdr?.answeredAt ?? 0) - (cdr?.startedAt ?? 0), asked: names() };
  }
  const START = `${STARTED_S}.143876`;

  test("its CDR has the answer of Asterisk's own", async () => {
    const { status, after, asked } = await cdrOf({
      "CDR(answer,u)": `${STARTED_S + 5}.148799`,
      "CDR(start,u)": START,
    });
    assert.deepEqual([status, after], [200, 5_005]);
    assert.deepEqual(asked, ["CDR(answer,u)", "CDR(start,u)"]);
  });

  for (const { name, said, mishap } of [
    { name: "Asterisk keeps no CDR", said: {} },
    { name: "it was not answered by its CDR", said: { "CDR(answer,u)": "0.000000", "CDR(start,u)": START } },
    { name: "what comes is no time", said: { "CDR(answer,u)": "yesterday", "CDR(start,u)": START } },
    {
      name: "that CDR is one that began at a transfer",
      said: { "CDR(answer,u)": `${STARTED_S + 60}.5`, "CDR(start,u)": `${STARTED_S + 60}.5` },
    },
    { name: "Asterisk says nothing", said: {}, mishap: { kind: "silent" } as const },
  ])
    test(`when that was is not known, and is taken for its beginning: ${name}`, async () => {
      const { status, after } = await cdrOf(said, mishap);
      assert.deepEqual([status, after], [200, 0]);
    });

  test("a call that was answered while the connection was down was answered all the same", async () => {
    watching = await watch({ ariUrl: ari.ariUrl, username: ari.user, password: ari.password });
    await until("the event filter", () => ari.filter !== undefined);
    const { id } = ari.create();
    await until("it to be known", () => watching.watcher.size === 1);
    const down = new Promise<void>((resolve) => void watching.link.onDown(resolve));
    ari.cut();
    ari.channels.set(id, ari.channel({ id, state: "Up" }));
    await down;
    const startedAt = watching.watcher.call(id)?.startedAt ?? 0;
    ari.variables.set(`${id} CDR(start,u)`, (startedAt / 1_000).toFixed(3));
    ari.variables.set(`${id} CDR(answer,u)`, ((startedAt + 4_000) / 1_000).toFixed(3));
    await until("its answer", () => watching.watcher.call(id)?.answeredAt === startedAt + 4_000);
    assert.deepEqual(
      watching.desk.events.map(({ status }) => status),
      ["active", "answered"],
    );
  });
});
