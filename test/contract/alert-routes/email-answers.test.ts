import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { EmailRoute, type EmailOptions } from "../../../gateway/adapters/email/email-route.js";
import { sampleNotice } from "../../support/alert-notices.js";
import { until } from "../../support/processes.js";
import { ScriptedSmtp, type ScriptedSmtpSettings } from "../../support/scripted-smtp.js";

const TO = ["archive@example.com", "oncall@EXAMPLE.com", "soc@example.com"];
const lower = (of: readonly string[] | undefined) => of?.map((each) => each.toLowerCase());
const delivery = { id: "case-1.1.mail", attempt: 1 };

async function scene(t: TestContext, settings: ScriptedSmtpSettings, change: Partial<EmailOptions> = {}) {
  const smtp = await ScriptedSmtp.start(settings);
  const route = new EmailRoute({
    ...{ host: "127.0.0.1", port: smtp.port, security: "none", tls: {}, from: "ringfence@example.com" },
    ...{ to: TO, timeoutMs: 30_000 },
    ...change,
  });
  t.after(async () => {
    await route.close();
    await smtp.close();
  });
  const send = (attempt = 1) => route.send(sampleNotice(), { ...delivery, attempt });
  return { smtp, route, send };
}

test("e-mail: what was given up for its time is not delivered behind our back", async (t) => {
  const { smtp, send } = await scene(t, { delayMs: 200 }, { timeoutMs: 700 });
  assert.deepEqual(await send(), { kind: "failed", why: "timeout" });
  await until("the connection to end", () => smtp.connections === 0);
  assert.deepEqual(smtp.mails, []);
});

test("e-mail: a route that is closed ends the mail under way", async (t) => {
  const { smtp, route, send } = await scene(t, { delayMs: 200 });
  const sending = send();
  await until("the connection", () => smtp.connections === 1);
  await route.close();
  assert.equal((await sending).kind, "failed");
  await until("the connection to end", () => smtp.connections === 0);
  assert.deepEqual(smtp.mails, []);
});

test("e-mail: who is to be asked again (450) gets it later, and nobody else twice", async (t) => {
  let busy = true;
  const refusals = (address: string) => (busy && address.startsWith("oncall") ? "450 greylisted" : undefined);
  const { smtp, send } = await scene(t, { recipients: refusals });
  assert.deepEqual(await send(), { kind: "failed", why: "SMTP 450 for 1 of 3 recipients" });
  assert.deepEqual(await send(2), { kind: "failed", why: "SMTP 450 for 1 of 3 recipients" });
  busy = false;
  assert.deepEqual(await send(3), { kind: "sent" });
  assert.deepEqual(
    smtp.mails.map(({ to }) => lower(to)),
    [["archive@example.com", "soc@example.com"], ["oncall@example.com"]],
  );
  const named = smtp.mails.map(({ content }) => lower(TO)?.filter((each) => content.toLowerCase().includes(each)));
  assert.deepEqual(named, [lower(TO), lower(TO)], "To names all");
  // That was this delivery: another one goes to all.
  await send(1);
  assert.deepEqual(lower(smtp.mails.at(-1)?.to), lower(TO));
});

test("e-mail: recipients that will never take it (550) are told of, and not asked again", async (t) => {
  const refusals = (address: string) =>
    address.startsWith("oncall") ? "450 later" : address.startsWith("soc") ? "550 nobody" : undefined;
  const asked: string[] = [];
  let busy = true;
  const { smtp, send } = await scene(t, {
    recipients: (address) => {
      asked.push(address);
      return busy ? refusals(address) : undefined;
    },
  });
  assert.deepEqual(await send(), { kind: "failed", why: "SMTP 450 for 1 of 3 recipients" });
  busy = false;
  asked.length = 0;
  assert.deepEqual(await send(2), { kind: "sent", refused: 1 });
  assert.deepEqual(lower(asked), ["oncall@example.com"]);
  assert.equal(smtp.mails.length, 2);
});

test("e-mail: none of the recipients is final for all only when each is", async (t) => {
  const never = await scene(t, { recipients: () => "550 nobody" });
  assert.deepEqual(await never.send(), { kind: "rejected", why: "SMTP 550" });
  const mixed = await scene(t, { recipients: (address) => (address.startsWith("soc") ? "451 later" : "550 nobody") });
  assert.deepEqual(await mixed.send(), { kind: "failed", why: "SMTP 451 for 1 of 3 recipients" });
  const later = await scene(t, { recipients: () => "451 later" });
  assert.deepEqual(await later.send(), { kind: "failed", why: "SMTP 451" });
});
