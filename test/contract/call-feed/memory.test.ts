import { MemoryCallFeed } from "../../support/memory-call-feed.js";
import { callFeedContract } from "./call-feed-contract.js";

callFeedContract("in memory", () => {
  const feed = new MemoryCallFeed();
  const now = Date.UTC(2026, 2, 2, 12);
  return Promise.resolve({
    feed,
    now,
    put: (...minutesAgo: readonly number[]) => {
      for (const ago of minutesAgo)
        feed.records.push({ "Report ID": String(ago), "Report time": new Date(now - ago * 60_000).toISOString() });
    },
    person: (uuid: string, always: string) => {
      feed.persons.push({ id: `id-${uuid}`, user: uuid });
      feed.always.set(`id-${uuid}`, always);
    },
  });
});
