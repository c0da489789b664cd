#include "collateral/fetch.h"

#include <algorithm>
#include <charconv>
#include <thread>

#include "base/encoding.h"
#include "crypto/crl.h"
#include "crypto/hash.h"
#include "crypto/x509.h"

namespace seatls::collateral {
namespace {

namespace intel = appraise::intel;
namespace snp = appraise::snp;
using std::chrono::milliseconds;

constexpr std::string_view intel_host = "https://api.trustedservices.intel.com";
constexpr const char* intel_root_crl = "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der";

// How long a failure is remembered: an answer that says no does not change soon; a network may.
constexpr milliseconds after_refusal{600'000}, after_trouble{30'000}, longest_wait{600'000};

// ---- Where -------------------------------------------------------------------------------------

// Configurations of Intel's tools name a PCCS with the path of its interface.
std::string base_of(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  for (const std::string_view path : {"/sgx/certification/v4", "/tdx/certification/v4"})
    if (url.ends_with(path)) url.resize(url.size() - path.size());
  return url;
}

struct Address {
  const CollateralOptions& o;

  [[nodiscard]] std::string service(intel::Tee tee) const {
    return o.pcs + (tee == intel::Tee::tdx ? "/tdx" : "/sgx") + "/certification/v4";
  }
  std::string operator()(const appraise::TcbInfoOf& i) const {
    return service(i.tee) + "/tcb?fmspc=" + base::to_hex(i.fmspc);
  }
  std::string operator()(const appraise::QeIdentityOf& i) const { return service(i.tee) + "/qe/identity"; }
  std::string operator()(const appraise::PckCrlOf& i) const {
    return service(intel::Tee::sgx) + "/pckcrl?ca=" + std::string(name(i.ca)) + "&encoding=der";
  }
  std::string operator()(const appraise::IntelRootCrl&) const {
    if (!o.intel_root_crl.empty()) return o.intel_root_crl;
    return o.pcs == intel_host ? intel_root_crl : service(intel::Tee::sgx) + "/rootcacrl";
  }
  std::string operator()(const appraise::VcekOf& i) const {
    const auto& t = i.tcb;
    std::string url = amd(i.product, snp::SigningKey::vcek) + "/" + base::to_hex(i.hwid) + "?";
    if (i.product == SnpProduct::turin) url += "fmcSPL=" + std::to_string(t.fmc) + "&";
    return url + "blSPL=" + std::to_string(t.bootloader) + "&teeSPL=" + std::to_string(t.tee) +
           "&snpSPL=" + std::to_string(t.snp) + "&ucodeSPL=" + std::to_string(t.microcode);
  }
  std::string operator()(const appraise::AmdChainOf& i) const {
    return amd(i.product, i.key) + "/cert_chain";
  }
  std::string operator()(const appraise::AmdCrlOf& i) const { return amd(i.product, i.key) + "/crl"; }

  [[nodiscard]] std::string amd(SnpProduct product, snp::SigningKey key) const {
    return o.kds + (key == snp::SigningKey::vlek ? "/vlek/v1/" : "/vcek/v1/") +
           std::string(seatls::name(product));
  }
};

// ---- What --------------------------------------------------------------------------------------

// percent_decoded reads a header's value: a PEM chain, encoded as in an address.
Result<std::string> percent_decoded(std::string_view s) {
  std::string out;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] != '%') {
      out += s[i];
      continue;
    }
    const auto octet = base::from_hex(s.substr(i + 1, 2));
    if (!octet || octet->size() != 1) return Error{Code::malformed, "is not percent-encoded", "issuer chain"};
    out += static_cast<char>(octet->front());
    i += 2;
  }
  return out;
}

Result<std::string> chain_header(const HttpResponse& r, std::initializer_list<std::string_view> names) {
  for (const auto name : names) {
    const auto value = r.header(name);
    if (value.empty()) continue;
    SEATLS_TRY(auto pem, percent_decoded(value));
    SEATLS_CHECK(crypto::parse_pem_certificates(pem));
    return pem;
  }
  return Error{Code::malformed, "the header " + std::string(*names.begin()) + " is missing", "issuer chain"};
}

struct Reader {
  const HttpResponse& r;
  Entry& e;

  Result<void> operator()(const appraise::TcbInfoOf&) const {
    SEATLS_TRY(e.issuer_chain, chain_header(r, {"tcb-info-issuer-chain", "sgx-tcb-info-issuer-chain"}));
    return document("tcbInfo");
  }
  Result<void> operator()(const appraise::QeIdentityOf&) const {
    SEATLS_TRY(e.issuer_chain, chain_header(r, {"sgx-enclave-identity-issuer-chain"}));
    return document("enclaveIdentity");
  }
  Result<void> operator()(const appraise::PckCrlOf&) const {
    SEATLS_TRY(e.issuer_chain, chain_header(r, {"sgx-pck-crl-issuer-chain"}));
    return list();
  }
  Result<void> operator()(const appraise::IntelRootCrl&) const { return list(); }
  Result<void> operator()(const appraise::AmdCrlOf&) const { return list(); }
  Result<void> operator()(const appraise::AmdChainOf&) const {
    e.content = text(r.body);
    SEATLS_CHECK(crypto::parse_pem_certificates(e.content));
    return {};
  }
  Result<void> operator()(const appraise::VcekOf&) const {
    const auto pem = text(r.body);
    if (pem.starts_with("-----BEGIN")) {
      SEATLS_TRY(const auto certificates, crypto::parse_pem_certificates(pem));
      e.content = crypto::to_pem(certificates.front());
    } else {
      SEATLS_TRY(const auto certificate, crypto::Certificate::from_der(r.body));
      e.content = crypto::to_pem(certificate);
    }
    return {};
  }

 private:
  Result<void> document(std::string_view name) const {
    e.content = text(r.body);
    SEATLS_CHECK(split_document(e.content, name));
    return {};
  }
  Result<void> list() const {
    SEATLS_TRY(const Bytes der, crypto::read_crl(r.body));
    e.content = base::to_hex(der);
    return {};
  }
};

// ---- How ---------------------------------------------------------------------------------------

milliseconds left_until(Steady::time_point deadline) {
  return std::max(std::chrono::ceil<milliseconds>(deadline - Steady::now()), milliseconds(0));
}

// retry_after returns how long a server wants not to be asked, where it says so in seconds.
std::optional<milliseconds> retry_after(const HttpResponse& r) {
  const auto value = r.header("retry-after");
  unsigned seconds = 0;
  const char* const end = value.data() + value.size();
  if (value.empty() || std::from_chars(value.data(), end, seconds).ptr != end) return std::nullopt;
  return std::min(milliseconds(std::int64_t{1000} * seconds), longest_wait);
}

// back_off grows from attempt to attempt; many clients of one server do not come again at the same moment.
milliseconds back_off(unsigned attempt) {
  const std::int64_t base = 200LL << std::min(attempt, 6U);
  return milliseconds(base / 2 + crypto::random_bytes(1).front() * base / 255);
}

void wait(milliseconds time, const std::atomic<bool>* stop) {
  constexpr milliseconds step{50};
  const auto end = Steady::now() + time;
  while (Steady::now() < end && (stop == nullptr || !stop->load()))
    std::this_thread::sleep_for(std::min(step, left_until(end)));
}

Error missing(const Item& item, const std::string& url, const std::string& what) {
  return {Code::collateral_missing, describe(item) + ": " + url + ": " + what, "collateral"};
}

}  // namespace

Result<Entry> entry_of(const Item& item, const HttpResponse& response) {
  Entry entry{.name = name_of(item), .what = describe(item)};
  SEATLS_CHECK(std::visit(Reader{response, entry}, item));
  return entry;
}

Result<Fetcher> Fetcher::make(const CollateralOptions& options, std::shared_ptr<const net::HttpClient> http) {
  Fetcher out(options, std::move(http));
  auto& o = out.options_;
  o.pcs = base_of(o.pcs);
  o.kds = base_of(o.kds);
  const auto check = [&](const char* name, const std::string& url) {
    auto good = net::check_url(url, o.danger_plain_http);
    return good ? good : Result<void>(std::move(good).error().in(name));
  };
  SEATLS_CHECK(check("pcs", o.pcs));
  SEATLS_CHECK(check("kds", o.kds));
  if (!o.intel_root_crl.empty()) SEATLS_CHECK(check("intel_root_crl", o.intel_root_crl));
  if (o.timeout <= milliseconds(0) || o.budget <= milliseconds(0))
    return Error{Code::configuration, "time-out and budget must be longer than nothing", "collateral"};
  if (o.retries > 10)
    return Error{Code::configuration, std::to_string(o.retries) + " retries; at most 10", "collateral"};
  if (!o.ca_pem.empty())
    if (auto anchors = crypto::parse_pem_certificates(o.ca_pem); !anchors)
      return Error{Code::configuration, "holds no certificate: " + anchors.error().detail, "ca"};
  return out;
}

std::string Fetcher::url_of(const Item& item) const { return std::visit(Address{options_}, item); }

Result<HttpResponse> Fetcher::get(std::string url, Steady::time_point deadline,
                                  const std::atomic<bool>* stop) const {
  for (unsigned hop = 0;; ++hop) {
    const auto timeout = std::min(options_.timeout, left_until(deadline));
    auto response = http_->get(url, {.timeout = timeout, .largest = largest_answer, .stop = stop});
    if (!response || response->status < 300 || response->status > 399) return response;
    if (hop == most_redirections)
      return Error{Code::limit_exceeded, "redirects more than " + std::to_string(hop) + " times", "http"};
    const auto& next = response->location;
    // What began as https does not go on as less, and nothing goes on as plain http to other machines.
    const bool worse = url.starts_with("https://") && !next.starts_with("https://");
    if (worse || !net::check_url(next, options_.danger_plain_http))
      return Error{Code::network, "redirects to \"" + next.substr(0, 200) + "\", which is not followed",
                   "http"};
    url = next;
  }
}

Fetched Fetcher::fetch(const Item& item, Steady::time_point deadline, Time now,
                       const std::atomic<bool>* stop) const {
  const auto url = url_of(item);
  std::string last;
  milliseconds not_before = after_trouble;
  // Others were asked for first, and took all the time: that says nothing about this one.
  if (left_until(deadline) == milliseconds(0))
    return {std::nullopt,
            {missing(item, url,
                     "not asked for: the " + std::to_string(options_.budget.count()) +
                         " ms for collateral were over"),
             milliseconds(0)}};
  for (unsigned attempt = 0;; ++attempt) {
    const auto tries = " (" + std::to_string(attempt + 1) + (attempt == 0 ? " attempt)" : " attempts)");
    const auto response = get(url, deadline, stop);
    milliseconds pause_for = back_off(attempt);
    if (!response) {
      last = response.error().detail + tries;
      if (response.error().code == Code::limit_exceeded)
        return {std::nullopt, {missing(item, url, last), after_refusal}};
    } else if (response->status == 200) {
      auto entry = entry_of(item, *response);
      if (!entry)
        return {
            std::nullopt,
            {missing(item, url, "what it serves is something else: " + std::move(entry).error().message()),
             after_refusal}};
      entry->source = url;
      entry->fetched = now;
      return {std::move(*entry), {}};
    } else {
      const auto status = response->status;
      last = "answers with status " + std::to_string(status) + tries;
      if (status != 429 && status < 500) return {std::nullopt, {missing(item, url, last), after_refusal}};
      if (const auto asked = retry_after(*response)) {
        pause_for = std::max(pause_for, *asked);
        not_before = std::max(not_before, *asked);
      }
    }
    const bool stopped = stop != nullptr && stop->load();
    if (stopped || attempt == options_.retries || pause_for >= left_until(deadline))
      return {std::nullopt, {missing(item, url, last), not_before}};
    pause ? pause(pause_for) : wait(pause_for, stop);
  }
}

}  // namespace seatls::collateral
