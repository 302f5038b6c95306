import assert from "node:assert/strict";
import { createServer, type AddressInfo, type Server } from "node:net";
import { after, before, beforeEach, describe, test } from "node:test";
import { startGateway, type GatewayProcess } from "../support/gateway-process.js";
import { freeTcpPort, freeUdpPort, until } from "../support/processes.js";
import { hangUpThrough, RawCall, takeCall } from "../support/raw-call.js";
import { headerOf, startLineOf } from "../support/raw-message.js";
import { RawUa } from "../support/raw-ua.js";

/** Silent hops cost a test so long; hops that answer must do so within it, on a machine that stands still for some seconds too. */
const HOP_TIMEOUT_MS = 4_000;
/** Each has a hop group of its own: the hop with the fault, then the one that works. */
const FAULTS = [
  "silent",
  "refused-udp",
  "refused-tcp",
  "reset-tcp",
  "deaf-tcp",
  "no-such-name",
  "garbage",
  "wrong-cseq",
  "other-branch",
  "unavailable",
] as const;
type Fault = (typeof FAULTS)[number];

describe("next hops that fail", () => {
  const phones: RawUa[] = [];
  const hops = new Map<Fault | "moved" | "rings", RawUa>();
  const resetting = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.resetAndDestroy());
  });
  const deaf = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.pause();
  });
  let caller: RawUa;
  let second: RawUa;
  let gateway: GatewayProcess;

  const open = async (): Promise<RawUa> => {
    const phone = await RawUa.open({ address: "127.0.0.1", port: 9 });
    phones.push(phone);
    return phone;
  };
  const hop = (name: Fault | "moved" | "rings"): RawUa => {
    const found = hops.get(name);
    assert.ok(found);
    return found;
  };
  const call = (trunk: string): RawCall => RawCall.place(caller, { headers: [`X-Ringfence-Trunk: ${trunk}`] });

  before(async () => {
    caller = await open();
    second = await open();
    for (const name of ["silent", "garbage", "wrong-cseq", "other-branch", "unavailable", "moved", "rings"] as const)
      hops.set(name, await open());
    const addressOf = new Map<string, string>([...hops].map(([name, phone]) => [name, phone.address]));
    addressOf.set("refused-udp", `127.0.0.1:${await freeUdpPort()}`);
    addressOf.set("refused-tcp", `sip:127.0.0.1:${await freeTcpPort()};transport=tcp`);
    addressOf.set("reset-tcp", `sip:127.0.0.1:${await listen(resetting)};transport=tcp`);
    addressOf.set("deaf-tcp", `sip:127.0.0.1:${await listen(deaf)};transport=tcp`);
    addressOf.set("no-such-name", "sip:hop.example.invalid");
    const withSecond = (name: string): readonly [string, readonly object[]] => [
      name,
      [
        { hop: addressOf.get(name), priority: 0 },
        { hop: second.address, priority: 1 },
      ],
    ];
    const alone = (name: string): readonly [string, readonly object[]] => [name, [{ hop: addressOf.get(name) }]];
    const hopGroups = Object.fromEntries([
      ...[...FAULTS, "moved", "rings"].map(withSecond),
      ...[alone("silent")].map(([, group]) => ["silent-alone", group] as const),
    ]);
    gateway = await startGateway({
      sip: {
        listenAddress: "127.0.0.1",
        listenPort: 0,
        nextHops: [],
        hopTimeoutMs: HOP_TIMEOUT_MS,
        optionsPingMs: 0,
        dnsServers: [`127.0.0.1:${await freeUdpPort()}`],
        dnsTimeoutMs: 200,
        hopGroups,
      },
      trunks: [...Object.keys(hopGroups).map((id) => ({ id, hopGroup: id })), { id: "nowhere", hopGroup: "default" }],
    });
    for (const phone of phones) phone.talkTo({ address: "127.0.0.1", port: gateway.sipPort });
  });
  after(async () => {
    await gateway.stop();
    await Promise.all(phones.map((phone) => phone.close()));
    resetting.close();
    deaf.close();
  });
  beforeEach(() => phones.forEach((phone) => phone.drop()));

  /** The second hop takes the call; both sides see it end. */
  async function secondHopCarries(placed: RawCall): Promise<void> {
    const invite = await takeCall(second);
    assert.equal(await placed.final(), 200);
    await second.receive("ACK ");
    await hangUpThrough(placed, second, invite);
  }

  /** Calls that came to the second hop; what it was told again of an earlier one is none. */
  const asked = (): readonly string[] => second.drop().filter((message) => message.startsWith("INVITE "));

  test("a silent hop is given up after hopTimeoutMs: the caller gets the second hop's answer", async () => {
    const placed = call("silent");
    const first = await hop("silent").receive("INVITE ");
    await secondHopCarries(placed);
    assert.ok(startLineOf(first).startsWith("INVITE "));
  });

  test("a silent hop that wakes up too late is told that nobody waits for it", async () => {
    const placed = call("silent");
    const first = await hop("silent").receive("INVITE ");
    await secondHopCarries(placed);
    hop("silent").respond(first, 200, { tag: "late" });
    await hop("silent").receive("ACK ");
    const bye = await hop("silent").receive("BYE ");
    hop("silent").respond(bye, 200);
  });

  for (const [name, what] of [
    ["refused-udp", "a UDP port that nobody listens at"],
    ["refused-tcp", "a TCP port that refuses"],
    ["reset-tcp", "a connection that is reset by the INVITE"],
    ["deaf-tcp", "a TCP hop that takes the connection and reads nothing"],
    ["no-such-name", "a name that no DNS server knows"],
  ] as const) {
    test(`${what}: the second hop takes the call`, async () => {
      await secondHopCarries(call(name));
    });
  }

  test("garbage for an answer counts as silence", async () => {
    const placed = call("garbage");
    const invite = await hop("garbage").receive("INVITE ");
    const via = headerOf(invite, "Via") ?? "";
    for (const text of [
      "\0\xff\xfe garbage garbage garbage garbage\r\n\r\n",
      "SIP/2.0 200 OK\r\n\r\n",
      `SIP/2.0 999 \r\nVia: ${via}\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n`,
      `SIP/2.0 200 OK\r\nVia: ${via}\r\nCSeq: 1 INVITE\r\nFrom: x\r\nContent-Length: 0\r\n\r\n`,
      `SIP/2.0 200 OK\r\nVia: ${via}\r\nContent-Length: 99999\r\n\r\n`,
    ])
      hop("garbage").send(text);
    await secondHopCarries(placed);
  });

  test("an answer with another CSeq is not the answer", async () => {
    const placed = call("wrong-cseq");
    const invite = await hop("wrong-cseq").receive("INVITE ");
    hop("wrong-cseq").respond(invite.replace(/^(CSeq: \d+) INVITE/m, "$1 BYE"), 200, { tag: "wrong" });
    await secondHopCarries(placed);
  });

  test("an answer of another branch is not the answer (RFC 3261 §17.1.3)", async () => {
    const placed = call("other-branch");
    const invite = await hop("other-branch").receive("INVITE ");
    hop("other-branch").respond(invite.replace(/branch=z9hG4bK/, "branch=z9hG4bKx"), 486, { tag: "wrong" });
    await secondHopCarries(placed);
  });

  test("503 moves the call to the second hop", async () => {
    const placed = call("unavailable");
    const invite = await hop("unavailable").receive("INVITE ");
    hop("unavailable").respond(invite, 503, { tag: "full" });
    await hop("unavailable").receive("ACK ");
    await secondHopCarries(placed);
  });

  test("a redirect reaches the caller with its Contact, and no further hop is asked", async () => {
    const placed = call("moved");
    const invite = await hop("moved").receive("INVITE ");
    hop("moved").respond(invite, 302, { tag: "moved", headers: ["Contact: <sip:+12025550199@192.0.2.77>"] });
    assert.equal(await placed.final(), 302);
    assert.match(placed.answer, /^Contact:.*<sip:\+12025550199@192\.0\.2\.77>/m);
    assert.deepEqual(asked(), []);
  });

  for (const fault of ["Contact", "tag"] as const) {
    test(`an answer without ${fault} is forgiven: its ACK and its BYE reach the hop where the INVITE went`, async () => {
      const placed = call("silent-alone");
      const invite = await hop("silent").receive("INVITE ");
      const copied = invite.split("\r\n").filter((line) => /^(via|from|to|call-id|cseq):/i.test(line));
      const lines = fault === "tag" ? copied : copied.map((line) => (/^to:/i.test(line) ? `${line};tag=x` : line));
      const contact = fault === "Contact" ? [] : [`Contact: <sip:raw@${hop("silent").address}>`];
      hop("silent").send(["SIP/2.0 200 OK", ...lines, ...contact, "Content-Length: 0", "", ""].join("\r\n"));
      assert.equal(await placed.final(), 200);
      await hop("silent").receive("ACK ");
      const ended = placed.request("BYE");
      hop("silent").respond(await hop("silent").receive("BYE "), 200);
      assert.match(await ended, /^SIP\/2\.0 200 /);
    });
  }

  test("a hop that rings for ever is cancelled with the call", async () => {
    const placed = call("rings");
    const invite = await hop("rings").receive("INVITE ");
    hop("rings").respond(invite, 180, { tag: "rings" });
    await caller.receive("SIP/2.0 180");
    placed.cancel();
    const cancel = await hop("rings").receive("CANCEL ");
    assert.equal(headerOf(cancel, "Via")?.includes(/branch=([^;\s]+)/.exec(invite)?.[1] ?? "none"), true);
    hop("rings").respond(cancel, 200);
    hop("rings").respond(invite, 487, { tag: "rings" });
    await hop("rings").receive("ACK ");
    assert.equal(await placed.final(), 487);
    assert.deepEqual(asked(), [], "a cancelled call is not tried elsewhere");
  });

  test("the only hop is silent: the caller is told, in time", async () => {
    assert.equal(await call("silent-alone").final(), 408);
  });

  test("no hop at all: the caller gets a clear answer at once", async () => {
    const placed = call("nowhere");
    assert.equal(await placed.final(), 503);
    const cdr = async () => {
      const rows = (await gateway.api("/api/v1/cdrs")).json as {
        call_id: string;
        started_at: string;
        ended_at: string;
      }[];
      return rows.find(({ call_id: id }) => id === placed.callId);
    };
    await until("its CDR", async () => (await cdr()) !== undefined);
    const { started_at: from = "", ended_at: to = "" } = (await cdr()) ?? {};
    // By the gateway's clock: nothing was waited for.
    assert.ok(Date.parse(to) - Date.parse(from) < HOP_TIMEOUT_MS, `${from} to ${to}`);
  });

  test("every one of these calls is over: none is left in the table", async () => {
    await until("an empty table", async () => {
      const { json } = await gateway.api("/api/v1/calls");
      return (json as unknown[]).length === 0;
    });
  });
});

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));
