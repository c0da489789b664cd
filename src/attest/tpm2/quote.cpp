#include "attest/tpm2/quote.h"

#include <algorithm>

#include "crypto/hash.h"

namespace seatls::attest::tpm2 {
namespace {

constexpr unsigned pcr_count = 24;

TPMI_ALG_HASH algorithm(Hash hash) {
  switch (hash) {
    case Hash::sha1: return TPM2_ALG_SHA1;
    case Hash::sha256: return TPM2_ALG_SHA256;
    case Hash::sha384: return TPM2_ALG_SHA384;
    case Hash::sha512: return TPM2_ALG_SHA512;
  }
  return TPM2_ALG_NULL;
}

bool is_selected(const TPMS_PCR_SELECTION& bank, std::uint32_t index) {
  return index / 8 < bank.sizeofSelect && (bank.pcrSelect[index / 8] >> (index % 8) & 1) != 0;
}

void deselect(TPMS_PCR_SELECTION& bank, std::uint32_t index) {
  bank.pcrSelect[index / 8] &= static_cast<BYTE>(~(1U << (index % 8)));
}

bool any_selected(const TPML_PCR_SELECTION& selection) {
  for (std::uint32_t b = 0; b < selection.count; ++b) {
    const auto& bank = selection.pcrSelections[b];
    if (std::any_of(bank.pcrSelect, bank.pcrSelect + bank.sizeofSelect, [](BYTE x) { return x != 0; })) {
      return true;
    }
  }
  return false;
}

Error no_such_pcr() {
  return {Code::configuration,
          "the TPM does not have all of the selected PCRs; leave the bank out, or activate it with "
          "tpm2_pcrallocate",
          "pcrs"};
}

// TPM2_PCR_Read returns at most eight values: go on with what is left.
Result<std::vector<PcrValue>> read_pcrs(Tpm& tpm, const TPML_PCR_SELECTION& selection) {
  std::vector<PcrValue> out;
  TPML_PCR_SELECTION left = selection;
  while (any_selected(left)) {
    Owned<TPML_PCR_SELECTION> read;
    Owned<TPML_DIGEST> values;
    std::uint32_t update_counter = 0;
    SEATLS_CHECK(tpm.check(Esys_PCR_Read(tpm.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &left,
                                         &update_counter, read.out(), values.out()),
                           "TPM2_PCR_Read"));
    std::uint32_t next = 0;
    for (std::uint32_t b = 0; b < read->count && b < left.count; ++b) {
      for (std::uint32_t i = 0; i < pcr_count; ++i) {
        if (!is_selected(read->pcrSelections[b], i) || !is_selected(left.pcrSelections[b], i)) continue;
        if (next == values->count) return no_such_pcr();
        out.push_back({left.pcrSelections[b].hash, i, bytes(content(values->digests[next++]))});
        deselect(left.pcrSelections[b], i);
      }
    }
    if (next == 0) return no_such_pcr();
  }
  return out;
}

Bytes pcr_digest(Hash hash, const std::vector<PcrValue>& pcrs) {
  crypto::Hasher hasher(hash);
  for (const auto& pcr : pcrs) hasher.update(pcr.value);
  return hasher.current();
}

struct Signed {
  Bytes statement, signature;
  TPMS_ATTEST parsed;
};

Result<Signed> signed_statement(const TPM2B_ATTEST& attest, const TPMT_SIGNATURE& signature) {
  Signed out;
  out.statement = bytes(content(attest));
  SEATLS_TRY(out.signature, marshal(signature, Tss2_MU_TPMT_SIGNATURE_Marshal));
  SEATLS_TRY(out.parsed, unmarshal<TPMS_ATTEST>(out.statement, "TPMS_ATTEST", Tss2_MU_TPMS_ATTEST_Unmarshal));
  return out;
}

constexpr TPMT_SIG_SCHEME scheme_of_key{TPM2_ALG_NULL, {}};

Result<Signed> quote(Tpm& tpm, const Object& key, const TPM2B_DATA& qualifying,
                     const TPML_PCR_SELECTION& selection) {
  Owned<TPM2B_ATTEST> attest;
  Owned<TPMT_SIGNATURE> signature;
  SEATLS_CHECK(tpm.check(Esys_Quote(tpm.esys(), key.tr(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                    &qualifying, &scheme_of_key, &selection, attest.out(), signature.out()),
                         "TPM2_Quote"));
  return signed_statement(*attest, *signature);
}

Result<Signed> certify(Tpm& tpm, const Object& key, const Object& certified, const TPM2B_DATA& qualifying) {
  Owned<TPM2B_ATTEST> attest;
  Owned<TPMT_SIGNATURE> signature;
  SEATLS_CHECK(
      tpm.check(Esys_Certify(tpm.esys(), certified.tr(), key.tr(), ESYS_TR_PASSWORD, ESYS_TR_PASSWORD,
                             ESYS_TR_NONE, &qualifying, &scheme_of_key, attest.out(), signature.out()),
                "TPM2_Certify"));
  return signed_statement(*attest, *signature);
}

bool same_boot(const TPMS_ATTEST& a, const TPMS_ATTEST& b) {
  return a.clockInfo.resetCount == b.clockInfo.resetCount &&
         a.clockInfo.restartCount == b.clockInfo.restartCount;
}

}  // namespace

Result<TPML_PCR_SELECTION> to_tpm(const std::vector<PcrSelection>& selection) {
  TPML_PCR_SELECTION out{};
  if (selection.empty() || selection.size() > TPM2_NUM_PCR_BANKS) {
    return Error{Code::configuration, "select PCRs of one bank at least", "pcrs"};
  }
  for (const auto& bank : selection) {
    auto& to = out.pcrSelections[out.count++];
    to.hash = algorithm(bank.bank);
    to.sizeofSelect = pcr_count / 8;
    if (bank.indices.empty()) return Error{Code::configuration, "a bank without a PCR", "pcrs"};
    for (std::uint32_t b = 0; b + 1 < out.count; ++b) {
      if (out.pcrSelections[b].hash == to.hash) {
        return Error{Code::configuration, "the bank " + std::string(name(bank.bank)) + " stands there twice",
                     "pcrs"};
      }
    }
    for (const unsigned i : bank.indices) {
      if (i >= pcr_count) {
        return Error{Code::configuration, "PCR " + std::to_string(i) + "; they are 0 to 23", "pcrs"};
      }
      to.pcrSelect[i / 8] |= static_cast<BYTE>(1U << (i % 8));
    }
  }
  return out;
}

Result<Statements> make_statements(Tpm& tpm, Key& attestation_key, Hash digest, Key& tik,
                                   const TPML_PCR_SELECTION& selection, ByteView qualifying_data) {
  TPM2B_DATA qualifying{};
  if (qualifying_data.size() > sizeof qualifying.buffer) {
    return Error{Code::binder_too_long, std::to_string(qualifying_data.size()) + " bytes", "qualifyingData"};
  }
  qualifying.size = static_cast<UINT16>(qualifying_data.size());
  std::ranges::copy(qualifying_data, qualifying.buffer);

  SEATLS_TRY(const Object ak, attestation_key.load(tpm));
  SEATLS_TRY(const Object tik_object, tik.load(tpm));
  constexpr int attempts = 8;
  for (int i = 0; i < attempts; ++i) {
    SEATLS_TRY(Signed quoted, quote(tpm, ak, qualifying, selection));
    SEATLS_TRY(std::vector<PcrValue> pcrs, read_pcrs(tpm, selection));
    const auto& quoted_digest = quoted.parsed.attested.quote.pcrDigest;
    if (!std::ranges::equal(pcr_digest(digest, pcrs), content(quoted_digest))) continue;
    SEATLS_TRY(Signed certified, certify(tpm, ak, tik_object, qualifying));
    if (!same_boot(quoted.parsed, certified.parsed)) continue;
    return Statements{std::move(quoted.statement), std::move(quoted.signature), std::move(pcrs),
                      std::move(certified.statement), std::move(certified.signature)};
  }
  return Error{Code::tpm, "the PCRs changed during each of " + std::to_string(attempts) + " quotes", "pcrs"};
}

}  // namespace seatls::attest::tpm2
