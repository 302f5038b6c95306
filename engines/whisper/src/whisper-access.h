// What whisper.h does not offer. Implemented in whisper-unit.cc, which sees the structs.
#pragma once
#include <cstddef>
#include "whisper.h"

namespace ringfence {

// Encoder context of the next pass, 50 frames a second; 0 is the model's own (30 s).
void set_audio_context(whisper_state *state, int frames);

struct PassTimes {
  double encode_ms;
  double decode_ms;
};
// Spent on this state since the last call.
PassTimes take_pass_times(whisper_state *state);

// Times of a decode's tokens: between two timestamps of the model they are spread by their length and where it is loud; without
// timestamps, over all of its audio.
void estimate_token_times(whisper_context *context, whisper_state *state, const float *samples, int count);

// The memory of the voice detector: hidden and cell state of one speaker, so that one loaded model serves all of them.
size_t voice_memory_floats(const whisper_vad_context *context);
void load_voice_memory(whisper_vad_context *context, const float *memory);
void store_voice_memory(whisper_vad_context *context, float *memory);
int voice_window_samples(const whisper_vad_context *context);

}  // namespace ringfence
