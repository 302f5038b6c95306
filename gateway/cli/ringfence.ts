#!/usr/bin/env node
import { Command } from "commander";
import { COMMANDS } from "./commands.js";
import { packageVersion } from "./version.js";

const program = new Command("ringfence")
  .description("A SIP hop that listens and hangs up on fraud")
  .version(packageVersion());
const first = process.argv[2] ?? "";
const named = COMMANDS.get(first);
const isVersion = first === "--version" || first === "-V";
// For help, and for a word that is none of them, all have to be there.
const wanted = named === undefined ? [...(isVersion ? [] : COMMANDS.values())] : [named];
for (const load of wanted) (await load())(program);
await program.parseAsync();
