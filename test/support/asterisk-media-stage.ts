import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { Phone, type Leg } from "../demo/phone.js";
import { Voice } from "../demo/voice.js";
import { startAsterisk, type Asterisk } from "./asterisk.js";
import { PATIENT_AGI, startGateway, type GatewayProcess } from "./gateway-process.js";
import type { HeardAnswer } from "./listening-stage.js";
import { AsteriskMediaScene, SERVER } from "./asterisk-media-scene.js";
import { modemEngineFile } from "./modem/engine-file.js";
import { temporaryFolder, until } from "./processes.js";

/** Extension 3NN talks to the gateway under this UUID. */
export const uuidOf = (extension: string): string => `40325ec2-5efd-4bd3-805f-000000000${extension}`;

/** Formats of extension 850. */
export const ON_AUDIO_SOCKETS = [
  "slin",
  "slin12",
  "slin16",
  "slin24",
  "slin32",
  "slin44",
  "slin48",
  "slin96",
  "slin192",
];
export const ON_WEB_SOCKETS = ["ulaw", "alaw", "g722", "opus", "slin", "slin24", "slin48"];

const EXTENSIONS = `
[general]
static = yes
writeprotect = yes

[globals]
RINGFENCE_AGI = 127.0.0.1:@AGI_PORT@
RINGFENCE_WAIT = 20
RINGFENCE_AUDIOSOCKET = 127.0.0.1:@AUDIOSOCKET_PORT@
ON_AUDIOSOCKETS = ${ON_AUDIO_SOCKETS.join("-")}
ON_WEBSOCKETS = ${ON_WEB_SOCKETS.join("-")}

#include "ringfence.conf"

[incoming]
; both sides over AudioSocket, by the contexts that operators include
exten => 800,1,Gosub(ringfence-check,s,1(tell))
 same => n,Gosub(ringfence-listen-audiosocket,s,1)
 same => n,Dial(PJSIP/800@peer,20,U(ringfence-listen-callee))
 same => n,Hangup()
; both sides over media WebSockets at 16 kHz
exten => 820,1,Set(__CALL=ws-\${UNIQUEID})
 same => n,Originate(Local/spy@fork/n,exten,fork,ws,1,5,av(SIDE=caller^CALL=\${CALL}^SPIED=\${CHANNEL(name)}))
 same => n,Dial(PJSIP/820@peer,20,U(ws-callee))
 same => n,Hangup()
; the caller alone: the application, the channel driver at 16 kHz, the media WebSocket
exten => _30X,1,Answer()
 same => n,AudioSocket(40325ec2-5efd-4bd3-805f-000000000\${EXTEN},127.0.0.1:@AUDIOSOCKET_PORT@)
 same => n,Hangup(17)
exten => _31X,1,Answer()
 same => n,Dial(AudioSocket/127.0.0.1:@AUDIOSOCKET_PORT@/40325ec2-5efd-4bd3-805f-000000000\${EXTEN}/c(slin16),,g)
 same => n,Hangup(17)
exten => _32X,1,Answer()
 same => n,Dial(WebSocket/media1/c(slin16)v(uuid=40325ec2-5efd-4bd3-805f-000000000\${EXTEN}),,g)
 same => n,Hangup(17)
exten => _33X,1,Answer()
 same => n,Dial(WebSocket/media1/c(ulaw)f(json)v(uuid=40325ec2-5efd-4bd3-805f-000000000\${EXTEN}),,g)
 same => n,Hangup(17)

exten => 101,1,Answer()
 same => n,Echo()

; one call, heard in many formats at once: over AudioSockets as UUIDs …601, …602, over media WebSockets as …701, …702
exten => 850,1,Answer()
 same => n,Set(n=0)
 same => n(more),Set(n=$[\${n}+1])
 same => n,Set(two=\${IF($[\${n} < 10]?0\${n}:\${n})})
 same => n,Set(as=\${CUT(ON_AUDIOSOCKETS,-,\${n})})
 same => n,Set(ws=\${CUT(ON_WEBSOCKETS,-,\${n})})
 same => n,ExecIf($[\${LEN(\${as})} > 0]?Originate(Local/spy@fork/n,exten,fork,as,1,5,av(CODEC=\${as}^UUID=40325ec2-5efd-4bd3-805f-0000000006\${two}^SPIED=\${CHANNEL(name)})))
 same => n,ExecIf($[\${LEN(\${ws})} > 0]?Originate(Local/spy@fork/n,exten,fork,format,1,5,av(CODEC=\${ws}^UUID=40325ec2-5efd-4bd3-805f-0000000007\${two}^SPIED=\${CHANNEL(name)})))
 same => n,GotoIf($[\${LEN(\${as}\${ws})} > 0]?more)
 same => n,Wait(60)

[ws-callee]
exten => s,1,Originate(Local/spy@fork/n,exten,fork,ws,1,5,av(SIDE=callee^CALL=\${CALL}^SPIED=\${CHANNEL(name)}))
 same => n,Return()

[fork]
exten => spy,1,Answer()
 same => n,ChanSpy(\${SPIED},qoES)
 same => n,Hangup()
exten => as,1,Dial(AudioSocket/127.0.0.1:@AUDIOSOCKET_PORT@/\${UUID}/c(\${CODEC}))
 same => n,Hangup()
exten => format,1,Dial(WebSocket/media1/c(\${CODEC})v(uuid=\${UUID}))
 same => n,Hangup()
exten => ws,1,Dial(WebSocket/media1/c(slin16)v(call=\${CALL},speaker=\${SIDE},caller=12025550101,called=12025550199))
 same => n,Hangup()
`;

/** A real Asterisk whose telephones speak, and whatever takes its audio. */
export interface AudioStage {
  readonly asterisk: Asterisk;
  readonly caller: Phone;
  readonly callersVoice: Voice;
  readonly called: Phone;
  readonly calledVoice: Voice;
  /** Sets a call up and waits until it is answered. */
  call(to: string): Promise<Leg>;
  close(): Promise<void>;
}

export interface AudioPorts {
  readonly audioSocket: number;
  readonly mediaWebSocket: number;
  readonly agi?: number;
}

/** Until an Asterisk that stands still for some seconds has said what its connection is. */
export const CLAIM_TIMEOUT_MS = 30_000;
export const PATIENT_SERVER = { ...SERVER, claimTimeoutMs: CLAIM_TIMEOUT_MS } as const;

/** The media thread in this process, and an Asterisk whose dialplan brings its sound there. */
export async function mediaStage(): Promise<{
  media: AsteriskMediaScene;
  stage: AudioStage;
  readonly close: () => Promise<void>;
}> {
  const media = await AsteriskMediaScene.start({
    worker: {
      audioSocket: PATIENT_SERVER,
      mediaWebSocket: { ...PATIENT_SERVER, path: "/media", username: "media", password: "secret" },
    },
  });
  const port = Number(/:(\d+)\//.exec(media.media.addresses.mediaWebSocket ?? "")?.[1]);
  const stage = await audioStage({ audioSocket: media.audioSocketPort, mediaWebSocket: port });
  const close = async (): Promise<void> => {
    await stage.close();
    await media.close();
  };
  return { media, stage, close };
}

export async function audioStage(ports: AudioPorts): Promise<AudioStage> {
  const [callersVoice, calledVoice] = [new Voice("127.0.0.1"), new Voice("127.0.0.1")];
  const [caller, called] = [new Phone("127.0.0.1", callersVoice), new Phone("127.0.0.1", calledVoice)];
  await Promise.all([callersVoice, calledVoice, caller, called].map((each) => each.open()));
  const asterisk = await startAsterisk({
    files: { "extensions.conf": EXTENSIONS },
    values: {
      PEER_PORT: called.port,
      AUDIOSOCKET_PORT: ports.audioSocket,
      WS_PORT: ports.mediaWebSocket,
      AGI_PORT: ports.agi ?? 9,
    },
  });
  return {
    asterisk,
    caller,
    callersVoice,
    called,
    calledVoice,
    call: async (to) => {
      const leg = caller.call("12025550101", to, { address: "127.0.0.1", port: asterisk.sipPort });
      await until(`an answer from ${to}`, () => leg.status >= 200, 30_000);
      if (leg.status !== 200) throw new Error(`${to} answered ${leg.status}:\n${asterisk.log().slice(-4_000)}`);
      return leg;
    },
    close: async () => {
      await asterisk.stop();
      for (const each of [caller, called, callersVoice, calledVoice]) each.close();
    },
  };
}

const portOf = (address: string | undefined): number => Number(/:(\d+)(?:\/|$)/.exec(address ?? "")?.[1] ?? 0);

export interface HearingStage extends AudioStage {
  readonly gateway: GatewayProcess;
  /** What the API shows of a call; undefined: nobody listens to it. */
  heard(callId: string): Promise<HeardAnswer | undefined>;
  /** Ids of all calls that the log says were asked about over AGI. */
  askedCallIds(): readonly string[];
}

/** The production process with the tone modem as recogniser beside that Asterisk. */
export async function hearingStage(): Promise<HearingStage> {
  const folder = temporaryFolder("asterisk-media");
  const taking = { enabled: true, listenPort: 0, claimTimeoutMs: CLAIM_TIMEOUT_MS };
  const gateway = await startGateway({
    speech: {
      engine: "module",
      module: { path: await modemEngineFile(folder.path) },
      voiceActivity: { engine: "energy" },
    },
    asterisk: {
      agi: PATIENT_AGI,
      audioSocket: { ...taking, acceptUnknown: true },
      mediaWebSocket: { ...taking, acceptUnknown: true, username: "media", password: "secret" },
    },
  });
  const { agi, audioSocket, mediaWebSocket } = gateway.ready.asterisk ?? {};
  const stage = await audioStage({
    agi: portOf(agi),
    audioSocket: portOf(audioSocket),
    mediaWebSocket: portOf(mediaWebSocket),
  }).catch(async (error: unknown) => {
    await gateway.stop();
    folder.remove();
    throw error;
  });
  return {
    ...stage,
    gateway,
    heard: async (callId) => {
      const { status, json } = await gateway.api(`/api/v1/calls/${encodeURIComponent(callId)}/heard`);
      return status === 200 ? (json as HeardAnswer) : undefined;
    },
    askedCallIds: () =>
      [...stage.asterisk.log().matchAll(/__RINGFENCE_CALL_ID=(asterisk;[\d.]+)/g)].map(([, id]) => id ?? ""),
    close: async () => {
      await stage.close();
      await gateway.stop();
      folder.remove();
    },
  };
}

const HEARD_MS = 20_000;
/** Where the telephone was not later than that, and nobody had to wait for a CPU, what is said once is heard. */
const LATE_MS = 40;
const MOST_WAITED = 0.1;
const TIMES_SAID = 3;

/** For so long somebody has waited for a CPU since this machine was started, ms; 0 where the kernel does not say (PSI, Linux 4.20). */
function waitedForCpuMs(): number {
  try {
    return Number(/^some .*total=(\d+)/m.exec(readFileSync("/proc/pressure/cpu", "utf8"))?.[1] ?? 0) / 1_000;
  } catch {
    return 0;
  }
}

/**
 * Says it and waits until it is text. Once, unless the telephone could not keep time, or the machine had too much to do for Asterisk to
 * keep it: then the sound was torn before anybody heard it.
 * @throws Error where it is not.
 */
export async function sayOnce(voice: Voice, text: string, isHeard: () => Promise<boolean>): Promise<void> {
  for (let times = 1; ; times++) {
    const [began, waited] = [performance.now(), waitedForCpuMs()];
    await voice.say(text);
    const isBusy = (waitedForCpuMs() - waited) / (performance.now() - began) > MOST_WAITED;
    try {
      await until(`"${text}"`, isHeard, times === TIMES_SAID ? HEARD_MS : HEARD_MS / 2);
      return;
    } catch (error) {
      if (times === TIMES_SAID || !(isBusy || voice.lateMs >= LATE_MS)) throw error;
    }
  }
}

/** @throws Error with what was heard instead. */
export async function sayUntilHeard(
  stage: HearingStage,
  callId: string,
  speaker: "caller" | "callee",
  text: string,
): Promise<void> {
  const voice = speaker === "caller" ? stage.callersVoice : stage.calledVoice;
  const isHeard = async (): Promise<boolean> =>
    (await stage.heard(callId))?.lines.some(
      (line) => line.final && line.speaker === speaker && line.text.toLowerCase() === text,
    ) ?? false;
  try {
    await sayOnce(voice, text, isHeard);
  } catch (cause) {
    throw new Error(`late by ${voice.lateMs.toFixed(0)} ms: ${JSON.stringify(await stage.heard(callId))}`, { cause });
  }
}
