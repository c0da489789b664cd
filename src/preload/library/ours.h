// Inside of the library libssl's functions are our own interposed ones, also where the library calls them for
// itself. Ours marks those calls: they go straight on.
#pragma once

#include <dlfcn.h>

#include <type_traits>

namespace seatls::preload {

class Ours {
 public:
  Ours() { ++depth_; }
  ~Ours() { --depth_; }
  Ours(const Ours&) = delete;
  Ours& operator=(const Ours&) = delete;
  [[nodiscard]] static bool calling() { return depth_ > 0; }

 private:
  static inline thread_local int depth_ = 0;
};

// next returns the function that the program would have called without us.
template <class F>
[[nodiscard]] F* next(const char* name) {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace seatls::preload

// The real function behind an interposed one, looked up once.
#define SEATLS_NEXT(name)                                                                             \
  ([]() -> decltype(&(name)) {                                                                        \
    static const auto found = seatls::preload::next<std::remove_pointer_t<decltype(&(name))>>(#name); \
    return found;                                                                                     \
  }())
