import assert from "node:assert/strict";
import { test } from "node:test";
import type { CalledId, CallerId, Cdr, TrunkId } from "../../detection/index.js";
import { EmbeddedSipEndpoint } from "../../gateway/adapters/sip-embedded/embedded-endpoint.js";
import { B2bua, B2BUA_DEFAULTS } from "../../gateway/call/b2bua.js";
import { CallRegistry } from "../../gateway/call/call-registry.js";
import { noMetrics } from "../../gateway/core/metrics.js";
import { plainPolicy } from "../support/call-doubles.js";
import { FakeClock } from "../support/fake-clock.js";
import { SeededRandom } from "../support/seeded-random.js";
import { RecordingCaller, RecordingDialogUser, RecordingUser } from "../support/sip-pair.js";
import { SipNetwork } from "../support/sip-network.js";

// With topology hiding off all four dialogs have the same Call-ID, and two of them the same tags at opposite ends.
for (const topologyHiding of [false, true]) {
  test(`a call that passes the gateway twice is carried and ended on all legs (topology hiding ${topologyHiding ? "on" : "off"})`, async () => {
    const clock = new FakeClock();
    const network = new SipNetwork(clock);
    const make = (address: string, salt: number): EmbeddedSipEndpoint =>
      new EmbeddedSipEndpoint({
        transports: network.transports(`${address}:5060`),
        clock,
        random: new SeededRandom(salt),
      });
    const settle = async (): Promise<void> => {
      await Promise.resolve();
      clock.advance(50);
      await Promise.resolve();
    };
    const [caller, hop, called] = [make("192.0.2.1", 1), make("192.0.2.2", 2), make("192.0.2.3", 3)];
    const policy = { ...plainPolicy, id: "t" as TrunkId, topologyHiding };
    const identity = { trunk: policy.id, caller: "a" as CallerId, called: "b" as CalledId, emergency: false };
    const registry = new CallRegistry(noMetrics);
    const cdrs: Cdr[] = [];
    let passes = 0;
    const b2bua = new B2bua(B2BUA_DEFAULTS, {
      endpoint: hop,
      admission: { admit: () => ({ ok: true, identity, trunk: policy }) },
      screen: {
        callStarted: () => ({ verdict: "allow", detected: false, wouldRefuse: false, actions: [] }),
        callAnswered: () => undefined,
        callEnded: () => undefined,
      },
      hops: {
        choose: () => {
          const address = passes++ === 0 ? "192.0.2.2" : "192.0.2.3";
          return [{ name: address, targets: [{ protocol: "udp", address, port: 5060 }] }];
        },
        report: () => undefined,
      },
      observers: [registry, { onEnded: (_call, cdr) => cdrs.push(cdr) }],
      clock,
      random: new SeededRandom(9),
      onActions: () => undefined,
    });
    const phone = new RecordingUser();
    await Promise.all([caller.start(new RecordingUser()), hop.start(b2bua), called.start(phone)]);
    const ours = new RecordingCaller();
    caller.invite(
      {
        method: "INVITE",
        uri: "sip:+12025550199@192.0.2.2",
        from: "<sip:+12025550101@192.0.2.1>",
        to: "<sip:+12025550199@192.0.2.2>",
        targets: [{ protocol: "udp", address: "192.0.2.2", port: 5060 }],
      },
      ours,
    );
    await settle();
    const invite = phone.invites[0]!;
    assert.equal(invite.request.headers.get("max-forwards"), "68");
    invite.respond({ status: 180 });
    await settle();
    invite.respond({ status: 200 });
    const theirs = new RecordingDialogUser();
    invite.dialog()!.user = theirs;
    await settle();
    assert.deepEqual(ours.seen.slice(-2), ["180", "answer 200"]);
    const dialog = ours.dialogs.at(-1)!;
    const callerUser = new RecordingDialogUser();
    dialog.user = callerUser;
    dialog.ack();
    await settle();
    assert.deepEqual([theirs.seen, b2bua.size], [["ACK"], 2]);
    dialog.request({ method: "INFO" }, new RecordingCaller());
    invite.dialog()!.request({ method: "INFO" }, new RecordingCaller());
    await settle();
    assert.deepEqual([theirs.seen, callerUser.seen], [["ACK", "INFO"], ["INFO"]]);
    const bye = new RecordingCaller();
    dialog.request({ method: "BYE" }, bye);
    await settle();
    assert.deepEqual(theirs.seen.slice(-1), ["BYE"]);
    assert.deepEqual(bye.seen.slice(-1), ["200"]);
    assert.deepEqual([b2bua.size, registry.size, cdrs.length], [0, 0, 2]);
  });
}
