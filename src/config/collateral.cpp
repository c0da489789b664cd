// [collateral]: where the collateral of peers' platforms comes from.
#include "appraise/schemes/intel/collateral.h"
#include "collateral/fetch.h"
#include "config/draft.h"
#include "config/text.h"

namespace seatls::config {
namespace {

using namespace std::chrono_literals;

void read_urls(Draft& d, CollateralOptions& o) {
  struct Row {
    const char* key;
    std::string* url;
  };
  for (const auto& row : {Row{"collateral.pcs", &o.pcs}, Row{"collateral.kds", &o.kds},
                          Row{"collateral.intel_root_crl", &o.intel_root_crl}}) {
    if (!d.file.has(row.key)) continue;
    *row.url = d.file.text(row.key);
    d.check_url(row.key, *row.url, o.danger_plain_http, "collateral_over_http");
  }
}

}  // namespace

std::optional<CollateralOptions> read_collateral(Draft& d) {
  if (!d.file.has_table("collateral")) return std::nullopt;
  CollateralOptions o;
  if (d.file.flag("danger.collateral_over_http")) {
    o.danger_plain_http = true;
    d.out.config.dangers.emplace_back("collateral_over_http");
  }
  if (d.file.has("collateral.cache")) {
    if (d.file.text("collateral.cache").empty())
      d.wrong("collateral.cache", "the folder has no name",
              "leave the key out to keep collateral in memory alone");
    o.cache = d.resolve(d.file.text("collateral.cache")).string();
  }
  o.offline = d.file.flag("collateral.offline");
  if (o.offline && o.cache.empty() && !d.file.mentioned("collateral.cache"))
    d.wrong("collateral.offline", "nothing is fetched, and there is no folder",
            "write cache = \"collateral\"; `seatls collateral prefetch` fills it");
  read_urls(d, o);
  o.ca_pem = read_ca(d, "collateral.ca");
  if (const auto time =
          d.duration("collateral.timeout", {100ms, 60s, "100ms to 60s"}, "the default is \"5s\""))
    o.timeout = *time;
  if (const auto time =
          d.duration("collateral.budget", {100ms, 600s, "100ms to 10m"}, "the default is \"8s\""))
    o.budget = *time;
  if (const auto time =
          d.duration("collateral.refresh", {1min, 24h * 30, "1m to 30d"}, "the default is \"1d\""))
    o.refresh = std::chrono::duration_cast<std::chrono::seconds>(*time);
  if (const auto retries = d.number("collateral.retries", 0, 10, "the default is 2"))
    o.retries = static_cast<unsigned>(*retries);
  return o;
}

bool leaves_collateral_open(const Policy& policy) {
  for (const auto* tcb : {&policy.tdx.tcb, &policy.sgx.tcb})
    for (const auto& c : tcb->collateral)
      if (c.impl().fetched) return true;
  return false;
}

Result<CollateralOptions> load_collateral_options(const std::string& path) {
  return load_section(path, read_collateral,
                      "the section [collateral] is missing; write it, with cache = \"collateral\"");
}

}  // namespace seatls::config
