#include "appraise/schemes/tpm/parse.h"

#include "appraise/schemes/tpm/evidence_map.h"

namespace seatls::appraise::tpm {
namespace {

enum Key : std::int64_t {
  quote = 1,
  quote_signature = 2,
  pcrs = 3,
  certify = 4,
  certify_signature = 5,
  tik = 6,
  ak = 7,
  ak_chain = 8,
  ek_chain = 9,
  event_log = 10,
};

Result<Evidence> read(ByteView raw) {
  SEATLS_TRY(const auto map, EvidenceMap::read(raw, event_log));
  SEATLS_TRY(auto the_quote, map.quote(quote));
  SEATLS_TRY(auto the_quote_signature, map.field(quote_signature, "quote signature", parse_signature));
  SEATLS_TRY(auto the_pcrs, map.pcrs(pcrs));
  SEATLS_TRY(auto the_certify, map.certify(certify));
  SEATLS_TRY(auto the_certify_signature, map.field(certify_signature, "certify signature", parse_signature));
  SEATLS_TRY(auto the_tik, map.field(tik, "tik", parse_public));
  SEATLS_TRY(auto the_ak, map.field(ak, "ak", parse_public));
  SEATLS_TRY(auto the_ak_chain, map.chain(ak_chain, "ak chain"));
  SEATLS_TRY(auto the_ek_chain, map.chain(ek_chain, "ek chain"));
  SEATLS_TRY(auto log, map.event_log(event_log));
  return Evidence{{std::move(the_quote), std::move(the_quote_signature), std::move(the_pcrs), std::move(log)},
                  {std::move(the_certify), std::move(the_certify_signature), std::move(the_tik)},
                  std::move(the_ak),
                  std::move(the_ak_chain),
                  std::move(the_ek_chain)};
}

}  // namespace

class Parser {
 public:
  static ParsedEvidence mint(Evidence evidence) { return ParsedEvidence(std::move(evidence)); }
};

Result<ParsedEvidence> parse(const Cmw& credential) {
  if (credential.record() == nullptr) return Error{Code::malformed, "tpm2 evidence is a CMW record", "cmw"};
  auto evidence = read(credential.record()->value);
  if (!evidence) return std::move(evidence).error().in("tpm2");
  return Parser::mint(std::move(*evidence));
}

}  // namespace seatls::appraise::tpm
