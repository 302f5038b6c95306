import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { auditFiles } from "../../gateway/adapters/audit-file/audit-folder.js";
import { verifyAudit } from "../../gateway/cli/audit.js";
import { startGateway } from "../support/gateway-process.js";
import { OidcIssuer } from "../support/oidc-issuer.js";
import { temporaryFolder } from "../support/processes.js";

const NUMBER = "+12025550142";
const SUBJECT = `/api/v1/subjects/${encodeURIComponent(NUMBER)}`;

test("people with tokens do what their role may; a hold stops a deletion; the deletion leaves a chain that verifies", async (t) => {
  const issuer = await OidcIssuer.start("RS256");
  t.after(() => issuer.close());
  const folder = temporaryFolder("access");
  const settings = {
    access: {
      sealAuditNumbers: true,
      teams: [{ id: "house", trunks: ["default"] }],
      oidc: {
        issuer: issuer.url,
        audiences: ["ringfence"],
        refetchMs: 1_000,
        grants: [
          { claim: "realm_access.roles", value: "fraud-admin", role: "admin" },
          { claim: "realm_access.roles", value: "fraud-desk", role: "analyst", teams: ["house"] },
        ],
      },
    },
  };
  const reports = join(folder.path, "reports");
  const schedule = [{ name: "sox", every: "day", at: "00:00", formats: ["html"] }];
  const gateway = await startGateway({ ...settings, reports: { folder: reports, schedule } }, { folder: folder.path });
  t.after(async () => {
    await gateway.stop().finally(folder.remove);
  });
  const tokenOf = (sub: string, role: string): Promise<string> =>
    issuer.sign({ nowMs: Date.now(), claims: { sub, realm_access: { roles: [role] } } });
  const admin = await tokenOf("ada", "fraud-admin");
  const desk = await tokenOf("dora", "fraud-desk");

  assert.equal((await gateway.api("/api/v1/cdrs", { key: desk })).status, 200);
  assert.equal((await gateway.api("/stats", { key: desk })).status, 403, "of all teams");
  assert.equal((await gateway.api("/stats", { key: admin })).status, 200);
  assert.equal((await gateway.api("/stats", { key: await tokenOf("x", "other") })).status, 403);
  const expired = await issuer.sign({ nowMs: Date.now() - 3_600_000, claims: { sub: "ada" } });
  assert.equal((await gateway.api("/stats", { key: expired })).status, 401);

  const trace = { number: NUMBER, duration_ms: 60_000 };
  assert.equal((await gateway.api("/api/v1/traces", { method: "POST", body: trace, key: admin })).status, 201);
  const hold = await gateway.api(`${SUBJECT}/hold`, { method: "PUT", body: { reason: "case 114" }, key: admin });
  assert.equal(hold.status, 200);
  const refused = await gateway.api(SUBJECT, { method: "DELETE", key: admin });
  assert.equal(refused.status, 409);
  assert.match(JSON.stringify(refused.json), /placed by oidc:ada .*case 114/);
  assert.equal((await gateway.api(`${SUBJECT}/hold`, { method: "DELETE", key: admin })).status, 200);
  const gone = await gateway.api(SUBJECT, { method: "DELETE", key: admin });
  assert.equal((gone.json as { key_destroyed: boolean }).key_destroyed, true);

  const today = new Date().toISOString().slice(0, 10);
  const url = `/api/v1/reports/sox?from=${today}&to=${today}&format=csv`;
  const made = async (key: string): Promise<string> => String((await gateway.api(url, { key })).json);
  const [whole, team] = [await made(admin), await made(desk)];
  assert.match(whole, /The hash chain verifies: records 1 to \d+, none changed or taken out/);
  assert.match(whole, /\b\d+:[0-9a-f]{64}\b/, "the head, to be noted elsewhere");
  assert.ok(team.includes("Of the team house alone") && !team.includes("verifies"), team);
  const [file = ""] = await eventually(() => {
    const files = existsSync(reports) ? readdirSync(reports).filter((name) => name.endsWith(".html")) : [];
    return files.length > 0 ? files : undefined;
  });
  assert.match(file, /^sox-day-\d{4}-\d\d-\d\d\.html$/, "made by schedule, for the day before");
  assert.match(readFileSync(join(reports, file), "utf8"), /SOX audit trail/);
  await gateway.stop();

  const audit = join(folder.path, "data", "audit");
  const printed: string[] = [];
  assert.equal(
    await verifyAudit([audit], (line) => void printed.push(line), { fromStart: true }),
    0,
    printed.join("\n"),
  );
  const text = (await auditFiles(audit)).map(({ path }) => readFileSync(path, "utf8")).join("");
  assert.ok(!text.includes("2025550142"), "the number is nowhere in the chain");
  for (const action of ["trace.start", "hold.place", "subject.forget", "hold.lift"])
    assert.ok(text.includes(action), action);
  assert.ok(text.includes("oidc:ada"));
});

/** Scheduled reports wait for a clock that has gone on steadily for a minute. */
async function eventually<T>(look: () => T | undefined): Promise<T> {
  const until = Date.now() + 180_000;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    assert.ok(Date.now() < until, "it did not happen");
    await pause(100);
  }
}
