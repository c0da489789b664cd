#include "config/service.h"

#include <sstream>

#include "attest/tpm2/key_reference.h"
#include "base/encoding.h"
#include "config/draft.h"
#include "config/text.h"
#include "crypto/signature.h"

namespace seatls::config {
namespace {

using namespace std::chrono_literals;

void read_store(Draft& d, ServiceSettings& s) {
  if (d.file.has("service.store")) s.store = d.file.text("service.store");
  constexpr std::string_view sqlite = "sqlite:";
  if (s.store.starts_with(sqlite)) {
    const auto name = s.store.substr(sqlite.size());
    if (name.empty())
      d.wrong("service.store", "the file of the store has no name", "write store = \"sqlite:verifier.db\"");
    s.store = std::string(sqlite) + d.resolve(name).string();
  } else if (s.store != "memory:" && !s.store.starts_with("postgresql://") &&
             !s.store.starts_with("postgres://")) {
    d.wrong("service.store", "this is no store", "write \"sqlite:FILE\", \"postgresql://…\" or \"memory:\"");
  }
}

void read_policies(Draft& d, ServiceSettings& s) {
  for (const auto& file : d.file.texts("service.policy")) {
    auto report = check_policy_file(d.resolve(file));
    for (auto& m : report.mistakes) d.mistakes.take_over({m.file, m.line, m.key, m.what, m.remedy, m.code});
    if (report.policy) s.policies.push_back(std::move(*report.policy));
  }
  for (const auto& file : d.file.texts("service.corim_keys")) {
    const auto pem = read_text_file(d.resolve(file));
    const auto key = pem ? crypto::PublicKey::from_pem(*pem) : Result<crypto::PublicKey>(pem.error());
    if (key)
      s.corim_keys.push_back(key->spki());
    else
      d.wrong_file("service.corim_keys", key.error(), "name PEM files of public keys");
  }
  for (const auto& policy : s.policies)
    if (leaves_collateral_open(policy) && !d.file.has_table("collateral"))
      d.wrong("service.policy", "collateral is \"fetched\", and nothing says from where",
              "write [collateral]; cache = \"collateral\" keeps what was fetched");
}

void open_tpm_key(Draft& d, ServiceSettings& s, const std::string& key) {
  auto signer = make_tpm_signer(tpm_access(d.file, "service"), key);
  if (signer)
    s.signing_key_of_tpm = std::move(*signer);
  else
    d.wrong_file("service.signing_key", signer.error(),
                 "look at service.tcti and that the TPM runs; `seatls key show` tells what a key is");
}

void read_signing_key(Draft& d, ServiceSettings& s) {
  if (!d.file.has("service.signing_key")) {
    if (!d.file.mentioned("service.signing_key"))
      d.wrong("service.signing_key", "the key that signs results is missing",
              "write signing_key = \"results.key\"; `seatls key create -o results.key` makes one");
    return;
  }
  const auto given = d.file.text("service.signing_key");
  if (given.starts_with("tpm:")) return open_tpm_key(d, s, given);
  const auto pem = d.content("service.signing_key");
  if (!pem) return;
  if (attest::tpm2::names_key_of_tpm(*pem)) return open_tpm_key(d, s, *pem);
  for (const char* key : {"service.tcti", "service.owner_password"})
    if (d.file.has(key))
      d.wrong(key, "no TPM is asked: the key that signs results lies in a file", "leave it out");
  if (const auto key = crypto::PrivateKey::from_pem(*pem); !key)
    d.wrong_file("service.signing_key", key.error(),
                 "name a PEM file of a private key: P-256, P-384 or Ed25519");
  s.signing_key = Secret(bytes(view(*pem)));
}

void read_results(Draft& d, ServiceSettings& s) {
  read_signing_key(d, s);
  s.issuer = d.file.text("service.issuer");
  s.ietf_results = d.file.text("service.results") == "ietf-03";
  if (const auto time =
          d.duration("service.result_lifetime", {10s, 24h * 30, "10s to 30d"}, "the default is \"10m\""))
    s.result_lifetime = std::chrono::duration_cast<std::chrono::seconds>(*time);
  if (const auto time =
          d.duration("service.session_lifetime", {5s, 1h, "5s to 1h"}, "the default is \"150s\""))
    s.session_lifetime = std::chrono::duration_cast<std::chrono::seconds>(*time);
  s.retain_evidence = d.file.flag("service.retain_evidence");
}

// Each line is the SHA-256 of a token: whoever reads the file cannot use it.
void read_administrators(Draft& d, ServiceSettings& s) {
  if (!d.file.has("service.administrators")) return;
  const auto text = d.content("service.administrators");
  if (!text) return;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    constexpr std::string_view prefix = "sha256:";
    const auto digest = base::from_hex(line.starts_with(prefix) ? line.substr(prefix.size()) : "-");
    if (digest && digest->size() == 32)
      s.administrators.push_back(*digest);
    else
      d.wrong("service.administrators", "a line of the file is no sha256:HEX",
              "write sha256: and the SHA-256 of a token, one a line");
  }
}

void read_limits(Draft& d, ServiceSettings& s) {
  d.count("service.requests_per_second", 0, 1'000'000, &s.requests_per_second);
  d.count("service.sessions", 1, 1'000'000, &s.sessions);
  d.count("service.connections", 1, 100'000, &s.connections);
  d.count("service.connections_of_client", 1, 100'000, &s.connections_of_client);
  d.count("service.workers", 1, 256, &s.workers);
  d.count("service.largest_body", 1024, 16 << 20, &s.largest_body);
  d.address("service.operations", &s.operations);
}

}  // namespace

std::optional<ServiceSettings> read_service(Draft& d) {
  if (!d.file.has_table("service")) return std::nullopt;
  ServiceSettings s;
  if (d.file.text("endpoint.role") == "client")
    d.wrong("service", "a client is no service", "write role = \"server\" below [endpoint]");
  if (d.out.demands_channel())
    d.wrong("require.timing", "HTTP has no room for attestation after the handshake",
            "write timing = \"intra\" for a service");
  read_store(d, s);
  read_policies(d, s);
  read_results(d, s);
  read_administrators(d, s);
  read_limits(d, s);
  s.collateral = read_collateral(d);
  return s;
}

Result<ServiceSettings> load_service(const std::string& path) {
  return load_section(path, read_service,
                      "the section [service] is missing; write it, with signing_key = \"results.key\"");
}

}  // namespace seatls::config
