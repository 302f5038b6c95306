import assert from "node:assert/strict";
import { test } from "node:test";
import { WaitingRequests } from "../../../gateway/core/waiting-requests.js";
import { FakeClock } from "../../support/fake-clock.js";

function scene() {
  const clock = new FakeClock();
  const codes = { unavailable: "stt.unavailable", busy: "stt.busy", timeout: "stt.timeout" } as const;
  const requests = new WaitingRequests({ clock, limit: 2, name: "the recogniser", codes });
  const said: string[] = [];
  let lastId = 0;
  /** @returns What its answer carries. */
  const ask = (what: string, timeoutMs = 2_000): number => {
    requests
      .add<string>(what, timeoutMs, (id) => (lastId = id))
      .then(
        (answer) => said.push(`${what}: ${answer}`),
        (error: unknown) => said.push((error as Error).message),
      );
    return lastId;
  };
  const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { clock, requests, said, ask, turns };
}

test("an answer that does not come in time is a time-out; one more than the limit is refused", async () => {
  const { clock, requests, said, ask, turns } = scene();
  const first = ask("open");
  ask("offer");
  ask("close");
  requests.resolve(first, "done");
  await turns();
  assert.deepEqual(said, ["close: too many requests wait for the recogniser", "open: done"]);
  clock.advance(2_100);
  await turns();
  assert.deepEqual(said.slice(2), ["offer: the recogniser did not answer in time"]);
});

test("this thread stood still: answers that wait to be read are read before anything times out", async () => {
  const { clock, requests, said, ask, turns } = scene();
  const answered = ask("open");
  ask("offer");
  clock.advance(150);
  clock.stall(5_000);
  requests.resolve(answered, "done");
  await turns();
  assert.deepEqual(said, ["open: done"]);
  clock.advance(100);
  await turns();
  assert.deepEqual(said.slice(1), ["offer: the recogniser did not answer in time"]);
});

test("a thread that is late again and again does not wait for ever", async () => {
  const { clock, said, ask, turns } = scene();
  ask("open", 300);
  for (let i = 0; i < 3; i++) clock.stall(250);
  await turns();
  assert.deepEqual(said, ["open: the recogniser did not answer in time"]);
});
