// The attester of the scheme "tpm2": docs/protocol, Decision 16.
#include "attest/event_log_file.h"
#include "attest/tpm2/quote.h"
#include "attest/tpm2/worker.h"
#include "codec/cbor.h"
#include "crypto/x509.h"
#include "seatls/attesters.h"

namespace seatls {
namespace attest::tpm2 {
namespace {

namespace cbor = codec::cbor;

// {1: quote TPMS_ATTEST, 2: its TPMT_SIGNATURE, 3: [[hashAlg, pcr, value]…], 4: certify TPMS_ATTEST,
//  5: its TPMT_SIGNATURE, 6: TIK TPMT_PUBLIC, 7: AK TPMT_PUBLIC, ?8: [AK chain DER],
//  ?9: [EK chain DER], ?10: event log}
Result<Bytes> encode(const Statements& said, const PublicArea& tik, const PublicArea& ak,
                     const Tpm2AttesterOptions& options, const Bytes& event_log) {
  cbor::Array pcrs;
  for (const auto& pcr : said.pcrs) {
    pcrs.push_back(cbor::array({cbor::integer(pcr.bank), cbor::integer(pcr.index), cbor::bytes(pcr.value)}));
  }
  cbor::Map map = {
      {cbor::integer(1), cbor::bytes(said.quote)},
      {cbor::integer(2), cbor::bytes(said.quote_signature)},
      {cbor::integer(3), cbor::array(pcrs)},
      {cbor::integer(4), cbor::bytes(said.certify)},
      {cbor::integer(5), cbor::bytes(said.certify_signature)},
      {cbor::integer(6), cbor::bytes(tik.encoded)},
      {cbor::integer(7), cbor::bytes(ak.encoded)},
  };
  const auto add_chain = [&map](std::int64_t key, const std::vector<Bytes>& chain) {
    if (chain.empty()) return;
    cbor::Array certificates;
    for (const Bytes& c : chain) certificates.push_back(cbor::bytes(c));
    map.emplace_back(cbor::integer(key), cbor::array(std::move(certificates)));
  };
  add_chain(8, options.attestation_key_chain);
  add_chain(9, options.endorsement_key_chain);
  if (!event_log.empty()) map.emplace_back(cbor::integer(10), cbor::bytes(event_log));
  return cbor::encode(cbor::map(std::move(map)));
}

Result<Bytes> read_event_log(const std::string& path) {
  if (path.empty()) return Bytes{};
  return attest::read_event_log_file(path);
}

// A TPM's qualifying data holds its longest digest. Binders have 32 or 48 bytes.
std::size_t longest_binder_for(std::uint32_t longest_digest) { return longest_digest >= 48 ? 48 : 32; }

// What a job needs. The attester may be gone by the time that it runs.
struct Shared {
  Tpm2AttesterOptions options;
  std::shared_ptr<Worker> worker;
  Key attestation_key;  // these two are used on the worker's thread alone
  Key tik_key;
  PublicArea ak;
  PublicArea tik;
  TPML_PCR_SELECTION selection;
  std::size_t longest_binder;
};

Result<Cmw> attest_on(Tpm& tpm, Shared& s, const Binder& binder) {
  SEATLS_TRY(const Statements said, make_statements(tpm, s.attestation_key, *s.ak.signing_hash, s.tik_key,
                                                    s.selection, binder.bytes()));
  SEATLS_TRY(const Bytes event_log, read_event_log(s.options.event_log));
  SEATLS_TRY(Bytes evidence, encode(said, s.tik, s.ak, s.options, event_log));
  return Cmw(CmwRecord{s.options.type, std::move(evidence), cmw_indicator::evidence});
}

class Tpm2Attester final : public Attester {
 public:
  explicit Tpm2Attester(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  std::vector<AttestationScheme> schemes() const override { return {{shared_->options.type}}; }
  std::size_t longest_binder() const override { return shared_->longest_binder; }

  void attest(EvidenceRequest request, Done done) override {
    if (auto refused = check(request); !refused) return done(std::move(refused).error());
    shared_->worker->post<Cmw>(
        [s = shared_, binder = std::move(request.binder)](Tpm& tpm) { return attest_on(tpm, *s, binder); },
        [done = std::move(done)](Result<Cmw> made) {
          if (made || made.error().code != Code::tpm) return done(std::move(made));
          Error e = std::move(made).error();
          e.code = Code::attester_unavailable;
          done(std::move(e));
        });
  }

 private:
  Result<void> check(const EvidenceRequest& request) const {
    if (request.scheme != schemes().front()) {
      return Error{Code::misuse, describe(request.scheme) + " is not what this attester makes", "scheme"};
    }
    const std::size_t size = request.binder.bytes().size();
    if (size > shared_->longest_binder) {
      return Error{Code::binder_too_long,
                   "the binder has " + std::to_string(size) + " bytes; this TPM's qualifying data holds " +
                       std::to_string(shared_->longest_binder),
                   "binder"};
    }
    // Compared as keys: a certificate may encode the same key in another way.
    auto asked = crypto::PublicKey::from_spki(request.binder.tik().der());
    if (!asked || !asked->same_key(shared_->tik.key)) {
      return Error{Code::foreign_key, "the certificate's key is not the one that the TPM holds", "tik"};
    }
    return {};
  }

  std::shared_ptr<Shared> shared_;
};

Result<void> check_chain(const std::vector<Bytes>& chain, const crypto::PublicKey& key) {
  if (chain.empty()) return {};
  SEATLS_TRY(const auto leaf, crypto::Certificate::from_der(chain.front()));
  SEATLS_TRY(const auto certified, leaf.public_key());
  if (certified.same_key(key)) return {};
  return Error{Code::configuration,
               leaf.subject() + " is the certificate of another key; the attestation key's own comes first",
               "attestation key certificate"};
}

Result<std::shared_ptr<Attester>> make_attester(Tpm2AttesterOptions options) {
  SEATLS_TRY(KeyReference ak_reference, parse_key_reference(options.attestation_key));
  SEATLS_TRY(KeyReference tik_reference, parse_key_reference(options.tik));
  SEATLS_TRY(const TPML_PCR_SELECTION selection, to_tpm(options.pcrs));
  SEATLS_TRY([[maybe_unused]] const Bytes readable, read_event_log(options.event_log));
  auto worker = Worker::shared(options.access.tcti);
  Key ak_key(std::move(ak_reference), options.access);
  Key tik_key(std::move(tik_reference), options.access);

  // One trial run shows now what would fail in every handshake.
  using Made = std::shared_ptr<Shared>;
  SEATLS_TRY(Made shared, worker->call<Made>([&](Tpm& tpm) -> Result<Made> {
    SEATLS_TRY(PublicArea ak, ak_key.public_area(tpm));
    SEATLS_TRY(PublicArea tik, tik_key.public_area(tpm));
    SEATLS_CHECK(check_attestation_key(ak));
    SEATLS_CHECK(check_tik(tik));
    SEATLS_CHECK(check_chain(options.attestation_key_chain, ak.key));
    SEATLS_TRY(const std::uint32_t longest_digest, tpm.property(TPM2_PT_MAX_DIGEST));
    SEATLS_TRY([[maybe_unused]] const Statements trial,
               make_statements(tpm, ak_key, *ak.signing_hash, tik_key, selection, {}));
    return std::make_shared<Shared>(Shared{std::move(options), worker, std::move(ak_key), std::move(tik_key),
                                           std::move(ak), std::move(tik), selection,
                                           longest_binder_for(longest_digest)});
  }));
  return std::shared_ptr<Attester>(std::make_shared<Tpm2Attester>(std::move(shared)));
}

}  // namespace
}  // namespace attest::tpm2

Result<std::shared_ptr<Attester>> make_tpm2_attester(Tpm2AttesterOptions options) {
  return attest::tpm2::make_attester(std::move(options));
}

}  // namespace seatls
