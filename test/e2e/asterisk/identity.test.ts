import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { asteriskMissing, type Asterisk } from "../../support/asterisk.js";
import { startGateway, type GatewayProcess } from "../../support/gateway-process.js";
import { temporaryFolder, until } from "../../support/processes.js";
import { RawUa } from "../../support/raw-ua.js";
import { makeCertificate } from "../../support/shaken.js";
import { startSigningAsterisk } from "../../support/signing-asterisk.js";

const skip = asteriskMissing() ?? false;
const OWN = "+12025550101";
const FOREIGN = "+13035550101";
const CALLED = "12025550199";

const DIALPLAN = `[general]
static = yes
writeprotect = yes
[incoming]
exten => _9X.,1,Dial(PJSIP/peer/sip:+\${EXTEN:1}@127.0.0.1:\${GATEWAY_PORT},20)
 same => n,Hangup()
exten => _[+0-8].,1,NoOp(SEEN \${CALLERID(num)} \${STIR_SHAKEN(count)} \${STIR_SHAKEN(0,verify_result)} \${STIR_SHAKEN(0,attestation)} \${STIR_SHAKEN(0,identity)})
 same => n,Hangup(17)
`;

interface CdrAnswer {
  readonly caller: string;
  readonly call_id: string;
  readonly identity_verdict?: string;
  readonly identity_attest?: string;
  readonly identity_reason?: string;
  readonly identity_origid?: string;
}

describe("signed caller identities between the production process and Asterisk's res_stir_shaken", { skip }, () => {
  const folder = temporaryFolder("stir");
  const root = makeCertificate({ subject: "SHAKEN root", authority: true });
  const ours = makeCertificate({ subject: "SHAKEN 1234", issuer: root });
  const theirs = makeCertificate({ subject: "SHAKEN 5678", issuer: root });
  const file = (name: string, text: string): string => {
    const path = join(folder.path, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const closers: (() => unknown)[] = [];
  let repository: Server;
  let asterisk: Asterisk;
  let gateway: GatewayProcess;
  let called: RawUa;
  let caller: RawUa;
  let carrier: RawUa;
  let count = 0;

  before(async () => {
    repository = createServer((request, response) => {
      const found = request.url === "/ours.pem" ? ours : request.url === "/theirs.pem" ? theirs : undefined;
      response.writeHead(found === undefined ? 404 : 200).end(found?.pem);
    });
    await new Promise<void>((resolve) => repository.listen(0, "127.0.0.1", resolve));
    const { port } = repository.address() as AddressInfo;
    const url = (name: string): string => `http://127.0.0.1:${port}/${name}.pem`;
    const anchors = file("root.pem", root.pem);
    const keys = { keyFile: file("theirs.key", theirs.keyPem), certificateUrl: url("theirs"), anchorFile: anchors };
    asterisk = await startSigningAsterisk(DIALPLAN, keys);
    closers.push(() => asterisk.stop());
    called = await RawUa.open({ address: "127.0.0.1", port: 9 });
    closers.push(() => called.close());
    gateway = await startGateway({
      sip: {
        listenAddress: "127.0.0.1",
        listenPort: 0,
        nextHops: [called.address],
        hopGroups: { asterisk: [`127.0.0.1:${asterisk.sipPort}`] },
        optionsPingMs: 0,
      },
      trunks: [
        { id: "asterisk", sources: ["127.0.0.1"], identity: { verstat: "from", header: true } },
        {
          id: "own",
          sources: ["127.0.0.2"],
          hopGroup: "asterisk",
          identity: { verify: false, sign: { ownNumbers: ["+1202555"], others: "C" } },
        },
      ],
      identity: {
        verify: true,
        // Certificates come from this process: a call waits for it, and does not pass unverified because the machine stood still.
        budgetMs: 10_000,
        trustAnchors: [anchors],
        certificates: {
          timeoutMs: 10_000,
          hosts: ["127.0.0.1"],
          ports: [port],
          allowHttp: true,
          allowAddresses: ["127.0.0.1/32"],
        },
        sign: { keyFile: file("ours.key", ours.keyPem), x5u: url("ours") },
      },
    });
    closers.push(() => gateway.stop());
    called.talkTo({ address: "127.0.0.1", port: gateway.sipPort });
    caller = await RawUa.open({ address: "127.0.0.1", port: asterisk.sipPort });
    carrier = await RawUa.open({ address: "127.0.0.1", port: gateway.sipPort }, "127.0.0.2");
    closers.push(
      () => caller.close(),
      () => carrier.close(),
    );
    await asterisk.cli(`dialplan set global GATEWAY_PORT ${gateway.sipPort}`);
  });

  after(async () => {
    await Promise.all(closers.map((close) => close()));
    repository.close();
    repository.closeAllConnections();
    folder.remove();
  });

  /** A telephone that speaks PCMU and cares for nothing. */
  const SDP = [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=-",
    "c=IN IP4 127.0.0.1",
    "t=0 0",
    "m=audio 40000 RTP/AVP 0",
    "",
  ].join("\r\n");

  function invite(ua: RawUa, from: string, to: string, port: number, headers: readonly string[] = []): string {
    const callId = `stir-${++count}`;
    ua.request({
      method: "INVITE",
      uri: `sip:${to}@127.0.0.1:${port}`,
      from: `<sip:${from}@127.0.0.1>`,
      to: `<sip:${to}@127.0.0.1>`,
      callId,
      branch: `z9hG4bK-${callId}`,
      fromTag: callId,
      headers: ["Content-Type: application/sdp", ...headers],
      body: SDP,
    });
    return callId;
  }

  async function cdrOf(from: string): Promise<CdrAnswer> {
    let found: CdrAnswer | undefined;
    await until("the CDR", async () => {
      const cdrs = (await gateway.api("/api/v1/cdrs")).json as readonly CdrAnswer[];
      found = cdrs.find((cdr) => cdr.caller === from && cdr.identity_verdict !== undefined);
      return found !== undefined;
    });
    assert.ok(found !== undefined);
    return found;
  }

  const seenBy = async (from: string): Promise<string> => {
    const line = (): string | undefined =>
      [...asterisk.log().matchAll(/"SEEN ([^"]*)"/g)]
        .map(([, text = ""]) => text)
        .findLast((text) => text.startsWith(from));
    await until(`Asterisk to see ${from}`, () => line() !== undefined);
    return line() ?? "";
  };

  test("Asterisk signs, we verify: CDR, verstat and header say so; its Identity and Date pass", async () => {
    invite(caller, OWN, `9${CALLED}`, asterisk.sipPort);
    const came = await called.receive("INVITE");
    called.respond(came, 486);
    assert.match(came, /^Identity: \S+;info=<[^>]+theirs\.pem>;alg=ES256;ppt=shaken/im);
    assert.match(came, /^From: .*;verstat=TN-Validation-Passed@/im);
    assert.match(came, /^X-Ringfence-Identity: verified;attest=B;origid=[0-9a-f-]{36}\r$/im);
    const cdr = await cdrOf(OWN);
    assert.deepEqual([cdr.identity_verdict, cdr.identity_attest], ["verified", "B"]);
    assert.match(cdr.identity_origid ?? "", /^[0-9a-f-]{36}$/);
    assert.equal(await gateway.metric("ringfence_identity_verdicts_total", '{verdict="verified",attest="B"}'), 1);
  });

  test("what Asterisk signed, told of another caller: fails, and the call goes on all the same", async () => {
    called.drop();
    invite(caller, OWN, `9${CALLED}`, asterisk.sipPort);
    const came = await called.receive("INVITE");
    called.respond(came, 486);
    const identity = /^Identity: (.*)\r$/im.exec(came)?.[1] ?? "";
    const forger = await RawUa.open({ address: "127.0.0.1", port: gateway.sipPort });
    try {
      invite(forger, "+13035550177", `+${CALLED}`, gateway.sipPort, [`Identity: ${identity}`]);
      const forged = await called.receive(/^INVITE[^]*13035550177/);
      called.respond(forged, 486);
      assert.match(forged, /^X-Ringfence-Identity: failed;reason=orig\r$/im);
      assert.match(forged, /verstat=TN-Validation-Failed/);
      assert.equal((await cdrOf("+13035550177")).identity_reason, "orig");
    } finally {
      await forger.close();
    }
  });

  test("we sign, Asterisk verifies: A for our own numbers, C for others", async () => {
    invite(carrier, OWN, `+${CALLED}`, gateway.sipPort);
    assert.match(await seenBy(OWN), /^\+12025550101 1 success A eyJ\S+;info=<[^>]+ours\.pem>;alg=ES256;ppt=shaken$/);
    invite(carrier, FOREIGN, `+${CALLED}`, gateway.sipPort);
    assert.match(await seenBy(FOREIGN), /^\+13035550101 1 success C /);
    assert.equal(await gateway.metric("ringfence_identity_signed_total", '{ppt="shaken",attest="A"}'), 1);
  });

  test("what we signed, told of another caller: Asterisk refuses to believe it", async () => {
    const [, value = ""] = /success A (\S+)$/.exec(await seenBy(OWN)) ?? [];
    invite(caller, "+13035550188", `+${CALLED}`, asterisk.sipPort, [
      `Identity: ${value}`,
      `Date: ${new Date(Date.now() - 1_000).toUTCString()}`,
    ]);
    assert.match(await seenBy("+13035550188"), /^\+13035550188 1 (?!success)\S+/);
  });

  test("a call that cannot be signed reaches Asterisk without", async () => {
    invite(carrier, "bob", `+${CALLED}`, gateway.sipPort);
    const seen = await seenBy("bob");
    assert.doesNotMatch(seen, /success/);
  });
});
