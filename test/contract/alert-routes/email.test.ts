import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test, type TestContext } from "node:test";
import { EmailRoute, type EmailOptions } from "../../../gateway/adapters/email/email-route.js";
import { testNotice } from "../../../gateway/pipeline/alerts/test-notice.js";
import { hostileNotice, sampleNotice } from "../../support/alert-notices.js";
import { TestAuthority } from "../../support/certificates.js";
import { until } from "../../support/processes.js";
import {
  smtpServerAbsent,
  startSmtpServer,
  type SmtpServer,
  type SmtpServerSettings,
} from "../../support/smtp-server.js";
import { alertRouteContract } from "./alert-route-contract.js";

const delivery = { id: "case-0011223344556677.1.mail", attempt: 1 };
const absent = smtpServerAbsent();

if (absent !== undefined) {
  test(`e-mail beside a real SMTP server: ${absent}`, { skip: absent }, () => undefined);
} else {
  const authority = new TestAuthority();
  const pair = authority.issue("smtp", ["DNS:localhost"]);
  after(() => authority.remove());

  const scene = async (
    t: TestContext,
    server: SmtpServerSettings,
    change: Partial<EmailOptions> = {},
  ): Promise<{ route: EmailRoute; smtp: SmtpServer }> => {
    const smtp = await startSmtpServer({ ...pair, ...server });
    const route = new EmailRoute({
      host: "localhost",
      port: smtp.port,
      security: server.security,
      tls: { ca: readFileSync(authority.caFile, "utf8") },
      from: "ringfence@example.com",
      to: ["soc@example.com", "ana@example.com"],
      timeoutMs: 30_000,
      ...change,
    });
    t.after(async () => {
      await route.close();
      await smtp.stop();
    });
    return { route, smtp };
  };

  alertRouteContract("e-mail", async (t) => {
    const { route, smtp } = await scene(t, { security: "starttls" });
    return { route, received: () => smtp.mails.map(({ content }) => content), goAway: () => smtp.stop() };
  });

  for (const security of ["starttls", "tls"] as const) {
    test(`e-mail: ${security} with a password, to all recipients, encrypted`, async (t) => {
      const credentials = { user: "ringfence", password: "mail-secret" };
      const { route, smtp } = await scene(
        t,
        { security, auth: security === "starttls" },
        security === "starttls" ? credentials : {},
      );
      assert.deepEqual(await route.send(sampleNotice(), delivery), { kind: "sent" });
      await until("the mail", () => smtp.mails.length === 1);
      const [mail] = smtp.mails;
      assert.deepEqual(
        [mail?.from, mail?.to, mail?.tls, mail?.authenticated],
        ["ringfence@example.com", ["soc@example.com", "ana@example.com"], true, security === "starttls"],
      );
    });
  }

  test("e-mail: one Message-ID in every try, one thread a case, and no absence notes back", async (t) => {
    const { route, smtp } = await scene(t, { security: "starttls" });
    await route.send(sampleNotice(), delivery);
    await route.send(sampleNotice(), { ...delivery, attempt: 2 });
    await until("both mails", () => smtp.mails.length === 2);
    const header = (name: string): (string | undefined)[] =>
      smtp.mails.map(({ content }) => new RegExp(`^${name}: (.*)$`, "im").exec(content)?.[1]?.trim());
    const id = "<case-0011223344556677.1.mail@ringfence.invalid>";
    assert.deepEqual(header("Message-ID"), [id, id]);
    assert.deepEqual(header("References")[0], "<case-0011223344556677@ringfence.invalid>");
    assert.deepEqual(header("Auto-Submitted")[0], "auto-generated");
  });

  test("e-mail: a test is of no case, and no answer to itself", async (t) => {
    const { route, smtp } = await scene(t, { security: "starttls" });
    await route.send(testNotice("test-0011223344556677", sampleNotice().at), {
      id: "test-0011223344556677",
      attempt: 1,
    });
    await until("the mail", () => smtp.mails.length === 1);
    const content = smtp.mails[0]?.content ?? "";
    assert.match(content, /^Message-ID: <test-0011223344556677@ringfence\.invalid>/im);
    assert.doesNotMatch(content, /^(?:In-Reply-To|References):/im);
  });

  test("e-mail: what callers write adds no header, no recipient and no mail", async (t) => {
    const { route, smtp } = await scene(t, { security: "starttls" });
    assert.deepEqual(await route.send(hostileNotice(), delivery), { kind: "sent" });
    // Another mail after it: what the first one may have smuggled in would come before.
    assert.deepEqual(await route.send(sampleNotice(), delivery), { kind: "sent" });
    await until("two mails", () => smtp.mails.length >= 2);
    assert.equal(smtp.mails.length, 2);
    const [mail] = smtp.mails;
    assert.ok(mail !== undefined);
    assert.deepEqual(mail.to, ["soc@example.com", "ana@example.com"]);
    const head = mail.content.split(/\r?\n\r?\n/)[0] ?? "";
    assert.ok(!/^bcc:/im.test(head), head);
    const names = head.split(/\r?\n/).flatMap((line) => /^([\w-]+):/.exec(line)?.[1]?.toLowerCase() ?? []);
    assert.deepEqual(names.filter((name) => ["to", "subject", "from"].includes(name)).sort(), [
      "from",
      "subject",
      "to",
    ]);
  });

  test("e-mail: a wrong password is tried again, as it may be put right, and its text is not told", async (t) => {
    const { route } = await scene(t, { security: "starttls", auth: true }, { user: "ringfence", password: "wrong" });
    assert.deepEqual(await route.send(sampleNotice(), delivery), { kind: "failed", why: "SMTP 535" });
  });

  test("e-mail: 450 is tried again, 550 is final", async (t) => {
    const busy = await scene(t, { security: "starttls", refuse: "450 come again" });
    assert.deepEqual(await busy.route.send(sampleNotice(), delivery), { kind: "failed", why: "SMTP 450" });
    const never = await scene(t, { security: "starttls", refuse: "550 nobody" });
    assert.deepEqual(await never.route.send(sampleNotice(), delivery), { kind: "rejected", why: "SMTP 550" });
  });

  test("e-mail: a server without STARTTLS, or with a certificate of another, gets nothing", async (t) => {
    const plain = await scene(t, { security: "none" }, { security: "starttls" });
    assert.notEqual((await plain.route.send(sampleNotice(), delivery)).kind, "sent");
    const stranger = await scene(t, { security: "starttls" }, { tls: {} });
    assert.equal((await stranger.route.send(sampleNotice(), delivery)).kind, "failed");
    const other = await scene(t, { security: "tls" }, { host: "127.0.0.1" });
    assert.equal((await other.route.send(sampleNotice(), delivery)).kind, "failed");
    assert.deepEqual([...plain.smtp.mails, ...stranger.smtp.mails, ...other.smtp.mails], []);
  });
}
