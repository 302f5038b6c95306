import assert from "node:assert/strict";
import { after, test } from "node:test";
import { EmbeddedSipEndpoint } from "../../../../gateway/adapters/sip-embedded/embedded-endpoint.js";
import { createTransports } from "../../../../gateway/adapters/sip-embedded/transport/create-transports.js";
import type { TransportOptions } from "../../../../gateway/adapters/sip-embedded/transport/transport-options.js";
import { CryptoRandom } from "../../../../gateway/adapters/system/crypto-random.js";
import { SystemClock } from "../../../../gateway/adapters/system/system-clock.js";
import type { SipProtocol, SipTarget } from "../../../../gateway/ports/sip-endpoint.js";
import { TestAuthority } from "../../../support/certificates.js";
import { TellingCaller, TellingDialogUser, TellingUser } from "../../../support/telling-users.js";

const udp = { receiveBufferBytes: 65_536, sendBufferBytes: 65_536 };

async function openEndpoint(options: Omit<TransportOptions, "clock">) {
  const clock = new SystemClock();
  const transports = createTransports({ ...options, udp, clock });
  const user = new TellingUser();
  const endpoint = new EmbeddedSipEndpoint({ transports, clock, random: new CryptoRandom() });
  await endpoint.start(user);
  return { endpoint, user, listener: transports.listeners[0]! };
}

/** INVITE, 180, 200, ACK, re-INVITE from the called side, BYE: each finds its way by Contact and connection. */
async function wholeCall(
  protocol: SipProtocol,
  address: string,
  options: Omit<TransportOptions, "clock">,
  serverName?: string,
) {
  const caller = await openEndpoint(options);
  const called = await openEndpoint(options);
  try {
    const target: SipTarget = {
      protocol,
      address,
      port: called.listener.port,
      ...(serverName === undefined ? {} : { tlsServerName: serverName }),
    };
    const side = new TellingCaller();
    const host = `${called.listener.sentByHost}:${called.listener.port}`;
    caller.endpoint.invite(
      {
        method: "INVITE",
        uri: `sip:+12025550102@${host}`,
        from: "<sip:a@example.com>",
        to: "<sip:b@example.com>",
        targets: [target],
      },
      side,
    );
    const invite = await called.user.nextInvite();
    assert.equal(invite.source.protocol, protocol);
    invite.respond({ status: 180 });
    await side.provisional();
    invite.respond({ status: 200 });
    const calledUser = new TellingDialogUser();
    const calledDialog = invite.dialog()!;
    calledDialog.user = calledUser;
    const { dialog } = await side.answer();
    const callerUser = new TellingDialogUser();
    dialog.user = callerUser;
    dialog.ack();
    await calledUser.nextAck();
    const again = new TellingCaller();
    calledDialog.request({ method: "INVITE" }, again);
    (await callerUser.nextRequest()).respond({ status: 200 });
    await again.answer();
    calledDialog.ack();
    await callerUser.nextAck();
    const bye = new TellingCaller();
    dialog.request({ method: "BYE" }, bye);
    (await calledUser.nextRequest()).respond({ status: 200 });
    const { response, local } = await bye.final();
    assert.deepEqual([response.status, local], [200, false]);
  } finally {
    await caller.endpoint.close();
    await called.endpoint.close();
  }
}

for (const [protocol, address] of [
  ["udp", "127.0.0.1"],
  ["udp", "::1"],
  ["tcp", "127.0.0.1"],
  ["tcp", "::1"],
] as const) {
  test(`a whole call over ${protocol} between real sockets on ${address}`, async () => {
    await wholeCall(protocol, address, { listeners: [{ protocol, address, port: 0 }] });
  });
}

const authority = new TestAuthority();
after(() => authority.remove());

test("a whole call over TLS between real sockets, each side sure of the other's name", async () => {
  const tls = authority.issue("both", ["DNS:sip.example.com", "IP:127.0.0.1"]);
  const listeners = [{ protocol: "tls", address: "127.0.0.1", port: 0, tls }] as const;
  await wholeCall("tls", "127.0.0.1", { listeners, tlsClient: { caFile: authority.caFile } }, "sip.example.com");
});
