import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { asteriskMissing, startAsterisk, type Asterisk } from "../../support/asterisk.js";
import { TestAuthority } from "../../support/certificates.js";
import { startGateway, type GatewayProcess } from "../../support/gateway-process.js";
import { until } from "../../support/processes.js";
import { complaintsIn } from "../../support/asterisk-complaints.js";

const skip = asteriskMissing() ?? false;
const CARRIER = "127.0.0.3";

/** The carrier: answers, plays a tone, and says how safe the way was. */
const TONE = `[from-carrier]
exten => _[+0-9].,1,Answer()
 same => n,NoOp(SECURE signalling=\${CHANNEL(pjsip,secure)} media=\${CHANNEL(rtp,secure)} from=\${CALLERID(num)})
 same => n,Milliwatt()
`;

// TLS of OpenSSL in Node against TLS of OpenSSL in PJSIP, and SRTP keys that pass through the hop untouched.
describe("asterisk-conf: telephones' calls through the gateway's hop, TLS and SRTP all the way", { skip }, () => {
  const authority = new TestAuthority();
  let pbx: Asterisk;
  let carrier: Asterisk;
  let gateway: GatewayProcess;
  const tls = (file: string, address: string): Record<string, string> => {
    const { certFile, keyFile } = authority.issue(file, [`IP:${address}`, `DNS:${address}`]);
    return { TLS: "yes", TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile, TLS_CA_FILE: authority.caFile };
  };

  before(async () => {
    carrier = await startAsterisk({
      dialplan: "none",
      settings: {
        ...tls("carrier", CARRIER),
        SIP_ADDRESS: CARRIER,
        CARRIER_ADDRESS: "127.0.0.1",
        CARRIER_TRANSPORT: "tls",
        CARRIER_SRTP: "sdes",
      },
      files: { "extensions.conf": TONE },
    });
    const own = authority.issue("hop", ["IP:127.0.0.1", "DNS:127.0.0.1"]);
    gateway = await startGateway({
      sip: {
        listenPort: 0,
        nextHops: [`sip:${CARRIER}:${carrier.tlsPort};transport=tls`],
        listeners: [
          { protocol: "tls", address: "127.0.0.1", port: 0, tls: own },
          { protocol: "udp", address: "127.0.0.1", port: 0 },
        ],
        tlsClient: { ...own, caFile: authority.caFile },
      },
    });
    const hopPort = Number(/:(\d+)$/.exec(gateway.ready.sip.find((name) => name.startsWith("tls:")) ?? "")?.[1]);
    pbx = await startAsterisk({
      dialplan: "none",
      settings: {
        ...tls("pbx", "127.0.0.1"),
        CARRIER_ADDRESS: "127.0.0.2",
        GATEWAY_TRUNK: "yes",
        GATEWAY_PORT: hopPort,
        GATEWAY_TRANSPORT: "tls",
        GATEWAY_SRTP: "sdes",
      },
    });
  });
  after(async () => {
    await Promise.all([pbx.stop(), gateway.stop(), carrier.stop()]);
    authority.remove();
  });

  test("the call is answered, and sound comes", async () => {
    await pbx.cli("channel originate Local/12025550177@from-agents application Wait 20");
    await until("the carrier to answer", () => /SECURE /.test(carrier.log()));
    assert.match(carrier.log(), /SECURE signalling=1 media=1 /);
    await until("sound", async () => {
      const line = (await pbx.cli("pjsip show channelstats")).split("\n").find((each) => each.includes("gateway-"));
      return Number(/(?:ulaw|alaw)\s+(\d+)/.exec(line ?? "")?.[1] ?? 0) > 50;
    });
    await pbx.cli("channel request hangup all");
    await until("the carrier's channel to be gone", async () =>
      (await carrier.cli("core show channels count")).startsWith("0 active channels"),
    );
  });

  test("neither Asterisk complains", () => {
    assert.deepEqual(
      [pbx, carrier].flatMap((each) => complaintsIn(each.log())),
      [],
    );
  });
});
