// The class `VoiceDetector` that JavaScript sees.
#pragma once
#include <napi.h>

namespace ringfence {

Napi::Function define_voice_detector(Napi::Env env);

}  // namespace ringfence
