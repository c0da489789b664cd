// What a benchmark needs of the machine: a folder, addresses of its own, file descriptors.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <filesystem>

#include "seatls/error.h"

namespace seatls::bench {

// Folder is a temporary folder that nobody else may look into, removed with what is in it.
class Folder {
 public:
  [[nodiscard]] static Result<Folder> make();
  Folder(Folder&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  Folder& operator=(Folder&&) = delete;
  ~Folder();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  explicit Folder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

// loopback is 127.0.0.1; port 0: any that is free.
[[nodiscard]] sockaddr_in loopback(std::uint16_t port);

// allow_descriptors raises the limit to `needed`. Error: configuration, where the hard limit is lower.
[[nodiscard]] Result<void> allow_descriptors(std::uint64_t needed);

}  // namespace seatls::bench
