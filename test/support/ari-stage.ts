import { startAsterisk, type Asterisk } from "./asterisk.js";
import { startGateway, type GatewayProcess } from "./gateway-process.js";
import { openTelephones, type Telephones } from "./telephones.js";

/** `+1…` goes to the called side's telephone; what else a dialplan does with calls, under a few short numbers. */
const EXTENSIONS = `
[general]
[incoming]
exten => _+X.,1,Dial(PJSIP/\${EXTEN}@peer,20)
 same => n,Hangup()
exten => 911,1,Answer()
 same => n,Wait(300)
; a ring group
exten => 51,1,Dial(PJSIP/1001@peer&PJSIP/1002@peer,20)
; a forward through the dialplan
exten => 52,1,Dial(Local/+12025550152@incoming,20)
; and one whose Local channel stays
exten => 53,1,Dial(Local/+12025550153@incoming/n,20)
exten => 55,1,Busy(1)
exten => _56!,1,Answer()
 same => n,Wait(300)
exten => _57!,1,Ringing()
 same => n,Answer()
 same => n,Wait(300)
exten => 58,1,Hangup(21)
exten => 200,1,Stasis(ringfence)
 same => n,Answer()
 same => n,Wait(300)
exten => 60,1,Answer()
 same => n,Wait(0.3)
 same => n,Goto(+12025550160,1)
; a queue and a conference: modules that a test loads itself
exten => 80,1,Queue(support,,,,20)
exten => 81,1,Answer()
 same => n,ConfBridge(room)
; rings for ever
exten => 61,1,Ringing()
 same => n,Wait(300)
exten => 62,1,Wait(300)
; out through the hop
exten => _7.,1,Dial(PJSIP/hop/sip:\${EXTEN:1}@127.0.0.1:\${HOP_PORT},20)
exten => a,1,Hangup()
`;

const PJSIP = `
[global]
type = global
user_agent = asterisk-it
endpoint_identifier_order = ip,username

[udp]
type = transport
protocol = udp
bind = 0.0.0.0:@SIP_PORT@

[base](!)
type = endpoint
disallow = all
allow = ulaw
direct_media = no
context = incoming
rtp_symmetric = yes

[carrier](base)
[carrier]
type = identify
endpoint = carrier
match = 127.0.0.0/8

[peer](base)
aors = peer
[peer]
type = aor
contact = sip:127.0.0.1:@PEER_PORT@

[hop](base)
`;

const QUEUES = `
[support]
strategy = ringall
ringinuse = yes
member => PJSIP/peer
`;

/** Ports for hundreds of calls: Asterisk leaves out those that are taken. */
const RTP = `
[general]
rtpstart = 16400
rtpend = 32399
strictrtp = no
`;

export interface AriAsteriskOptions {
  /** Port of the called side. */
  readonly peerPort: number;
}

/** A real Asterisk that calls of anybody on loopback come to. Its global HOP_PORT: where calls to `7…` go out. */
export function startAriAsterisk({ peerPort }: AriAsteriskOptions): Promise<Asterisk> {
  return startAsterisk({
    files: {
      "extensions.conf": EXTENSIONS,
      "pjsip.conf": PJSIP,
      "rtp.conf": RTP,
      "queues.conf": QUEUES,
      "confbridge.conf": "[general]\n",
    },
    values: { PEER_PORT: peerPort },
  });
}

/** `asterisk.servers[]` for it. An Asterisk that stands still for some seconds is waited for. */
export const serverOf = (asterisk: Asterisk, id: string, more: Readonly<Record<string, unknown>> = {}) => ({
  id,
  ariUrl: asterisk.ariUrl,
  username: asterisk.ariUser,
  password: asterisk.ariPassword,
  requestTimeoutMs: 20_000,
  ...more,
});

/** The production process beside a real Asterisk that it only observes, and telephones around it. */
export interface AriStage {
  readonly asterisk: Asterisk;
  readonly gateway: GatewayProcess;
  readonly phones: Telephones;
  close(): Promise<void>;
}

export async function openAriStage(
  sections: Readonly<Record<string, unknown>> = {},
  server: Readonly<Record<string, unknown>> = {},
): Promise<AriStage> {
  const phones = await openTelephones();
  const asterisk = await startAriAsterisk({ peerPort: phones.called.port });
  const gateway = await startGateway({
    asterisk: { servers: [serverOf(asterisk, "pbx1", server)] },
    ...sections,
  }).catch(async (error: unknown) => {
    await asterisk.stop();
    phones.close();
    throw error;
  });
  return {
    asterisk,
    gateway,
    phones,
    close: async () => {
      await gateway.stop();
      await asterisk.stop();
      phones.close();
    },
  };
}
