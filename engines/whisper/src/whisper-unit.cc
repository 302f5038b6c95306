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

namespace {

// Whisper's clock ticks every 10 ms, its timestamps are 20 ms apart.
constexpr int64_t kTicksPerSecond = 100;
constexpr int64_t kTicksPerStamp = 2;

whisper_segment part_from(int64_t t0, int64_t t1, float no_speech) { return {t0, t1, "", no_speech, {}, false}; }

// One segment for what lies between two timestamps. The closing one stays with it, as whisper.cpp's own segments have it.
std::vector<whisper_segment> split_at_timestamps(const std::vector<whisper_segment> &segments, whisper_token first, int64_t end) {
  std::vector<whisper_segment> parts;
  for (const whisper_segment &segment : segments) {
    whisper_segment part = part_from(0, end, segment.no_speech_prob);
    for (const whisper_token_data &token : segment.tokens) {
      const bool is_stamp = token.id >= first;
      const int64_t at = std::min(end, kTicksPerStamp * (token.id - first));
      if (is_stamp && part.tokens.empty()) {
        part.t0 = std::max(part.t0, at);
        continue;
      }
      part.tokens.push_back(token);
      if (!is_stamp) continue;
      part.t1 = std::max(part.t0, at);
      parts.push_back(part);
      part = part_from(parts.back().t1, end, segment.no_speech_prob);
    }
    if (!part.tokens.empty()) parts.push_back(part);
  }
  return parts;
}

}  // namespace

void estimate_token_times(whisper_context *context, whisper_state *state, const float *samples, int count) {
  if (state->result_all.empty() || count <= 0) return;
  const int64_t end = static_cast<int64_t>(count) * kTicksPerSecond / WHISPER_SAMPLE_RATE;
  const whisper_token first = whisper_token_beg(context);
  state->result_all = split_at_timestamps(state->result_all, first, end);
  state->t_beg = 0;
  state->tid_last = 0;
  for (size_t index = 0; index < state->result_all.size(); index++) {
    const whisper_segment &segment = state->result_all[index];
    // whisper.cpp reads the energy from the segment's start on.
    const int from = std::min<int>(count - 1, segment.t0 * WHISPER_SAMPLE_RATE / kTicksPerSecond);
    const int to = std::max<int>(from + 1, std::min<int>(count, segment.t1 * WHISPER_SAMPLE_RATE / kTicksPerSecond));
    state->energy = get_signal_energy(samples + from, to - from, 32);
    state->t_last = segment.t0;
    state->tid_last = std::max(state->tid_last, static_cast<whisper_token>(first + segment.t0 / kTicksPerStamp));
    whisper_exp_compute_token_level_timestamps(*context, *state, static_cast<int>(index), 0.01f, 0.01f);
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
