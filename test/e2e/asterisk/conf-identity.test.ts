import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { callerProof } from "../../../gateway/adapters/asterisk-agi/caller-proof.js";
import { asteriskMissing, startAsterisk, type Asterisk } from "../../support/asterisk.js";
import { PATIENT_AGI, startGateway, type GatewayProcess } from "../../support/gateway-process.js";
import { temporaryFolder, until } from "../../support/processes.js";
import { makeCertificate } from "../../support/shaken.js";
import { complaintsIn } from "../../support/asterisk-complaints.js";

const skip = asteriskMissing() ?? false;
const VERIFIER = "127.0.0.3";

/** Says what ringfence-identity found, and what the production gateway makes of it when ringfence-check passes it on. */
const DIALPLAN = `[globals]
RINGFENCE_AGI = 127.0.0.1:@AGI_PORT@
RINGFENCE_WAIT = 20
#include "ringfence.conf"
[from-carrier]
exten => _[+0-9].,1,Gosub(ringfence-identity,s,1)
 same => n,NoOp(IDENTITY \${CALLERID(num)} [\${RINGFENCE_IDENTITY}] [\${RINGFENCE_ATTESTATION}])
 same => n,Gosub(ringfence-check,s,1(tell))
 same => n,NoOp(VERDICT \${RINGFENCE_VERDICT} \${RINGFENCE_REASON})
 same => n,Hangup(17)
`;

describe("asterisk-conf with STIR/SHAKEN: one Asterisk signs, the other verifies", { skip }, () => {
  const folder = temporaryFolder("stir");
  const root = makeCertificate({ subject: "SHAKEN root", authority: true });
  const stranger = makeCertificate({ subject: "another root", authority: true });
  const signing = makeCertificate({ subject: "SHAKEN 1234", issuer: root });
  const file = (name: string, text: string): string => {
    const path = join(folder.path, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  let repository: Server;
  let gateway: GatewayProcess;
  let signer: Asterisk;
  let verifier: Asterisk;
  let distrusting: Asterisk;

  const startVerifier = (address: string, anchors: string): Promise<Asterisk> =>
    startAsterisk({
      dialplan: "none",
      settings: {
        SIP_ADDRESS: address,
        CARRIER_ADDRESS: "127.0.0.1",
        STIR_SHAKEN: "verify",
        STIR_CA_FILE: anchors,
        STIR_PERMIT: "127.0.0.0/8",
      },
      files: { "extensions.conf": DIALPLAN },
      values: { AGI_PORT: gateway.ready.asterisk?.["agi"]?.split(":").at(-1) ?? "" },
    });
  const startSigner = (to: Asterisk, port: number, sign: boolean): Promise<Asterisk> =>
    startAsterisk({
      dialplan: "none",
      settings: {
        CARRIER_ADDRESS: to.sipAddress,
        CARRIER_PORT: to.sipPort,
        ...(sign
          ? {
              STIR_SHAKEN: "sign",
              STIR_KEY_FILE: file("signing.key", signing.keyPem),
              STIR_CERT_URL: `http://127.0.0.1:${port}/signing.pem`,
              STIR_ATTEST: "A",
            }
          : {}),
      },
    });

  before(async () => {
    repository = createServer((_request, response) => void response.end(signing.pem));
    await new Promise<void>((resolve) => repository.listen(0, "127.0.0.1", resolve));
    gateway = await startGateway({
      asterisk: { agi: PATIENT_AGI, verdict: { unsigned: "screen", badIdentity: "warn" } },
    });
    verifier = await startVerifier(VERIFIER, file("root.pem", root.pem));
    distrusting = await startVerifier("127.0.0.5", file("stranger.pem", stranger.pem));
    signer = await startSigner(verifier, (repository.address() as AddressInfo).port, true);
  });
  after(async () => {
    await Promise.all([signer.stop(), verifier.stop(), distrusting.stop(), gateway.stop()]);
    repository.close();
    folder.remove();
  });

  /** Calls the carrier as +1 202 555 0101. @returns What the other side made of the caller's identity. */
  async function found(from: Asterisk, by: Asterisk): Promise<string> {
    const seen = (): string[] => [...by.log().matchAll(/"IDENTITY ([^"]*)"/g)].map(([, text = ""]) => text);
    const { length } = seen();
    // A Local channel has no caller id of its own to give on: the application's side sets it.
    await from.cli("dialplan add extension s,1,Set(CALLERID(num)=12025550101) into sign");
    await from.cli("dialplan add extension s,2,Dial(PJSIP/12025550177@carrier,30) into sign");
    await from.cli("channel originate Local/s@sign application Wait 3");
    await until("the call to be judged", () => seen().length > length);
    return seen().at(-1) ?? "";
  }

  /** What the gateway said about the call that came last. */
  const verdict = async (by: Asterisk): Promise<string> => {
    const said = (): string[] => [...by.log().matchAll(/"VERDICT ([^"]*)"/g)].map(([, text = ""]) => text);
    const calls = [...by.log().matchAll(/"IDENTITY /g)].length;
    await until("the verdict", () => said().length === calls);
    return said().at(-1) ?? "";
  };

  const warnings = (asterisk: Asterisk): string[] => complaintsIn(asterisk.log());

  test("a signed call is known as such, with its attestation, and neither side complains", async () => {
    assert.equal(await found(signer, verifier), "12025550101 [success] [A]");
    assert.equal(await verdict(verifier), "allow unknown-caller");
    assert.deepEqual(callerProof("success", "A"), { signature: "valid", attestation: "A" });
    assert.equal(callerProof("missing_identity_hdr", "")?.signature, "absent");
    assert.deepEqual([...warnings(signer), ...warnings(verifier)], []);
  });

  test("a call without a signature is told apart", async (t) => {
    const plain = await startSigner(verifier, 9, false);
    t.after(() => plain.stop());
    assert.equal(await found(plain, verifier), "12025550101 [missing_identity_hdr] []");
    assert.equal(await verdict(verifier), "screen identity");
  });

  test("one signed under an authority that is not trusted is told apart", async (t) => {
    const other = await startSigner(distrusting, (repository.address() as AddressInfo).port, true);
    t.after(() => other.stop());
    const line = await found(other, distrusting);
    const [, word = "", attestation = ""] = /\[(.+)\] \[(.*)\]/.exec(line) ?? [];
    assert.equal(callerProof(word, attestation)?.signature, "invalid", line);
    assert.equal(await verdict(distrusting), "warn identity");
  });
});
