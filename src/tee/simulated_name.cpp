#include "tee/simulated_name.h"

namespace seatls::tee {
namespace {

constexpr std::string_view prefix = "SEATLS-SIMULATED-";

}  // namespace

std::string simulated_name(std::string_view makers_name) {
  return std::string(prefix) + std::string(makers_name);
}

bool is_simulated_name(std::string_view common_name) { return common_name.starts_with(prefix); }

}  // namespace seatls::tee
