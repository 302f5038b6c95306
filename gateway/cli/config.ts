import type { Command } from "commander";
import { printableConfig } from "../config/load.js";
import { configProblems } from "../wiring/check-config.js";
import { engineProblems } from "../wiring/check-engines.js";
import { startWarnings } from "../wiring/start-warnings.js";
import { environmentNote, readConfig, readUncheckedConfig, refuseConfig } from "./read-config.js";

/** `ringfence config print|check`. */
export function registerConfig(program: Command): void {
  const config = program.command("config").description("show or check the configuration");
  config
    .command("print")
    .description("print every value in force as JSON, secrets hidden")
    .option("-c, --config <file>", "configuration file, YAML or JSON")
    .action((options: { config?: string }) => {
      const read = readConfig({ file: options.config });
      if (!read.ok) refuseConfig(read.error);
      console.log(JSON.stringify(printableConfig(read.value), null, 2));
    });
  config
    .command("check")
    .description("check a file without starting anything; exit status 1 names every problem")
    .argument("[file]", "configuration file, YAML or JSON")
    .option("-c, --config <file>", "the same")
    .action(async (file: string | undefined, options: { config?: string }) => {
      const source = { file: file ?? options.config };
      const read = readUncheckedConfig(source);
      if (!read.ok) refuseConfig(read.error);
      const problems = [...configProblems(read.value), ...(await engineProblems(read.value))];
      if (problems.length > 0) refuseConfig(problems);
      const fromEnvironment = environmentNote(source);
      if (fromEnvironment !== undefined) console.error(`from the environment: ${fromEnvironment}`);
      for (const { code, why } of startWarnings(read.value, 0)) console.error(`warning: ${code}: ${why}`);
      console.log("the configuration is good");
    });
}
