// A vector: lines of "name: value", one fault or none, and the outcome that it must have. Lines of one
// name may repeat; "policy> " lines make up the policy.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/encoding.h"
#include "seatls/verifiers.h"
#include "support/source_dir.h"

namespace seatls::appraise::testing {

struct VectorFile {
  std::string name;
  std::string about;
  std::string policy;
  std::multimap<std::string, std::string> lines;

  [[nodiscard]] std::string get(const std::string& key) const {
    const auto at = lines.find(key);
    return at == lines.end() ? "" : at->second;
  }
  [[nodiscard]] std::vector<std::string> all(const std::string& key) const {
    std::vector<std::string> out;
    for (auto [at, end] = lines.equal_range(key); at != end; ++at) out.push_back(at->second);
    return out;
  }
  [[nodiscard]] Bytes hex(const std::string& key) const { return *base::from_hex(get(key)); }
};

inline std::string vectors_folder(const std::string& topic) {
  return (seatls::testing::source_dir() / "tests/vectors" / topic).string();
}

inline VectorFile read_vector(const std::filesystem::path& path) {
  VectorFile v{path.stem().string(), "", "", {}};
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("# ")) v.about = line.substr(2);
    if (line.starts_with("policy> ")) v.policy += line.substr(8) + "\n";
    const auto colon = line.find(": ");
    if (colon != std::string::npos && !line.starts_with("#") && !line.starts_with("policy> "))
      v.lines.emplace(line.substr(0, colon), line.substr(colon + 2));
  }
  return v;
}

inline std::vector<std::string> vector_names(const std::string& topic) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(vectors_folder(topic)))
    if (entry.path().extension() == ".txt") names.push_back(entry.path().stem().string());
  std::ranges::sort(names);
  return names;
}

// as_test_name makes a gtest name of a file's name.
inline std::string as_test_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string out = info.param;
  std::ranges::replace(out, '-', '_');
  return out;
}

// appraise_now runs a local verifier of its own, with a cache of its own, at `at`.
inline AttestationResult appraise_now(const Policy& policy, AppraisalRequest request, Time at) {
  LocalVerifierOptions options;
  options.clock = [at] { return at; };
  options.evidence_cache = std::make_shared<EvidenceCache>();
  auto verifier = make_local_verifier(policy, std::move(options));
  if (!verifier) throw std::runtime_error(verifier.error().message());
  std::optional<AttestationResult> out;
  (*verifier)->appraise(std::move(request), [&](Result<AttestationResult> r) { out = std::move(r).value(); });
  return std::move(*out);
}

inline std::string reasons(const AttestationResult& result) { return explain(result); }

inline bool has_reason(const AttestationResult& result, Code code, bool fatal = true) {
  return std::ranges::any_of(result->reasons,
                             [&](const Reason& r) { return r.code == code && r.fatal == fatal; });
}

}  // namespace seatls::appraise::testing
