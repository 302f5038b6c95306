// One loaded model, several states, one thread a state. Knows nothing of Node.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>
#include "whisper.h"

namespace ringfence {

struct DecodeOptions {
  int threads = 1;
  // Encoder context in frames of 20 ms; 0 is the whole 30 s.
  int audio_context = 0;
  // Text tokens at most; 0 is no limit but the model's own.
  int max_tokens = 0;
  // Step of the temperatures that are tried when a decode looks bad; 0 tries once.
  float temperature_increment = 0.0f;
  bool token_timestamps = true;
  // The model says itself when it is said, in tokens of its own: times are then its, not a guess.
  bool timestamps = false;
  bool suppress_non_speech = true;
  // ISO 639-1, or empty: detected.
  std::string language;
  std::string prompt;
};

struct DecodeResult {
  // Bytes of all text tokens, one after another; a token may end inside a UTF-8 sequence.
  std::string text;
  std::vector<uint32_t> token_ends;
  std::vector<float> probabilities;
  std::vector<float> start_ms;
  std::vector<float> end_ms;
  std::string language;
  // It ran into max_tokens: more was said.
  bool truncated = false;
  float no_speech = 0.0f;
  double encode_ms = 0.0;
  double decode_ms = 0.0;
};

enum class Outcome { done, aborted, failed };

struct Job {
  uint32_t id = 0;
  std::vector<float> samples;
  DecodeOptions options;
  std::atomic<bool> abort{false};
  Outcome outcome = Outcome::failed;
  // Why it failed.
  std::string problem;
  DecodeResult result;
};

class DecoderPool {
 public:
  // Called on one of the pool's threads, once a job, the last thing that is done with it.
  using Finished = std::function<void(std::shared_ptr<Job>)>;

  // Throws std::runtime_error with the reason when the model cannot be loaded or there is no memory for all states.
  DecoderPool(const std::string &path, int states, bool flash_attention, Finished finished);
  // As close().
  ~DecoderPool();
  DecoderPool(const DecoderPool &) = delete;
  DecoderPool &operator=(const DecoderPool &) = delete;

  // False when every state is taken: what waits does so at the caller, where it can still be dropped.
  bool submit(std::shared_ptr<Job> job);
  void abort(uint32_t id);
  // Aborts what runs, waits for the threads, frees model and states. Safe to call twice.
  void close();

  bool multilingual() const { return multilingual_; }
  int audio_context() const { return audio_context_; }

 private:
  struct FreeContext {
    void operator()(whisper_context *context) const { whisper_free(context); }
  };
  struct FreeState {
    void operator()(whisper_state *state) const { whisper_free_state(state); }
  };

  void work(whisper_state *state);
  void decode(whisper_state *state, Job &job);
  void detect_language(whisper_state *state, Job &job);
  void read_result(whisper_state *state, Job &job);

  Finished finished_;
  std::unique_ptr<whisper_context, FreeContext> context_;
  std::vector<std::unique_ptr<whisper_state, FreeState>> states_;
  bool multilingual_ = false;
  int audio_context_ = 0;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::shared_ptr<Job>> waiting_;
  std::vector<std::shared_ptr<Job>> running_;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

// Silences whisper.cpp's log and keeps its last error, for messages. Call once before anything else.
void capture_log();
std::string last_log_error();

}  // namespace ringfence
