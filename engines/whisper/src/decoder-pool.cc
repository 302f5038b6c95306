#include "decoder-pool.h"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include "whisper-access.h"

namespace ringfence {

namespace {

// The log callback may run on any thread.
std::mutex log_mutex;
std::string log_error;

bool is_aborted(void *job) { return static_cast<Job *>(job)->abort.load(std::memory_order_relaxed); }

// Whisper's clock ticks every 10 ms.
constexpr float kMsPerTick = 10.0f;

}  // namespace

void capture_log() {
  whisper_log_set(
      [](ggml_log_level level, const char *text, void *) {
        if (level != GGML_LOG_LEVEL_ERROR || text == nullptr) return;
        std::lock_guard<std::mutex> lock(log_mutex);
        log_error.assign(text);
        while (!log_error.empty() && log_error.back() == '\n') log_error.pop_back();
      },
      nullptr);
}

std::string last_log_error() {
  std::lock_guard<std::mutex> lock(log_mutex);
  return log_error.empty() ? "no reason given" : log_error;
}

DecoderPool::DecoderPool(const std::string &path, int states, bool flash_attention, Finished finished)
    : finished_(std::move(finished)) {
  whisper_context_params params = whisper_context_default_params();
  params.use_gpu = false;
  params.flash_attn = flash_attention;
  context_.reset(whisper_init_from_file_with_params_no_state(path.c_str(), params));
  if (!context_) throw std::runtime_error("the model did not load: " + last_log_error());
  multilingual_ = whisper_is_multilingual(context_.get()) != 0;
  audio_context_ = whisper_n_audio_ctx(context_.get());
  for (int i = 0; i < states; i++) {
    states_.emplace_back(whisper_init_state(context_.get()));
    if (!states_.back()) throw std::runtime_error("no memory for state " + std::to_string(i + 1) + ": " + last_log_error());
  }
  try {
    for (const auto &state : states_) threads_.emplace_back([this, raw = state.get()] { work(raw); });
  } catch (...) {
    close();
    throw;
  }
}

DecoderPool::~DecoderPool() { close(); }

bool DecoderPool::submit(std::shared_ptr<Job> job) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (closing_ || waiting_.size() + running_.size() >= states_.size()) return false;
    waiting_.push_back(std::move(job));
  }
  wake_.notify_one();
  return true;
}

void DecoderPool::abort(uint32_t id) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (const auto *jobs : {&waiting_, &running_}) {
    for (const auto &job : *jobs) {
      if (job->id == id) job->abort.store(true, std::memory_order_relaxed);
    }
  }
}

void DecoderPool::close() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
    for (const auto *jobs : {&waiting_, &running_}) {
      for (const auto &job : *jobs) job->abort.store(true, std::memory_order_relaxed);
    }
  }
  wake_.notify_all();
  for (auto &thread : threads_) thread.join();
  threads_.clear();
  states_.clear();
  context_.reset();
}

void DecoderPool::work(whisper_state *state) {
  for (;;) {
    std::shared_ptr<Job> job;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
      // What waits is answered even when closing: as aborted.
      if (waiting_.empty()) return;
      job = waiting_.front();
      waiting_.erase(waiting_.begin());
      running_.push_back(job);
    }
    try {
      decode(state, *job);
    } catch (const std::exception &error) {
      job->outcome = Outcome::failed;
      job->problem = error.what();
    }
    if (job->abort.load(std::memory_order_relaxed)) job->outcome = Outcome::aborted;
    {
      // Off the list before it is told, so that a caller who answers with the next job finds a place.
      std::lock_guard<std::mutex> lock(mutex_);
      running_.erase(std::find(running_.begin(), running_.end(), job));
    }
    finished_(std::move(job));
  }
}

void DecoderPool::decode(whisper_state *state, Job &job) {
  if (job.abort.load(std::memory_order_relaxed)) return;
  take_pass_times(state);
  if (job.options.language.empty()) detect_language(state, job);
  if (job.abort.load(std::memory_order_relaxed)) return;
  const DecodeOptions &options = job.options;
  whisper_full_params params = whisper_full_default_params(WHISPER_SAMPLING_GREEDY);
  params.print_progress = params.print_realtime = params.print_timestamps = params.print_special = false;
  params.n_threads = options.threads;
  params.audio_ctx = options.audio_context;
  params.max_tokens = options.max_tokens;
  params.temperature_inc = options.temperature_increment;
  params.greedy.best_of = 1;
  params.no_context = true;
  // One pass over the encoder: the audio is one segment of at most 30 s already.
  params.single_segment = true;
  params.no_timestamps = !options.timestamps;
  params.token_timestamps = false;
  params.suppress_nst = options.suppress_non_speech;
  params.language = options.language.c_str();
  if (!options.prompt.empty()) params.initial_prompt = options.prompt.c_str();
  params.abort_callback = is_aborted;
  params.abort_callback_user_data = &job;
  const int rc = whisper_full_with_state(context_.get(), state, params, job.samples.data(), static_cast<int>(job.samples.size()));
  if (rc != 0) {
    job.problem = "whisper_full returned " + std::to_string(rc) + ": " + last_log_error();
    return;
  }
  if (options.token_timestamps) {
    estimate_token_times(context_.get(), state, job.samples.data(), static_cast<int>(job.samples.size()));
  }
  read_result(state, job);
  job.outcome = Outcome::done;
}

void DecoderPool::detect_language(whisper_state *state, Job &job) {
  job.options.language = "en";
  if (!multilingual_) return;
  // whisper_full would detect with the context of the decode before this one.
  set_audio_context(state, job.options.audio_context);
  const int threads = job.options.threads;
  if (whisper_pcm_to_mel_with_state(context_.get(), state, job.samples.data(), static_cast<int>(job.samples.size()), threads) != 0) {
    throw std::runtime_error("no spectrogram: " + last_log_error());
  }
  const int id = whisper_lang_auto_detect_with_state(context_.get(), state, 0, threads, nullptr);
  if (id < 0) throw std::runtime_error("no language: " + last_log_error());
  job.options.language = whisper_lang_str(id);
}

void DecoderPool::read_result(whisper_state *state, Job &job) {
  DecodeResult &result = job.result;
  const whisper_token end_of_text = whisper_token_eot(context_.get());
  const int segments = whisper_full_n_segments_from_state(state);
  int all = 0;
  for (int segment = 0; segment < segments; segment++) {
    result.no_speech = std::max(result.no_speech, whisper_full_get_segment_no_speech_prob_from_state(state, segment));
    const int tokens = whisper_full_n_tokens_from_state(state, segment);
    all += tokens;
    for (int i = 0; i < tokens; i++) {
      const whisper_token_data token = whisper_full_get_token_data_from_state(state, segment, i);
      if (token.id >= end_of_text) continue;
      result.text += whisper_full_get_token_text_from_state(context_.get(), state, segment, i);
      result.token_ends.push_back(static_cast<uint32_t>(result.text.size()));
      result.probabilities.push_back(token.p);
      result.start_ms.push_back(static_cast<float>(token.t0) * kMsPerTick);
      result.end_ms.push_back(static_cast<float>(token.t1) * kMsPerTick);
    }
  }
  result.truncated = job.options.max_tokens > 0 && all > job.options.max_tokens;
  result.language = job.options.language;
  const PassTimes times = take_pass_times(state);
  result.encode_ms = times.encode_ms;
  result.decode_ms = times.decode_ms;
}

}  // namespace ringfence
