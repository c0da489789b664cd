#include "seatls/error.h"

#include <array>

namespace seatls {
namespace {

struct Row {
  std::string_view name;
  Category category;
  Alert alert;
  std::string_view sentence;
};

constexpr auto kRows = std::to_array<Row>({
#define SEATLS_ERROR(code, cat, alert_, sentence_) {#code, Category::cat, Alert::alert_, sentence_},
#include "seatls/errors.def"
#undef SEATLS_ERROR
});

const Row& row(Code code) { return kRows[static_cast<std::size_t>(code)]; }

}  // namespace

Category category(Code code) { return row(code).category; }
Alert alert(Code code) { return row(code).alert; }
std::string_view name(Code code) { return row(code).name; }
std::string_view sentence(Code code) { return row(code).sentence; }

std::optional<Code> code_from_name(std::string_view wanted) {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (kRows[i].name == wanted) return static_cast<Code>(i);
  return std::nullopt;
}

std::string_view name(Category category) {
  switch (category) {
    case Category::decode: return "decode";
    case Category::peer_misbehaved: return "peer_misbehaved";
    case Category::peer_incompatible: return "peer_incompatible";
    case Category::appraisal_rejected: return "appraisal_rejected";
    case Category::unavailable: return "unavailable";
    case Category::local: return "local";
    case Category::misuse: return "misuse";
  }
  return "?";
}

//= early-attestation#alert-numbers
std::uint8_t AlertMap::number(Alert alert, Role sender) const {
  switch (alert) {
    case Alert::unsupported_attestation_schemes: return unsupported_attestation_schemes;
    case Alert::attestation_required:
      return sender == Role::server ? attestation_required_of_client : attestation_required_of_server;
    case Alert::attestation_failed: return attestation_failed;
    default: return static_cast<std::uint8_t>(alert);
  }
}

Error Error::in(std::string_view place) && {
  path = path.empty() ? std::string(place) : std::string(place) + " > " + path;
  return std::move(*this);
}

std::string Error::message() const {
  std::string out(sentence(code));
  if (!path.empty()) out += " At " + path + ".";
  if (!detail.empty()) out += " " + detail;
  return out + " [" + std::string(name(code)) + "]";
}

}  // namespace seatls
