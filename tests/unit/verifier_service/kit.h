// A service without sockets: what it is asked, what it answers, and machines that show it evidence.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "codec/json.h"
#include "crypto/signature.h"
#include "seatls/attester.h"
#include "service/api.h"

namespace seatls::service {

struct Answered {
  Response response;
  Told told;
  [[nodiscard]] unsigned status() const { return response.status; }
  [[nodiscard]] codec::json::Value json() const;
  [[nodiscard]] std::string member(std::string_view name) const;  // a text of the JSON object, or ""
  [[nodiscard]] std::string header(std::string_view name) const;
};

// Machine makes software evidence: it names its TIK.
class Machine {
 public:
  Machine();
  [[nodiscard]] Cmw evidence(ByteView binder, const std::string& swname = "approved") const;
  [[nodiscard]] const Spki& tik() const { return tik_; }
  [[nodiscard]] std::string tik_parameter() const;  // "&tik=…"
  // policy is TOML that stands alone, and accepts this machine at once.
  [[nodiscard]] std::string policy() const;

 private:
  crypto::PrivateKey key_;
  Spki tik_;
  crypto::PrivateKey attestation_key_;
};

inline const std::string admin_token = "the administrator's token";

class Kit {
 public:
  explicit Kit(std::vector<Policy> policies = {}, ApiOptions options = {});

  // ask asks as anybody does; administer with the token.
  Answered ask(const std::string& method, const std::string& target, Bytes body = {},
               Fields headers = {}) const;
  Answered administer(const std::string& method, const std::string& target, Bytes body = {},
                      Fields headers = {}) const;
  // activate makes a policy judge.
  void activate(const std::string& name, const std::string& text) const;

  // open opens a session; its id and nonce.
  struct Opened {
    std::string id;
    Bytes nonce;
  };
  Opened open(const std::string& query = "") const;
  Answered submit(const std::string& id, const Cmw& evidence) const;

  Time now = Time(std::chrono::seconds(1'800'000'000));
  std::shared_ptr<Store> store;
  std::shared_ptr<ResultSigner> signer;
  std::unique_ptr<Api> api;
  [[nodiscard]] Result<std::shared_ptr<ResultSigner>> make_signer(crypto::PrivateKey key) const;
};

// answers_seen returns the route and the status of every answer so far.
[[nodiscard]] std::set<std::pair<std::string, unsigned>>& answers_seen();

inline const Fields cmw_cbor = {{"content-type", "application/cmw+cbor"}};

}  // namespace seatls::service
