import { after, before, test, type TestContext } from "node:test";
import { openStore, type ManagedStore } from "../../../gateway/adapters/store/open-store.js";
import { silentLog } from "../../../gateway/core/log.js";
import { openFreshStore } from "../../support/fresh-store.js";
import { MemoryStoreWithAlerts } from "../../support/memory-alert-store.js";
import { postgresAbsent, startPostgres, type ThrowAwayPostgres } from "../../support/postgres.js";
import { alertStoreContract } from "./alert-store-contract.js";

alertStoreContract("alerts in memory", () => Promise.resolve(new MemoryStoreWithAlerts()));

alertStoreContract("alerts on PGlite", openFreshStore);

const absent = postgresAbsent();
if (absent !== undefined) {
  test(`alerts on PostgreSQL: ${absent}`, { skip: absent }, () => undefined);
} else {
  let server: ThrowAwayPostgres;
  let made = 0;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.remove());
  alertStoreContract("alerts on PostgreSQL", async (t: TestContext): Promise<ManagedStore> => {
    const databaseUrl = await server.createDatabase(`alerts_${++made}`);
    const store = await openStore({ folder: undefined, databaseUrl, log: silentLog });
    t.after(() => store.close());
    return store;
  });
}
