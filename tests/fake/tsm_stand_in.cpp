// tsm_stand_in DIR tdx|sev-snp PLATFORM_FILE: mounts what Linux has at /sys/kernel/config/tsm/report on DIR,
// on a made-up platform, until it is ended. Everything but the mount is TsmKernel's.
#define FUSE_USE_VERSION 31
#include <fuse.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

#include "fake/tsm_driver.h"

namespace {

using seatls::Bytes;
using seatls::fake::TsmKernel;

struct Guest {
  TsmKernel kernel;
  std::shared_ptr<seatls::fake::Registers> registers;  // of a trust domain
};
Guest& guest() { return *static_cast<Guest*>(fuse_get_context()->private_data); }
TsmKernel& kernel() { return guest().kernel; }

struct Place {
  bool exists = true;
  bool root = false;                  // what holds the two below
  std::optional<unsigned> rtmr = {};  // a register; `measurements` itself is number 4
  std::string entry, attribute = {};  // below `report`: either may be missing
};
constexpr unsigned all_registers = 4;

Place place_of(const char* path) {
  std::string_view rest = path + 1;
  const auto next = [&rest] {
    const auto name = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    return std::string(name);
  };
  const auto top = next();
  if (top.empty()) return {.root = true, .entry = {}};
  if (top == "report") {
    Place out{.entry = next()};
    out.attribute = next();
    const auto entries = kernel().entries();
    out.exists = rest.empty() &&
                 (out.entry.empty() || std::ranges::find(entries, out.entry) != entries.end()) &&
                 (out.attribute.empty() || kernel().kind_of(out.attribute));
    return out;
  }
  const auto name = next();
  if (top != "measurements" || !guest().registers || !rest.empty()) return {.exists = false, .entry = {}};
  if (name.empty()) return {.rtmr = all_registers, .entry = {}};
  for (unsigned i = 0; i < all_registers; ++i)
    if (name == "rtmr" + std::to_string(i) + ":sha384") return {.rtmr = i, .entry = {}};
  return {.exists = false, .entry = {}};
}

bool is_register(const Place& place) { return place.rtmr && *place.rtmr != all_registers; }

// OpenFile is the buffer that configfs has for each open attribute.
struct OpenFile {
  std::optional<Bytes> shown;
  std::optional<Bytes> pending;  // of inblob: taken when the file is closed
};
OpenFile& of(fuse_file_info* info) { return *reinterpret_cast<OpenFile*>(info->fh); }

int get_attributes(const char* path, struct stat* out, fuse_file_info*) {
  *out = {};
  const auto place = place_of(path);
  if (!place.exists) return -ENOENT;
  out->st_nlink = 1;
  if (is_register(place)) {
    out->st_mode = S_IFREG | (*place.rtmr >= 2 ? 0644 : 0444);
    out->st_size = seatls::fake::Registers::size;
  } else if (place.attribute.empty()) {
    out->st_mode = S_IFDIR | 0755;
  } else {
    out->st_mode = S_IFREG | (kernel().kind_of(place.attribute) == TsmKernel::Kind::readable ? 0444 : 0200);
  }
  return 0;
}

int list_directory(const char* path, void* out, fuse_fill_dir_t fill, off_t, fuse_file_info*,
                   fuse_readdir_flags) {
  const auto place = place_of(path);
  std::vector<std::string> names;
  if (place.root)
    names = {"report", "measurements"};
  else if (place.rtmr)
    for (unsigned i = 0; i < all_registers; ++i) names.push_back("rtmr" + std::to_string(i) + ":sha384");
  else
    names = place.entry.empty() ? kernel().entries() : kernel().attributes();
  for (const auto& name : names) fill(out, name.c_str(), nullptr, 0, static_cast<fuse_fill_dir_flags>(0));
  return 0;
}

int make_directory(const char* path, mode_t) {
  const auto place = place_of(path);
  if (place.exists) return -EEXIST;
  return !place.entry.empty() && place.attribute.empty() ? -kernel().make_entry(place.entry) : -EPERM;
}

int remove_directory(const char* path) {
  const auto place = place_of(path);
  return !place.entry.empty() && place.attribute.empty() ? -kernel().remove_entry(place.entry) : -EPERM;
}

int open_file(const char* path, fuse_file_info* info) {
  const auto place = place_of(path);
  if (!place.exists) return -ENOENT;
  const bool reads = (info->flags & O_ACCMODE) == O_RDONLY;
  if (is_register(place)) {
    if (!reads && *place.rtmr < 2) return -EACCES;
  } else if (reads != (kernel().kind_of(place.attribute) == TsmKernel::Kind::readable)) {
    return -EACCES;
  }
  info->direct_io = 1;  // sizes are not known before
  info->fh = reinterpret_cast<std::uint64_t>(new OpenFile);
  return 0;
}

int read_file(const char* path, char* out, std::size_t size, off_t offset, fuse_file_info* info) {
  auto& shown = of(info).shown;
  if (!shown) {
    const auto place = place_of(path);
    auto got = is_register(place) ? TsmKernel::Read{0, guest().registers->value(*place.rtmr)}
                                  : kernel().show(place.entry, place.attribute);
    if (got.error != 0) return -got.error;
    shown = std::move(got.content);
  }
  const auto from = std::min(static_cast<std::size_t>(offset), shown->size());
  const auto count = std::min(size, shown->size() - from);
  std::copy_n(shown->begin() + static_cast<std::ptrdiff_t>(from), count, out);
  return static_cast<int>(count);
}

int write_file(const char* path, const char* in, std::size_t size, off_t offset, fuse_file_info* info) {
  const auto place = place_of(path);
  const auto value = seatls::view({in, size});
  const auto answer = [&](int error) { return error != 0 ? -error : static_cast<int>(size); };
  if (is_register(place))
    return offset != 0 ? -EINVAL : answer(guest().registers->extend(*place.rtmr, value));
  if (kernel().kind_of(place.attribute) == TsmKernel::Kind::writable)
    return answer(kernel().store(place.entry, place.attribute, value));
  const auto end = static_cast<std::size_t>(offset) + size;
  if (end > TsmKernel::most_inblob) return -EFBIG;
  auto& pending = of(info).pending;
  if (!pending) pending.emplace();
  pending->resize(std::max(pending->size(), end));
  std::ranges::copy(value, pending->begin() + offset);
  return answer(0);
}

// FUSE tells of the close here while the caller waits; `release` comes later.
int flush_file(const char* path, fuse_file_info* info) {
  if (auto& pending = of(info).pending) {
    const auto place = place_of(path);
    (void)kernel().store(place.entry, place.attribute, *pending);
    pending.reset();
  }
  return 0;
}

int release_file(const char*, fuse_file_info* info) {
  delete &of(info);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace seatls;
  const auto tee = argc == 4 ? simulated_tee(argv[2]) : std::nullopt;
  if (!tee) {
    std::cerr << "usage: tsm_stand_in DIR tdx|sev-snp PLATFORM_FILE\n";
    return 2;
  }
  std::ifstream in(argv[3]);
  const std::string pem((std::istreambuf_iterator<char>(in)), {});
  const auto platform = SimulatedPlatform::from_pem(pem);
  const auto registers = std::make_shared<fake::Registers>();
  auto driver = platform ? fake::simulated_driver(*tee, *platform, registers) : platform.error();
  if (!driver) {
    std::cerr << driver.error().message() << "\n";
    return 2;
  }
  Guest made{TsmKernel(std::move(*driver)), *tee == SimulatedTee::tdx ? registers : nullptr};
  fuse_operations calls{};
  calls.getattr = get_attributes;
  calls.readdir = list_directory;
  calls.mkdir = make_directory;
  calls.rmdir = remove_directory;
  calls.open = open_file;
  calls.read = read_file;
  calls.write = write_file;
  calls.flush = flush_file;
  calls.release = release_file;
  calls.truncate = [](const char*, off_t, fuse_file_info*) { return 0; };
  // Attributes are the kernel's: no program makes one.
  calls.create = [](const char*, mode_t, fuse_file_info*) { return -EACCES; };
  std::string foreground = "-f";
  std::array<char*, 3> arguments = {argv[0], argv[1], foreground.data()};
  return fuse_main(static_cast<int>(arguments.size()), arguments.data(), &calls, &made);
}
