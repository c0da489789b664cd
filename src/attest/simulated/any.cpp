// Platforms of every kind by one set of options, as configurations and the command line know them.
#include <algorithm>
#include <array>

#include "attest/simulated/issuers.h"
#include "seatls/simulated_cca.h"
#include "seatls/simulated_nitro.h"
#include "seatls/simulated_sgx.h"
#include "seatls/simulated_snp.h"
#include "seatls/simulated_tdx.h"

namespace seatls {
namespace {

constexpr std::array all = {SimulatedTee::tdx, SimulatedTee::sgx, SimulatedTee::sev_snp, SimulatedTee::nitro,
                            SimulatedTee::cca};

}  // namespace

std::string_view name(SimulatedTee tee) {
  switch (tee) {
    case SimulatedTee::tdx: return "tdx";
    case SimulatedTee::sgx: return "sgx";
    case SimulatedTee::sev_snp: return "sev-snp";
    case SimulatedTee::nitro: return "nitro";
    case SimulatedTee::cca: return "cca";
  }
  return "?";
}

std::optional<SimulatedTee> simulated_tee(std::string_view wanted) {
  const auto* const found = std::ranges::find(all, wanted, [](SimulatedTee tee) { return name(tee); });
  return found == all.end() ? std::nullopt : std::optional(*found);
}

namespace {

template <class Options>
Options intel_options(SimulatedOptions& o) {
  Options options;
  options.tiks = std::move(o.tiks);
  options.platform = std::move(o.platform);
  // What Intel publishes about it is written down once, and is to hold as long as the platform.
  options.collateral_lifetime = attest::simulated::lifetime;
  return options;
}

}  // namespace

Result<Simulated> make_simulated(SimulatedOptions o) {
  switch (o.tee) {
    case SimulatedTee::tdx: {
      auto options = intel_options<SimulatedTdxOptions>(o);
      if (!o.measurement.empty()) options.mr_td = std::move(o.measurement);
      return make_simulated_tdx(options);
    }
    case SimulatedTee::sgx: {
      auto options = intel_options<SimulatedSgxOptions>(o);
      if (!o.measurement.empty()) options.mr_enclave = std::move(o.measurement);
      return make_simulated_sgx(options);
    }
    case SimulatedTee::sev_snp: {
      SimulatedSnpOptions options;
      options.tiks = std::move(o.tiks);
      options.platform = std::move(o.platform);
      options.tcb = {.fmc = 0, .bootloader = 10, .tee = 0, .snp = 23, .microcode = 84};
      if (!o.measurement.empty()) options.measurement = std::move(o.measurement);
      return make_simulated_snp(std::move(options));
    }
    case SimulatedTee::nitro: {
      SimulatedNitroOptions options;
      options.tiks = std::move(o.tiks);
      options.platform = std::move(o.platform);
      if (!o.measurement.empty()) options.pcrs[0] = std::move(o.measurement);
      return make_simulated_nitro(std::move(options));
    }
    case SimulatedTee::cca: {
      SimulatedCcaOptions options;
      options.tiks = std::move(o.tiks);
      options.platform = std::move(o.platform);
      if (!o.measurement.empty()) options.initial_measurement = std::move(o.measurement);
      return make_simulated_cca(std::move(options));
    }
  }
  return Error{Code::misuse, "is none", "simulated > tee"};
}

}  // namespace seatls
