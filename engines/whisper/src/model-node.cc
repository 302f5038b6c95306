#include "model-node.h"

#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include "decoder-pool.h"

namespace ringfence {

namespace {

// Crosses from a thread of the pool to JavaScript's.
struct Delivery {
  std::shared_ptr<Job> job;
};

class Model;
void deliver(Napi::Env env, Napi::Function unused, Model *model, Delivery *delivery);
using Channel = Napi::TypedThreadSafeFunction<Model, Delivery, deliver>;

constexpr size_t kLeastSamples = WHISPER_SAMPLE_RATE;
constexpr size_t kMostSamples = 30 * WHISPER_SAMPLE_RATE;

double number(const Napi::Object &options, const char *name, double fallback) {
  const Napi::Value value = options.Get(name);
  return value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : fallback;
}

std::string text(const Napi::Object &options, const char *name) {
  const Napi::Value value = options.Get(name);
  return value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string();
}

bool flag(const Napi::Object &options, const char *name, bool fallback) {
  const Napi::Value value = options.Get(name);
  return value.IsBoolean() ? value.As<Napi::Boolean>().Value() : fallback;
}

template <typename Array, typename Element>
Array copy(Napi::Env env, const std::vector<Element> &from) {
  Array to = Array::New(env, from.size());
  if (!from.empty()) std::memcpy(to.Data(), from.data(), from.size() * sizeof(Element));
  return to;
}

Napi::Object to_js(Napi::Env env, const DecodeResult &result) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("text", Napi::Buffer<char>::Copy(env, result.text.data(), result.text.size()));
  object.Set("tokenEnds", copy<Napi::Uint32Array>(env, result.token_ends));
  object.Set("probabilities", copy<Napi::Float32Array>(env, result.probabilities));
  object.Set("startMs", copy<Napi::Float32Array>(env, result.start_ms));
  object.Set("endMs", copy<Napi::Float32Array>(env, result.end_ms));
  object.Set("language", result.language);
  object.Set("truncated", result.truncated);
  object.Set("noSpeech", result.no_speech);
  object.Set("encodeMs", result.encode_ms);
  object.Set("decodeMs", result.decode_ms);
  return object;
}

class Model : public Napi::ObjectWrap<Model> {
 public:
  // new Model(path, { states, flashAttention })
  explicit Model(const Napi::CallbackInfo &info) : Napi::ObjectWrap<Model>(info) {
    const Napi::Env env = info.Env();
    if (info.Length() < 2 || !info[0].IsString() || !info[1].IsObject()) {
      throw Napi::TypeError::New(env, "Model(path, options)");
    }
    const Napi::Object options = info[1].As<Napi::Object>();
    channel_ = Channel::New(env, "ringfence whisper", 0, 1, this);
    // Only a decode under way keeps the process alive.
    channel_.Unref(env);
    try {
      pool_ = std::make_unique<DecoderPool>(
          info[0].As<Napi::String>().Utf8Value(), static_cast<int>(number(options, "states", 1)),
          flag(options, "flashAttention", true), [channel = channel_](std::shared_ptr<Job> job) mutable {
            auto delivery = std::make_unique<Delivery>(Delivery{std::move(job)});
            if (channel.NonBlockingCall(delivery.get()) == napi_ok) delivery.release();
          });
    } catch (const std::exception &error) {
      channel_.Release();
      throw Napi::Error::New(env, error.what());
    }
  }

  ~Model() override { shut(); }

  void on_finished(Napi::Env env, const Job &job) {
    const auto found = callbacks_.find(job.id);
    if (found == callbacks_.end()) return;
    Napi::FunctionReference callback = std::move(found->second);
    callbacks_.erase(found);
    if (callbacks_.empty()) {
      if (pool_) channel_.Unref(env);
      Unref();
    }
    switch (job.outcome) {
      case Outcome::done:
        callback.Call({env.Undefined(), to_js(env, job.result)});
        break;
      case Outcome::aborted:
        callback.Call({Napi::String::New(env, "aborted"), env.Undefined()});
        break;
      case Outcome::failed:
        callback.Call({Napi::String::New(env, job.problem.empty() ? "failed" : job.problem), env.Undefined()});
        break;
    }
  }

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Model",
                       {InstanceMethod("decode", &Model::Decode), InstanceMethod("abort", &Model::Abort),
                        InstanceMethod("close", &Model::Close), InstanceMethod("describe", &Model::Describe)});
  }

 private:
  // decode(samples, options, callback): number; throws when every state is taken.
  Napi::Value Decode(const Napi::CallbackInfo &info) {
    const Napi::Env env = info.Env();
    if (!pool_) throw Napi::Error::New(env, "the model is closed");
    if (info.Length() < 3 || !info[0].IsTypedArray() || !info[1].IsObject() || !info[2].IsFunction() ||
        info[0].As<Napi::TypedArray>().TypedArrayType() != napi_float32_array) {
      throw Napi::TypeError::New(env, "decode(Float32Array, options, callback)");
    }
    const auto samples = info[0].As<Napi::Float32Array>();
    const Napi::Object options = info[1].As<Napi::Object>();
    auto job = std::make_shared<Job>();
    job->id = ++last_id_;
    if (samples.ElementLength() > kMostSamples) throw Napi::RangeError::New(env, "more than 30 s of audio");
    job->samples.assign(samples.Data(), samples.Data() + samples.ElementLength());
    for (float &sample : job->samples) {
      if (!std::isfinite(sample)) sample = 0.0f;
    }
    // Whisper hears nothing in less, and its spectrogram reads 200 samples in any case.
    if (job->samples.size() < kLeastSamples) job->samples.resize(kLeastSamples, 0.0f);
    job->options.threads = static_cast<int>(number(options, "threads", 1));
    job->options.audio_context = static_cast<int>(number(options, "audioContext", 0));
    job->options.max_tokens = static_cast<int>(number(options, "maxTokens", 0));
    job->options.temperature_increment = static_cast<float>(number(options, "temperatureIncrement", 0));
    job->options.token_timestamps = flag(options, "tokenTimestamps", true);
    job->options.timestamps = flag(options, "timestamps", false);
    job->options.suppress_non_speech = flag(options, "suppressNonSpeech", true);
    job->options.language = text(options, "language");
    job->options.prompt = text(options, "prompt");
    if (!job->options.language.empty() && whisper_lang_id(job->options.language.c_str()) < 0) {
      throw Napi::RangeError::New(env, "unknown language");
    }
    const uint32_t id = job->id;
    if (!pool_->submit(std::move(job))) throw Napi::Error::New(env, "every state is taken");
    if (callbacks_.empty()) {
      channel_.Ref(env);
      // The channel holds a bare pointer to this object: it must not be collected while an answer is on its way.
      Ref();
    }
    callbacks_.emplace(id, Napi::Persistent(info[2].As<Napi::Function>()));
    return Napi::Number::New(env, id);
  }

  void Abort(const Napi::CallbackInfo &info) {
    if (pool_ && info.Length() > 0 && info[0].IsNumber()) pool_->abort(info[0].As<Napi::Number>().Uint32Value());
  }

  // Waits until the pass that runs has ended; callbacks still get their `aborted`.
  void Close(const Napi::CallbackInfo &) { shut(); }

  Napi::Value Describe(const Napi::CallbackInfo &info) {
    if (!pool_) throw Napi::Error::New(info.Env(), "the model is closed");
    Napi::Object object = Napi::Object::New(info.Env());
    object.Set("multilingual", pool_->multilingual());
    object.Set("audioContext", pool_->audio_context());
    return object;
  }

  void shut() {
    if (!pool_) return;
    pool_->close();
    pool_.reset();
    channel_.Release();
  }

  std::unique_ptr<DecoderPool> pool_;
  Channel channel_;
  std::map<uint32_t, Napi::FunctionReference> callbacks_;
  uint32_t last_id_ = 0;
};

void deliver(Napi::Env env, Napi::Function, Model *model, Delivery *delivery) {
  const std::unique_ptr<Delivery> owned(delivery);
  // Without an environment Node is going down: nobody is left to tell.
  if (env == nullptr || model == nullptr || !owned) return;
  model->on_finished(env, *owned->job);
}

}  // namespace

Napi::Function define_model(Napi::Env env) { return Model::Define(env); }

}  // namespace ringfence
