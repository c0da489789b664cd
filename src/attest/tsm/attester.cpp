#include "attest/tsm/attester.h"

#include <algorithm>
#include <array>
#include <thread>

#include "attest/held_keys.h"
#include "base/job_thread.h"

namespace seatls {
namespace attest::tsm {
namespace {

// A driver's name, and the scheme whose evidence its reports are.
struct Provider {
  std::string_view name, scheme;
};
constexpr std::array providers = {Provider{"tdx_guest", "tdx"}, Provider{"sev_guest", "sev-snp"},
                                  Provider{"arm_cca_guest", "cca"}};

// What a job needs. The attester may be gone by the time that it runs.
struct Shared {
  Site site;
  std::optional<unsigned> privlevel;
  EvidenceType type;
};

//= early-attestation#binder-whole-field
Result<Cmw> attest_with(const Shared& s, const Binder& binder) {
  Bytes report_data = bytes(binder.bytes());
  report_data.resize(report_data_size, 0);
  SEATLS_TRY(auto report, read_report(s.site, report_data, s.privlevel));
  // A quote and a token are whole. A report of SEV-SNP is followed by the host's table of certificates.
  Bytes value = std::move(report.outblob);
  value.insert(value.end(), report.auxblob.begin(), report.auxblob.end());
  return Cmw(CmwRecord{s.type, std::move(value), cmw_indicator::evidence});
}

class ConfigfsTsmAttester final : public Attester {
 public:
  ConfigfsTsmAttester(std::shared_ptr<const Shared> shared, HeldKeys tiks)
      : shared_(std::move(shared)), tiks_(std::move(tiks)), thread_({}) {}

  [[nodiscard]] std::vector<AttestationScheme> schemes() const override { return {{shared_->type}}; }

  void attest(EvidenceRequest request, Done done) override {
    if (request.scheme != schemes().front())
      return done(
          Error{Code::misuse, describe(request.scheme) + " is not what this attester makes", "scheme"});
    if (const auto held = tiks_.find(request.binder.tik()); !held) return done(held.error());
    const auto answer = std::make_shared<Done>(std::move(done));
    thread_.push(
        {[s = shared_, binder = std::move(request.binder), answer] { (*answer)(attest_with(*s, binder)); },
         [answer](Error error) { (*answer)(std::move(error)); }});
  }

 private:
  const std::shared_ptr<const Shared> shared_;
  const HeldKeys tiks_;
  base::JobThread thread_;
};

// The level that is written: the one that is wished for, or the lowest where the driver's own, zero, is none.
Result<std::optional<unsigned>> level_for(const Driver& driver, std::optional<unsigned> wished) {
  const auto floor = driver.privlevel_floor;
  const auto wrong = [](std::string detail) {
    return Error{Code::configuration, std::move(detail), "configfs-tsm > privlevel"};
  };
  if (!wished) return floor && *floor > 0 ? floor : std::nullopt;
  if (!floor)
    return wrong("is " + std::to_string(*wished) + "; " + driver.provider + " has no privilege levels");
  if (*wished < *floor)
    return wrong("is " + std::to_string(*wished) + "; this guest may ask for " + std::to_string(*floor) +
                 " and above");
  return wished;
}

}  // namespace

Result<std::shared_ptr<Attester>> make_attester(Site site, ConfigfsTsmOptions options) {
  SEATLS_TRY(auto tiks, HeldKeys::of(options.tiks, "configfs-tsm"));
  SEATLS_TRY(const auto driver, read_driver(site));
  const auto* const known = std::ranges::find(providers, driver.provider, &Provider::name);
  if (known == providers.end())
    return Error{Code::attester_unavailable,
                 site.path + ": the driver is \"" + driver.provider +
                     "\"; known are tdx_guest, sev_guest and arm_cca_guest",
                 "configfs-tsm"};
  SEATLS_TRY(const auto privlevel, level_for(driver, options.privlevel));
  auto shared = std::make_shared<const Shared>(
      Shared{std::move(site), privlevel, SchemeTable::defaults().find(known->scheme).value()});
  return std::shared_ptr<Attester>(std::make_shared<ConfigfsTsmAttester>(std::move(shared), std::move(tiks)));
}

}  // namespace attest::tsm

Result<std::shared_ptr<Attester>> make_configfs_tsm_attester(ConfigfsTsmOptions options) {
  attest::tsm::Site site{attest::tsm::KernelFiles::of_system(), options.path,
                         [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }};
  return attest::tsm::make_attester(std::move(site), std::move(options));
}

}  // namespace seatls
