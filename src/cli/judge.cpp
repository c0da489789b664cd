#include "cli/judge.h"

#include "attest/tpm2/keys.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "cli/files.h"
#include "cli/tpm_options.h"
#include "config/text.h"
#include "config/toml_file.h"
#include "crypto/x509.h"
#include "seatls/collateral.h"

namespace seatls::cli {
namespace {

constexpr std::size_t most = 1U << 20U;  // bytes of a credential

// policy_files_of returns the policy files that a configuration names.
Result<std::vector<std::string>> policy_files_of(const std::string& config) {
  SEATLS_TRY(const auto text, config::read_text_file(config));
  config::Mistakes ignored(config);
  const config::TomlFile file(text, config, ignored);
  std::vector<std::string> policies;
  for (const auto& policy : file.texts("require.policy"))
    policies.push_back((std::filesystem::path(config).parent_path() / policy).string());
  if (policies.empty()) return usage_error(config + " names no policy below [require]; give --policy FILE");
  return policies;
}

}  // namespace

void add_judge_options(CLI::App& verb, JudgeOptions& o) {
  verb.add_option("FILE", o.file, "a CMW, raw evidence or a raw result; - for stdin")
      ->type_name("FILE")
      ->required();
  verb.add_option(
          "--binder", o.binder,
          "what evidence must be bound to: 32 or 48 bytes; 1 to 64 of a nonce that\nis no connection's")
      ->type_name("HEX");
  verb.add_option("--tik", o.tik, "certificate or key that it must be about (default: no key is compared)")
      ->type_name("FILE");
  verb.add_option("--policy", o.policies,
                  "the policy (default: the one that --config names); given several times: all must accept")
      ->allow_extra_args(false)
      ->type_name("FILE");
  verb.add_option("--type", o.type, "scheme or media type of raw bytes (default: detected)")
      ->type_name("TYPE");
  verb.add_option("--at", o.at, "the moment to judge at (default: now)")->type_name("RFC3339");
  verb.add_option(
          "--collateral", o.collateral,
          "a folder with collateral, beside the policy's: a cache of `collateral prefetch`, bundles of\n"
          "DCAP tools, certificates, revocation lists")
      ->type_name("DIR");
  verb.add_option("--verifier", o.verifier, "whose result it must be (default: any that the policy trusts)")
      ->type_name("NAME");
}

Result<Spki> load_tik(const std::string& file) {
  SEATLS_TRY(const auto text, config::read_text_file(file));
  if (text.find("-----BEGIN CERTIFICATE-----") != std::string::npos) {
    SEATLS_TRY(const auto chain, crypto::parse_pem_certificates(text));
    return chain.front().spki();
  }
  if (attest::tpm2::names_key_of_tpm(text)) {
    // The public half stands in the key file (TPM2B_PUBLIC: a length, then the area): no TPM is asked.
    SEATLS_TRY(const auto key, attest::tpm2::parse_key_file(text));
    if (key.public_area.size() < 2) return Error{Code::malformed, "the public area is empty", file};
    SEATLS_TRY(const auto area, attest::tpm2::parse_public_area(ByteView(key.public_area).subspan(2)));
    return area.key.spki();
  }
  if (const auto key = crypto::PublicKey::from_pem(text)) return key->spki();
  SEATLS_TRY(const auto key, crypto::PrivateKey::from_pem(text));
  return key.public_key().spki();
}

Result<Judged> judge(const JudgeOptions& o) {
  std::vector<std::string> files = o.policies;
  if (files.empty()) {
    if (o.config.empty()) return usage_error("by which policy? --policy FILE");
    SEATLS_TRY(files, policy_files_of(o.config));
  }
  std::vector<Policy> policies;
  for (const auto& file : files) {
    SEATLS_TRY(auto policy, load_policy(file));
    policies.push_back(std::move(policy));
  }

  if (!o.collateral.empty()) {
    SEATLS_TRY(const auto folder, read_collateral_folder(o.collateral));
    for (auto& policy : policies) add(policy, folder);
  }

  OfflineCredential credential;
  SEATLS_TRY(credential.bytes, read_input(o.file, most));
  if (!o.type.empty()) credential.type = o.type;
  if (!o.binder.empty()) {
    const auto binder = base::from_hex(o.binder);
    if (!binder || binder->empty() || binder->size() > 64)
      return usage_error("--binder takes 32 or 48 bytes in hex, or 1 to 64 of another nonce; these are " +
                         (binder ? std::to_string(binder->size()) + " bytes" : "no hex digits"));
    credential.binder = *binder;
  }
  if (!o.tik.empty()) {
    auto tik = load_tik(o.tik);
    if (!tik && category(tik.error().code) == Category::decode)
      return usage_error("--tik " + o.tik +
                         " holds neither a certificate nor a key: " + tik.error().message());
    SEATLS_TRY(credential.tik, std::move(tik));
  }
  if (!o.verifier.empty()) credential.verifier = o.verifier;
  credential.at = base::system_clock()();
  if (!o.at.empty()) {
    const auto at = base::from_rfc3339(o.at);
    if (!at)
      return usage_error("--at takes a moment in UTC such as 2026-11-21T09:30:00Z, not '" + o.at + "'");
    credential.at = *at;
  }
  auto result = appraise_offline(policies, credential);
  if (!result) {
    if (result.error().code == Code::misuse)
      return usage_error("evidence is bound to a binder: --binder HEX says which (" + result.error().detail +
                         ")");
    return std::move(result).error().in(o.file == "-" ? "stdin" : o.file);
  }
  return Judged{std::move(policies), std::move(*result), credential.tik};
}

}  // namespace seatls::cli
