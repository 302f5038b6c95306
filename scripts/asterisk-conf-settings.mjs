import { BlockList, isIP } from "node:net";
import { holds, UsageError } from "./asterisk-conf-template.mjs";

const HOST = /^[A-Za-z0-9](?:[\w.-]{0,252}[A-Za-z0-9])?$/;
const isAddress = (text) => isIP(text) !== 0 || HOST.test(text);
const isPort = (text) => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
function isNetwork(text) {
  const [address, bits, more] = text.split("/");
  const family = isIP(address);
  if (more !== undefined || family === 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}
function isHostPort(text) {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  return port !== undefined && isPort(port) && (bracketed === undefined ? isAddress(plain) : isIP(bracketed) === 6);
}
const every = (check) => (text) => text.split(",").every(check);
const WORD = /^[\w.-]{1,64}$/;

/**
 * What may stand in a setting. Nothing that Asterisk's files give a meaning to (`;`, brackets, line ends, `=>`) gets through any of
 * them, so a value cannot become configuration.
 */
export const KINDS = {
  word: { may: "Letters, digits, _ . - (at most 64)", check: (text) => WORD.test(text) },
  words: { may: "Words with commas between them", check: every((text) => WORD.test(text)) },
  switch: { may: "yes|no", check: (text) => text === "yes" || text === "no" },
  choice: { may: "", check: (text, { choices }) => choices.includes(text) },
  port: { may: "1-65535", check: isPort },
  address: { may: "An IP address or a host name", check: isAddress },
  ip: { may: "An IP address, IPv6 without brackets", check: (text) => isIP(text) !== 0 },
  hostport: { may: "HOST:PORT", check: isHostPort },
  network: { may: "An IP address or network such as 192.0.2.0/24", check: isNetwork },
  networks: {
    may: "Addresses, networks or host names with commas between them",
    check: every((text) => isNetwork(text) || isAddress(text)),
  },
  path: { may: "An absolute path", check: (text) => /^\/[\w./+-]{0,500}$/.test(text) },
  url: { may: "http:// or https:// URL", check: (text) => /^https?:\/\/[\w.:/~%+-]{1,500}$/.test(text) },
  secret: { may: "12-128 letters, digits, _ . ~ + / = -", check: (text) => /^[\w.~+/=-]{12,128}$/.test(text) },
};

/** `NAME_item` for every item of the list that `each` names. */
function namesOf(setting, values) {
  if (setting.each === undefined) return [setting.name];
  return values
    .get(setting.each)
    .split(",")
    .filter((item) => item !== "")
    .map((item) => `${setting.name}_${item}`);
}

function isNeeded({ needed }, values) {
  return needed === "always" || (needed !== undefined && holds(needed, values));
}

/** As it stands before a port and in a URI. RFC 3986 §3.2.2 */
const bracketed = (address) => (isIP(address) === 6 ? `[${address}]` : address);

/** Settings that follow from others. */
function derive(values) {
  const agents = values
    .get("AGENTS")
    .split(",")
    .filter((item) => item !== "");
  values.set("AGENTS_DIAL", agents.map((agent) => `PJSIP/${agent}`).join("&"));
  for (const name of ["SIP", "CARRIER", "GATEWAY"])
    values.set(`${name}_HOST`, bracketed(values.get(`${name}_ADDRESS`)));
  // The second side of a call has a channel of its own only once it has answered.
  values.set("LISTEN_DIAL_OPTION", values.get("LISTEN") === "audiosocket" ? "U(ringfence-listen-callee)" : "");
}

/** Whether a call from there would be taken as the carrier's. What host names stand for is not looked up. */
function isMatched(address, networks) {
  if (networks.includes(address)) return true;
  const family = (text) => (isIP(text) === 6 ? "ipv6" : "ipv4");
  const list = new BlockList();
  for (const [host, bits] of networks.map((network) => network.split("/")).filter(([each]) => isIP(each) !== 0)) {
    if (bits === undefined) list.addAddress(host, family(host));
    else list.addSubnet(host, Number(bits), family(host));
  }
  return isIP(address) !== 0 && list.check(address, family(address));
}

function complain(values) {
  const complaints = [];
  for (const name of ["CARRIER_TRANSPORT", "GATEWAY_TRANSPORT", "AGENT_TRANSPORT"])
    if (values.get(name) === "tls" && values.get("TLS") !== "yes") complaints.push(`${name}=tls needs TLS=yes`);
  if (Number(values.get("RTP_START")) >= Number(values.get("RTP_END")))
    complaints.push("RTP_START is not below RTP_END");
  if (values.get("AGENTS") === "") complaints.push("AGENTS: at least one");
  const taken = ["carrier", "gateway"].filter((name) => values.get("AGENTS").split(",").includes(name));
  for (const name of taken) complaints.push(`AGENTS: ${name} is the name of a trunk`);
  if (
    values.get("GATEWAY_TRUNK") === "yes" &&
    isMatched(values.get("GATEWAY_ADDRESS"), values.get("CARRIER_MATCH").split(","))
  )
    complaints.push("GATEWAY_ADDRESS is in CARRIER_MATCH: a call is told by its address");
  return complaints;
}

/**
 * Settings in force: defaults, then what was given; secrets given, kept or generated.
 * @param declared Content of asterisk-conf/settings.json.
 * @param given Map of name → text.
 * @param source `kept(name)` of an earlier rendering, `generate()`.
 * @returns `values` for the templates, and the `secrets` among them.
 * @throws UsageError with one line a complaint: unknown names, bad values, what is missing.
 */
export function readSettings(declared, given, { kept, generate }) {
  const values = new Map();
  const complaints = [];
  const known = new Set();
  const check = (name, value, setting) => {
    // Values are not repeated: they may be secret.
    if (value !== "" || setting.default !== "")
      if (!KINDS[setting.kind].check(value, setting))
        complaints.push(
          `${name}: ${setting.choices?.join("|") ?? KINDS[setting.kind].may} is wanted (${setting.what})`,
        );
    return value;
  };
  for (const setting of declared.filter(({ kind }) => kind !== "secret")) {
    const { name } = setting;
    known.add(name);
    const start = (setting.default ?? "").replace(/^@(\w+)@$/, (_, other) => values.get(other) ?? "");
    values.set(name, given.has(name) ? check(name, given.get(name), setting) : start);
  }
  for (const setting of declared)
    if (setting.kind !== "secret" && values.get(setting.name) === "" && isNeeded(setting, values))
      complaints.push(`${setting.name} is missing: --set ${setting.name}=… (${setting.what})`);
  const secrets = new Map();
  for (const setting of declared.filter(({ kind }) => kind === "secret")) {
    for (const name of namesOf(setting, values)) {
      known.add(name);
      const value = given.get(name) ?? kept(name);
      if (value !== undefined) secrets.set(name, check(name, value, setting));
      else if (setting.generate === true) secrets.set(name, generate());
      else if (isNeeded(setting, values))
        complaints.push(`${name} is missing: --secret ${name}=FILE (${setting.what})`);
      if (secrets.has(name)) values.set(name, secrets.get(name));
    }
  }
  for (const name of given.keys())
    if (!known.has(name)) complaints.unshift(`${name}: no such setting; scripts/asterisk-conf settings lists them`);
  if (complaints.length === 0) complaints.push(...complain(values));
  if (complaints.length > 0) throw new UsageError(complaints.join("\nasterisk-conf: "));
  derive(values);
  return { values, secrets };
}
