#include "preload/environment.h"

#include <cstdlib>
#include <cstring>

#include "preload/socket.h"

namespace seatls::preload {
namespace {

std::string entry(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr ? std::string(variable) + "=" + value : std::string();
}

bool sets(const char* entry, const char* variable) noexcept {
  const std::size_t length = std::strlen(variable);
  return std::strncmp(entry, variable, length) == 0 && entry[length] == '=';
}

}  // namespace

Attested Attested::of_process() { return {entry(preload_variable), entry(helper_variable)}; }

std::size_t length_of(char* const* environment) noexcept {
  std::size_t length = 0;
  while (environment != nullptr && environment[length] != nullptr) ++length;
  return length;
}

void complete(char* const* environment, const Attested& with, char** into) noexcept {
  for (std::size_t i = 0; environment != nullptr && environment[i] != nullptr; ++i) {
    if (!with.preload.empty() && sets(environment[i], preload_variable)) continue;
    if (!with.helper.empty() && sets(environment[i], helper_variable)) continue;
    *into++ = environment[i];
  }
  if (!with.preload.empty()) *into++ = const_cast<char*>(with.preload.c_str());
  if (!with.helper.empty()) *into++ = const_cast<char*>(with.helper.c_str());
  *into = nullptr;
}

}  // namespace seatls::preload
