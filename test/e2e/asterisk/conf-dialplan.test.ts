import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Phone, type Leg } from "../../demo/phone.js";
import { AgiDouble, type AgiManner, type AgiRequestSeen } from "../../support/agi-double.js";
import { asteriskMissing, startAsterisk, type Asterisk } from "../../support/asterisk.js";
import { freeTcpPort, until } from "../../support/processes.js";

const skip = asteriskMissing() ?? false;

/** What an operator has: one line before the call goes on. The number says what else is wanted. */
const DIALPLAN = `[globals]
RINGFENCE_AGI = 127.0.0.1:@AGI_PORT@
RINGFENCE_WAIT = 20
RINGFENCE_WARN_PREFIX = Caution:
RINGFENCE_SERVER = pbx 1
#include "ringfence.conf"
[incoming]
exten => _[+0-9].,1,Set(TIMEOUT(absolute)=600)
 same => n,Set(RINGFENCE_TRUNK=north)
 same => n,GotoIf($["\${EXTEN:-4}" = "0199"]?tell)
 same => n,Gosub(ringfence-check,s,1)
 same => n(on),NoOp(SEEN \${RINGFENCE_VERDICT} \${RINGFENCE_REASON} \${RINGFENCE_SCREENING} name=\${CALLERID(name)} left=\${TIMEOUT(absolute)} frames=\${STACK_PEEK(1,e,1)})
 same => n,Answer()
 same => n,Wait(\${IF($["\${EXTEN:-4}" = "0198"]?0.3:30)})
 same => n,Hangup(17)
 same => n(tell),Gosub(ringfence-check,s,1(tell))
 same => n,Goto(on)
`;

const FULL = { RINGFENCE_CALL_ID: "pbx;1.2", RINGFENCE_SCORE: "0.50", RINGFENCE_REASON: "unknown-caller" };
const verdict = (word: string): AgiManner => ({ ...FULL, RINGFENCE_VERDICT: word });

/** As in asterisk-conf: calls without an answer are kept, and a record goes on through what runs after a hang-up. */
const CDRS = "[general]\nenable = yes\nunanswered = yes\nendbeforehexten = no\n[csv]\nloguniqueid = yes\n";

interface Case {
  readonly name: string;
  readonly manner: AgiManner;
  readonly called?: string;
  readonly status: number;
  /** Verdict, reason, screening and the caller's name, where the call went on. */
  readonly seen?: string;
}

const CASES: readonly Case[] = [
  { name: "allow lets it through", manner: verdict("allow"), status: 200, seen: "allow unknown-caller  name=" },
  { name: "warn marks it", manner: verdict("warn"), status: 200, seen: "warn unknown-caller  name=Caution:" },
  { name: "block answers 603", manner: verdict("block"), status: 603 },
  {
    name: "block with (tell) leaves it to the dialplan",
    manner: verdict("block"),
    called: "+12025550199",
    status: 200,
    seen: "block unknown-caller  name=",
  },
  {
    name: "screen without anybody who screens lets it through",
    manner: verdict("screen"),
    status: 200,
    seen: "screen unknown-caller unavailable name=",
  },
  {
    name: "an unknown verdict lets it through",
    manner: verdict("explode"),
    status: 200,
    seen: "explode unknown-caller",
  },
  { name: "a gateway that says nothing", manner: "silent", status: 200, seen: "allow unavailable  name=" },
  { name: "a gateway that closes at once", manner: "closes", status: 200, seen: "allow unavailable  name=" },
  { name: "a gateway that talks rubbish", manner: "garbage", status: 200, seen: "allow unavailable  name=" },
];

describe("dialplan/extensions.conf: ringfence-check", { skip }, () => {
  const agi = new AgiDouble();
  const phone = new Phone("127.0.0.1");
  let asterisk: Asterisk;
  before(async () => {
    await Promise.all([agi.open(), phone.open()]);
    asterisk = await startAsterisk({
      files: { "extensions.conf": DIALPLAN, "cdr.conf": CDRS },
      values: { AGI_PORT: agi.port },
    });
  });
  after(async () => {
    phone.close();
    await asterisk.stop();
    await agi.close();
  });

  const seen = (): string[] => [...asterisk.log().matchAll(/"SEEN ([^"]*)"/g)].map(([, text = ""]) => text);
  const call = async (to: string): Promise<Leg> => {
    const leg = phone.call("+13035550100", to, { address: "127.0.0.1", port: asterisk.sipPort });
    await phone.until(() => leg.status >= 200);
    return leg;
  };
  /** What it does, and how long a call waits for it: long for one that only stands still for a while, short for one that says nothing. */
  const gateway = async (manner: AgiManner): Promise<void> => {
    agi.manners.set("check", manner);
    await asterisk.cli(`dialplan set global RINGFENCE_WAIT ${manner === "silent" ? 1 : 20}`);
  };
  const noChannels = async (): Promise<boolean> =>
    (await asterisk.cli("core show channels count")).startsWith("0 active channels");

  for (const { name, manner, called = "+12025550100", status, seen: expected } of CASES) {
    test(name, async () => {
      await gateway(manner);
      const before = seen().length;
      const leg = await call(called);
      assert.equal(leg.status, status, asterisk.log().slice(-4_000));
      phone.hangUp(leg);
      if (expected === undefined) {
        assert.equal(seen().length, before);
        return;
      }
      await until("the dialplan to go on", () => seen().length > before);
      const line = seen().at(-1) ?? "";
      assert.ok(line.startsWith(expected), line);
      // What the operator had set before is still there, and the subroutine's frame is gone.
      const left = Number(/left=([\d.]+)/.exec(line)?.[1]);
      assert.ok(left > 500 && left <= 600, line);
      assert.match(line, /frames=$/);
    });
  }

  test("Asterisk's own records: a refused call has the number that was dialled, and the report of its end is no call", async () => {
    await gateway(verdict("block"));
    const reports = agi.of("report").length;
    const { status } = await call("+12025550177");
    assert.equal(status, 603);
    const rows = (): string[][] =>
      asterisk
        .logged("cdr-csv/Master.csv")
        .split("\n")
        .map((row) => row.split(",").map((cell) => cell.replaceAll('"', "")));
    await until("the report, and Asterisk's record", () => {
      const isThere = rows().some(([, caller, called]) => caller === "+13035550100" && called === "+12025550177");
      return isThere && agi.of("report").length > reports;
    });
    await until("the report's channel to go", noChannels);
    assert.deepEqual(
      rows().filter(([, , , context]) => context === "ringfence-report"),
      [],
    );
  });

  test("the gateway is told who, whom, on which trunk and of which Asterisk", async () => {
    await gateway(verdict("allow"));
    phone.hangUp(await call("+12025550123"));
    const asked = agi.of("check").at(-1);
    assert.deepEqual(
      [...(asked?.query ?? [])].filter(([name]) => !["sipcallid", "leg", "uniqueid"].includes(name)),
      [
        ["arguments", "no"],
        ["server", "pbx 1"],
        ["trunk", "north"],
        ["caller", "+13035550100"],
        ["called", "+12025550123"],
        ["presentation", "allowed_not_screened"],
        ["known", ""],
        ["identity", ""],
        ["attestation", ""],
      ],
    );
    assert.equal(asked?.fields.get("callerid"), "+13035550100");
    assert.equal(asked.query.get("uniqueid"), asked.fields.get("uniqueid"));
    assert.match(asked.query.get("sipcallid") ?? "", /@127\.0\.0\.1$/);
    assert.equal(asked.query.get("leg"), "", "it did not come from the hop");
  });

  test("a called number full of the dialplan's own characters stays data", async () => {
    const hostile = `+1202%22)$%7BEPOCH%7D%5D&trunk=south?,%5E1`;
    phone.hangUp(await call(hostile));
    assert.equal(agi.of("check").at(-1)?.query.get("called"), `+1202")\${EPOCH}]&trunk=south?,^1`);
    assert.deepEqual(agi.of("check").at(-1)?.query.getAll("trunk"), ["north"]);
  });

  test("the end is reported, with cause and times, whoever hangs up", async () => {
    await gateway({ ...FULL, RINGFENCE_VERDICT: "allow", RINGFENCE_CALL_ID: "pbx;9.9" });
    await call("+12025550198");
    const report = (): AgiRequestSeen | undefined =>
      agi.of("report").find((each) => each.query.get("callid") === "pbx;9.9");
    await until("the report", () => report() !== undefined);
    const query = report()?.query ?? new URLSearchParams();
    assert.equal(query.get("server"), "pbx 1");
    assert.equal(query.get("cause"), "17");
    assert.match(query.get("seconds") ?? "", /^\d+$/);
  });

  test("a gateway that hangs at the end holds neither the other side nor the channel", async () => {
    await gateway({ ...FULL, RINGFENCE_VERDICT: "allow", RINGFENCE_CALL_ID: "pbx;8.8" });
    agi.manners.set("report", "silent");
    const leg = await call("+12025550198");
    await phone.until(() => leg.endedAt !== undefined);
    assert.equal(leg.endedBy, "BYE");
    const begun = (): boolean => agi.of("report").some(({ query }) => query.get("callid") === "pbx;8.8");
    await until("the report to have begun", begun);
    // The gateway never answers it: what the other side saw did not wait for that, and the channel ends by itself.
    await until("all channels to be gone", noChannels);
    agi.manners.delete("report");
  });

  test("a caller who hangs up while the gateway hangs leaves nothing behind", async () => {
    await gateway("silent");
    const before = agi.of("check").length;
    const leg = phone.call("+13035550100", "+12025550100", { address: "127.0.0.1", port: asterisk.sipPort });
    await until("the question", () => agi.of("check").length > before);
    await phone.until(() => leg.status >= 200);
    phone.hangUp(leg);
    await until("all channels to be gone", noChannels);
  });

  test("without a gateway the call goes on at once", async () => {
    const port = await freeTcpPort();
    await asterisk.cli(`dialplan set global RINGFENCE_AGI 127.0.0.1:${port}`);
    const before = seen().length;
    const leg = await call("+12025550100");
    assert.equal(leg.status, 200);
    await until("the dialplan to go on", () => seen().length > before);
    assert.match(seen().at(-1) ?? "", /^allow unavailable/);
    phone.hangUp(leg);
    await asterisk.cli(`dialplan set global RINGFENCE_AGI 127.0.0.1:${agi.port}`);
  });
});
