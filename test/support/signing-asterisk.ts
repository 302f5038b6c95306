import { readFileSync } from "node:fs";
import { startAsterisk, type Asterisk } from "./asterisk.js";

export interface SigningKeys {
  /** Of its private key, PEM. */
  readonly keyFile: string;
  /** Where its certificate is fetched from. */
  readonly certificateUrl: string;
  /** Of the authorities that it believes, PEM. */
  readonly anchorFile: string;
}

/** An Asterisk whose res_stir_shaken signs (attestation B) and verifies what goes through its trunk; certificates come from loopback. */
export function startSigningAsterisk(dialplan: string, keys: SigningKeys): Promise<Asterisk> {
  const pjsip = readFileSync("test/fixtures/asterisk/pjsip.conf", "utf8").replace(
    "[base](!)\ntype = endpoint",
    "[base](!)\ntype = endpoint\nstir_shaken_profile = carrier",
  );
  return startAsterisk({
    files: { "pjsip.conf": pjsip, "extensions.conf": dialplan },
    settings: {
      STIR_SHAKEN: "both",
      STIR_KEY_FILE: keys.keyFile,
      STIR_CERT_URL: keys.certificateUrl,
      STIR_ATTEST: "B",
      STIR_CA_FILE: keys.anchorFile,
      STIR_PERMIT: "127.0.0.0/8",
    },
  });
}
