import { createHash, createHmac } from "node:crypto";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { writeWav } from "../../gateway/media/wav/write-wav.js";
import { startGateway, type GatewayProcess } from "./gateway-process.js";
import { encodeText } from "./modem/encode-tones.js";
import { modemEngineFile } from "./modem/engine-file.js";
import { temporaryFolder, until } from "./processes.js";

export interface CrmPost {
  readonly key: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
  /** What it was answered with. */
  readonly status: number;
}

/** A CRM on loopback that keeps what it is sent; what it answers can be set. */
export class FakeCrm {
  readonly posts: CrmPost[] = [];
  /** Results by idempotency key, as a CRM keeps them that honours it. */
  readonly kept = new Map<string, CrmPost>();
  status = 201;
  /** Called after a post was taken, before it is answered. */
  onPost: () => Promise<void> | void = () => undefined;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body = JSON.parse(Buffer.concat(chunks).toString("utf8")) as CrmPost["body"];
        const key = String(request.headers["idempotency-key"]);
        const { status } = this;
        const post = { key, headers: request.headers, body, status };
        this.posts.push(post);
        if (status < 300 && !this.kept.has(key)) this.kept.set(key, post);
        void Promise.resolve(this.onPost()).then(() => response.writeHead(status).end());
      });
    });
  }

  async open(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/calls`;
  }

  /** Posts of that result that it took. */
  taken(key: string): number {
    return this.posts.filter((post) => post.key === key && post.status < 300).length;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export type Serve = (request: IncomingMessage, response: ServerResponse) => void;

/** Where recordings come from: a web server on loopback that answers as a test wants. */
export class FakeSource {
  readonly asked: { readonly url: string; readonly headers: IncomingHttpHeaders }[] = [];
  serve: Serve = (_request, response) => void response.writeHead(404).end();
  readonly #server = createServer((request, response) => {
    this.asked.push({ url: request.url ?? "", headers: request.headers });
    this.serve(request, response);
  });

  /** @returns Its base, without a slash at the end. */
  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A file with an entity tag, whole or from where it is asked. */
export const serveFile =
  (bytes: Uint8Array, type = "audio/wav"): Serve =>
  (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const head = { "content-type": type, etag: '"one"', "content-length": bytes.byteLength - from };
    const range = { "content-range": `bytes ${from}-${bytes.byteLength - 1}/${bytes.byteLength}` };
    response.writeHead(from > 0 ? 206 : 200, from > 0 ? { ...head, ...range } : head).end(bytes.subarray(from));
  };

export const WEBHOOK_SECRET = "webhook-secret-of-tests-0123456789";

/** The value of `X-Ringfence-Signature`. */
export const signed = (body: string, seconds = Math.floor(Date.now() / 1_000), secret = WEBHOOK_SECRET): string =>
  `t=${seconds},v1=${createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")}`;

export type Said = readonly [channel: number, text: string];

/** A WAV file in which one after the other speaks, by tone modem; 0.8 s of silence between them. @param channels 1 or 2. */
export function spokenWav(talk: readonly Said[], channels = 2): Uint8Array {
  const rate = 8_000;
  const gap = Math.round(0.8 * rate);
  const sounds = talk.map(([channel, text]) => ({ channel, samples: encodeText(text) }));
  const length = sounds.reduce((sum, { samples }) => sum + samples.length + gap, gap);
  const tracks = Array.from({ length: channels }, () => new Float32Array(length));
  let at = gap;
  for (const { channel, samples } of sounds) {
    tracks[Math.min(channel, channels - 1)]?.set(samples, at);
    at += samples.length + gap;
  }
  return writeWav({ sampleRateHz: rate, channels: tracks });
}

export const jobId = (callId: string, source: string): string =>
  createHash("sha256").update(`${callId}\n${source}`).digest("hex").slice(0, 32);

export interface RecordingsStage {
  gateway: GatewayProcess;
  readonly crm: FakeCrm;
  readonly folder: string;
  /** kill -9, and a new process on the same folder. */
  killAndStart(): Promise<void>;
  job(id: string): Promise<Job>;
  until(id: string, stage: string, timeoutMs?: number): Promise<Job>;
  upload(callId: string, bytes: Uint8Array, query?: string): Promise<Job & { new: boolean }>;
  close(): Promise<void>;
}

export interface Job {
  readonly id: string;
  readonly stage: string;
  readonly progress: number;
  readonly attempts: number;
  readonly error: string | null;
  readonly detail: string | null;
  readonly call_id: string;
  readonly state: string | null;
}

type Section = Readonly<Record<string, unknown>>;

/** The production process with the tone modem as recogniser, and a CRM. */
export async function recordingsStage(own: Section = {}, sections: Section = {}): Promise<RecordingsStage> {
  const folder = temporaryFolder("recordings");
  const crm = new FakeCrm();
  const url = await crm.open();
  const all = {
    speech: {
      engine: "module",
      module: { path: await modemEngineFile(folder.path) },
      voiceActivity: { engine: "energy" },
    },
    recordings: {
      enabled: true,
      crm: { url },
      webhook: { secret: WEBHOOK_SECRET },
      download: { hosts: ["127.0.0.1"], plainHttp: true, privateNetworks: ["127.0.0.0/8"] },
      retryFirstMs: 50,
      retryMostMs: 500,
      ...own,
    },
    ...sections,
  };
  const start = (): Promise<GatewayProcess> => startGateway(all, { folder: folder.path });
  let gateway = await start();
  const job = async (id: string): Promise<Job> => (await gateway.api(`/api/v1/recordings/${id}`)).json as Job;
  return {
    get gateway() {
      return gateway;
    },
    crm,
    folder: folder.path,
    killAndStart: async () => {
      await gateway.stop("SIGKILL");
      gateway = await start();
    },
    job,
    until: async (id, stage, timeoutMs = 90_000) => {
      let last: Job | undefined;
      try {
        await until(
          stage,
          async () => {
            last = await job(id);
            return last.stage === stage;
          },
          timeoutMs,
        );
      } catch (error) {
        throw new Error(`${JSON.stringify(last)}\n${gateway.running.output().slice(-3_000)}`, { cause: error });
      }
      return last as unknown as Job;
    },
    upload: async (callId, bytes, query = "") => {
      const answer = await fetch(
        new URL(`/api/v1/recordings/upload?call_id=${encodeURIComponent(callId)}${query}`, gateway.ready.http),
        {
          method: "POST",
          headers: { authorization: `Bearer ${gateway.adminKey}`, "content-type": "application/octet-stream" },
          body: bytes,
        },
      );
      const json = (await answer.json()) as Job & { new: boolean };
      if (answer.status > 202) throw new Error(`${answer.status} ${JSON.stringify(json)}`);
      return json;
    },
    close: async () => {
      await gateway.stop();
      await crm.close();
      folder.remove();
    },
  };
}
