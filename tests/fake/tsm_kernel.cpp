#include "fake/tsm_kernel.h"

#include <cerrno>
#include <charconv>

namespace seatls::fake {
namespace {

constexpr unsigned highest_privlevel = 3;

Bytes line(const std::string& value) { return bytes(std::string_view(value + "\n")); }

// split takes "ROOT/entry/attribute" apart; the attribute may be missing.
std::optional<std::pair<std::string, std::string>> split(std::string_view path) {
  if (!path.starts_with(TsmFiles::root)) return std::nullopt;
  path.remove_prefix(TsmFiles::root.size());
  if (path.empty() || path.front() != '/') return std::nullopt;
  path.remove_prefix(1);
  const auto slash = path.find('/');
  if (slash == std::string_view::npos) return std::pair{std::string(path), std::string()};
  return std::pair{std::string(path.substr(0, slash)), std::string(path.substr(slash + 1))};
}

}  // namespace

int TsmKernel::make_entry(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  if (entries_.contains(name)) return EEXIST;
  if (!driver_) return ENXIO;
  entries_.emplace(name, Entry{});
  return 0;
}

int TsmKernel::remove_entry(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  return entries_.erase(name) == 1 ? 0 : ENOENT;
}

int TsmKernel::store(const std::string& name, std::string_view attribute, ByteView value) {
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return ENOENT;
  Entry& entry = found->second;
  unsigned level = 0;
  if (attribute == "privlevel") {
    auto digits = text(value);
    if (digits.ends_with('\n')) digits.pop_back();
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), level);
    if (error != std::errc{} || end != digits.data() + digits.size()) return EINVAL;
    if (!driver_ || level < driver_->privlevel_floor.value_or(0) || level > highest_privlevel) return EINVAL;
  } else if (attribute != "inblob") {
    return EACCES;
  }
  // Written so often that the generations would meet again: nothing more is taken before a report is read.
  if (entry.write_generation == entry.read_generation - 1) return EBUSY;
  ++entry.write_generation;
  if (attribute == "privlevel")
    entry.privlevel = level;
  else
    entry.inblob = bytes(value);
  return 0;
}

TsmKernel::Read TsmKernel::show_blob(Entry& entry, Bytes Blobs::*which) {
  if (!driver_) return {ENOTTY, {}};
  if (entry.inblob.empty()) return {EINVAL, {}};
  if (!entry.report || entry.read_generation != entry.write_generation) {
    entry.report.reset();
    auto made = driver_->report_new(entry.inblob, entry.privlevel);
    if (made.error != 0) return {made.error, {}};
    entry.report = std::move(made);
    entry.read_generation = entry.write_generation;
  }
  return {0, (*entry.report).*which};
}

TsmKernel::Read TsmKernel::show(const std::string& name, std::string_view attribute) {
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return {ENOENT, {}};
  Entry& entry = found->second;
  if (attribute == "provider") return {0, line(driver_ ? driver_->name : "")};
  if (attribute == "generation") return {0, line(std::to_string(entry.write_generation))};
  if (attribute == "outblob") return show_blob(entry, &Blobs::outblob);
  if (attribute == "auxblob" && driver_ && driver_->has_auxblob) return show_blob(entry, &Blobs::auxblob);
  if (attribute == "privlevel_floor" && driver_ && driver_->privlevel_floor)
    return {0, line(std::to_string(*driver_->privlevel_floor))};
  return {attribute == "inblob" || attribute == "privlevel" ? EACCES : ENOENT, {}};
}

std::vector<std::string> TsmKernel::attributes() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> list = {"generation", "provider", "inblob", "outblob"};
  if (driver_ && driver_->has_auxblob) list.emplace_back("auxblob");
  if (driver_ && driver_->privlevel_floor) list.insert(list.end(), {"privlevel", "privlevel_floor"});
  return list;
}

std::optional<TsmKernel::Kind> TsmKernel::kind_of(std::string_view attribute) const {
  for (const auto& known : attributes()) {
    if (known != attribute) continue;
    if (known == "inblob") return Kind::writable_at_close;
    return known == "privlevel" ? Kind::writable : Kind::readable;
  }
  return std::nullopt;
}

std::vector<std::string> TsmKernel::entries() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> list;
  for (const auto& [name, entry] : entries_) list.push_back(name);
  return list;
}

void TsmKernel::set_driver(std::optional<Driver> driver) {
  const std::scoped_lock lock(mutex_);
  driver_ = std::move(driver);
}

int TsmFiles::make_directory(const std::string& path) {
  if (const auto error = before ? before("mkdir", path) : std::nullopt) return *error;
  const auto place = split(path);
  return place && place->second.empty() ? kernel_.make_entry(place->first) : ENOENT;
}

int TsmFiles::remove_directory(const std::string& path) {
  if (const auto error = before ? before("rmdir", path) : std::nullopt) return *error;
  const auto place = split(path);
  return place && place->second.empty() ? kernel_.remove_entry(place->first) : ENOENT;
}

int TsmFiles::write(const std::string& path, ByteView content) {
  if (const auto error = before ? before("write", path) : std::nullopt) return *error;
  const auto place = split(path);
  const auto kind = place ? kernel_.kind_of(place->second) : std::nullopt;
  if (!kind) return ENOENT;
  if (*kind == TsmKernel::Kind::readable) return EACCES;
  if (*kind == TsmKernel::Kind::writable) return kernel_.store(place->first, place->second, content);
  if (content.size() > TsmKernel::most_inblob) return EFBIG;
  (void)kernel_.store(place->first, place->second, content);
  return 0;
}

TsmFiles::Read TsmFiles::read(const std::string& path, std::size_t most) {
  if (const auto error = before ? before("read", path) : std::nullopt) return {*error, {}};
  const auto place = split(path);
  if (!place || !kernel_.kind_of(place->second)) return {ENOENT, {}};
  auto out = kernel_.show(place->first, place->second);
  if (out.error == 0 && out.content.size() > most) return {EFBIG, {}};
  return out;
}

}  // namespace seatls::fake
