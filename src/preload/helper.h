// Helper: the attester and the verifier of all processes of a program, in the process that started them.
// It answers those processes alone.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "preload/messages.h"
#include "preload/socket.h"
#include "seatls/config.h"

namespace seatls::preload {

// Endpoint is one role's configuration, and what of it is not in Config.
struct Endpoint {
  Config config;
  std::string name;
  std::vector<std::string> suites;
};

struct Endpoints {
  std::optional<Endpoint> client, server;
  bool danger_other_plain = false;
};

class Helper {
 public:
  // told is called for each connection of the program, one at a time, on a thread of the helper's.
  using OnEvent = std::function<void(const Peer& process, const Event& event)>;

  // start listens. The calling process becomes the reaper of what its children leave behind. Errors: io.
  [[nodiscard]] static Result<std::unique_ptr<Helper>> start(Endpoints endpoints, OnEvent told);
  ~Helper();  // waits for the answers that are being made
  Helper(const Helper&) = delete;
  Helper& operator=(const Helper&) = delete;

  [[nodiscard]] const Address& address() const;
  // asked tells whether any process has made a TLS context yet.
  [[nodiscard]] bool asked() const;

 private:
  struct Impl;
  explicit Helper(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace seatls::preload
