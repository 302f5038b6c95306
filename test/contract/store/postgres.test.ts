import { after, before, test, type TestContext } from "node:test";
import { openStore, type ManagedStore } from "../../../gateway/adapters/store/open-store.js";
import { silentLog } from "../../../gateway/core/log.js";
import { postgresAbsent, startPostgres, type ThrowAwayPostgres } from "../../support/postgres.js";
import { sqlContract } from "./sql-contract.js";
import { storeContract } from "./store-contract.js";

const absent = postgresAbsent();

if (absent !== undefined) {
  test(`the store on PostgreSQL: ${absent}`, { skip: absent }, () => undefined);
} else {
  let server: ThrowAwayPostgres;
  let made = 0;

  before(async () => {
    server = await startPostgres();
  });
  after(() => server.remove());

  const make = async (t: TestContext): Promise<ManagedStore> => {
    const databaseUrl = await server.createDatabase(`store_${++made}`);
    const retention = { cdrDays: 1, incidentDays: 2, auditDays: 0, transcriptDays: 3, recordDays: 4 };
    const store = await openStore({ folder: undefined, databaseUrl, retention, log: silentLog });
    t.after(() => store.close());
    return store;
  };

  storeContract("PostgreSQL", make);
  sqlContract("PostgreSQL", make);
}
