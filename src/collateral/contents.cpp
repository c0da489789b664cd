// What a folder holds: the cache's entries, and files that people have put there.
#include <algorithm>
#include <filesystem>

#include "appraise/schemes/intel/collateral.h"
#include "base/encoding.h"
#include "collateral/assemble.h"
#include "collateral/folder.h"
#include "crypto/crl.h"
#include "seatls/collateral.h"

namespace seatls {
namespace {

namespace fs = std::filesystem;
namespace intel = appraise::intel;
using collateral::Entry;

constexpr std::size_t most_files = collateral::Folder::most_files;

struct Contents {
  crypto::Period period{Time::min(), Time::max()};
  std::vector<Bytes> certificates, crls;  // AMD's: Intel's are parts of bundles
};

// contents_of reads an entry by what its name says, unverified.
Result<Contents> contents_of(const Entry& e) {
  Contents out;
  const auto kind = collateral::parts_of(e.name).kind;
  if (kind == "tcb-info") {
    SEATLS_TRY(const auto document, collateral::split_document(e.content, "tcbInfo"));
    SEATLS_TRY(const auto info, intel::read_tcb_info(document.raw));
    out.period = {info.issued, info.next_update};
  } else if (kind == "qe-identity") {
    SEATLS_TRY(const auto document, collateral::split_document(e.content, "enclaveIdentity"));
    SEATLS_TRY(const auto identity, intel::read_qe_identity(document.raw));
    out.period = {identity.issued, identity.next_update};
  } else if (kind == "pck-crl" || kind == "intel-root-crl" || kind == "amd-crl") {
    SEATLS_TRY(auto der, base::from_hex(e.content));
    SEATLS_TRY(out.period, crypto::crl_period(der));
    if (kind == "amd-crl") out.crls.push_back(std::move(der));
  } else if (kind == "vcek" || kind == "amd-chain") {
    SEATLS_TRY(const auto list, crypto::parse_pem_certificates(e.content));
    for (const auto& certificate : list) {
      out.period.from = std::max(out.period.from, certificate.not_before());
      out.period.until = std::min(out.period.until, certificate.not_after());
      out.certificates.push_back(bytes(certificate.der()));
    }
  } else {
    return Error{Code::unknown_value, "\"" + e.name + "\" is no entry of a cache", "name"};
  }
  return out;
}

void take_entry(const std::string& name, std::string_view text, std::vector<Entry>& entries,
                CollateralFolder& out) {
  CollateralStatus status{.name = name};
  auto entry = collateral::read_entry(text);
  auto contents = entry ? contents_of(*entry) : Result<Contents>(entry.error());
  if (contents && entry->name != name)
    contents = Error{Code::malformed, "holds \"" + entry->name + "\"", "name"};
  if (!contents) {
    status.error = contents.error();
  } else {
    status.what = entry->what;
    status.source = entry->source;
    status.fetched = entry->fetched;
    status.from = contents->period.from;
    status.until = contents->period.until;
    std::ranges::move(contents->certificates, std::back_inserter(out.certificates));
    std::ranges::move(contents->crls, std::back_inserter(out.crls));
    entries.push_back(std::move(*entry));
  }
  out.entries.push_back(std::move(status));
}

// take_file reads what is not of the cache: a bundle, certificates, or a list.
void take_file(const fs::path& path, const std::string& content, CollateralFolder& out) {
  if (auto bundle = IntelCollateral::parse(content); bundle && !bundle->impl().fetched) {
    out.intel.push_back(std::move(*bundle));
    return;
  }
  if (auto der = crypto::read_crl(view(content))) {
    out.crls.push_back(std::move(*der));
    return;
  }
  if (const auto list = crypto::parse_pem_certificates(content); list && !list->empty()) {
    for (const auto& certificate : *list) out.certificates.push_back(bytes(certificate.der()));
    return;
  }
  if (const auto certificate = crypto::Certificate::from_der(view(content))) {
    out.certificates.push_back(bytes(certificate->der()));
    return;
  }
  out.ignored.push_back({Code::malformed,
                         "is no collateral: neither of the cache, nor a bundle of DCAP tools, nor "
                         "certificates or revocation lists",
                         path.string()});
}

// Every TCB info makes a bundle with each list of PCK certificates: which one counts is seen at the quote.
void assemble(const std::vector<Entry>& entries, CollateralFolder& out) {
  std::vector<const Entry*> rest, infos, lists;
  for (const auto& e : entries) {
    const auto kind = collateral::parts_of(e.name).kind;
    (kind == "tcb-info" ? infos : kind == "pck-crl" ? lists : rest).push_back(&e);
  }
  for (const auto* info : infos)
    for (const auto* list : lists) {
      auto parts = rest;
      parts.insert(parts.end(), {info, list});
      const bool tdx = collateral::parts_of(info->name).rest.starts_with("tdx");
      const auto bundle = collateral::bundle_of(tdx ? intel::Tee::tdx : intel::Tee::sgx, parts);
      if (!bundle) continue;
      if (auto parsed = IntelCollateral::parse(*bundle)) out.intel.push_back(std::move(*parsed));
    }
}

}  // namespace

Result<CollateralFolder> read_collateral_folder(const std::string& folder) {
  CollateralFolder out;
  std::vector<fs::path> files;
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    if (at->path().filename().string().starts_with('.')) continue;
    files.push_back(at->path());
    if (files.size() > most_files)
      return Error{Code::io, "holds more than " + std::to_string(most_files) + " files", folder};
  }
  if (failed) return Error{Code::io, failed.message(), folder};
  std::ranges::sort(files);
  std::vector<Entry> entries;
  for (const auto& path : files) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) continue;
    const auto content = collateral::read_file(path, collateral::Folder::largest_file);
    if (!content)
      out.ignored.push_back(content.error());
    else if (path.extension() == collateral::Folder::suffix)
      take_entry(path.stem().string(), *content, entries, out);
    else
      take_file(path, *content, out);
  }
  assemble(entries, out);
  return out;
}

void add(Policy& policy, const CollateralFolder& folder) {
  for (const auto& collateral : folder.intel) {
    const bool tdx = collateral.impl().bundle.tcb_info.value.tee == intel::Tee::tdx;
    (tdx ? policy.tdx.tcb : policy.sgx.tcb).collateral.push_back(collateral);
  }
  auto& snp = policy.snp;
  snp.certificates.insert(snp.certificates.end(), folder.certificates.begin(), folder.certificates.end());
  snp.crls.insert(snp.crls.end(), folder.crls.begin(), folder.crls.end());
}

}  // namespace seatls
