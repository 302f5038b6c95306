import assert from "node:assert/strict";
import { after, test, type TestContext } from "node:test";
import { EmbeddedSipEndpoint } from "../../../gateway/adapters/sip-embedded/embedded-endpoint.js";
import { createTransports } from "../../../gateway/adapters/sip-embedded/transport/create-transports.js";
import type { ListenOptions } from "../../../gateway/adapters/sip-embedded/transport/transport-options.js";
import { CryptoRandom } from "../../../gateway/adapters/system/crypto-random.js";
import { SystemClock } from "../../../gateway/adapters/system/system-clock.js";
import type { IncomingInvite, SipDialog, SipProtocol } from "../../../gateway/ports/sip-endpoint.js";
import { TestAuthority } from "../../support/certificates.js";
import { RawPeer } from "../../support/open-transports.js";

const authority = new TestAuthority();
after(() => authority.remove());
const pair = authority.issue("both", ["IP:127.0.0.1"]);

/** An endpoint on real sockets of loopback. */
async function open(
  t: TestContext,
  protocols: readonly SipProtocol[],
  onInvite: (invite: IncomingInvite) => void = () => undefined,
) {
  const listeners = protocols.map((protocol): ListenOptions => {
    const base = { protocol, address: "127.0.0.1", port: 0 };
    return protocol === "tls" ? { ...base, tls: pair } : base;
  });
  const clock = new SystemClock();
  const transports = createTransports({ listeners, clock, tlsClient: { caFile: authority.caFile } });
  const endpoint = new EmbeddedSipEndpoint({ transports, clock, random: new CryptoRandom() });
  await endpoint.start({ onInvite, onRequest: (request) => void request.respond({ status: 200 }) });
  t.after(() => endpoint.close());
  return { endpoint, port: transports.listeners[0]!.port };
}

for (const { name, protocols, protocol, body, arrivesBy } of [
  { name: "TCP", protocols: ["tcp"], protocol: "tcp", body: 200, arrivesBy: "tcp" },
  { name: "TLS", protocols: ["tls"], protocol: "tls", body: 200, arrivesBy: "tls" },
  { name: "TCP with a body of 100 KiB", protocols: ["tcp"], protocol: "tcp", body: 100 * 1024, arrivesBy: "tcp" },
  {
    name: "UDP, too large for it, by TCP (RFC 3261 §18.1.1)",
    protocols: ["udp", "tcp"],
    protocol: "udp",
    body: 3000,
    arrivesBy: "tcp",
  },
] as const)
  test(`a call over real sockets: ${name}`, async (t) => {
    const keepAlive = setInterval(() => undefined, 1000); // our clock's timers do not
    t.after(() => clearInterval(keepAlive));
    let bye: (() => void) | undefined;
    const ended = new Promise<void>((resolve) => (bye = resolve));
    let acked: (() => void) | undefined;
    const ack = new Promise<void>((resolve) => (acked = resolve));
    const seen: { protocol: string; bodyBytes: number }[] = [];
    const called = await open(t, protocols, (invite) => {
      seen.push({ protocol: invite.source.protocol, bodyBytes: invite.request.body.byteLength });
      invite.respond({ status: 180 });
      invite.respond({ status: 200, body: Buffer.from("answer") });
      invite.dialog()!.user = {
        onAck: () => acked?.(),
        onRequest: (request) => {
          request.respond({ status: 200 });
          bye?.();
        },
      };
    });
    const caller = await open(t, protocols);
    const dialog = await new Promise<SipDialog>((resolve, reject) => {
      caller.endpoint.invite(
        {
          method: "INVITE",
          uri: `sip:+12025550102@127.0.0.1:${called.port}`,
          targets: [{ protocol, address: "127.0.0.1", port: called.port }],
          from: "<sip:+12025550101@127.0.0.1>",
          to: "<sip:+12025550102@127.0.0.1>",
          body: Buffer.alloc(body, "v"),
        },
        {
          onFinal: (response) => reject(new Error(`final ${response.status}`)),
          onAnswer: (_response, answered) => resolve(answered),
        },
      );
    });
    dialog.ack();
    await ack;
    const final = new Promise<number>((resolve) => {
      dialog.request({ method: "BYE" }, { onFinal: (response) => resolve(response.status) });
    });
    assert.equal(await final, 200);
    await ended;
    assert.deepEqual(seen, [{ protocol: arrivesBy, bodyBytes: body }]);
  });

for (const { name, line, method, answer } of [
  { name: "no Content-Length", line: "Subject: y", method: "OPTIONS", answer: "SIP/2.0 400 Missing Content-Length" },
  {
    name: "no number in it",
    line: "Content-Length: many",
    method: "OPTIONS",
    answer: "SIP/2.0 400 Bad Content-Length",
  },
  { name: "no Content-Length in an ACK", line: "Subject: y", method: "ACK", answer: "" },
])
  test(`a message that cannot be cut out of a stream, ${name}: ${answer === "" ? "no answer" : "one 400"}, then the end (RFC 3261 §18.3)`, async (t) => {
    const { port } = await open(t, ["tcp"]);
    const peer = await RawPeer.connect(port);
    t.after(() => peer.socket.destroy());
    const lines = [
      `${method} sip:gw@127.0.0.1 SIP/2.0`,
      "Via: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1",
      "Max-Forwards: 70",
      "From: <sip:+12025550101@127.0.0.1>;tag=a",
      "To: <sip:gw@127.0.0.1>",
      "Call-ID: unframed",
      `CSeq: 1 ${method}`,
      line,
    ];
    peer.socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    await peer.closed();
    assert.deepEqual(peer.text.match(/^SIP\/2\.0 .*$/gm) ?? [], answer === "" ? [] : [answer]);
  });
