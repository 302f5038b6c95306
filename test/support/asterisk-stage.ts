import { Phone, type Leg } from "../demo/phone.js";
import { Voice } from "../demo/voice.js";
import { startAsterisk, type Asterisk } from "./asterisk.js";
import { startGateway, type GatewayProcess } from "./gateway-process.js";
import type { HeardAnswer } from "./listening-stage.js";
import { decodeTones } from "./modem/decode-tones.js";
import { modemEngineFile } from "./modem/engine-file.js";
import { temporaryFolder, until } from "./processes.js";

/** Telephones on both sides; what each extension does is the dialplan of dialplan/extensions.conf. */
const DIALPLAN = `[general]
static = yes
[globals]
RINGFENCE_WAIT = 20
#include "ringfence.conf"
[incoming]
; heard, as the dialplan asks
exten => _+1202X.,1,Gosub(ringfence-listen,s,1)
 same => n,Dial(PJSIP/\${EXTEN}@peer,20)
; nothing is asked
exten => _+1303X.,1,Dial(PJSIP/\${EXTEN}@peer,20)
exten => 112,1,Gosub(ringfence-listen,s,1)
 same => n,Dial(PJSIP/\${EXTEN}@peer,20)
; screened
exten => _+1404X.,1,Set(RINGFENCE_LANGUAGE=en)
 same => n,Goto(screen,\${EXTEN},1)
exten => _+1505X.,1,Set(RINGFENCE_LANGUAGE=es)
 same => n,Goto(screen,\${EXTEN},1)
; whoever gets the verdict \`screen\` over AGI is screened
exten => _+1606X.,1,Set(RINGFENCE_LANGUAGE=en)
 same => n,Gosub(ringfence-check,s,1)
 same => n,Verbose(0,CHECKED \${RINGFENCE_VERDICT} \${RINGFENCE_REASON} \${RINGFENCE_SCREENING} \${RINGFENCE_SCREENING_REASON})
 same => n,Dial(PJSIP/\${EXTEN}@peer,20)
[screen]
exten => _X.,1,NoOp()
exten => _+X.,1,Gosub(ringfence-screen,s,1)
 same => n,Verbose(0,SCREENED \${RINGFENCE_SCREENING} \${RINGFENCE_SCREENING_REASON})
 same => n,Dial(PJSIP/\${EXTEN}@peer,20)
[ringfence-voicemail]
exten => s,1,Verbose(0,SCREENED \${RINGFENCE_SCREENING} \${RINGFENCE_SCREENING_REASON})
 same => n,Wait(1)
 same => n,Hangup()
`;

const PJSIP = `[global]
type = global
user_agent = asterisk-it
endpoint_identifier_order = username,ip,anonymous
[udp]
type = transport
protocol = udp
bind = 127.0.0.1:@SIP_PORT@
[base](!)
type = endpoint
disallow = all
allow = ulaw
direct_media = no
media_address = 127.0.0.1
bind_rtp_to_media_address = yes
dtmf_mode = inband
context = incoming
[sipp](base)
[sipp]
type = identify
endpoint = sipp
match = 127.0.0.1
[peer](base)
aors = peer
[peer]
type = aor
contact = sip:127.0.0.1:@PEER_PORT@
`;

/** What a telephone hears, from now on. */
export class Earwitness {
  readonly #pieces: Float32Array[] = [];
  #loudest = 0;
  #soFar = { packets: 0, text: "" };

  constructor(voice: Voice) {
    voice.ear = (samples) => {
      this.#pieces.push(samples);
      for (const x of samples) this.#loudest = Math.max(this.#loudest, Math.abs(x));
    };
  }

  /** Of all samples, 0–1. */
  get loudest(): number {
    return this.#loudest;
  }

  get packets(): number {
    return this.#pieces.length;
  }

  /** How loud one frequency is, 0–1, in the strongest 400 ms: speech of the modem, 10 ms a tone, hardly counts. */
  tone(hz: number): number {
    const all = this.#all();
    const window = 3_200;
    let most = 0;
    for (let at = 0; at + window <= all.length; at += 800) {
      let [re, im] = [0, 0];
      for (let i = 0; i < window; i++) {
        const x = all[at + i] ?? 0;
        re += x * Math.cos((2 * Math.PI * hz * i) / 8_000);
        im += x * Math.sin((2 * Math.PI * hz * i) / 8_000);
      }
      most = Math.max(most, (2 * Math.hypot(re, im)) / window);
    }
    return most;
  }

  /** What the modem makes of it, or of the last of it. */
  text(lastMs = Number.POSITIVE_INFINITY): string {
    const all = this.#all();
    return decodeTones(all.subarray(Math.max(0, all.length - 8 * lastMs)), 8_000)
      .map(({ text }) => text)
      .join(" ");
  }

  /**
   * The same, for who looks again and again: read anew when 200 ms more have come. To read all of it at every look would take a core
   * from those who are to be heard.
   */
  textSoFar(lastMs?: number): string {
    if (this.packets - this.#soFar.packets >= 10) this.#soFar = { packets: this.packets, text: this.text(lastMs) };
    return this.#soFar.text;
  }

  #all(): Float32Array {
    const all = new Float32Array(this.#pieces.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of this.#pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }
}

export interface AsteriskStage {
  readonly asterisk: Asterisk;
  readonly gateway: () => GatewayProcess;
  readonly caller: Phone;
  readonly callersVoice: Voice;
  readonly called: Phone;
  readonly calledVoice: Voice;
  /** Calls through the Asterisk, and waits for the answer. */
  call(from: string, to: string): Promise<Leg>;
  calledLeg(leg: Leg): Leg | undefined;
  /** What the gateway calls the call of the telephone that called last. */
  callId(): Promise<string>;
  heard(callId: string): Promise<HeardAnswer | undefined>;
  /** Channels of Asterisk, by the driver: `PJSIP` → 2. */
  channels(): Promise<ReadonlyMap<string, number>>;
  bridges(): Promise<number>;
  ari(method: string, path: string, query?: Readonly<Record<string, string>>): Promise<unknown>;
  /** A gateway in place of the one that was there, which is gone. */
  startAgain(sections?: Readonly<Record<string, unknown>>): Promise<void>;
  close(): Promise<void>;
}

export interface AsteriskStageOptions {
  /** Of the one server of `asterisk.servers`. */
  readonly server?: Readonly<Record<string, unknown>>;
  /** The same Asterisk once more, under another name and another application: how it is heard in several ways at once. */
  readonly alsoServers?: (asterisk: Asterisk) => readonly Readonly<Record<string, unknown>>[];
  /** Configuration files of Asterisk. */
  readonly files?: Readonly<Record<string, string>>;
  /** Of the gateway. */
  readonly env?: Record<string, string>;
  /** Of `asterisk`. */
  readonly asterisk?: Readonly<Record<string, unknown>>;
  readonly sections?: Readonly<Record<string, unknown>>;
}

/** The first of its requests may take as long as a busy Asterisk does. */
const ARI_UP_MS = 60_000;

/** A real Asterisk with two telephones, and the production process beside it: no trunk goes through the gateway. */
export async function asteriskStage(options: AsteriskStageOptions = {}): Promise<AsteriskStage> {
  const folder = temporaryFolder("asterisk-stage");
  const [callersVoice, calledVoice] = [new Voice("127.0.0.1"), new Voice("127.0.0.1")];
  const [caller, called] = [new Phone("127.0.0.1", callersVoice), new Phone("127.0.0.1", calledVoice)];
  await Promise.all([callersVoice, calledVoice, caller, called].map((each) => each.open()));
  const asterisk = await startAsterisk({
    files: { "extensions.conf": DIALPLAN, "pjsip.conf": PJSIP, ...options.files },
    values: { PEER_PORT: called.port },
  });
  const path = await modemEngineFile(folder.path);
  const also = options.alsoServers?.(asterisk) ?? [];
  const start = (sections: Readonly<Record<string, unknown>> = {}): Promise<GatewayProcess> => {
    const all = {
      speech: { engine: "module", module: { path }, voiceActivity: { engine: "energy" } },
      asterisk: {
        servers: [options.server, ...also].map((server) => ({
          id: "pbx",
          ariUrl: asterisk.ariUrl,
          username: asterisk.ariUser,
          password: asterisk.ariPassword,
          requestTimeoutMs: 20_000,
          ...server,
        })),
        ...options.asterisk,
      },
      ...options.sections,
      ...sections,
    };
    return startGateway(all, { env: options.env ?? {} });
  };
  let gateway = await start().catch(async (error: unknown) => {
    await asterisk.stop();
    throw error;
  });
  const ari = async (method: string, to: string, query: Readonly<Record<string, string>> = {}): Promise<unknown> => {
    const authorization = `Basic ${Buffer.from(`${asterisk.ariUser}:${asterisk.ariPassword}`).toString("base64")}`;
    const answer = await fetch(`${asterisk.ariUrl}${to}?${new URLSearchParams(query).toString()}`, {
      method,
      headers: { authorization },
    });
    const text = await answer.text();
    return text === "" ? undefined : (JSON.parse(text) as unknown);
  };
  /** The dialplan asks where this gateway answers, and ARI is up. */
  const join = async (): Promise<void> => {
    const { agi } = gateway.ready.asterisk ?? {};
    if (agi !== undefined) await asterisk.cli(`dialplan set global RINGFENCE_AGI ${agi}`);
    await until("ARI", async () => (await gateway.metric("ringfence_ari_up")) === 1 + also.length, ARI_UP_MS);
  };
  const close = async (): Promise<void> => {
    await gateway.stop();
    await asterisk.stop();
    for (const each of [caller, called, callersVoice, calledVoice]) each.close();
    folder.remove();
  };
  await join().catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    asterisk,
    gateway: () => gateway,
    caller,
    callersVoice,
    called,
    calledVoice,
    ari,
    call: async (from, to) => {
      const leg = caller.call(from, to, { address: "127.0.0.1", port: asterisk.sipPort });
      await until("an answer", () => leg.answeredAt !== undefined || leg.status >= 300);
      return leg;
    },
    calledLeg: (leg) => [...called.legs.values()].find(({ to }) => to === leg.to),
    callId: async () => {
      const channels = (await ari("GET", "/channels")) as { id: string; name: string }[];
      const callers = channels.filter(({ name }) => name.startsWith("PJSIP/sipp-"));
      return `pbx;${callers.at(-1)?.id ?? ""}`;
    },
    heard: async (callId) => {
      const { status, json } = await gateway.api(`/api/v1/calls/${encodeURIComponent(callId)}/heard`);
      return status === 200 ? (json as HeardAnswer) : undefined;
    },
    channels: async () => {
      const counts = new Map<string, number>();
      for (const { name } of (await ari("GET", "/channels")) as { name: string }[]) {
        const driver = name.slice(0, name.indexOf("/"));
        counts.set(driver, (counts.get(driver) ?? 0) + 1);
      }
      return counts;
    },
    bridges: async () => ((await ari("GET", "/bridges")) as unknown[]).length,
    startAgain: async (sections) => {
      gateway = await start(sections);
      await join();
    },
    close,
  };
}
