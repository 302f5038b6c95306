import type { Command } from "commander";

type Register = (program: Command) => void;

/** By the first word of a command line. Only what is named is loaded: `blocks` is there in a tenth of the time of all of them. */
export const COMMANDS: ReadonlyMap<string, () => Promise<Register>> = new Map([
  ["serve", async () => (await import("./serve.js")).registerServe],
  ["config", async () => (await import("./config.js")).registerConfig],
  ["simulate", async () => (await import("./simulate.js")).registerSimulate],
  ["replay", async () => (await import("./replay.js")).registerReplay],
  ["blocks", async () => (await import("./blocks.js")).registerBlocks],
  ["alerts", async () => (await import("./alerts.js")).registerAlerts],
  ["cdr", async () => (await import("./cdr-export.js")).registerCdr],
  ["audio", async () => (await import("./audio.js")).registerAudio],
  ["audit", async () => (await import("./audit.js")).registerAudit],
  ["transcripts", async () => (await import("./transcripts.js")).registerTranscripts],
  ["report", async () => (await import("./report.js")).registerReport],
  ["keys", async () => (await import("./keys.js")).registerKeys],
  ["siprec", async () => (await import("./siprec.js")).registerSiprec],
  ["listen", async () => (await import("./listen.js")).registerListen],
  ["recordings", async () => (await import("./recordings.js")).registerRecordings],
  ["judge", async () => (await import("./judge.js")).registerJudge],
  ["models", async () => (await import("./models.js")).registerModels],
]);
