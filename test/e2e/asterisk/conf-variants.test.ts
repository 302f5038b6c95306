import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Phone } from "../../demo/phone.js";
import { asteriskMissing, startAsterisk, type Asterisk } from "../../support/asterisk.js";
import { TestAuthority } from "../../support/certificates.js";
import { freeUdpPort, until } from "../../support/processes.js";
import { startSipp, sippMissing } from "../../support/sipp.js";
import { complaintsIn } from "../../support/asterisk-complaints.js";

const skip = asteriskMissing() ?? sippMissing() ?? false;
const CARRIER = "127.0.0.2";
const TELEPHONE = "127.0.0.3";
const HOP = "127.0.0.4";
const PASSWORD = "password-of-agent1";

/** What stands at the other end of a registration: whatever calls it hears a tone, and its log says how safe the way was. */
const TONE = `[from-carrier]
exten => _[0-9a-z].,1,Goto(s,1)
exten => s,1,Answer()
 same => n,NoOp(signalling secure=\${CHANNEL(pjsip,secure)} media secure=\${CHANNEL(rtp,secure)} header=\${PJSIP_HEADER(read,X-Ringfence-Verdict)})
 same => n,Milliwatt()
`;

/** Warnings and errors of its log: there may be none. */
const complaints = (asterisk: Asterisk): string[] => complaintsIn(asterisk.log());

interface Variant {
  readonly name: string;
  readonly switchSettings: Readonly<Record<string, string>>;
  readonly telephoneSettings: Readonly<Record<string, string>>;
  readonly secure: "0" | "1";
}

function variants(authority: TestAuthority): Variant[] {
  const tls = (file: string, address: string): Record<string, string> => {
    const { certFile, keyFile } = authority.issue(file, [`IP:${address}`, `DNS:${address}`]);
    return { TLS: "yes", TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile, TLS_CA_FILE: authority.caFile };
  };
  return [
    { name: "plain", switchSettings: {}, telephoneSettings: {}, secure: "0" },
    {
      name: "TLS and SRTP",
      switchSettings: { ...tls("switch", "127.0.0.1"), AGENT_TRANSPORT: "tls", AGENT_SRTP: "sdes" },
      telephoneSettings: { ...tls("telephone", TELEPHONE), CARRIER_TRANSPORT: "tls", CARRIER_SRTP: "sdes" },
      secure: "1",
    },
  ];
}

async function startPair(variant: Variant): Promise<{ pbx: Asterisk; telephone: Asterisk }> {
  const pbx = await startAsterisk({
    dialplan: "none",
    settings: {
      CHECK: "no",
      CARRIER_MATCH: CARRIER,
      AGENTS: "agent1",
      AGENT_PASSWORD_agent1: PASSWORD,
      ...variant.switchSettings,
    },
  });
  const port = variant.secure === "1" ? pbx.tlsPort : pbx.sipPort;
  const telephone = await startAsterisk({
    dialplan: "none",
    settings: {
      SIP_ADDRESS: TELEPHONE,
      CARRIER_ADDRESS: "127.0.0.1",
      CARRIER_PORT: port,
      CARRIER_USERNAME: "agent1",
      CARRIER_PASSWORD: PASSWORD,
      ...variant.telephoneSettings,
    },
    files: { "extensions.conf": TONE },
  });
  await until(
    "the telephone to register",
    async () => (await telephone.cli("pjsip show registrations")).includes("Registered"),
    60_000,
  );
  return { pbx, telephone };
}

/** Received and lost packets of the channels of one endpoint, as Asterisk counts them. */
async function received(asterisk: Asterisk, endpoint: string): Promise<number> {
  const lines = (await asterisk.cli("pjsip show channelstats")).split("\n");
  const line = lines.find((candidate) => candidate.includes(`${endpoint}-`));
  return Number(/(?:ulaw|alaw)\s+(\d+)/.exec(line ?? "")?.[1] ?? 0);
}

describe("asterisk-conf as an operator has it", { skip }, () => {
  const authority = new TestAuthority();
  after(() => authority.remove());
  for (const variant of skip === false ? variants(authority) : []) {
    describe(variant.name, () => {
      let pbx: Asterisk;
      let telephone: Asterisk;
      before(async () => {
        ({ pbx, telephone } = await startPair(variant));
      });
      after(() => Promise.all([pbx.stop(), telephone.stop()]));

      test("a call of the carrier reaches a registered telephone, with sound", async (t) => {
        const sipp = startSipp({
          scenario: "uac",
          remote: `127.0.0.1:${pbx.sipPort}`,
          localPort: await freeUdpPort(CARRIER),
          calledUser: "12025550100",
          calls: 1,
          // Its sound has to be seen meanwhile, by a command that a busy machine may need seconds for.
          holdMs: 20_000,
          extra: ["-i", CARRIER, "-timeout", "90"],
        });
        t.after(() => sipp.running.stop("SIGKILL"));
        await until("sound from the telephone", async () => (await received(pbx, "agent1")) > 20).catch(
          async (error: unknown) => {
            const channels = await pbx.cli("pjsip show channelstats");
            assert.fail(`${String(error)}\n${channels}\n${sipp.running.output().slice(-2_000)}\n${pbx.log()}`);
          },
        );
        assert.equal((await sipp.result()).successful, 1, pbx.log());
        const safe = `signalling secure=${variant.secure} media secure=${variant.secure} `;
        await until(safe, () => telephone.log().includes(safe));
      });

      test("the call is in Asterisk's records", async () => {
        await until("the record", () =>
          /"12025550100","ring-agents".*"ANSWERED"/.test(pbx.logged("cdr-csv/Master.csv")),
        );
        for (const event of ["CHAN_START", "ANSWER", "BRIDGE_ENTER", "HANGUP"])
          await until(`${event} in the event log`, () => pbx.logged("cel-custom/Master.csv").includes(`"${event}"`));
      });

      test("its log has neither warning nor error, from loading to the end of the call", () => {
        assert.deepEqual(complaints(pbx), []);
        assert.deepEqual(complaints(telephone), []);
      });

      test("a stranger who calls himself the carrier, the gateway or a telephone is not let in", async () => {
        const stranger = new Phone("127.0.0.9");
        await stranger.open();
        const legs = ["carrier", "gateway", "agent1", "anonymous"].map((name) =>
          stranger.call(name, "12025550100", { address: "127.0.0.1", port: pbx.sipPort }),
        );
        await stranger.until(() => legs.every(({ endedBy }) => endedBy !== undefined));
        stranger.close();
        assert.deepEqual(
          legs.map(({ endedBy }) => endedBy),
          ["401", "401", "401", "401"],
        );
      });
    });
  }
});

describe("asterisk-conf with everything switched on", { skip }, () => {
  const authority = new TestAuthority();
  after(() => authority.remove());
  for (const listen of ["ari", "audiosocket"]) {
    test(`loads without a warning or an error: LISTEN=${listen}`, async (t) => {
      const { certFile, keyFile } = authority.issue(listen, ["IP:127.0.0.1"]);
      const pbx = await startAsterisk({
        dialplan: "none",
        settings: {
          ...{ TLS: "yes", TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile, TLS_CA_FILE: authority.caFile },
          ...{ CARRIER_TRANSPORT: "tls", CARRIER_SRTP: "sdes", AGENT_TRANSPORT: "tls", AGENT_SRTP: "sdes" },
          ...{ GATEWAY_TRUNK: "yes", GATEWAY_TRANSPORT: "tls", GATEWAY_SRTP: "sdes", AGENTS: "a,b,c" },
          ...{ STIR_SHAKEN: "both", STIR_CA_FILE: authority.caFile, STIR_KEY_FILE: keyFile, STIR_PERMIT: "10.0.0.0/8" },
          ...{ STIR_CERT_URL: "https://192.0.2.7/c.pem", EXTERNAL_ADDRESS: "192.0.2.1", LOCAL_NET: "127.0.0.0/8" },
          LISTEN: listen,
        },
      });
      t.after(() => pbx.stop());
      assert.deepEqual(complaints(pbx), []);
      assert.match(await pbx.cli("cel show status"), /CEL Logging: Enabled/);
      assert.match(await pbx.cli("cdr show status"), /csv/);
      assert.match(await pbx.cli("ari show status"), /ARI Status:\s*\n(?:.*\n)*\s*Enabled: Yes/);
      assert.match(await pbx.cli("stir_shaken show eprofiles"), /carrier/);
      assert.match(await pbx.cli("pjsip show transports"), /transport-tls/);
      for (const endpoint of ["carrier", "gateway", "a", "b", "c"])
        assert.match(await pbx.cli(`pjsip show endpoint ${endpoint}`), /media_encryption\s+: sdes/);
    });
  }
});

describe("calls of a telephone with the gateway's trunk", { skip }, () => {
  test("go through the gateway, and straight to the carrier when it is gone", async (t) => {
    const ports = { hop: await freeUdpPort(HOP), carrier: await freeUdpPort(CARRIER) };
    // Whoever answers no OPTIONS is not called.
    const server = (address: string, localPort: number) =>
      startSipp({ scenario: "uas", localPort, extra: ["-i", address, "-aa"] });
    const [hop, carrier] = [server(HOP, ports.hop), server(CARRIER, ports.carrier)];
    let hopUp = true;
    const pbx = await startAsterisk({
      dialplan: "none",
      settings: {
        CARRIER_PORT: ports.carrier,
        GATEWAY_TRUNK: "yes",
        GATEWAY_ADDRESS: HOP,
        GATEWAY_PORT: ports.hop,
      },
    });
    t.after(async () => {
      await pbx.stop();
      await Promise.all([carrier.stop(), hopUp ? hop.stop() : undefined]);
    });
    const contactIs = (what: RegExp) => async (): Promise<boolean> => what.test(await pbx.cli("pjsip show contacts"));
    await until("the gateway to be asked", contactIs(/gateway\/sip:\S+\s+\w+\s+Avail/), 30_000);
    const call = (): Promise<string> => pbx.cli("channel originate Local/12025550177@from-agents application Wait 1");
    const answeredBy = (name: string): boolean => new RegExp(`PJSIP/${name}-\\w+ answered`).test(pbx.log());
    await call();
    await until("the gateway to answer", () => answeredBy("gateway"));
    assert.equal(answeredBy("carrier"), false);
    hopUp = false;
    await hop.running.stop("SIGKILL");
    await hop.result();
    await until("the gateway to be missed", contactIs(/gateway\/sip:\S+\s+\w+\s+Unavail/), 90_000);
    await call();
    await until("the carrier to answer", () => answeredBy("carrier"));
  });
});
