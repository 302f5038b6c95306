#include "voice-activity-node.h"

#include <cstring>
#include <memory>
#include <string>
#include "decoder-pool.h"
#include "whisper-access.h"

namespace ringfence {

namespace {

struct FreeDetector {
  void operator()(whisper_vad_context *context) const { whisper_vad_free(context); }
};

// Silero, on the calling thread: 0.1 ms a step.
class VoiceDetector : public Napi::ObjectWrap<VoiceDetector> {
 public:
  // new VoiceDetector(path)
  explicit VoiceDetector(const Napi::CallbackInfo &info) : Napi::ObjectWrap<VoiceDetector>(info) {
    const Napi::Env env = info.Env();
    if (info.Length() < 1 || !info[0].IsString()) throw Napi::TypeError::New(env, "VoiceDetector(path)");
    whisper_vad_context_params params = whisper_vad_default_context_params();
    params.n_threads = 1;
    params.use_gpu = false;
    try {
      context_.reset(whisper_vad_init_from_file_with_params(info[0].As<Napi::String>().Utf8Value().c_str(), params));
    } catch (const std::exception &error) {
      throw Napi::Error::New(env, std::string("the voice activity model did not load: ") + error.what());
    }
    if (!context_) throw Napi::Error::New(env, "the voice activity model did not load: " + last_log_error());
  }

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "VoiceDetector",
                       {InstanceMethod("score", &VoiceDetector::Score), InstanceMethod("close", &VoiceDetector::Close),
                        InstanceMethod("describe", &VoiceDetector::Describe)});
  }

 private:
  // score(samples, memory): one probability a step; `memory` is read and written.
  Napi::Value Score(const Napi::CallbackInfo &info) {
    const Napi::Env env = info.Env();
    if (!context_) throw Napi::Error::New(env, "the detector is closed");
    for (size_t i = 0; i < 2; i++) {
      if (info.Length() <= i || !info[i].IsTypedArray() ||
          info[i].As<Napi::TypedArray>().TypedArrayType() != napi_float32_array) {
        throw Napi::TypeError::New(env, "score(Float32Array, Float32Array)");
      }
    }
    const auto samples = info[0].As<Napi::Float32Array>();
    auto memory = info[1].As<Napi::Float32Array>();
    if (memory.ElementLength() != voice_memory_floats(context_.get())) throw Napi::RangeError::New(env, "memory of the wrong size");
    load_voice_memory(context_.get(), memory.Data());
    if (!whisper_vad_detect_speech_no_reset(context_.get(), samples.Data(), static_cast<int>(samples.ElementLength()))) {
      throw Napi::Error::New(env, last_log_error());
    }
    store_voice_memory(context_.get(), memory.Data());
    const int steps = whisper_vad_n_probs(context_.get());
    auto scores = Napi::Float32Array::New(env, steps);
    if (steps > 0) std::memcpy(scores.Data(), whisper_vad_probs(context_.get()), steps * sizeof(float));
    return scores;
  }

  void Close(const Napi::CallbackInfo &) { context_.reset(); }

  Napi::Value Describe(const Napi::CallbackInfo &info) {
    if (!context_) throw Napi::Error::New(info.Env(), "the detector is closed");
    Napi::Object object = Napi::Object::New(info.Env());
    object.Set("stepSamples", voice_window_samples(context_.get()));
    object.Set("memoryFloats", static_cast<double>(voice_memory_floats(context_.get())));
    return object;
  }

  std::unique_ptr<whisper_vad_context, FreeDetector> context_;
};

}  // namespace

Napi::Function define_voice_detector(Napi::Env env) { return VoiceDetector::Define(env); }

}  // namespace ringfence
