/** Room for a decoder's output: grows to what was needed most, and gives views that are made once for each length in use. */
export class SampleBuffer {
  samples = new Float32Array(320);
  #view = this.samples;

  /** Makes room for `count`; what was there may be lost. */
  reserve(count: number): Float32Array {
    if (count > this.samples.length) {
      this.samples = new Float32Array(count);
      this.#view = this.samples;
    }
    return this.samples;
  }

  /** The first `count`. */
  first(count: number): Float32Array {
    if (this.#view.length !== count) this.#view = this.samples.subarray(0, count);
    return this.#view;
  }
}
