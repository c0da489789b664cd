#include "collateral/assemble.h"

#include <algorithm>

#include "appraise/schemes/intel/collateral.h"
#include "codec/json.h"

namespace seatls::collateral {
namespace {

namespace intel = appraise::intel;
namespace json = codec::json;

const Entry* find(const std::vector<const Entry*>& entries, std::string_view kind,
                  std::string_view rest_start) {
  const auto found = std::ranges::find_if(entries, [&](const Entry* e) {
    const auto parts = parts_of(e->name);
    return parts.kind == kind && parts.rest.starts_with(rest_start);
  });
  return found == entries.end() ? nullptr : *found;
}

json::Value text(std::string value) { return json::Value(json::Value::Data(std::move(value))); }

std::string_view lower_name(intel::Tee tee) { return tee == intel::Tee::tdx ? "tdx" : "sgx"; }

}  // namespace

NameParts parts_of(const std::string& name) {
  const auto dot = name.find('.');
  return {name.substr(0, dot), dot == std::string::npos ? "" : name.substr(dot + 1)};
}

Result<std::string> bundle_of(intel::Tee tee, const std::vector<const Entry*>& entries) {
  const auto* root_crl = find(entries, "intel-root-crl", "");
  const auto* pck_crl = find(entries, "pck-crl", "");
  const auto* tcb_info = find(entries, "tcb-info", lower_name(tee));
  const auto* qe_identity = find(entries, "qe-identity", lower_name(tee));
  if (root_crl == nullptr || pck_crl == nullptr || tcb_info == nullptr || qe_identity == nullptr)
    return Error{Code::collateral_missing, "TCB info, identity and two lists make a bundle", "collateral"};
  json::Object bundle = {{"pck_crl_issuer_chain", text(pck_crl->issuer_chain)},
                         {"root_ca_crl", text(root_crl->content)},
                         {"pck_crl", text(pck_crl->content)}};
  for (const auto& [entry, key, name] : {std::tuple{tcb_info, "tcb_info", "tcbInfo"},
                                         std::tuple{qe_identity, "qe_identity", "enclaveIdentity"}}) {
    SEATLS_TRY(auto document, split_document(entry->content, name));
    bundle.emplace_back(std::string(key) + "_issuer_chain", text(entry->issuer_chain));
    bundle.emplace_back(key, text(std::move(document.raw)));
    bundle.emplace_back(std::string(key) + "_signature", text(std::move(document.signature)));
  }
  return json::write(json::Value(json::Value::Data(std::move(bundle))));
}

Addition addition_of(const std::vector<Held>& entries) {
  Addition out;
  std::vector<const Entry*> all;
  for (const auto& held : entries) {
    all.push_back(&held->entry);
    const auto kind = parts_of(held->entry.name).kind;
    if (kind == "vcek" || kind == "amd-chain")
      out.certificates.insert(out.certificates.end(), held->ders.begin(), held->ders.end());
    if (kind == "amd-crl") out.crls.insert(out.crls.end(), held->ders.begin(), held->ders.end());
  }
  // Several platforms (of a compound) may be there: each TCB info with each list.
  const auto of_kind = [&](std::string_view kind, std::string_view rest) {
    std::vector<const Entry*> list;
    for (const auto* e : all)
      if (const auto parts = parts_of(e->name); parts.kind == kind && parts.rest.starts_with(rest))
        list.push_back(e);
    return list;
  };
  const auto* root_crl = find(all, "intel-root-crl", "");
  for (const auto tee : {intel::Tee::tdx, intel::Tee::sgx}) {
    const auto* identity = find(all, "qe-identity", lower_name(tee));
    if (root_crl == nullptr || identity == nullptr) continue;
    for (const auto* info : of_kind("tcb-info", lower_name(tee)))
      for (const auto* list : of_kind("pck-crl", ""))
        if (const auto bundle = bundle_of(tee, {root_crl, list, info, identity}))
          if (auto parsed = IntelCollateral::parse(*bundle))
            (tee == intel::Tee::tdx ? out.tdx : out.sgx).push_back(std::move(*parsed));
  }
  return out;
}

void add(Policy& policy, const Addition& addition) {
  const auto add_intel = [](IntelTcbPolicy& tcb, const std::vector<IntelCollateral>& more) {
    const bool fetched =
        std::ranges::any_of(tcb.collateral, [](const IntelCollateral& c) { return c.impl().fetched; });
    if (fetched) tcb.collateral.insert(tcb.collateral.end(), more.begin(), more.end());
  };
  add_intel(policy.tdx.tcb, addition.tdx);
  add_intel(policy.sgx.tcb, addition.sgx);
  auto& snp = policy.snp;
  snp.certificates.insert(snp.certificates.end(), addition.certificates.begin(), addition.certificates.end());
  snp.crls.insert(snp.crls.end(), addition.crls.begin(), addition.crls.end());
}

}  // namespace seatls::collateral
