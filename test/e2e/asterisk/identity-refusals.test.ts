import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { asteriskMissing, type Asterisk } from "../../support/asterisk.js";
import { startGateway, type GatewayProcess } from "../../support/gateway-process.js";
import { temporaryFolder } from "../../support/processes.js";
import { RawUa, WITHIN_MS } from "../../support/raw-ua.js";
import { CALLED_TN, CALLER_TN, divIdentity, makeCertificate, shakenIdentity } from "../../support/shaken.js";
import { startSigningAsterisk } from "../../support/signing-asterisk.js";

const skip = asteriskMissing() ?? false;
const THIRD_TN = "12025550188";

const DIALPLAN = `[general]
static = yes
writeprotect = yes
[incoming]
exten => _9X.,1,Dial(PJSIP/peer/sip:+\${EXTEN:1}@127.0.0.1:\${PEER_PORT},20)
 same => n,Hangup()
`;

interface Case {
  readonly name: string;
  /** Of the Identity headers. */
  readonly identities: (at: { readonly now: number; readonly url: (file: string) => string }) => readonly string[];
  readonly to?: string;
  readonly status: RegExp;
}

describe("a trunk that requires a signature that holds", { skip }, () => {
  const folder = temporaryFolder("stir-refusals");
  const root = makeCertificate({ subject: "SHAKEN root", authority: true });
  const strange = makeCertificate({ subject: "nobody's root", authority: true });
  const carrier = makeCertificate({ subject: "SHAKEN 1234", issuer: root });
  const unknown = makeCertificate({ subject: "SHAKEN 9999", issuer: strange });
  const theirs = makeCertificate({ subject: "SHAKEN 5678", issuer: root });
  const file = (name: string, text: string): string => {
    const path = join(folder.path, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const PEMS: Readonly<Record<string, string>> = {
    "/carrier.pem": carrier.pem,
    "/unknown.pem": unknown.pem,
    "/theirs.pem": theirs.pem,
  };
  const closers: (() => unknown)[] = [];
  let repository: Server;
  let asterisk: Asterisk;
  let gateway: GatewayProcess;
  let called: RawUa;
  /** On the trunk that requires it. */
  let caller: RawUa;
  let count = 0;
  const url = (name: string): string => `http://127.0.0.1:${(repository.address() as AddressInfo).port}/${name}.pem`;

  before(async () => {
    repository = createServer((request, response) => {
      const pem = PEMS[request.url ?? ""];
      response.writeHead(pem === undefined ? 404 : 200).end(pem);
    });
    await new Promise<void>((resolve) => repository.listen(0, "127.0.0.1", resolve));
    const anchors = file("root.pem", root.pem);
    called = await RawUa.open({ address: "127.0.0.1", port: 9 });
    closers.push(() => called.close());
    const keys = { keyFile: file("theirs.key", theirs.keyPem), certificateUrl: url("theirs"), anchorFile: anchors };
    asterisk = await startSigningAsterisk(DIALPLAN, keys);
    closers.push(() => asterisk.stop());
    gateway = await startGateway({
      sip: { listenAddress: "127.0.0.1", listenPort: 0, nextHops: [called.address], optionsPingMs: 0 },
      trunks: [
        { id: "strict", sources: ["127.0.0.2"], identity: { onFailure: "refuse", onAbsent: "refuse", header: true } },
      ],
      identity: {
        verify: true,
        budgetMs: 10_000,
        trustAnchors: [anchors],
        certificates: {
          timeoutMs: 10_000,
          hosts: ["127.0.0.1"],
          ports: [(repository.address() as AddressInfo).port],
          allowHttp: true,
          allowAddresses: ["127.0.0.1/32"],
        },
      },
    });
    closers.push(() => gateway.stop());
    called.talkTo({ address: "127.0.0.1", port: gateway.sipPort });
    caller = await RawUa.open({ address: "127.0.0.1", port: gateway.sipPort }, "127.0.0.2");
    closers.push(() => caller.close());
  });

  after(async () => {
    await Promise.all(closers.map((close) => close()));
    repository.close();
    repository.closeAllConnections();
    folder.remove();
  });

  function invite(ua: RawUa, from: string, uri: string, headers: readonly string[] = []): string {
    const callId = `refusal-${++count}`;
    ua.request({
      method: "INVITE",
      uri,
      from: `<sip:${from}@127.0.0.1>`,
      to: `<${uri}>`,
      callId,
      branch: `z9hG4bK-${callId}`,
      fromTag: callId,
      headers: ["Content-Type: application/sdp", ...headers],
      body: "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n",
    });
    return callId;
  }

  /** @returns The final answer's status line, and the INVITE that went on, if one did. */
  async function ask(identities: readonly string[], to = CALLED_TN): Promise<{ status: string; passed: string }> {
    called.drop();
    const headers = identities.map((value) => `Identity: ${value}`);
    const callId = invite(caller, `+${CALLER_TN}`, `sip:+${to}@127.0.0.1:${gateway.sipPort}`, headers);
    const answered = new AbortController();
    const whoever = called.receive("INVITE", WITHIN_MS, answered.signal).then(
      (came) => {
        called.respond(came, 486);
        return came;
      },
      () => "",
    );
    const final = new RegExp(`^SIP/2\\.0 [3-6]\\d\\d [^]*Call-ID: ${callId}\\r`);
    const answer = await caller.receive(final);
    answered.abort();
    return { status: answer.split("\r\n", 1)[0] ?? "", passed: await whoever };
  }

  const changed = (identity: string): string => identity.replace(/\.([^.;]{20})[^.;]{4}([^.;]*;)/, ".$1AAAA$2");
  const CASES: readonly Case[] = [
    { name: "no signature", identities: () => [], status: /^SIP\/2\.0 428 Use Identity Header$/ },
    {
      name: "a signature of two minutes ago",
      identities: ({ now, url: at }) => [shakenIdentity(carrier.key, now - 120, { x5u: at("carrier") })],
      status: /^SIP\/2\.0 403 Stale Date$/,
    },
    {
      name: "a certificate that cannot be fetched",
      identities: ({ now, url: at }) => [shakenIdentity(carrier.key, now, { x5u: at("nowhere") })],
      status: /^SIP\/2\.0 436 Bad Identity Info$/,
    },
    {
      name: "a certificate of nobody that is known",
      identities: ({ now, url: at }) => [shakenIdentity(unknown.key, now, { x5u: at("unknown") })],
      status: /^SIP\/2\.0 437 Unsupported Credential$/,
    },
    {
      name: "a signature by another key",
      identities: ({ now, url: at }) => [shakenIdentity(unknown.key, now, { x5u: at("carrier") })],
      status: /^SIP\/2\.0 438 Invalid Identity Header$/,
    },
    {
      name: "a signature that was changed on its way",
      identities: ({ now, url: at }) => [changed(shakenIdentity(carrier.key, now, { x5u: at("carrier") }))],
      status: /^SIP\/2\.0 438 Invalid Identity Header$/,
    },
    {
      name: "a signature for another called number",
      identities: ({ now, url: at }) => [shakenIdentity(carrier.key, now, { x5u: at("carrier") })],
      to: THIRD_TN,
      status: /^SIP\/2\.0 438 Invalid Identity Header$/,
    },
    {
      name: "a diversion that another number's holder signed",
      identities: ({ now, url: at }) => [
        shakenIdentity(carrier.key, now, { x5u: at("carrier") }),
        divIdentity(carrier.key, now, "12025550177", THIRD_TN, { x5u: at("carrier") }),
      ],
      to: THIRD_TN,
      status: /^SIP\/2\.0 438 Invalid Identity Header$/,
    },
  ];
  for (const { name, identities, to, status } of CASES) {
    test(`${name}: refused, and nobody is called`, async () => {
      const { status: said, passed } = await ask(identities({ now: Math.floor(Date.now() / 1_000), url }), to);
      assert.match(said, status);
      assert.equal(passed, "");
    });
  }

  test("a signature that holds passes, and so does one that was sent on with a div", async () => {
    const now = Math.floor(Date.now() / 1_000);
    const x5u = url("carrier");
    const plain = await ask([shakenIdentity(carrier.key, now, { x5u })]);
    assert.match(plain.passed, /^X-Ringfence-Identity: verified;attest=A/im);
    const div = divIdentity(carrier.key, now, CALLED_TN, THIRD_TN, { x5u });
    const sentOn = await ask([shakenIdentity(carrier.key, now, { x5u }), div], THIRD_TN);
    assert.match(sentOn.passed, /^X-Ringfence-Identity: verified;attest=A/im);
  });

  test("what Asterisk signed passes, and is refused when it is told of another caller", async () => {
    const at = await RawUa.open({ address: "127.0.0.1", port: asterisk.sipPort });
    closers.push(() => at.close());
    await asterisk.cli(`dialplan set global PEER_PORT ${called.port}`);
    called.drop();
    invite(at, `+${CALLER_TN}`, `sip:9${CALLED_TN}@127.0.0.1:${asterisk.sipPort}`);
    const signed = await called.receive("INVITE");
    called.respond(signed, 486);
    const value = /^Identity: (.*)\r$/im.exec(signed)?.[1] ?? "";
    assert.match(value, /theirs\.pem/);
    assert.match((await ask([value])).passed, /^X-Ringfence-Identity: verified;attest=B/im);
    const refused = await ask([value], THIRD_TN);
    assert.match(refused.status, /^SIP\/2\.0 438 Invalid Identity Header$/);
  });

  test("the refusals were counted, each by its status", async () => {
    for (const status of [428, 403, 436, 437, 438])
      assert.ok((await gateway.metric("ringfence_identity_refused_total", `{status="${status}"}`)) > 0, `${status}`);
  });
});
