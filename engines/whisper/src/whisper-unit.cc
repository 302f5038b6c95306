// whisper.cpp as one unit, with accessors to members that its header does not offer. Pinned to the version in package-lock.json.
#include "whisper.cpp"  // NOLINT: on purpose

#include "whisper-access.h"

namespace ringfence {

void set_audio_context(whisper_state *state, int frames) { state->exp_n_audio_ctx = frames; }

PassTimes take_pass_times(whisper_state *state) {
  const double decode_us = static_cast<double>(state->t_decode_us + state->t_batchd_us + state->t_prompt_us + state->t_sample_us);
  const PassTimes times = {static_cast<double>(state->t_encode_us) / 1000.0, decode_us / 1000.0};
  state->t_encode_us = state->t_decode_us = state->t_batchd_us = state->t_prompt_us = state->t_sample_us = 0;
  return times;
}

void estimate_token_times(whisper_context *context, whisper_state *state, const float *samples, int count) {
  if (state->result_all.empty() || count <= 0) return;
  state->energy = get_signal_energy(samples, count, 32);
  state->t_beg = state->t_last = 0;
  state->tid_last = 0;
  const int64_t end = static_cast<int64_t>(count) * 100 / WHISPER_SAMPLE_RATE;
  for (size_t segment = 0; segment < state->result_all.size(); segment++) {
    state->result_all[segment].t0 = 0;
    state->result_all[segment].t1 = end;
    whisper_exp_compute_token_level_timestamps(*context, *state, static_cast<int>(segment), 0.01f, 0.01f);
  }
}

size_t voice_memory_floats(const whisper_vad_context *context) {
  return ggml_nelements(context->h_state) + ggml_nelements(context->c_state);
}

void load_voice_memory(whisper_vad_context *context, const float *memory) {
  const size_t hidden = ggml_nelements(context->h_state);
  ggml_backend_tensor_set(context->h_state, memory, 0, ggml_nbytes(context->h_state));
  ggml_backend_tensor_set(context->c_state, memory + hidden, 0, ggml_nbytes(context->c_state));
}

void store_voice_memory(whisper_vad_context *context, float *memory) {
  const size_t hidden = ggml_nelements(context->h_state);
  ggml_backend_tensor_get(context->h_state, memory, 0, ggml_nbytes(context->h_state));
  ggml_backend_tensor_get(context->c_state, memory + hidden, 0, ggml_nbytes(context->c_state));
}

int voice_window_samples(const whisper_vad_context *context) { return context->n_window; }

}  // namespace ringfence
