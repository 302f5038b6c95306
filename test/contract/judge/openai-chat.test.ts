import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { verdictQuestion } from "../../../detection/index.js";
import { ChatModel } from "../../../gateway/adapters/openai-compatible/chat-model.js";
import { completion, FakeChatServer, type ChatAnswer } from "../../support/fake-chat-server.js";
import { dialogue, failsWith, languageModelContract, never, UNSURE } from "./language-model-contract.js";

let server: FakeChatServer;
before(async () => void (server = await FakeChatServer.start()));
after(() => server.close());

const model = (change: Partial<ConstructorParameters<typeof ChatModel>[0]> = {}): ChatModel =>
  new ChatModel({ url: server.url, model: "small", timeoutMs: 60_000, ...change });
const question = verdictQuestion(dialogue("please read me the code"), UNSURE);

languageModelContract({ name: "OpenAI-compatible chat", make: () => Promise.resolve(model()) });

test("OpenAI-compatible chat: the request is the documented one; the dialogue is in the user message only", async () => {
  await model({ apiKey: "sk-secret", url: `${server.url}/` }).complete(question, never());
  const request = server.requests.at(-1);
  assert.equal(request?.url, "/v1/chat/completions");
  assert.equal(request.headers.authorization, "Bearer sk-secret");
  const { messages, temperature, response_format: format, max_tokens: most } = request.body;
  assert.deepEqual(
    messages.map(({ role }) => role),
    ["system", "user"],
  );
  assert.deepEqual(
    messages.map(({ content }) => content.includes("read me the code")),
    [false, true],
  );
  assert.deepEqual([temperature, format.type, most], [0, "json_schema", question.maxTokens]);
});

const faults: readonly (readonly [name: string, answer: ChatAnswer])[] = [
  ["a 500", (_, response) => void response.writeHead(500).end("oops")],
  ["a 401", (_, response) => void response.writeHead(401).end('{"error":{"message":"bad key sk-secret"}}')],
  ["a 429", (_, response) => void response.writeHead(429, { "retry-after": "1" }).end()],
  ["HTML", (_, response) => void response.end("<html>login</html>")],
  ["JSON of another kind", (_, response) => void response.end('{"choices":[]}')],
  ["an answer without end", (_, response) => endless(response)],
  ["a connection that is cut", (_, response) => void response.socket?.destroy()],
  ["a redirect", (_, response) => void response.writeHead(302, { location: "http://127.0.0.1:1/" }).end()],
];
for (const [name, answer] of faults) {
  test(`OpenAI-compatible chat: ${name} is judge.unavailable, and health says so until an answer comes`, async (t) => {
    const before = server.answer;
    t.after(() => void (server.answer = before));
    server.answer = answer;
    const asked = model({ apiKey: "sk-secret" });
    await assert.rejects(asked.complete(question, never()), failsWith("judge.unavailable"));
    assert.equal(asked.ok, false);
    assert.ok(!asked.detail.includes("sk-secret"));
    server.answer = before;
    await asked.complete(question, never());
    assert.equal(asked.ok, true);
  });
}

test("OpenAI-compatible chat: a server that is silent is judge.timeout", async (t) => {
  const before = server.answer;
  t.after(() => void (server.answer = before));
  server.answer = () => undefined;
  await assert.rejects(model({ timeoutMs: 50 }).complete(question, never()), failsWith("judge.timeout"));
});

test("OpenAI-compatible chat: a server that is not there is judge.unavailable", async () => {
  await assert.rejects(
    model({ url: "http://127.0.0.1:1/v1" }).complete(question, never()),
    failsWith("judge.unavailable"),
  );
});

test("OpenAI-compatible chat: what the model wrote is handed on as it is", async (t) => {
  const before = server.answer;
  t.after(() => void (server.answer = before));
  server.answer = (_, response) => void response.end(completion("not json"));
  assert.equal(await model().complete(question, never()), "not json");
});

function endless(response: Parameters<ChatAnswer>[1]): void {
  const more = (): void => {
    while (!response.destroyed && response.write("x".repeat(65_536)));
  };
  response.on("drain", more);
  more();
}
