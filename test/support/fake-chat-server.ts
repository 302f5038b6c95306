import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface ChatRequest {
  readonly headers: IncomingMessage["headers"];
  readonly url: string;
  readonly body: {
    readonly model: string;
    readonly messages: readonly { readonly role: string; readonly content: string }[];
    readonly temperature: number;
    readonly max_tokens: number;
    readonly response_format: {
      readonly type: string;
      readonly json_schema: {
        readonly schema: { readonly properties: Readonly<Record<string, { readonly enum?: readonly unknown[] }>> };
      };
    };
  };
}

/** Answers one request; the default is a valid completion made from the schema's first choices. */
export type ChatAnswer = (request: ChatRequest, response: ServerResponse) => void;

export const completion = (content: string): string =>
  JSON.stringify({
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1_700_000_000,
    model: "fake",
    choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  });

const obedient: ChatAnswer = ({ body }, response) => {
  const { properties } = body.response_format.json_schema.schema;
  const answer = Object.fromEntries(
    Object.entries(properties).map(([name, rule]) => [name, rule.enum?.[0] ?? "A few words."]),
  );
  response.setHeader("content-type", "application/json").end(completion(JSON.stringify(answer)));
};

/** A server with OpenAI's chat completions, as its documentation describes them. */
export class FakeChatServer {
  readonly requests: ChatRequest[] = [];
  answer: ChatAnswer = obedient;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<FakeChatServer> {
    const server = createServer();
    const fake = new FakeChatServer(server);
    server.on("request", (request, response) => void fake.#serve(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as ChatRequest["body"];
    const seen = { headers: request.headers, url: request.url ?? "", body };
    this.requests.push(seen);
    this.answer(seen, response);
  }
}
