#include "bench/tpm_time.h"

#include <chrono>
#include <filesystem>
#include <future>

#include "attest/tpm2/keys.h"
#include "attest/tpm2/simulator.h"
#include "bench/place.h"
#include "binder/early_binder.h"
#include "crypto/hash.h"
#include "seatls/attesters.h"

namespace seatls::bench {
namespace {

namespace tpm2 = attest::tpm2;
using Clock = std::chrono::steady_clock;

// timed runs `start`, which calls back once, and returns the milliseconds until it did.
template <class T, class Start>
Result<double> timed(Start start) {
  auto answer = std::make_shared<std::promise<Result<T>>>();
  const auto begin = Clock::now();
  start([answer](Result<T> r) { answer->set_value(std::move(r)); });
  SEATLS_CHECK(answer->get_future().get());
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

}  // namespace

Result<void> add_tpm_time(Report& report) {
  if (auto missing = tpm2::Simulator::missing(false); !missing.empty()) {
    report.notes.push_back("no TPM time: " + missing);
    return {};
  }
  SEATLS_TRY(const auto folder, Folder::make());
  SEATLS_TRY(const auto simulator, tpm2::Simulator::start({folder.path(), false}));
  TpmAccess access;
  access.tcti = simulator->tcti();
  SEATLS_TRY(const tpm2::KeyFile tik, tpm2::create_key(access, tpm2::KeyUse::tik, crypto::KeyType::p256));
  SEATLS_TRY(const tpm2::KeyFile ak,
             tpm2::create_key(access, tpm2::KeyUse::attestation, crypto::KeyType::p256));
  SEATLS_TRY(const auto signer, make_tpm_signer(access, tpm2::write_key_file(tik)));
  Tpm2AttesterOptions options;
  options.access = access;
  options.tik = tpm2::write_key_file(tik);
  options.attestation_key = tpm2::write_key_file(ak);
  SEATLS_TRY(const auto attester, make_tpm2_attester(options));

  Series evidence{"evidence of a software TPM (quote, certify)", "ms", {}};
  Series signature{"TLS signature in a software TPM", "ms", {}};
  for (int i = 0; i < 20; ++i) {
    SEATLS_TRY(const Binder binder, binder::derive_early_binder(Hash::sha256, false, crypto::random_bytes(32),
                                                                signer->public_key()));
    SEATLS_TRY(const double made, timed<Cmw>([&](auto done) {
                 attester->attest({attester->schemes().front(), binder}, std::move(done));
               }));
    SEATLS_TRY(const double signed_in,
               timed<Bytes>([&](auto done) { signer->sign(crypto::random_bytes(32), std::move(done)); }));
    evidence.samples.push_back(made);
    signature.samples.push_back(signed_in);
  }
  report.cases.push_back(std::move(evidence));
  report.cases.push_back(std::move(signature));
  return {};
}

}  // namespace seatls::bench
