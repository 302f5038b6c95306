import { openRecordingPlace } from "../support/recording-place.js";
import { describeRecordings, inProcess } from "../support/recording-scenarios.js";

describeRecordings("the recording server on sockets of its own", async () => inProcess(await openRecordingPlace()));
