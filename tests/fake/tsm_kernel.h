// TsmKernel behaves as Linux's configfs-tsm does (drivers/virt/coco/guest/report.c): entries, generations,
// reports that are kept until something is written, and the errors of each call. It knows no file system; the
// unit tests call it as KernelFiles, and tsm_stand_in mounts it with FUSE.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/tsm/kernel_files.h"

namespace seatls::fake {

class TsmKernel {
 public:
  using Read = attest::tsm::KernelFiles::Read;  // an errno, or a content
  struct Blobs {
    int error = 0;
    Bytes outblob, auxblob;
  };
  // Driver is the guest driver of one TEE: tsm_report_ops.
  struct Driver {
    std::string name;
    std::function<Blobs(ByteView inblob, unsigned privlevel)> report_new;
    std::optional<unsigned> privlevel_floor;  // nothing: the attributes of privilege levels are not there
    bool has_auxblob = false;
  };
  enum class Kind : std::uint8_t { readable, writable, writable_at_close };
  static constexpr std::size_t most_inblob = 64;

  explicit TsmKernel(std::optional<Driver> driver) : driver_(std::move(driver)) {}

  // Each returns 0 or an errno.
  int make_entry(const std::string& name);
  int remove_entry(const std::string& name);
  // store is what a write does; for inblob, what closing the file does: its result reaches no program.
  int store(const std::string& entry, std::string_view attribute, ByteView value);
  Read show(const std::string& entry, std::string_view attribute);

  [[nodiscard]] std::optional<Kind> kind_of(std::string_view attribute) const;
  [[nodiscard]] std::vector<std::string> attributes() const;
  [[nodiscard]] std::vector<std::string> entries() const;
  void set_driver(std::optional<Driver> driver);  // loaded, or unloaded

 private:
  struct Entry {
    Bytes inblob;
    unsigned privlevel = 0;
    std::uint64_t write_generation = 0, read_generation = 0;
    std::optional<Blobs> report;
  };
  Read show_blob(Entry& entry, Bytes Blobs::*which);
  mutable std::mutex mutex_;
  std::optional<Driver> driver_;
  std::map<std::string, Entry> entries_;
};

// TsmFiles are the kernel's files below a directory that only they know of.
class TsmFiles final : public attest::tsm::KernelFiles {
 public:
  static constexpr std::string_view root = "/made-up/tsm/report";
  explicit TsmFiles(TsmKernel& kernel) : kernel_(kernel) {}

  // before is called ahead of every call ("mkdir", "rmdir", "write", "read" and the path). What it returns is
  // the call's errno, without the call; nothing lets it happen.
  std::function<std::optional<int>(std::string_view call, const std::string& path)> before;

  int make_directory(const std::string& path) override;
  int remove_directory(const std::string& path) override;
  int write(const std::string& path, ByteView content) override;
  Read read(const std::string& path, std::size_t most) override;

 private:
  TsmKernel& kernel_;
};

}  // namespace seatls::fake
