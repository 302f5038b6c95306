import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Bodies that real recording clients sent; not part of the repository, kept beside it where somebody has them. */
const FOLDER = fileURLToPath(new URL("../../../shared/cases/siprec/drachtio/", import.meta.url));

/** Why the cases cannot run here; undefined where they can. Give it to `test` as `skip`. */
export function missingSiprecCases(): string | undefined {
  return existsSync(FOLDER) ? undefined : "the optional folder siprec is not on this machine";
}

/** A body with the line ends of the wire, and its Content-Type: its own first delimiter, or SDP alone. */
export function readSiprecCase(name: string): { readonly contentType: string; readonly body: Buffer } {
  const text = readFileSync(join(FOLDER, name), "latin1").trimStart();
  const boundary = /^--(\S+)/.exec(text)?.[1];
  return {
    contentType: boundary === undefined ? "application/sdp" : `multipart/mixed;boundary=${boundary}`,
    body: Buffer.from(text.replace(/\r?\n/g, "\r\n"), "latin1"),
  };
}

/** Single descriptions in one file. */
export function readSiprecDescriptions(name: string): readonly string[] {
  return readFileSync(join(FOLDER, name), "latin1")
    .split("__split_here__")
    .map((text) => `${text.trim().replace(/\r?\n/g, "\r\n")}\r\n`);
}

/** The bodies of a SIPp scenario, its keywords filled in, indentation gone as SIPp takes it off. */
export function readSiprecScenario(name: string): readonly { readonly contentType: string; readonly body: Buffer }[] {
  const text = readFileSync(join(FOLDER, name), "latin1");
  return [...text.matchAll(/<!\[CDATA\[([^]*?)\]\]>/g)].flatMap(([, message = ""]) => {
    const lines = message
      .replace(/\[local_ip_type\]/g, "4")
      .replace(/\[local_ip\]/g, "127.0.0.1")
      .replace(/\[auto_media_port\]/g, "6000")
      .split(/\r?\n/)
      .map((line) => line.trim());
    const contentType = lines.find((line) => /^Content-Type: multipart/i.test(line))?.slice("Content-Type: ".length);
    const first = lines.findIndex((line) => line.startsWith("--"));
    if (contentType === undefined || first < 0) return [];
    return [{ contentType, body: Buffer.from(lines.slice(first).join("\r\n"), "latin1") }];
  });
}
