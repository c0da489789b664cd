// Judging a file by a policy: what appraise and policy share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/program.h"
#include "seatls/policy.h"
#include "seatls/result.h"
#include "seatls/verifiers.h"

namespace seatls::cli {

struct JudgeOptions {
  std::string file;
  std::string binder;
  std::string tik;
  std::vector<std::string> policies;
  std::string type;
  std::string at;
  std::string verifier;
  std::string collateral;  // a folder whose content stands beside the policies' own
  std::string config;      // instead of `policies`: those that this configuration names
};

void add_judge_options(CLI::App& verb, JudgeOptions& options);

struct Judged {
  std::vector<Policy> policies;
  AttestationResult result;
  std::optional<Spki> tik;
};
[[nodiscard]] Result<Judged> judge(const JudgeOptions& options);

// load_tik reads a public key out of a certificate, a public or a private key.
[[nodiscard]] Result<Spki> load_tik(const std::string& file);

}  // namespace seatls::cli
