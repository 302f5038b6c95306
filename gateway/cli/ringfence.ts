#!/usr/bin/env node
import { Command } from "commander";
import { registerAudio } from "./audio.js";
import { registerAudit } from "./audit.js";
import { registerBlocks } from "./blocks.js";
import { registerCdr } from "./cdr-export.js";
import { registerConfig } from "./config.js";
import { registerJudge } from "./judge.js";
import { registerKeys } from "./keys.js";
import { registerModels } from "./models.js";
import { registerListen } from "./listen.js";
import { registerReplay } from "./replay.js";
import { registerServe } from "./serve.js";
import { registerSimulate } from "./simulate.js";
import { registerSiprec } from "./siprec.js";
import { registerTranscripts } from "./transcripts.js";
import { packageVersion } from "./version.js";

const program = new Command("ringfence")
  .description("A SIP hop that listens and hangs up on fraud")
  .version(packageVersion());
registerServe(program);
registerConfig(program);
registerSimulate(program);
registerReplay(program);
registerBlocks(program);
registerCdr(program);
registerAudio(program);
registerAudit(program);
registerTranscripts(program);
registerKeys(program);
registerSiprec(program);
registerListen(program);
registerJudge(program);
registerModels(program);
await program.parseAsync();
