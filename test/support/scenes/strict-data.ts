// Runs in a network namespace of its own, where nothing but loopback can be reached: see test/e2e/strict-data.test.ts. Prints one line of JSON.
import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { readFileSync } from "node:fs";
import { SCAM_CALL } from "../dialogues.js";
import { FakeChatServer } from "../fake-chat-server.js";
import { listeningStage } from "../listening-stage.js";
import { until } from "../processes.js";

/** Packets that this namespace wanted to send somewhere that it has no way to, since it began. RFC 4293 ipSystemStatsOutNoRoutes */
function outNoRoutes(): number {
  const lines = readFileSync("/proc/net/snmp", "utf8").split("\n");
  const [names = [], values = []] = lines.filter((line) => line.startsWith("Ip: ")).map((line) => line.split(" "));
  const v6 = /^Ip6OutNoRoutes\s+(\d+)$/m.exec(readFileSync("/proc/net/snmp6", "utf8"))?.[1] ?? "0";
  return Number(values[names.indexOf("OutNoRoutes")]) + Number(v6);
}

execFileSync("ip", ["link", "set", "lo", "up"]);
const alerts: string[] = [];
const webhook = createServer((request, response) => {
  request.on("data", (chunk: Buffer) => alerts.push(chunk.toString())).on("end", () => response.end());
});
await new Promise<void>((resolve) => webhook.listen(0, "127.0.0.1", resolve));
const judge = await FakeChatServer.start();
const stage = await listeningStage({
  // The tone modem is a module.
  privacy: { strict: true, allowModules: true, keepTranscripts: true },
  threat: { judge: { engine: "openai", url: judge.url } },
  webhook: { alertUrl: `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/` },
});
const leg = await stage.call("+12025550101", "+12025550198");
for (const [who, text] of SCAM_CALL) {
  if (leg.endedAt !== undefined) break;
  await (who === "caller" ? stage.callersVoice : stage.calledVoice).say(text);
  await new Promise((resolve) => setTimeout(resolve, 700));
}
await until("the call's end", () => leg.endedAt !== undefined, 10_000);
await until("the alert", () => alerts.length > 0, 10_000);
const report = {
  ended: leg.endedBy,
  judged: judge.requests.length,
  alerts: alerts.length,
  interfaces: readFileSync("/proc/net/dev", "utf8")
    .match(/^\s*\w+(?=:)/gm)
    ?.map((name) => name.trim()),
  outNoRoutes: outNoRoutes(),
};
await stage.close();
await judge.close();
webhook.closeAllConnections();
console.log(JSON.stringify(report));
process.exit(0);
