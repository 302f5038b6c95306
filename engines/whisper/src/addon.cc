#include <napi.h>
#ifdef __linux__
#include <signal.h>
#include <sys/prctl.h>
#endif
#include "decoder-pool.h"
#include "model-node.h"
#include "voice-activity-node.h"

namespace {

// The kernel ends this process when the thread that started it ends: a gateway that is killed leaves no recogniser behind, even
// one that hangs inside a pass.
void tie_to_parent(const Napi::CallbackInfo &) {
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  ringfence::capture_log();
  exports.Set("Model", ringfence::define_model(env));
  exports.Set("VoiceDetector", ringfence::define_voice_detector(env));
  exports.Set("tieToParent", Napi::Function::New(env, tie_to_parent));
  exports.Set("systemInfo", whisper_print_system_info());
  exports.Set("version", whisper_version());
  return exports;
}

}  // namespace

NODE_API_MODULE(ringfence_whisper, init)
