import { FakeSynthesis } from "../../support/fake-synthesis.js";
import { speechSynthesisContract } from "./speech-synthesis-contract.js";

speechSynthesisContract("fake", () => new FakeSynthesis(), undefined);
