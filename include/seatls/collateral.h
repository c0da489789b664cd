// Collateral by network: what makers of TEEs publish about their platforms (Intel: TCB info, identities of
// quoting enclaves, revocation lists; AMD: certificates of chips and their issuers, revocation lists) is
// fetched where evidence needs it, and kept in a folder. None of it is believed for where it comes from: it
// is verified with each piece of evidence that needs it, as files of a policy are. docs/usage/collateral.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seatls/bytes.h"
#include "seatls/cmw.h"
#include "seatls/error.h"
#include "seatls/policy.h"
#include "seatls/snp_policy.h"
#include "seatls/verifier.h"
#include "seatls/verifiers.h"

namespace seatls {

struct CollateralOptions {
  std::string cache{};   // the folder, made where it is missing; empty: it is kept in memory alone
  bool offline = false;  // nothing is fetched: what the folder lacks is missing

  std::string pcs = "https://api.trustedservices.intel.com";  // Intel's service, or a PCCS
  std::string kds = "https://kdsintf.amd.com";                // AMD's
  // The list of Intel's root. Empty: from Intel beside Intel's own service, else from the PCCS.
  std::string intel_root_crl{};
  std::string ca_pem{};  // who vouches for these servers; empty: whom the system trusts

  std::chrono::milliseconds timeout{5'000};  // one attempt
  unsigned retries = 2;                      // after the first attempt
  std::chrono::milliseconds budget{8'000};   // everything that one piece of evidence waits for
  // Collateral older than this, or about to end within it, is fetched anew while it is still used.
  std::chrono::seconds refresh{std::chrono::hours{24}};
  // Plain http to other machines. What is fetched is signed, but whoever is on the line learns which
  // platforms are judged here, and decides how old the collateral is, as far as it holds.
  bool danger_plain_http = false;
};

// fetched_collateral stands in a policy (tdx.tcb.collateral, sgx.tcb.collateral) for what the verifier
// fetches; policy files write "fetched". A verifier that fetches nothing refuses with collateral_missing.
[[nodiscard]] IntelCollateral fetched_collateral();

// make_collateral_verifier judges as make_local_verifier does, with what is fetched beside the policies' own.
// What it has is judged before `appraise` returns; else `done` is called later from a thread of its own.
// Where collateral cannot be had the evidence is refused, and the reasons tell what was tried. Errors:
// configuration.
[[nodiscard]] Result<std::shared_ptr<Verifier>> make_collateral_verifier(std::vector<Policy> policies,
                                                                         LocalVerifierOptions options,
                                                                         CollateralOptions collateral);

// CollateralWish is what prefetch_collateral fetches.
struct CollateralWish {
  struct IntelModel {
    Bytes fmspc{};                // 6 bytes
    std::string ca = "platform";  // or "processor"
    std::string tee = "tdx";      // or "sgx"
  };
  std::vector<Cmw> evidence;  // everything that is published about it
  std::vector<IntelModel> intel;
  std::vector<SnpProduct> amd;         // issuers and revocation lists
  std::vector<Bytes> simulated_roots;  // DER: beside the makers' own
  bool renew = false;                  // also what is held already, and not old
};

// CollateralStatus is one piece of collateral, or why there is none.
struct CollateralStatus {
  std::string name{};    // of its file
  std::string what{};    // "TCB info for TDX on FMSPC 00806f050000"
  std::string source{};  // where it was fetched
  std::optional<Time> fetched{}, from{}, until{};
  bool renewed = false;  // fetched just now
  std::optional<Error> error{};
};

// prefetch_collateral fills the cache. Each status tells how that one went. Errors: configuration for options
// and wishes that make no sense; io for a folder that cannot be written.
[[nodiscard]] Result<std::vector<CollateralStatus>> prefetch_collateral(const CollateralWish& wish,
                                                                        const CollateralOptions& options);

// CollateralFolder is what a folder holds that people have filled: a cache, bundles of DCAP tools (*.json),
// certificates and revocation lists (PEM or DER).
struct CollateralFolder {
  std::vector<CollateralStatus> entries;  // of the cache, by name
  std::vector<IntelCollateral> intel;     // bundles, and those that the cache's entries make up together
  std::vector<Bytes> certificates, crls;  // DER
  std::vector<Error> ignored;             // files that cannot be used
};
// read_collateral_folder reads all of it. It is verified where it is used. Errors: io.
[[nodiscard]] Result<CollateralFolder> read_collateral_folder(const std::string& folder);
// add puts a folder's content beside a policy's own.
void add(Policy& policy, const CollateralFolder& folder);

}  // namespace seatls
