#include <napi.h>
#include "decoder-pool.h"
#include "model-node.h"
#include "voice-activity-node.h"

namespace {

Napi::Object init(Napi::Env env, Napi::Object exports) {
  ringfence::capture_log();
  exports.Set("Model", ringfence::define_model(env));
  exports.Set("VoiceDetector", ringfence::define_voice_detector(env));
  exports.Set("systemInfo", whisper_print_system_info());
  exports.Set("version", whisper_version());
  return exports;
}

}  // namespace

NODE_API_MODULE(ringfence_whisper, init)
