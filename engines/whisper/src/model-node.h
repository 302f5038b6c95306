// The class `Model` that JavaScript sees.
#pragma once
#include <napi.h>

namespace ringfence {

Napi::Function define_model(Napi::Env env);

}  // namespace ringfence
