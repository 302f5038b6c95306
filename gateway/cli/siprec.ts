import { createSocket } from "node:dgram";
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { DnsResolver } from "../adapters/sip-embedded/resolver/dns-resolver.js";
import { EmbeddedSipEndpoint } from "../adapters/sip-embedded/embedded-endpoint.js";
import { createTransports } from "../adapters/sip-embedded/transport/create-transports.js";
import type { ClientCall, ClientDialect, ClientTrack } from "../adapters/siprec-client/client-session.js";
import { SiprecClient, type ClientDestination, type ClientOutcome } from "../adapters/siprec-client/siprec-client.js";
import { CryptoRandom } from "../adapters/system/crypto-random.js";
import { SystemClock } from "../adapters/system/system-clock.js";
import { GatewayError } from "../core/errors.js";
import { G711, type G711Law } from "../media/g711/g711.js";
import { resampleAll } from "../media/resample/resampler.js";
import { readWav, type WavError } from "../media/wav/read-wav.js";

/** As commander hands them over. */
export interface SiprecSendOptions {
  readonly to: string;
  readonly caller: string;
  readonly called: string;
  readonly callId?: string;
  readonly codec: string;
  readonly dialect: string;
  readonly json?: boolean;
}

const CODECS = ["PCMU", "PCMA"] as const satisfies readonly G711Law[];
const DIALECTS = ["rfc", "acme", "cisco"] as const satisfies readonly ClientDialect[];
const RATE_HZ = 8_000;
/** An hour of stereo at 48 kHz; more is no test. */
const MOST_FILE_BYTES = 700_000_000;

/** `ringfence siprec send`. */
export function registerSiprec(program: Command): void {
  program
    .command("siprec")
    .description("recording sessions (SIPREC, RFC 7866)")
    .command("send")
    .description("record a WAV file to a gateway as a session border controller would, in the time that it lasts")
    .argument("<caller.wav>", "stereo: left = caller, right = called side; or the caller alone")
    .argument("[called.wav]", "the called side, where the first file is mono")
    .option("--to <uri>", "the gateway", "sip:127.0.0.1:5060")
    .option("--caller <number>", "who calls: number or URI", "+12025550101")
    .option("--called <number>", "who is called", "+12025550199")
    .option("--call-id <id>", "Call-ID of the recorded call, for the metadata; default: a fresh one")
    .option("--codec <codec>", "PCMU or PCMA", "PCMU")
    .option("--dialect <dialect>", "rfc, acme (Oracle), or cisco (a phone's two INVITEs)", "rfc")
    .option("--json", "print the outcome as one JSON object")
    .action(async (first: string, second: string | undefined, options: SiprecSendOptions) => {
      const stop = new AbortController();
      process.once("SIGINT", () => stop.abort());
      process.exitCode = await siprecSend(second === undefined ? [first] : [first, second], options, {
        print: (line) => console.log(line),
        complain: (line) => console.error(`siprec send: ${line}`),
        signal: stop.signal,
      });
    });
}

export interface SiprecSendSide {
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
  /** Stops sending; the session is ended properly. */
  readonly signal: AbortSignal;
}

/** @returns The exit status: 0 all of it was taken, 1 it was refused, cut short, or not wanted in part, 2 options or files are wrong. */
export async function siprecSend(
  files: readonly string[],
  options: SiprecSendOptions,
  { print, complain, signal }: SiprecSendSide,
): Promise<number> {
  const codec = CODECS.find((each) => each === options.codec.toUpperCase());
  const dialect = DIALECTS.find((each) => each === options.dialect);
  const wrong = (line: string): number => {
    complain(line);
    return 2;
  };
  if (codec === undefined) return wrong(`--codec is one of ${CODECS.join(", ")}, not ${options.codec}`);
  if (dialect === undefined) return wrong(`--dialect is one of ${DIALECTS.join(", ")}, not ${options.dialect}`);
  if (!/^sips?:\S+$/i.test(options.to)) return wrong(`--to is a SIP URI such as sip:127.0.0.1:5060, not ${options.to}`);
  const tracks = await readTracks(files, codec, complain);
  if (typeof tracks === "string") return wrong(tracks);
  try {
    const outcome = await send(options, { codec, dialect, tracks }, signal);
    print(options.json === true ? JSON.stringify(outcome) : describe(outcome));
    return outcome.end === "sent" && outcome.accepted === outcome.offered ? 0 : 1;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    complain(`${error.code}: ${error.message}`);
    return 1;
  }
}

/** One track a side, or what is wrong with the files. */
async function readTracks(
  files: readonly string[],
  codec: G711Law,
  complain: SiprecSendSide["complain"],
): Promise<readonly ClientTrack[] | string> {
  const channels: Uint8Array[] = [];
  for (const file of files) {
    const read = await readChannels(file, codec, complain);
    if (typeof read === "string") return `${file}: ${read}`;
    if (files.length === 2 && read.length !== 1)
      return `${file}: has ${read.length} channels; of two files each has one`;
    channels.push(...read);
  }
  if (channels.length > 2)
    return `${files[0] ?? ""}: has ${channels.length} channels; left = caller, right = called side`;
  return channels.map((audio, index) => ({ side: index === 0 ? "caller" : "called", audio }));
}

async function readChannels(
  file: string,
  codec: G711Law,
  complain: SiprecSendSide["complain"],
): Promise<readonly Uint8Array[] | string> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENOENT"
      ? "there is no such file"
      : String(error);
  }
  if (bytes.byteLength > MOST_FILE_BYTES) return `larger than ${MOST_FILE_BYTES / 1_000_000} MB`;
  const wav = readWav(bytes);
  if (!wav.ok) return explain(wav.error);
  const { sampleRateHz, truncated } = wav.value;
  if (truncated) complain(`${file}: ends before the length that its header announces; what is there is sent`);
  const law = new G711(codec);
  const coded: Uint8Array[] = [];
  for (const samples of wav.value.channels) {
    const audio = sampleRateHz === RATE_HZ ? { samples } : resampleAll({ sampleRateHz, samples }, RATE_HZ);
    if (audio === undefined) return `a rate of ${sampleRateHz} Hz cannot be converted`;
    const into = new Uint8Array(audio.samples.length);
    law.encode(audio.samples, into);
    coded.push(into);
  }
  return coded;
}

const WAV_FAULTS: Readonly<Record<WavError["code"], string>> = {
  "wav.not-wav": "is no WAV file",
  "wav.truncated": "ends in the middle of its header",
  "wav.format": "has a header that makes no sense",
  "wav.coding": "has a coding that cannot be read",
  "wav.empty": "has no sound in it",
};

const explain = ({ code, tag }: WavError): string =>
  tag === undefined ? WAV_FAULTS[code] : `${WAV_FAULTS[code]} (format tag ${tag})`;

async function send(
  options: SiprecSendOptions,
  { codec, dialect, tracks }: Pick<ClientCall, "codec" | "dialect" | "tracks">,
  signal: AbortSignal,
): Promise<ClientOutcome> {
  const clock = new SystemClock();
  const random = new CryptoRandom();
  const resolver = new DnsResolver({ clock, random });
  const targets = await resolver.resolve(options.to);
  const [first] = targets;
  if (first === undefined) throw new GatewayError("dns.failed", `${options.to} leads nowhere`);
  const localAddress = await addressTowards(first);
  const protocols = [...new Set(["udp" as const, ...targets.map(({ protocol }) => protocol)])];
  const transports = createTransports({
    listeners: protocols
      .filter((protocol) => protocol !== "tls")
      .map((protocol) => ({ protocol, address: localAddress, port: 0 })),
    udp: { receiveBufferBytes: 262_144, sendBufferBytes: 262_144 },
    clock,
  });
  const endpoint = new EmbeddedSipEndpoint({ transports, resolver, clock, random });
  await endpoint.start({
    onInvite: (invite) => void invite.respond({ status: 486 }),
    onRequest: (request) => void request.respond({ status: 405 }),
  });
  try {
    const call: ClientCall = {
      caller: options.caller,
      called: options.called,
      callId: options.callId ?? `${random.token(12)}@${localAddress}`,
      codec,
      dialect,
      tracks,
      startedAt: new Date(clock.unix()).toISOString(),
    };
    const to: ClientDestination = { uri: options.to, targets, localAddress };
    return await new SiprecClient({ endpoint, clock, random }).record(call, to, signal);
  } finally {
    await endpoint.close();
  }
}

/** Our own address towards a peer, as the routing table has it; nothing is sent. */
async function addressTowards({ address, port }: { readonly address: string; readonly port: number }): Promise<string> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("error", (cause) => reject(new GatewayError("sip.transport", `no way to ${address}`, { cause })));
      socket.connect(port, address, resolve);
    });
    return socket.address().address;
  } finally {
    socket.close();
  }
}

function describe(outcome: ClientOutcome): string {
  const { status, reason, local, end, accepted, offered, packets, tookMs } = outcome;
  const seconds = (tookMs / 1_000).toFixed(1);
  if (end === "refused")
    return local ? `the gateway does not answer (${status} ${reason})` : `refused: ${status} ${reason}`;
  const lines = `${accepted} of ${offered} lines taken, ${packets} packets in ${seconds} s`;
  return end === "sent" ? `recorded: ${lines}` : `cut short: ${lines}; the recording was ended before the file was`;
}
