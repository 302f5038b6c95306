import { MemoryStore } from "../../support/memory-store.js";
import { storeContract } from "./store-contract.js";

// The fake that stands in for a store in tests of what stands before one keeps the port's promise too.
storeContract("MemoryStore", () => Promise.resolve(new MemoryStore()));
