// Made-up services of Intel and AMD: what they serve about made-up platforms, in the form of the real ones,
// and whatever a test lets them do instead.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "appraise/needs.h"
#include "attest/simulated/intel_platform.h"
#include "attest/simulated/snp_machine.h"
#include "base/encoding.h"
#include "codec/json.h"
#include "collateral/fetch.h"
#include "crypto/x509.h"
#include "net/http.h"

namespace seatls::collateral {

inline constexpr const char* pcs_url = "http://127.0.0.1:1";
inline constexpr const char* kds_url = "http://127.0.0.1:2";

inline std::string percent_encoded(std::string_view s) {
  std::string out;
  for (const char c : s) {
    const auto octet = static_cast<std::uint8_t>(c);
    const bool plain = std::isalnum(octet) != 0 || c == '-' || c == '.' || c == '_';
    out += plain ? std::string(1, c) : "%" + base::to_hex({&octet, 1});
  }
  return out;
}

inline HttpResponse answer(Bytes body, std::vector<std::pair<std::string, std::string>> headers = {}) {
  return {.status = 200, .headers = std::move(headers), .location = {}, .body = std::move(body)};
}
inline HttpResponse status(unsigned code, std::vector<std::pair<std::string, std::string>> headers = {}) {
  return {.status = code, .headers = std::move(headers), .location = {}, .body = {}};
}

// FakeHttp answers by address, as a test says, and counts.
class FakeHttp final : public net::HttpClient {
 public:
  using Answer = std::function<Result<HttpResponse>(const std::string& url)>;

  Result<HttpResponse> exchange(const net::HttpRequest& request,
                                const net::HttpLimits& limits) const override {
    const auto& url = request.url;
    Answer answer;
    {
      const std::scoped_lock lock(mutex_);
      ++asked_[url];
      last_timeout_ = limits.timeout;
      if (const auto found = answers_.find(url); found != answers_.end()) answer = found->second;
      if (instead_) answer = instead_;
    }
    if (answer) return answer(url);
    return status(404);
  }

  void serve(const std::string& url, HttpResponse response) {
    serve(url, [response](const std::string&) { return response; });
  }
  void serve(const std::string& url, Answer answer) {
    const std::scoped_lock lock(mutex_);
    answers_[url] = std::move(answer);
  }
  // instead lets every address answer so.
  void instead(Answer answer) {
    const std::scoped_lock lock(mutex_);
    instead_ = std::move(answer);
  }
  // response returns what an address serves, for tests that change it.
  [[nodiscard]] HttpResponse response(const std::string& url) const {
    const std::scoped_lock lock(mutex_);
    return answers_.at(url)(url).value();
  }
  [[nodiscard]] std::size_t asked() const {
    const std::scoped_lock lock(mutex_);
    std::size_t all = 0;
    for (const auto& [url, count] : asked_) all += count;
    return all;
  }
  [[nodiscard]] std::size_t asked(const std::string& url) const {
    const std::scoped_lock lock(mutex_);
    const auto found = asked_.find(url);
    return found == asked_.end() ? 0 : found->second;
  }
  [[nodiscard]] std::vector<std::string> urls() const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> out;
    for (const auto& [url, count] : asked_) out.push_back(url);
    return out;
  }
  void forget() {
    const std::scoped_lock lock(mutex_);
    asked_.clear();
  }
  [[nodiscard]] std::chrono::milliseconds last_timeout() const {
    const std::scoped_lock lock(mutex_);
    return last_timeout_;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::size_t> asked_;
  mutable std::chrono::milliseconds last_timeout_{};
  std::map<std::string, Answer> answers_;
  Answer instead_;
};

// IntelUrls are the addresses of one platform's collateral.
struct IntelUrls {
  std::string tcb, qe, pck_crl, root_crl;
};
inline IntelUrls intel_urls(const std::string& fmspc = "514d554c0000", const std::string& tee = "tdx") {
  const std::string pcs = pcs_url;
  return {pcs + "/" + tee + "/certification/v4/tcb?fmspc=" + fmspc,
          pcs + "/" + tee + "/certification/v4/qe/identity",
          pcs + "/sgx/certification/v4/pckcrl?ca=platform&encoding=der",
          pcs + "/sgx/certification/v4/rootcacrl"};
}

// serve_intel serves what stands in a bundle as Intel's service does.
inline void serve_intel(FakeHttp& http, const std::string& bundle, const IntelUrls& urls = intel_urls()) {
  const auto json = codec::json::parse(bundle).value();
  const auto text = [&](const char* key) { return std::string(json.find(key)->as_text().value()); };
  const auto document = [&](const std::string& name, const std::string& key) {
    return bytes(view("{\"" + name + "\":" + text(key.c_str()) + ",\"signature\":\"" +
                      text((key + "_signature").c_str()) + "\"}"));
  };
  http.serve(urls.tcb, answer(document("tcbInfo", "tcb_info"),
                              {{"tcb-info-issuer-chain", percent_encoded(text("tcb_info_issuer_chain"))}}));
  http.serve(
      urls.qe,
      answer(document("enclaveIdentity", "qe_identity"),
             {{"sgx-enclave-identity-issuer-chain", percent_encoded(text("qe_identity_issuer_chain"))}}));
  http.serve(urls.pck_crl,
             answer(base::from_hex(text("pck_crl")).value(),
                    {{"sgx-pck-crl-issuer-chain", percent_encoded(text("pck_crl_issuer_chain"))}}));
  // A PCCS serves it as hex digits.
  http.serve(urls.root_crl, answer(bytes(view(text("root_ca_crl")))));
}

struct AmdUrls {
  std::string vcek, chain, crl;
};
inline AmdUrls amd_urls(const SimulatedSnpOptions& o) {
  const bool turin = o.product == SnpProduct::turin;
  const std::string line =
      std::string(kds_url) + (o.csp_id.empty() ? "/vcek/v1/" : "/vlek/v1/") + std::string(name(o.product));
  const auto& t = o.tcb;
  return {line + "/" + base::to_hex(ByteView(o.chip_id).first(turin ? 8 : 64)) + "?" +
              (turin ? "fmcSPL=" + std::to_string(t.fmc) + "&" : "") +
              "blSPL=" + std::to_string(t.bootloader) + "&teeSPL=" + std::to_string(t.tee) +
              "&snpSPL=" + std::to_string(t.snp) + "&ucodeSPL=" + std::to_string(t.microcode),
          line + "/cert_chain", line + "/crl"};
}

inline Bytes amd_crl(const attest::simulated::SnpMachine& machine, Time from, Time until,
                     const std::vector<Bytes>& serials = {}) {
  return crypto::make_revocation_list({machine.ark(), machine.ark_key()}, {from, until}, serials).value();
}

// serve_amd serves a made-up chip as AMD's service does.
inline void serve_amd(FakeHttp& http, const attest::simulated::SnpMachine& machine, Time now) {
  const auto urls = amd_urls(machine.options());
  http.serve(urls.vcek, answer(bytes(machine.vek().der())));
  http.serve(urls.chain, answer(bytes(view(crypto::to_pem(machine.ask()) + crypto::to_pem(machine.ark())))));
  http.serve(urls.crl,
             answer(amd_crl(machine, now - std::chrono::hours(1), now + std::chrono::hours(24 * 90))));
}

}  // namespace seatls::collateral
