#include <algorithm>

#include "base/clock.h"
#include "collateral/assemble.h"
#include "collateral/verifier.h"
#include "seatls/scheme.h"

namespace seatls::collateral {
namespace {

namespace intel = appraise::intel;
namespace snp = appraise::snp;

Error misconfigured(std::string what, std::string path) {
  return {Code::configuration, std::move(what), std::move(path)};
}

Result<std::vector<Need>> needs_of_model(const CollateralWish::IntelModel& model) {
  intel::Field<6> fmspc{};
  if (model.fmspc.size() != fmspc.size())
    return misconfigured("has " + std::to_string(model.fmspc.size()) + " bytes; an FMSPC has 6", "fmspc");
  std::ranges::copy(model.fmspc, fmspc.begin());
  if (model.tee != "tdx" && model.tee != "sgx")
    return misconfigured("\"" + model.tee + "\" is neither tdx nor sgx", "tee");
  if (model.ca != "platform" && model.ca != "processor")
    return misconfigured("\"" + model.ca + "\" is neither platform nor processor", "ca");
  return appraise::intel_needs(
      model.tee == "tdx" ? intel::Tee::tdx : intel::Tee::sgx, fmspc,
      model.ca == "platform" ? appraise::PckCa::platform : appraise::PckCa::processor);
}

// items_of lists what is wished for once each, issuers before what they issue.
Result<std::vector<Item>> items_of(const CollateralWish& wish) {
  std::vector<Item> out;
  const auto want = [&](const Item& item) {
    if (std::ranges::find(out, item) == out.end()) out.push_back(item);
  };
  for (const auto product : wish.amd)
    for (const auto key : {snp::SigningKey::vcek, snp::SigningKey::vlek}) {
      want(appraise::AmdChainOf{product, key});
      want(appraise::AmdCrlOf{product, key});
    }
  for (const auto& model : wish.intel) {
    SEATLS_TRY(const auto needs, needs_of_model(model));
    for (const auto& need : needs) want(need.item);
  }
  for (const auto& evidence : wish.evidence)
    for (const auto& need : appraise::all_needs(evidence, SchemeTable::defaults())) want(need.item);
  if (out.empty())
    return misconfigured(wish.evidence.empty()
                             ? "nothing is wished for"
                             : "nothing is published about this evidence, or it cannot be read",
                         "wish");
  return out;
}

void fill(CollateralStatus& status, const Checked& held) {
  status.source = held.entry.source;
  status.fetched = held.entry.fetched;
  status.from = held.from;
  status.until = held.until;
}

}  // namespace

Result<std::vector<CollateralStatus>> prefetch(const CollateralWish& wish, const CollateralOptions& options,
                                               std::shared_ptr<const net::HttpClient> http, Time at) {
  if (options.cache.empty()) return misconfigured("no folder is named", "cache");
  SEATLS_TRY(const auto fetcher, Fetcher::make(options, std::move(http)));
  SEATLS_TRY(const auto items, items_of(wish));
  Store store(options.cache, trust_of(wish.simulated_roots));
  std::vector<CollateralStatus> out;
  for (const auto& item : items) {
    CollateralStatus status{.name = name_of(item), .what = describe(item)};
    const auto held = store.find(item, at);
    const bool old = !held || wish.renew || at - held->entry.fetched >= options.refresh ||
                     held->until - at <= options.refresh;
    if (held) fill(status, *held);
    if (old && options.offline && !held) {
      status.error =
          Error{Code::collateral_missing, "is not in " + options.cache + ", and nothing is fetched", ""};
    } else if (old && !options.offline) {
      auto fetched = fetcher.fetch(item, Steady::now() + options.budget, at);
      status.source = fetcher.url_of(item);
      if (fetched.entry) {
        std::optional<Error> unwritten;
        auto kept = store.keep(std::move(*fetched.entry), item, at, &unwritten);
        if (unwritten) return std::move(*unwritten);
        status.renewed = kept.ok();
        if (kept)
          fill(status, **kept);
        else
          status.error = std::move(kept).error();
      } else {
        status.error = std::move(fetched.failure.error);
      }
    }
    out.push_back(std::move(status));
  }
  return out;
}

}  // namespace seatls::collateral

namespace seatls {

Result<std::vector<CollateralStatus>> prefetch_collateral(const CollateralWish& wish,
                                                          const CollateralOptions& options) {
  return collateral::prefetch(wish, options, net::make_http_client({.ca_pem = options.ca_pem}),
                              base::system_clock()());
}

}  // namespace seatls
