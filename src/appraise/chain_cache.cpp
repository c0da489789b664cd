#include "appraise/chain_cache.h"

#include <algorithm>

#include "appraise/parts.h"
#include "base/remembered.h"

namespace seatls::appraise {
namespace {

struct Interval {
  Time from, until;
};

base::Remembered<Bytes, Interval>& verified_chains() {
  static base::Remembered<Bytes, Interval> chains(1024);
  return chains;
}

enum class Kind : std::uint8_t { path, steps };

Bytes name_of(Kind kind, std::span<const crypto::Certificate> chain, const std::vector<Bytes>& crls) {
  const auto octet = static_cast<std::uint8_t>(kind);
  std::vector<ByteView> parts = {{&octet, 1}};
  for (const auto& certificate : chain) parts.push_back(certificate.der());
  parts.emplace_back();
  parts.insert(parts.end(), crls.begin(), crls.end());
  return name_of_parts(parts);
}

// Where the chain is not known yet, or not for this time, `verify` decides.
template <class Verify>
Result<void> remembered(Kind kind, std::span<const crypto::Certificate> chain, const std::vector<Bytes>& crls,
                        Time at, const Verify& verify) {
  Bytes name = name_of(kind, chain, crls);
  if (const auto known = verified_chains().find(name); known && known->from <= at && at <= known->until)
    return {};
  SEATLS_CHECK(verify());
  Interval holds{Time::min(), Time::max()};
  for (const auto& certificate : chain) {
    holds.from = std::max(holds.from, certificate.not_before());
    holds.until = std::min(holds.until, certificate.not_after());
  }
  for (const auto& crl : crls) {
    SEATLS_TRY(const auto period, crypto::crl_period(crl));
    holds.from = std::max(holds.from, period.from);
    holds.until = std::min(holds.until, period.until);
  }
  verified_chains().keep(std::move(name), holds);
  return {};
}

}  // namespace

Result<void> verify_path(std::span<const crypto::Certificate> chain, Time at) {
  if (chain.size() < 2) return Error{Code::misuse, "a path has an end and an anchor", "chain"};
  return remembered(Kind::path, chain, {}, at, [&] {
    return crypto::verify_chain(
        chain.front(),
        {.anchors = {chain.back()}, .intermediates = {chain.begin() + 1, chain.end() - 1}, .at = at});
  });
}

Result<void> verify_steps(std::span<const crypto::Certificate> chain, const std::vector<Bytes>& crls,
                          Time at) {
  return remembered(Kind::steps, chain, crls, at, [&]() -> Result<void> {
    // A step apart for each certificate: a CA may publish a list of intermediates, and none of end entities.
    for (std::size_t i = 0; i + 1 < chain.size(); ++i)
      SEATLS_CHECK(crypto::verify_chain(
          chain[i], {.anchors = {chain[i + 1]}, .crls = i == 0 ? std::vector<Bytes>() : crls, .at = at}));
    return {};
  });
}

}  // namespace seatls::appraise
