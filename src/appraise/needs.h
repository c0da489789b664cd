// Which published collateral a piece of evidence needs. Evidence is not verified yet when this is asked: it
// chooses among what makers publish by numbers and enumerations, never by a text or an address.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "appraise/schemes/intel/quote.h"
#include "appraise/schemes/snp/report.h"
#include "seatls/cmw.h"
#include "seatls/policy.h"
#include "seatls/result.h"
#include "seatls/scheme.h"

namespace seatls::appraise {

// ---- What Intel publishes ----------------------------------------------------------------------

enum class PckCa : std::uint8_t { processor, platform };
[[nodiscard]] std::string_view name(PckCa ca);  // "platform", as Intel's service spells it

struct TcbInfoOf {
  intel::Tee tee = intel::Tee::sgx;
  intel::Field<6> fmspc{};
  bool operator==(const TcbInfoOf&) const = default;
};
struct QeIdentityOf {
  intel::Tee tee = intel::Tee::sgx;
  bool operator==(const QeIdentityOf&) const = default;
};
struct PckCrlOf {
  PckCa ca = PckCa::platform;
  bool operator==(const PckCrlOf&) const = default;
};
struct IntelRootCrl {
  bool operator==(const IntelRootCrl&) const = default;
};

// ---- What AMD publishes ------------------------------------------------------------------------

struct VcekOf {
  SnpProduct product = SnpProduct::milan;
  Bytes hwid;  // 64 bytes, 8 on Turin
  SnpTcb tcb;
  bool operator==(const VcekOf&) const = default;
};
// Of the keys of chips (VCEK), or of those that clouds get (VLEK).
struct AmdChainOf {
  SnpProduct product = SnpProduct::milan;
  snp::SigningKey key = snp::SigningKey::vcek;
  bool operator==(const AmdChainOf&) const = default;
};
struct AmdCrlOf {
  SnpProduct product = SnpProduct::milan;
  snp::SigningKey key = snp::SigningKey::vcek;
  bool operator==(const AmdCrlOf&) const = default;
};

using Item = std::variant<TcbInfoOf, QeIdentityOf, PckCrlOf, IntelRootCrl, VcekOf, AmdChainOf, AmdCrlOf>;

[[nodiscard]] bool is_intel(const Item& item);
// name_of returns a name that is the item's alone, of letters, digits, '.' and '-': a file may have it.
[[nodiscard]] std::string name_of(const Item& item);
// describe tells it to people: "TCB info for TDX on FMSPC 00806F050000".
[[nodiscard]] std::string describe(const Item& item);

// Need is an item; without an essential one there is no judgement in favour.
struct Need {
  Item item;
  bool essential = true;
};

// intel_needs returns the collateral of one model of platform: four items.
[[nodiscard]] std::vector<Need> intel_needs(intel::Tee tee, const intel::Field<6>& fmspc, PckCa ca);

// all_needs returns everything that is published about a credential, member by member of a collection.
[[nodiscard]] std::vector<Need> all_needs(const Cmw& credential, const SchemeTable& table);

// needs_of returns what these policies leave to whoever appraises, and lack for this credential. Where it is
// `demanded`, evidence whose platform nobody vouches for needs nothing, so that a stranger cannot make a
// verifier ask for what he likes: of Intel's, a PCK certificate must lead to Intel's root, or to one that the
// policy names as simulated. What is held already can be looked up without.
enum class Vouching : std::uint8_t { not_looked_at, demanded };
[[nodiscard]] std::vector<Need> needs_of(const Cmw& credential, const SchemeTable& table,
                                         std::span<const Policy> policies, Time at,
                                         Vouching vouching = Vouching::demanded);

}  // namespace seatls::appraise
