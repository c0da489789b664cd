#include "seatls/snp_policy.h"

namespace seatls {

std::string_view name(SnpProduct product) {
  switch (product) {
    case SnpProduct::milan: return "Milan";
    case SnpProduct::genoa: return "Genoa";
    case SnpProduct::turin: return "Turin";
  }
  return "?";
}

}  // namespace seatls
