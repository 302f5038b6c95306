import type { Command } from "commander";
import { readKeyFile, rotateKeys } from "../adapters/vault/key-file.js";
import type { Print } from "./gateway-http.js";

/** `ringfence keys list|rotate FILE`: the keys of what is kept, never their bytes. */
export function registerKeys(program: Command): void {
  const keys = program.command("keys").description("keys for transcripts and audio at rest");
  keys
    .command("list")
    .description("ids of the keys in a file, and which one is current")
    .argument("<file>", "privacy.keyFile, or keys.json in store.folder")
    .action((file: string) => run(() => listKeys(file, (line) => console.log(line))));
  keys
    .command("rotate")
    .description("add a key and make it current; what was sealed before stays readable. Restart the gateway afterwards")
    .argument("<file>", "privacy.keyFile, or keys.json in store.folder")
    .action((file: string) => run(() => console.log(`current is ${rotateKeys(file).current} now`)));
}

function run(act: () => void): void {
  try {
    act();
  } catch (error) {
    console.error(`keys: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

export function listKeys(file: string, print: Print): void {
  const { current, keys } = readKeyFile(file, false);
  for (const id of keys.keys()) print(id === current ? `${id} (current)` : id);
}
