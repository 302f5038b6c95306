import { refusalOf } from "../../../gateway/adapters/asterisk-ari/ari-contracts.js";
import { startAsterisk, asteriskMissing } from "../../support/asterisk.js";
import { ScriptedAri } from "../../support/scripted-ari.js";
import { until } from "../../support/processes.js";
import { describeAriLink } from "./ari-link-contract.js";

/** It is not in the application yet. */
const CONFLICT = 409;

describeAriLink(
  "the scripted peer of the tests",
  async () => {
    const ari = new ScriptedAri();
    await ari.start();
    return {
      httpPort: Number(new URL(ari.ariUrl).port),
      user: ari.user,
      password: ari.password,
      makeChannel: () => Promise.resolve(ari.create().id),
      stop: () => ari.stop(),
    };
  },
  false,
);

describeAriLink(
  "a real Asterisk",
  async () => {
    const asterisk = await startAsterisk();
    return {
      httpPort: asterisk.httpPort,
      user: asterisk.ariUser,
      password: asterisk.ariPassword,
      makeChannel: async (link, app) => {
        const query = { endpoint: "Local/102@incoming", app };
        const made = (await link.request({ method: "POST", path: "/channels/create", query })) as { id: string };
        const path = `/channels/${encodeURIComponent(made.id)}/variable`;
        const set = (): Promise<boolean> =>
          link.request({ method: "POST", path, body: { variable: "MADE", value: "yes" } }).then(
            () => true,
            (error: unknown) => {
              if (refusalOf(error)?.status === CONFLICT) return false;
              throw error;
            },
          );
        await until("the channel to be in the application", set);
        return made.id;
      },
      stop: () => asterisk.stop(),
    };
  },
  asteriskMissing() ?? false,
);
