// What the tests of schemes share: one judgement by a scheme's three stages, and what it found.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "appraise/registry.h"
#include "seatls/scheme.h"

namespace seatls::testing {

struct Verdict {
  std::optional<appraise::Assessment> assessment;  // none: refused
  std::vector<Reason> reasons;

  [[nodiscard]] bool has(Code code) const {
    return std::ranges::any_of(reasons, [&](const Reason& r) { return r.fatal && r.code == code; });
  }
  // fatal are the names of the codes that refused, in their order.
  [[nodiscard]] std::vector<std::string> fatal() const {
    std::vector<std::string> names;
    for (const auto& r : reasons)
      if (r.fatal) names.emplace_back(seatls::name(r.code));
    return names;
  }
  [[nodiscard]] std::string told() const {
    std::string out;
    for (const auto& r : reasons)
      out += std::string(seatls::name(r.code)) + (r.fatal ? "" : " (told)") + " at " + r.path + ": " +
             r.detail + "\n";
    return out;
  }
};

inline Verdict judge(std::string_view scheme, const Bytes& evidence, const appraise::Context& context) {
  appraise::Findings findings;
  const Cmw cmw(CmwRecord{*SchemeTable::defaults().find(scheme), evidence, 0});
  auto assessment = appraise::find_scheme(scheme)->judge(cmw, context, findings);
  if (findings.refused()) assessment.reset();
  return {std::move(assessment), findings.reasons()};
}

// JudgedWorld is a policy and a connection, by which evidence of one scheme is judged.
struct JudgedWorld {
  explicit JudgedWorld(std::string scheme_) : scheme(std::move(scheme_)) {
    policy.id = "test";
    policy.schemes = {scheme};
  }

  [[nodiscard]] std::optional<appraise::Assessment> judge(const Bytes& evidence) {
    auto verdict = testing::judge(scheme, evidence, {policy, binder, tik ? &*tik : nullptr, "", now});
    reasons = verdict.reasons;
    return std::move(verdict.assessment);
  }
  // expect_refused: exactly these reasons refuse, in this order.
  void expect_refused(const Bytes& evidence, const std::vector<Code>& codes) {
    EXPECT_FALSE(judge(evidence));
    std::vector<std::string> wanted;
    for (const auto code : codes) wanted.emplace_back(seatls::name(code));
    const Verdict verdict{std::nullopt, reasons};
    EXPECT_EQ(verdict.fatal(), wanted) << verdict.told();
  }
  void expect_accepted(const Bytes& evidence) {
    EXPECT_TRUE(judge(evidence)) << Verdict{std::nullopt, reasons}.told();
  }

  std::string scheme;
  Policy policy;
  Bytes binder = Bytes(32, 0xB1);
  std::optional<Spki> tik;
  Time now{};
  std::vector<Reason> reasons;
};

}  // namespace seatls::testing
