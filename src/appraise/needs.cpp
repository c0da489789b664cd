#include "appraise/needs.h"

#include <algorithm>
#include <optional>

#include "appraise/schemes/azure/parse.h"
#include "appraise/schemes/intel/collateral.h"
#include "appraise/schemes/intel/pck.h"
#include "appraise/schemes/intel/trust_anchors.h"
#include "appraise/schemes/snp/parse.h"
#include "base/encoding.h"
#include "tee/simulated_name.h"

namespace seatls::appraise {
namespace {

using snp::SigningKey;

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return out;
}

// Names of a variant's members, one overload each.
struct Namer {
  std::string operator()(const TcbInfoOf& i) const {
    return "tcb-info." + lower(intel::name(i.tee)) + "." + base::to_hex(i.fmspc);
  }
  std::string operator()(const QeIdentityOf& i) const { return "qe-identity." + lower(intel::name(i.tee)); }
  std::string operator()(const PckCrlOf& i) const { return "pck-crl." + std::string(name(i.ca)); }
  std::string operator()(const IntelRootCrl&) const { return "intel-root-crl"; }
  std::string operator()(const VcekOf& i) const {
    const auto& t = i.tcb;
    std::string out = "vcek." + lower(seatls::name(i.product)) + "." + base::to_hex(i.hwid);
    for (const unsigned level : {t.fmc, t.bootloader, t.tee, t.snp, t.microcode})
      out += "." + std::to_string(level);
    return out;
  }
  std::string operator()(const AmdChainOf& i) const {
    return "amd-chain." + lower(seatls::name(i.product)) + "." + lower(snp::name(i.key));
  }
  std::string operator()(const AmdCrlOf& i) const {
    return "amd-crl." + lower(seatls::name(i.product)) + "." + lower(snp::name(i.key));
  }
};

struct Describer {
  std::string operator()(const TcbInfoOf& i) const {
    return "TCB info for " + std::string(intel::name(i.tee)) + " on FMSPC " + base::to_hex(i.fmspc);
  }
  std::string operator()(const QeIdentityOf& i) const {
    return "identity of the quoting enclave for " + std::string(intel::name(i.tee));
  }
  std::string operator()(const PckCrlOf& i) const {
    return "revocation list of Intel's PCK " + std::string(name(i.ca)) + " CA";
  }
  std::string operator()(const IntelRootCrl&) const { return "revocation list of Intel's root"; }
  std::string operator()(const VcekOf& i) const {
    return "VCEK of the " + std::string(seatls::name(i.product)) + " chip " + base::to_hex(i.hwid) + " at " +
           to_text(i.tcb);
  }
  std::string operator()(const AmdChainOf& i) const {
    return "issuers of " + std::string(seatls::name(i.product)) + " " + std::string(snp::name(i.key)) + "s";
  }
  std::string operator()(const AmdCrlOf& i) const {
    return "revocation list of the issuers of " + std::string(seatls::name(i.product)) + " " +
           std::string(snp::name(i.key)) + "s";
  }
};

// ---- Intel -------------------------------------------------------------------------------------

constexpr std::string_view processor_ca_name = "Intel SGX PCK Processor CA";

struct IntelPlatform {
  intel::Tee tee;
  intel::Field<6> fmspc{};
  PckCa ca;
  std::vector<crypto::Certificate> chain;
};

std::optional<IntelPlatform> platform_of(const intel::Quote& quote) {
  if (quote.certification_type != intel::pck_chain_pem) return std::nullopt;
  auto chain = intel::read_pck_chain(quote.certification);
  if (!chain) return std::nullopt;
  const auto pck = intel::read_pck(chain->front());
  if (!pck || pck->fmspc.size() != 6) return std::nullopt;
  IntelPlatform out{.tee = quote.tee, .ca = PckCa::platform, .chain = {}};
  std::ranges::copy(pck->fmspc, out.fmspc.begin());
  if (chain->front().issuer_common_name() == processor_ca_name) out.ca = PckCa::processor;
  out.chain = std::move(*chain);
  return out;
}

bool is_vouched_for(const IntelPlatform& p, const Policy& policy, Time at) {
  crypto::ChainCheck check{.anchors = {intel::intel_root()},
                           .intermediates = {std::next(p.chain.begin()), p.chain.end()},
                           .at = at};
  for (const auto& der : policy.danger.simulated_roots)
    if (auto root = crypto::Certificate::from_der(der);
        root && tee::is_simulated_name(root->subject_common_name()))
      check.anchors.push_back(std::move(*root));
  return crypto::verify_chain(p.chain.front(), check).ok();
}

// Nothing is fetched for a policy that does not say so, nor beside a file of its own that holds.
bool leaves_open(const IntelTcbPolicy& policy, const IntelPlatform& p, Time at) {
  bool fetched = false;
  for (const auto& c : policy.collateral) {
    fetched = fetched || c.impl().fetched;
    const auto& info = c.impl().bundle.tcb_info.value;
    if (info.tee == p.tee && std::ranges::equal(info.fmspc, p.fmspc) && at >= info.issued &&
        at < info.next_update)
      return false;
  }
  return fetched;
}

// ---- AMD ---------------------------------------------------------------------------------------

// products_of returns the generations that a report can come from. One of version 2 does not say: CHIP_ID of
// Turin ends in zeros, and Milan and Genoa cannot be told apart.
std::vector<SnpProduct> products_of(const snp::Evidence& e) {
  const auto own = std::ranges::find(e.veks, e.report.signing_key, &snp::Vek::kind);
  if (own != e.veks.end()) return {own->product};
  if (e.report.cpuid) {
    const auto product = snp::product_of(*e.report.cpuid);
    return product ? std::vector{*product} : std::vector<SnpProduct>();
  }
  if (std::all_of(e.report.chip_id.begin() + 8, e.report.chip_id.end(), [](auto b) { return b == 0; }))
    return {SnpProduct::turin};
  return {SnpProduct::milan, SnpProduct::genoa};
}

void add_snp(const snp::Evidence& e, const std::vector<SnpProduct>& products, std::vector<Need>& out) {
  const auto key = e.report.signing_key;
  if (key == SigningKey::none) return;
  const bool own = std::ranges::find(e.veks, key, &snp::Vek::kind) != e.veks.end();
  for (const auto product : products) {
    out.push_back({AmdCrlOf{product, key}});
    // Issuers that are known by now are part of the program.
    if (!own) out.push_back({AmdChainOf{product, key}, false});
    const auto tcb = snp::read_tcb(e.report.reported_tcb, product);
    const bool masked = std::ranges::all_of(e.report.chip_id, [](std::uint8_t octet) { return octet == 0; });
    // A VLEK is given to the cloud that it was made for, and to nobody who asks; a masked chip has no name.
    if (own || key != SigningKey::vcek || masked || !tcb) continue;
    const auto size = product == SnpProduct::turin ? 8 : 64;
    out.push_back({VcekOf{product, Bytes(e.report.chip_id.begin(), e.report.chip_id.begin() + size), *tcb},
                   products.size() == 1});
  }
}

bool has_vek_for(const snp::Report& report, const SnpPolicy& policy) {
  return std::ranges::any_of(policy.certificates, [&](const Bytes& der) {
    const auto certificate = crypto::Certificate::from_der(der);
    if (!certificate || !snp::is_vek(*certificate)) return false;
    const auto vek = snp::read_vek(*certificate);
    const auto tcb = vek ? snp::read_tcb(report.reported_tcb, vek->product) : Result<SnpTcb>(Error{});
    return vek && tcb && vek->kind == report.signing_key && vek->tcb == *tcb &&
           std::equal(vek->hwid.begin(), vek->hwid.end(), report.chip_id.begin());
  });
}

std::vector<Need> snp_needs(const snp::Evidence& e, const SnpPolicy& policy) {
  std::vector<Need> all, out;
  auto products = products_of(e);
  std::erase_if(products, [&](SnpProduct product) { return !policy.tcb.contains(product); });
  add_snp(e, products, all);
  for (auto& need : all) {
    if (std::holds_alternative<VcekOf>(need.item) && has_vek_for(e.report, policy)) continue;
    if (std::holds_alternative<AmdCrlOf>(need.item) && !policy.crls.empty()) continue;
    out.push_back(std::move(need));
  }
  return out;
}

// ---- A credential ------------------------------------------------------------------------------

void append(std::vector<Need>& to, std::vector<Need> more) {
  for (auto& need : more) {
    const auto known = std::ranges::find(to, need.item, &Need::item);
    if (known == to.end())
      to.push_back(std::move(need));
    else
      known->essential = known->essential || need.essential;
  }
}

// Below is what a record says of the machine that it comes from.
struct Below {
  std::optional<IntelPlatform> intel;
  std::optional<snp::Evidence> snp;
};

Below below(const std::string& scheme, const CmwRecord& record) {
  if (scheme == "tdx" || scheme == "sgx") {
    const auto quote = intel::parse_quote(record.value);
    return {quote ? platform_of(*quote) : std::nullopt, {}};
  }
  if (scheme == "sev-snp") {
    const auto parsed = snp::parse(Cmw(record));
    return {{}, parsed ? std::optional(**parsed) : std::nullopt};
  }
  if (scheme != "azure") return {};
  const auto parsed = azure::parse(Cmw(record));
  if (!parsed) return {};
  if (const auto* quote = (*parsed)->td_quote()) return {platform_of(*quote), {}};
  return {{}, *(*parsed)->snp()};
}

// each_record calls `look` with the scheme of every record, and with what is below it; parse_cmw has bounded
// the depth.
template <class F>
void each_record(const Cmw& credential, const SchemeTable& table, const F& look) {
  if (const auto* record = credential.record()) {
    if (const auto name = table.name_of(record->type)) look(*name, below(*name, *record));
  } else if (const auto* collection = credential.collection()) {
    for (const auto& [label, member] : collection->entries) each_record(member, table, look);
  }
}

bool accepts(const Policy& policy, const std::string& scheme) {
  return std::ranges::find(policy.schemes, scheme) != policy.schemes.end();
}

}  // namespace

std::string_view name(PckCa ca) { return ca == PckCa::platform ? "platform" : "processor"; }

bool is_intel(const Item& item) { return item.index() < 4; }
std::string name_of(const Item& item) { return std::visit(Namer{}, item); }
std::string describe(const Item& item) { return std::visit(Describer{}, item); }

std::vector<Need> intel_needs(intel::Tee tee, const intel::Field<6>& fmspc, PckCa ca) {
  return {{TcbInfoOf{tee, fmspc}}, {QeIdentityOf{tee}}, {PckCrlOf{ca}}, {IntelRootCrl{}}};
}

std::vector<Need> all_needs(const Cmw& credential, const SchemeTable& table) {
  std::vector<Need> out;
  each_record(credential, table, [&](const std::string&, const Below& machine) {
    if (const auto& platform = machine.intel)
      append(out, intel_needs(platform->tee, platform->fmspc, platform->ca));
    std::vector<Need> needs;
    if (machine.snp) add_snp(*machine.snp, products_of(*machine.snp), needs);
    append(out, std::move(needs));
  });
  return out;
}

std::vector<Need> needs_of(const Cmw& credential, const SchemeTable& table, std::span<const Policy> policies,
                           Time at, Vouching vouching) {
  std::vector<Need> out;
  const bool collection = credential.collection() != nullptr;
  each_record(credential, table, [&](const std::string& scheme, const Below& machine) {
    const auto& platform = machine.intel;
    for (const Policy& policy : policies) {
      if (!collection && !accepts(policy, scheme)) continue;
      if (machine.snp) append(out, snp_needs(*machine.snp, policy.snp));
      if (!platform) continue;
      const auto& tcb = platform->tee == intel::Tee::tdx ? policy.tdx.tcb : policy.sgx.tcb;
      if (leaves_open(tcb, *platform, at) &&
          (vouching == Vouching::not_looked_at || is_vouched_for(*platform, policy, at)))
        append(out, intel_needs(platform->tee, platform->fmspc, platform->ca));
    }
  });
  return out;
}

}  // namespace seatls::appraise
