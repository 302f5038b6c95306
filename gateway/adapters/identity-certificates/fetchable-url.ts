import { isIP } from "node:net";
import { MOST_URL_CHARS, type CertificateOptions } from "./certificate-options.js";

export interface CertificateUrl {
  readonly protocol: "https:" | "http:";
  /** Name, or IP literal without brackets. */
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** The same for every spelling of one URL. */
  readonly key: string;
}

type UrlRules = Pick<CertificateOptions, "hosts" | "anyPublicHost" | "ports" | "allowHttp">;

/**
 * ATIS-1000074 §5.3.1: https, port 443 or 8443, no user, query or fragment; and a host that the operator lets us ask.
 * @param text Hostile.
 * @returns Undefined where it may not be fetched.
 */
export function fetchableUrl(text: string, rules: UrlRules): CertificateUrl | undefined {
  if (text.length > MOST_URL_CHARS || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const { protocol } = url;
  if (protocol !== "https:" && !(protocol === "http:" && rules.allowHttp)) return undefined;
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") return undefined;
  if (/[?#]/.test(text)) return undefined;
  const port = url.port === "" ? (protocol === "https:" ? 443 : 80) : Number(url.port);
  if (!rules.ports.includes(port)) return undefined;
  const host = url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  if (host === "" || !isNamed(host, rules)) return undefined;
  return { protocol, host, port, path: url.pathname, key: url.href };
}

function isNamed(host: string, { hosts, anyPublicHost }: UrlRules): boolean {
  // What the URL parser has made an address of (`0x7f.1`) is one here too; `AddressGuard` judges it.
  if (anyPublicHost) return isIP(host) !== 0 || host.includes(".");
  return hosts.some((each) => {
    const name = each.toLowerCase();
    return name.startsWith("*.") ? host.endsWith(name.slice(1)) && host.length > name.length - 1 : host === name;
  });
}
