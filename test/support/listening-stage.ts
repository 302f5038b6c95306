import { Phone, type Leg } from "../demo/phone.js";
import { Voice } from "../demo/voice.js";
import { startGateway, type GatewayProcess } from "./gateway-process.js";
import { modemEngineFile } from "./modem/engine-file.js";
import { temporaryFolder, until } from "./processes.js";

/** What the API shows of a call that is listened to. */
export interface HeardAnswer {
  readonly state: string;
  readonly score: number;
  readonly kind: string;
  readonly lines: readonly { readonly speaker: string; readonly text: string; readonly final: boolean }[];
}

export interface ListeningStage {
  readonly gateway: GatewayProcess;
  readonly caller: Phone;
  readonly callersVoice: Voice;
  readonly called: Phone;
  readonly calledVoice: Voice;
  /** Sets a call up and waits until both sides can speak. */
  call(from: string, to: string): Promise<Leg>;
  heard(leg: Leg): Promise<HeardAnswer | undefined>;
  /** The called side's leg of that call. */
  calledLeg(leg: Leg): Leg | undefined;
  close(): Promise<void>;
}

/** The production process with the relay and the tone modem as recogniser, and two telephones that speak. */
export async function listeningStage(sections: Readonly<Record<string, unknown>> = {}): Promise<ListeningStage> {
  const folder = temporaryFolder("listening");
  const [callersVoice, calledVoice] = [new Voice("127.0.0.1"), new Voice("127.0.0.1")];
  const [caller, called] = [new Phone("127.0.0.1", callersVoice), new Phone("127.0.0.1", calledVoice)];
  await Promise.all([callersVoice, calledVoice, caller, called].map((each) => each.open()));
  const gateway = await startGateway({
    sip: { nextHops: [`127.0.0.1:${called.port}`] },
    defaultTrunk: { media: { anchor: "relay", listen: true } },
    // On a machine that stands still for a while a call that is not anchored in time would not be heard.
    media: { describeTimeoutMs: 10_000 },
    speech: {
      engine: "module",
      module: { path: await modemEngineFile(folder.path) },
      voiceActivity: { engine: "energy" },
    },
    ...sections,
  });
  const calledLeg = (leg: Leg): Leg | undefined =>
    [...called.legs.values()].find(({ from, to }) => from === leg.from && to === leg.to);
  return {
    gateway,
    caller,
    callersVoice,
    called,
    calledVoice,
    calledLeg,
    call: async (from, to) => {
      const leg = caller.call(from, to, { address: "127.0.0.1", port: gateway.sipPort });
      await until("an answer", () => leg.answeredAt !== undefined);
      return leg;
    },
    heard: async (leg) => {
      const { status, json } = await gateway.api(`/api/v1/calls/${encodeURIComponent(leg.callId)}/heard`);
      return status === 200 ? (json as HeardAnswer) : undefined;
    },
    close: async () => {
      await gateway.stop();
      for (const each of [caller, called, callersVoice, calledVoice]) each.close();
      folder.remove();
    },
  };
}
