import { Phone } from "../demo/phone.js";
import { startAsterisk, type Asterisk } from "./asterisk.js";
import { PATIENT_AGI, startGateway, type GatewayProcess } from "./gateway-process.js";

/** Asks about every call before it answers it; what came of it stands in the log as `SEEN verdict reason score call-id`. */
const DIALPLAN = `[general]
static = yes
writeprotect = yes
[globals]
RINGFENCE_AGI = @AGI_ADDRESS@
RINGFENCE_WAIT = @WAIT@
#include "ringfence.conf"
[incoming]
exten => _[+0-9].,1,Gosub(ringfence-check,s,1)
 same => n,NoOp(SEEN \${RINGFENCE_VERDICT} \${RINGFENCE_REASON} \${RINGFENCE_SCORE} \${RINGFENCE_CALL_ID})
 same => n,Answer()
 same => n,Wait(60)
`;

export interface AgiStage {
  readonly gateway: GatewayProcess;
  readonly asterisk: Asterisk;
  /** On 127.0.0.1: the base configuration takes calls from there. */
  readonly phone: Phone;
  /** What Asterisk's dialplan saw, in order. */
  seen(): readonly string[];
  close(): Promise<void>;
}

/** The production gateway and a real Asterisk whose dialplan asks it. `waitSeconds`: how long a call waits for it at most. */
export async function agiStage(sections: Readonly<Record<string, unknown>> = {}, waitSeconds = 1): Promise<AgiStage> {
  const gateway = await startGateway({
    ...sections,
    asterisk: { agi: PATIENT_AGI, ...(sections["asterisk"] as object | undefined) },
  });
  try {
    const values = { AGI_ADDRESS: gateway.ready.asterisk?.["agi"] ?? "", WAIT: waitSeconds };
    const asterisk = await startAsterisk({ files: { "extensions.conf": DIALPLAN }, values, rtpPorts: 600 });
    const phone = new Phone("127.0.0.1");
    await phone.open();
    return {
      gateway,
      asterisk,
      phone,
      seen: () => [...asterisk.log().matchAll(/"SEEN ([^"]*)"/g)].map(([, text = ""]) => text),
      close: async () => {
        phone.close();
        await Promise.all([asterisk.stop(), gateway.stop()]);
      },
    };
  } catch (error) {
    await gateway.stop();
    throw error;
  }
}
