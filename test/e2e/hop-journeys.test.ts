import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ringfenceEntry, startGateway, TEST_KEYS, type GatewayProcess } from "../support/gateway-process.js";
import { startProcess, temporaryFolder, until } from "../support/processes.js";
import { hangUpThrough, RawCall, takeCall } from "../support/raw-call.js";
import { headerOf, tagOf } from "../support/raw-message.js";
import { RawUa } from "../support/raw-ua.js";

const [ALICE, BOB, CAROL, DAVE] = ["+12025550101", "+12025550199", "+12025550103", "+12025550104"];
const KEYS = { north: "test-north-key-0123456789", south: "test-south-key-0123456789" };

interface Row {
  readonly id: string;
  readonly call_id: string;
  readonly user: string;
  readonly related?: string;
  readonly transfer?: string;
  readonly forward_kind?: string;
  readonly forwarded_by?: string;
}

/** One line a leg, of a journey as CSV: how it came about, and its Call-ID. */
function legsOf(csv: string): readonly string[] {
  const cell = (row: number, column: string): string =>
    new RegExp(`^journey,journey-legs,${row},${column},"?([^",\\r]*)`, "m").exec(csv)?.[1] ?? "";
  const legs: string[] = [];
  for (let row = 1; cell(row, "Call id") !== ""; row++)
    legs.push(`${cell(row, "How it came about")}: ${cell(row, "Call id")}`);
  return legs;
}

describe("journeys of calls that the hop carried", () => {
  const folder = temporaryFolder("e2e-journeys");
  let gateway: GatewayProcess;
  /** Of the trunk north; the switch behind the hop; its own trunk, south. */
  let alice: RawUa, called: RawUa, south: RawUa;
  const callIds: { blind: string[]; attended: string[]; diverted: string[] } = {
    blind: [],
    attended: [],
    diverted: [],
  };

  before(async () => {
    const nobody = { address: "127.0.0.1", port: 9 };
    alice = await RawUa.open(nobody, "127.0.0.2");
    called = await RawUa.open(nobody);
    south = await RawUa.open(nobody, "127.0.0.3");
    gateway = await startGateway(
      {
        sip: { listenAddress: "127.0.0.1", listenPort: 0, nextHops: [called.address], optionsPingMs: 0 },
        trunks: [
          { id: "north", sources: ["127.0.0.2"], topologyHiding: true },
          { id: "south", sources: ["127.0.0.3"], trusted: true },
        ],
        access: {
          teams: [
            { id: "north", trunks: ["north"] },
            { id: "south", trunks: ["south"] },
          ],
        },
        http: {
          apiKeys: [
            { role: "admin", key: TEST_KEYS.admin },
            ...(["north", "south"] as const).map((id) => ({ id, role: "viewer", key: KEYS[id], teams: [id] })),
          ],
        },
        records: { liveCalls: true, ownNumbers: [BOB] },
      },
      { folder: folder.path },
    );
    for (const phone of [alice, called, south]) phone.talkTo({ address: "127.0.0.1", port: gateway.sipPort });
  });
  after(async () => {
    await gateway.stop();
    await Promise.all([alice, called, south].map((phone) => phone.close()));
    folder.remove();
  });

  let count = 0;
  const uriOf = (number: string): string => `sip:${number}@127.0.0.1:${gateway.sipPort}`;

  /** @returns The call, and its INVITE as the called side got it. */
  async function callUp(phone: RawUa, from: string, to: string, headers: readonly string[] = []) {
    const party = { from: `<sip:${from}@192.0.2.9>`, to: `<sip:${to}@192.0.2.1>` };
    // Without a number in it, which reports would mask.
    const placed = RawCall.place(phone, { uri: uriOf(to), ...party, headers, callId: `leg-${++count}@h` });
    const invite = await takeCall(called);
    assert.equal(await placed.final(), 200);
    await called.receive("ACK ");
    return { placed, invite };
  }

  const hangUp = ({ placed, invite }: { readonly placed: RawCall; readonly invite: string }): Promise<void> =>
    hangUpThrough(placed, called, invite);

  /** The called side of that call transfers its caller. @returns Refer-To as the caller got it. */
  async function refer(invite: string, referTo: string): Promise<string> {
    const bare = (value: string | undefined): string => (value ?? "").replace(/;tag=.*$/, "");
    called.request({
      method: "REFER",
      uri: /<([^>]+)>/.exec(headerOf(invite, "Contact") ?? "")?.[1] ?? "",
      branch: `z9hG4bK-refer-${++count}`,
      from: bare(headerOf(invite, "To")),
      fromTag: "called",
      to: bare(headerOf(invite, "From")),
      toTag: tagOf(headerOf(invite, "From")) ?? "",
      callId: headerOf(invite, "Call-ID") ?? "",
      cseq: 1,
      contact: `<sip:bob@${called.address}>`,
      headers: [`Refer-To: <${referTo}>`, `Referred-By: <sip:${BOB}@192.0.2.1>`],
    });
    const got = await alice.receive("REFER ");
    alice.respond(got, 202);
    await called.receive("SIP/2.0 202 ");
    return /<([^>]+)>/.exec(headerOf(got, "Refer-To") ?? "")?.[1] ?? "";
  }

  const rows = async (key: string = TEST_KEYS.admin): Promise<readonly Row[]> =>
    (await gateway.api("/api/v1/records?source=hop", { key })).json as readonly Row[];
  const journey = async (callId: string, key: string = TEST_KEYS.admin): Promise<readonly string[]> =>
    legsOf(String((await gateway.api(`/api/v1/journeys/${encodeURIComponent(callId)}?format=csv`, { key })).json));

  test("a blind transfer: two legs, the second because of the first", async () => {
    const first = await callUp(alice, ALICE, BOB);
    assert.equal(await refer(first.invite, uriOf(CAROL)), uriOf(CAROL));
    const second = await callUp(alice, ALICE, CAROL);
    await hangUp(second);
    await hangUp(first);
    await until("two records", async () => (await rows()).length === 2);
    callIds.blind = [first.placed.callId, second.placed.callId];
    const legs = [`dialled: ${first.placed.callId}`, `transferred by +1202555•••• from leg 1: ${second.placed.callId}`];
    for (const id of callIds.blind) assert.deepEqual(await journey(id), legs);
    assert.deepEqual(await journey(second.placed.callId, KEYS.north), legs, "both are of the team's trunk");
    assert.deepEqual(await journey(second.placed.callId, KEYS.south), [], "nothing of it is the other team's");
  });

  test("an attended transfer: the call that was there, the one that was asked back in, and the one that takes its place", async () => {
    const first = await callUp(alice, ALICE, BOB);
    const asked = await callUp(south, BOB, CAROL);
    const dialog = `${asked.placed.callId};to-tag=${tagOf(headerOf(asked.placed.answer, "To")) ?? ""};from-tag=${
      tagOf(headerOf(asked.placed.answer, "From")) ?? ""
    }`;
    const referTo = await refer(first.invite, `${uriOf(CAROL)}?Replaces=${encodeURIComponent(dialog)}`);
    const replaces = decodeURIComponent(referTo.split("?Replaces=")[1] ?? "");
    const last = await callUp(alice, ALICE, CAROL, [`Replaces: ${replaces}`]);
    assert.equal(headerOf(last.invite, "Replaces")?.split(";")[0], headerOf(asked.invite, "Call-ID"));
    for (const each of [last, asked, first]) await hangUp(each);
    await until("five records", async () => (await rows()).length === 5);
    callIds.attended = [first, asked, last].map(({ placed }) => placed.callId);
    assert.deepEqual(await journey(last.placed.callId), [
      `dialled: ${first.placed.callId}`,
      `same conversation: ${asked.placed.callId}`,
      `transferred by +1202555•••• from leg 1: ${last.placed.callId}`,
    ]);
    const ofNorth = [
      `dialled: ${first.placed.callId}`,
      `transferred by +1202555•••• from leg 1: ${last.placed.callId}`,
    ];
    assert.deepEqual(await journey(last.placed.callId, KEYS.north), ofNorth, "the call in between is another team's");
    assert.deepEqual(await journey(asked.placed.callId, KEYS.south), [`dialled: ${asked.placed.callId}`]);
  });

  test("a call that the switch sent on: who did so answers for it, and each team sees its own leg", async () => {
    const first = await callUp(alice, ALICE, BOB);
    const second = await callUp(south, ALICE, DAVE, [`Diversion: <sip:${BOB}@192.0.2.1>;reason=no-answer`]);
    await hangUp(second);
    await hangUp(first);
    await until("seven records", async () => (await rows()).length === 7);
    callIds.diverted = [first.placed.callId, second.placed.callId];
    const row = (await rows()).find(({ call_id: id }) => id === second.placed.callId);
    assert.deepEqual(
      [row?.user, row?.forward_kind, row?.forwarded_by, row?.related],
      [BOB, "no-answer", BOB, first.placed.callId],
    );
    assert.deepEqual(await journey(first.placed.callId), [
      `dialled: ${first.placed.callId}`,
      `sent on (no-answer) by +1202555•••• from leg 1: ${second.placed.callId}`,
    ]);
    assert.equal((await journey(first.placed.callId, KEYS.north)).length, 1);
    assert.equal((await journey(second.placed.callId, KEYS.south)).length, 1);
    const ofTeam = (await rows(KEYS.south)).find(({ call_id: id }) => id === second.placed.callId);
    assert.deepEqual([ofTeam?.related, ofTeam?.transfer], [undefined, undefined], "the Call-ID is another team's");
  });

  test("a stranger who claims to be part of a call joins nobody's journey", async () => {
    const first = await callUp(alice, ALICE, BOB);
    const guess = `${headerOf(first.invite, "Call-ID") ?? ""};to-tag=called;from-tag=guess`;
    const claims = [`Replaces: ${guess}`, `Referred-By: <sip:${BOB}@192.0.2.1>`];
    const stranger = await callUp(alice, "+12025550177", CAROL, claims);
    await hangUp(stranger);
    await hangUp(first);
    await until("nine records", async () => (await rows()).length === 9);
    assert.deepEqual(await journey(stranger.placed.callId), [`dialled: ${stranger.placed.callId}`]);
    assert.deepEqual(await journey(first.placed.callId), [`dialled: ${first.placed.callId}`]);
  });

  test("the command line shows the same from the store", async () => {
    await gateway.stop();
    for (const [ids, legs] of [
      [callIds.blind, 2],
      [callIds.attended, 3],
      [callIds.diverted, 2],
    ] as const) {
      const args = ["report", "journey", ids.at(-1) ?? "", "--store", join(folder.path, "data"), "--format", "csv"];
      const command = startProcess(process.execPath, [...ringfenceEntry(), ...args]);
      assert.equal(await command.exited, 0, command.output());
      const shown = legsOf(Buffer.from(command.output(), "latin1").toString("utf8"));
      assert.equal(shown.length, legs, command.output());
      assert.match(shown.at(-1) ?? "", /^(?:transferred|sent on).* from leg 1: /);
    }
  });
});
