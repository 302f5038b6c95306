import type { FromChild, ToChild } from "../../core/child-service.js";
import { fromInt16, type DecodeWork, type RecogniserInfo } from "./recogniser-work.js";
import type { NativeAddon, NativeModel } from "./whisper-engine.js";

export interface DecodeServiceOptions {
  readonly modelPath: string;
  readonly states: number;
  readonly flashAttention: boolean;
}

/** The recogniser's side of the channel: loads the model, decodes what it is given, as much at a time as there are states. */
export class DecodeService {
  readonly #model: NativeModel;
  readonly #tell: (message: FromChild) => void;
  /** Id of the work → the add-on's. */
  readonly #running = new Map<number, number>();

  /** @throws Error when the model does not load. */
  constructor(addon: NativeAddon, options: DecodeServiceOptions, tell: (message: FromChild) => void) {
    this.#tell = tell;
    const { modelPath, states, flashAttention } = options;
    this.#model = new addon.Model(modelPath, { states, flashAttention });
  }

  describe(): Pick<RecogniserInfo, "multilingual"> {
    return { multilingual: this.#model.describe().multilingual };
  }

  accept(message: ToChild): void {
    if (message.kind === "cancel") {
      const native = this.#running.get(message.id);
      if (native !== undefined) this.#model.abort(native);
      return;
    }
    const { id } = message;
    const { samples, options } = message.payload as DecodeWork;
    try {
      const native = this.#model.decode(fromInt16(samples), options, (problem, result) => {
        this.#running.delete(id);
        if (problem === undefined) this.#tell({ kind: "done", id, value: result });
        else this.#fail(id, problem);
      });
      this.#running.set(id, native);
    } catch (error) {
      this.#fail(id, error instanceof Error ? error.message : "failed");
    }
  }

  /** Waits for the pass that runs. */
  close(): void {
    this.#model.close();
  }

  #fail(id: number, message: string): void {
    this.#tell({ kind: "failed", id, code: "stt.rejected", message });
  }
}
