#!/usr/bin/env node
import { Command } from "commander";
import { endAtBrokenPipe } from "./broken-pipe.js";
import { COMMANDS } from "./commands.js";
import { packageVersion } from "./version.js";

const program = new Command("ringfence")
  .description("A SIP hop that listens and hangs up on fraud")
  .version(packageVersion());
const first = process.argv[2] ?? "";
// A gateway does not stop because nobody reads its log.
if (first !== "serve") endAtBrokenPipe([process.stdout, process.stderr], (status) => process.exit(status));
const named = COMMANDS.get(first);
const isVersion = first === "--version" || first === "-V";
// For help, and for a word that is none of them, all have to be there.
const wanted = named === undefined ? [...(isVersion ? [] : COMMANDS.values())] : [named];
for (const load of wanted) (await load())(program);
await program.parseAsync();
