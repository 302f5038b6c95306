import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Pair {
  readonly certFile: string;
  readonly keyFile: string;
}

/** A certificate authority of a test's own, in a temporary folder, made with openssl. */
export class TestAuthority {
  readonly folder = mkdtempSync(join(tmpdir(), "ringfence-tls-"));
  readonly caFile = join(this.folder, "ca.pem");
  readonly #caKey = join(this.folder, "ca.key");

  constructor() {
    this.#openssl(
      "req",
      "-x509",
      ...KEY,
      "-keyout",
      this.#caKey,
      "-out",
      this.caFile,
      "-days",
      "2",
      "-subj",
      "/CN=test authority",
    );
  }

  /** @param names Subject alternative names: `DNS:sip.example.com`, `IP:127.0.0.1`, `URI:sip:example.com`. */
  issue(file: string, names: readonly string[], days = 2): Pair {
    const pair = { certFile: join(this.folder, `${file}.pem`), keyFile: join(this.folder, `${file}.key`) };
    const request = join(this.folder, `${file}.csr`);
    const extensions = join(this.folder, `${file}.ext`);
    writeFileSync(extensions, `subjectAltName=${names.join(",")}\n`);
    this.#openssl("req", "-new", ...KEY, "-keyout", pair.keyFile, "-out", request, "-subj", `/CN=${file}`);
    const ca = ["-CA", this.caFile, "-CAkey", this.#caKey, "-CAcreateserial"];
    this.#openssl(
      "x509",
      "-req",
      "-in",
      request,
      ...ca,
      "-days",
      String(days),
      "-extfile",
      extensions,
      "-out",
      pair.certFile,
    );
    return pair;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #openssl(...args: string[]): void {
    const run = spawnSync("openssl", args, { encoding: "utf8" });
    if (run.status !== 0) throw new Error(`openssl ${args[0] ?? ""}: ${run.stderr}`);
  }
}

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
