// What is covered elsewhere, and what is not covered at all.
#include "support/manifest.h"
#include "unit/coverage/table.h"

namespace seatls::testing::coverage {
namespace {

// Elsewhere is a test that reads samples of a folder. It names each one, or `walks`, what it walks over.
struct Elsewhere {
  std::string_view folder, test, walks;
};
constexpr std::array elsewhere = {
    Elsewhere{"ear/", "tests/unit/rats/ear_test.cpp", ""},
    Elsewhere{"eat/", "tests/unit/rats/eat_test.cpp", ""},
    Elsewhere{"cmw/", "tests/unit/rats/cmw_test.cpp", ""},
    Elsewhere{"corim/services-", "tests/unit/rats/corim_test.cpp", "\"corim\""},
    Elsewhere{"corim/veraison-comid", "tests/unit/rats/corim_test.cpp", "\"corim\""},
    Elsewhere{"corim/veraison-corim", "tests/unit/rats/corim_test.cpp", "\"corim\""},
    Elsewhere{"corim/veraison-profiles", "tests/unit/rats/corim_test.cpp", "\"corim\""},
    Elsewhere{"tpm/", "tests/unit/appraise/tpm_samples_test.cpp", ""},
    Elsewhere{"snp/certs-roots", "tests/unit/snp/samples_test.cpp", ""},
};
constexpr std::array kinds = {
    std::pair{"corim/veraison-coev", "concise evidence is not read"},
    std::pair{"coserv/", "CoSERV is not read yet"},
    std::pair{"ear/", "examples without a signature: a result is accepted signed, or not at all"},
    std::pair{"tpm/go-attestation-linux12", "TPM 1.2"},
    std::pair{"tpm/", "its form is read by no attester of this project"},
    std::pair{"cca/parsec-cca", "a wrapping of Parsec's own"},
    std::pair{"nitro/synthetic-chain", "certificates alone, and no document"},
    std::pair{"eventlog/secureboot-certs", "certificates alone: the policy judges registers"},
    std::pair{"eventlog/", "without an expected replay"},
    std::pair{"trust-anchors", "the roots are compiled in"},
    std::pair{"snp/", "certificates alone"},
    std::pair{"other/", "Hygon CSV is not read"},
    std::pair{"tls/", "traces of TLS, and no evidence"},
    std::pair{"eat/", "examples without a signature"},
    std::pair{"cmw/", "examples"},
};

bool reads(const Elsewhere& test, const std::string& id) {
  const std::string source = text(read_file(source_dir() / test.test));
  return source.find(test.walks.empty() ? std::string_view(id) : test.walks) != std::string::npos;
}

}  // namespace

void cover_rest(Table& table) {
  for (const auto& group : manifest()["samples"]) {
    const auto id = group["id"].get<std::string>();
    bool covered = table.mentions(id);
    for (const auto& test : elsewhere) {
      if (!id.starts_with(test.folder) || !reads(test, id)) continue;
      table.elsewhere(id, std::string(test.test));
      covered = true;
    }
    if (covered) continue;
    for (const auto& [folder, why] : kinds)
      if (id.starts_with(folder)) {
        table.not_covered(id, why);
        break;
      }
  }
}

}  // namespace seatls::testing::coverage
