// Renders the templates of asterisk-conf/. Asterisk's own files know no environment and few includes that may be missing: so they
// are written out whole, with passwords in files of their own.
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { fillTemplate, UsageError } from "./asterisk-conf-template.mjs";
import { KINDS, readSettings } from "./asterisk-conf-settings.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const TEMPLATES = join(ROOT, "asterisk-conf");
const DIALPLAN = join(ROOT, "dialplan/extensions.conf");
/** What was written, by whom: file name → SHA-256. */
const MANIFEST = ".asterisk-conf.json";
const USAGE = `usage: scripts/asterisk-conf settings
       scripts/asterisk-conf render --out DIR [--set NAME=VALUE]... [--secret NAME=FILE]... [--force]`;

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const declared = () => JSON.parse(readFileSync(join(TEMPLATES, "settings.json"), "utf8"));

/** A table of all settings, for people. */
function listSettings() {
  for (const { name, default: value, needed, generate, kind, choices, each, what } of declared()) {
    const first =
      value !== undefined
        ? `= ${value}`
        : generate === true
          ? "(generated)"
          : needed === "always"
            ? "(needed)"
            : `(needed with ${needed})`;
    const may = choices?.join("|") ?? KINDS[kind].may;
    console.log(`${each === undefined ? name : `${name}_<one of ${each}>`} ${first}\n    ${what}. ${may}`);
  }
}

/** `NAME=VALUE` pairs. @throws UsageError */
function pairs(option, given) {
  return given.map((pair) => {
    const at = pair.indexOf("=");
    if (at <= 0) throw new UsageError(`--${option} ${pair}: NAME=VALUE is missing its ${at < 0 ? "value" : "name"}`);
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
}

function readSecretFile([name, file]) {
  try {
    return [name, readFileSync(file, "utf8").trim()];
  } catch (error) {
    throw new UsageError(`--secret ${name}: ${error.message}`);
  }
}

/** Secrets of an earlier rendering stay what they are. */
function kept(out, name) {
  const file = join(out, "secrets", name);
  return existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
}

/** File name → { text, mode }. */
function renderAll(settings) {
  const files = new Map();
  for (const entry of readdirSync(TEMPLATES, { recursive: true, encoding: "utf8" }).sort()) {
    if (!entry.endsWith(".conf")) continue;
    const text = fillTemplate(entry, readFileSync(join(TEMPLATES, entry), "utf8"), settings.values);
    files.set(entry, { text, mode: entry.startsWith("secrets/") ? 0o600 : 0o640 });
  }
  files.set("ringfence.conf", { text: readFileSync(DIALPLAN, "utf8"), mode: 0o640 });
  // For the gateway's `passwordFile` settings, and for the next rendering.
  for (const [name, value] of settings.secrets) files.set(`secrets/${name}`, { text: `${value}\n`, mode: 0o600 });
  return files;
}

/** What an earlier rendering wrote there. */
function earlier(out) {
  const manifest = join(out, MANIFEST);
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, "utf8")) : {};
}

/** Passwords of what is not there any more, telephones above all. @returns Their files, as long as they are what we wrote. */
function removeOldSecrets(out, files) {
  const old = Object.entries(earlier(out))
    .filter(([name]) => /^secrets\/\w[\w.-]*$/.test(name) && !files.has(name))
    .filter(([name, hash]) => existsSync(join(out, name)) && sha256(readFileSync(join(out, name))) === hash)
    .map(([name]) => name);
  for (const name of old) rmSync(join(out, name));
  return old;
}

/** @throws UsageError naming every file that somebody else wrote or changed. */
function refuseForeign(out, files) {
  const ours = earlier(out);
  const foreign = [...files.keys()].filter((name) => {
    const file = join(out, name);
    return existsSync(file) && sha256(readFileSync(file)) !== ours[name];
  });
  if (foreign.length === 0) return;
  const list = foreign.map((name) => `  ${join(out, name)}`).join("\n");
  throw new UsageError(
    `not written here, or changed since:\n${list}\nRender into another folder and compare, or overwrite with --force.`,
  );
}

/** As `mkdirSync` with `recursive`, which spins for ever where nothing can be made (/proc). @throws UsageError */
function makeFolder(folder, mode) {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder), mode);
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    if (error.code !== "EEXIST") throw new UsageError(`--out: ${folder} cannot be made: ${error.message}`);
  }
}

function write(out, files) {
  makeFolder(join(out, "secrets"), 0o750);
  chmodSync(join(out, "secrets"), 0o700);
  const manifest = {};
  for (const [name, { text, mode }] of files) {
    const [file, fresh] = [join(out, name), join(out, `${name}.new`)];
    writeFileSync(fresh, text, { mode });
    chmodSync(fresh, mode);
    renameSync(fresh, file);
    manifest[name] = sha256(text);
  }
  writeFileSync(join(out, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o640 });
}

function render(options) {
  if (options.out === undefined) throw new UsageError("--out DIR is missing");
  const out = resolve(options.out);
  const given = new Map([...pairs("set", options.set), ...pairs("secret", options.secret).map(readSecretFile)]);
  const settings = readSettings(declared(), given, {
    kept: (name) => kept(out, name),
    generate: () => randomBytes(24).toString("base64url"),
  });
  const files = renderAll(settings);
  if (!options.force) refuseForeign(out, files);
  const removed = removeOldSecrets(out, files);
  write(out, files);
  for (const name of removed) console.log(`removed: ${join(out, name)}`);
  console.log(`${files.size} files in ${out}; passwords in ${join(out, "secrets")} (mode 0600)`);
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: "string" },
      set: { type: "string", multiple: true, default: [] },
      secret: { type: "string", multiple: true, default: [] },
      force: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const [verb, ...rest] = positionals;
  if (values.help) console.log(USAGE);
  else if (rest.length > 0) throw new UsageError(`${rest.join(" ")}: what is this?\n${USAGE}`);
  else if (verb === "settings") listSettings();
  else if (verb === "render") render(values);
  else throw new UsageError(USAGE);
} catch (error) {
  const expected = error instanceof UsageError || String(error.code ?? "").startsWith("ERR_PARSE_ARGS");
  console.error(expected || error.code !== undefined ? `asterisk-conf: ${error.message}` : error);
  process.exitCode = expected ? 2 : 1;
}
