#include "attest/tsm/report.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>
#include <tuple>
#include <utility>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace seatls::attest::tsm {
namespace {

// An attestation extension holds no more, and the largest reports with their certificates are far smaller.
constexpr std::size_t most_blob = 65528, most_attribute = 4096;
constexpr unsigned most_interruptions = 32, most_busy = 8, most_reports = 5, most_names = 4;
constexpr std::chrono::milliseconds first_pause{10};  // doubled each time: 2.5 s in all

enum class Asked : std::uint8_t { entry, attribute, privlevel, report };

std::string_view remedy(int error, Asked asked) {
  switch (error) {
    case ENOENT:
      return asked == Asked::entry
                 ? "this needs Linux 6.7 with CONFIG_TSM_REPORTS; mount -t configfs none /sys/kernel/config"
                 : "the entry was removed under way, or the driver has no such attribute";
    case ENXIO:
    case ENOTTY: return "no driver of a TEE's guest is there: modprobe tdx_guest, sev-guest or arm-cca-guest";
    case EACCES:
    case EPERM:
    case EROFS:
      return "only root may ask, unless the directory is given to another user; containers need it writable";
    case EBUSY:
    case EAGAIN: return "other programs keep it busy";
    case EINVAL:
      return asked == Asked::privlevel
                 ? "the driver does not take this privilege level: leave attest.privlevel out"
                 : "the driver does not take the request";
    case ETIMEDOUT: return "the host's quoting service did not answer";
    case EFBIG: return "the report is larger than a TLS extension can carry";
    case EIO: return "the firmware or the host refused; the kernel's log tells more";
    default: return "the kernel's log may tell more";
  }
}

Error refused(int error, const std::string& path, std::string_view what, Asked asked) {
  return {Code::attester_unavailable,
          path + ": " + std::string(what) + ": " + std::generic_category().message(error) + "; " +
              std::string(remedy(error, asked)),
          "configfs-tsm"};
}

Error unusable(const std::string& path, std::string detail) {
  return {Code::attester_unavailable, path + ": " + std::move(detail), "configfs-tsm"};
}

// again repeats what was interrupted, and what is busy after a pause. `attempt` returns an errno.
template <class Attempt>
int again(const Site& site, Attempt attempt) {
  auto pause = first_pause;
  unsigned interruptions = 0, busy = 0;
  while (true) {
    const int error = attempt();
    if (error == EINTR && ++interruptions <= most_interruptions) continue;
    if ((error != EBUSY && error != EAGAIN) || ++busy > most_busy) return error;
    site.pause(pause);
    pause *= 2;
  }
}

// Entry is a directory below the site's: the kernel fills it with the attributes of one report.
class Entry {
 public:
  [[nodiscard]] static Result<Entry> make(const Site& site) {
    // The name is nobody else's, also not that of a process in another namespace.
    for (unsigned i = 0; i < most_names; ++i) {
      const auto path = site.path + "/seatls-" + base::to_hex(crypto::random_bytes(8));
      const int error = again(site, [&] { return site.files.make_directory(path); });
      if (error == 0) return Entry(site, path);
      if (error != EEXIST) return refused(error, site.path, "no entry can be made", Asked::entry);
    }
    return refused(EEXIST, site.path, "no entry can be made", Asked::entry);
  }
  Entry(Entry&& other) noexcept : site_(other.site_), path_(std::exchange(other.path_, {})) {}
  Entry& operator=(Entry&&) = delete;
  ~Entry() {
    // One that stays costs a little of the kernel's memory, and disturbs nobody.
    if (!path_.empty()) std::ignore = again(site_, [this] { return site_.files.remove_directory(path_); });
  }

  [[nodiscard]] std::string path(std::string_view attribute) const {
    return path_ + "/" + std::string(attribute);
  }

  [[nodiscard]] Result<void> write(std::string_view attribute, ByteView value, Asked asked) const {
    const auto file = path(attribute);
    const int error = again(site_, [&] { return site_.files.write(file, value); });
    if (error != 0) return refused(error, file, "it cannot be written", asked);
    return {};
  }

  // read returns nothing for an attribute that this driver does not have.
  [[nodiscard]] Result<std::optional<Bytes>> read(std::string_view attribute, std::size_t most,
                                                  Asked asked) const {
    const auto file = path(attribute);
    Bytes content;
    const int error = again(site_, [&] {
      auto got = site_.files.read(file, most);
      content = std::move(got.content);
      return got.error;
    });
    if (error == ENOENT) return std::optional<Bytes>();
    if (error != 0) return refused(error, file, "it cannot be read", asked);
    return std::optional(std::move(content));
  }

  [[nodiscard]] Result<Bytes> demand(std::string_view attribute, std::size_t most, Asked asked) const {
    SEATLS_TRY(auto value, read(attribute, most, asked));
    if (!value) return refused(ENOENT, path(attribute), "it cannot be read", asked);
    return std::move(*value);
  }

  // number reads an attribute that holds one decimal number and a line's end.
  [[nodiscard]] Result<std::optional<std::uint64_t>> number(std::string_view attribute) const {
    SEATLS_TRY(const auto value, read(attribute, most_attribute, Asked::attribute));
    if (!value) return std::optional<std::uint64_t>();
    auto digits = text(*value);
    while (digits.ends_with('\n')) digits.pop_back();
    std::uint64_t out = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
    if (error != std::errc{} || end != digits.data() + digits.size())
      return unusable(path(attribute), "\"" + digits + "\" is no number");
    return std::optional(out);
  }

  [[nodiscard]] Result<std::uint64_t> generation() const {
    SEATLS_TRY(const auto value, number("generation"));
    if (!value) return refused(ENOENT, path("generation"), "it cannot be read", Asked::attribute);
    return *value;
  }

 private:
  Entry(const Site& site, std::string path) : site_(site), path_(std::move(path)) {}
  const Site& site_;
  std::string path_;
};

bool holds(const Bytes& report, ByteView report_data) {
  return std::search(report.begin(), report.end(), report_data.begin(), report_data.end()) != report.end();
}

// ask returns nothing when the entry was written to meanwhile, so that the report may be about something
// else. Each of our writes moves `generation` by one. That has to be looked at in any case: the kernel takes
// inblob when the file is closed, and tells nobody when it does not.
Result<std::optional<Report>> ask(const Entry& entry, ByteView report_data,
                                  std::optional<unsigned> privlevel) {
  SEATLS_TRY(const auto before, entry.generation());
  std::uint64_t writes = 0;
  if (privlevel) {
    SEATLS_CHECK(entry.write("privlevel", view(std::to_string(*privlevel)), Asked::privlevel));
    ++writes;
  }
  SEATLS_CHECK(entry.write("inblob", report_data, Asked::report));
  ++writes;
  Report report;
  SEATLS_TRY(report.outblob, entry.demand("outblob", most_blob, Asked::report));
  SEATLS_TRY(auto auxblob, entry.read("auxblob", most_blob, Asked::report));
  if (auxblob) report.auxblob = std::move(*auxblob);
  SEATLS_TRY(const auto after, entry.generation());
  if (after - before != writes) return std::optional<Report>();
  if (!holds(report.outblob, report_data))
    return unusable(entry.path("outblob"), "the report is not about what was asked for");
  return std::optional(std::move(report));
}

}  // namespace

Result<Driver> read_driver(const Site& site) {
  SEATLS_TRY(const auto entry, Entry::make(site));
  SEATLS_TRY(const auto provider, entry.demand("provider", most_attribute, Asked::attribute));
  Driver out{text(provider), {}};
  while (out.provider.ends_with('\n')) out.provider.pop_back();
  SEATLS_TRY(const auto floor, entry.number("privlevel_floor"));
  if (floor) out.privlevel_floor = static_cast<unsigned>(*floor);
  return out;
}

Result<Report> read_report(const Site& site, ByteView report_data, std::optional<unsigned> privlevel) {
  if (report_data.size() != report_data_size)
    return Error{Code::misuse, "has " + std::to_string(report_data.size()) + " bytes; 64 are reported",
                 "configfs-tsm > report_data"};
  for (unsigned i = 0; i < most_reports; ++i) {
    SEATLS_TRY(const auto entry, Entry::make(site));
    SEATLS_TRY(auto report, ask(entry, report_data, privlevel));
    if (report) return std::move(*report);
  }
  return unusable(site.path, "each of " + std::to_string(most_reports) +
                                 " entries was written to by another program before its report was read");
}

}  // namespace seatls::attest::tsm
