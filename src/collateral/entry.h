// Entry: one piece of collateral as it was fetched and as it is kept.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "appraise/needs.h"
#include "crypto/x509.h"
#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::collateral {

using appraise::Item;

// Entry is what a file of the cache holds. Its content is text: documents as they were served, byte for byte;
// certificates as PEM; revocation lists as hex digits.
struct Entry {
  std::string name{};  // of the item that was asked for
  std::string what{};  // the same for people
  std::string source{};
  Time fetched{};
  std::string issuer_chain{};  // PEM: of what comes with its signer's chain
  std::string content{};
};

[[nodiscard]] Result<std::string> write_entry(const Entry& entry);
[[nodiscard]] Result<Entry> read_entry(std::string_view json);

// Checked is an entry that is what was asked for, is signed by whom it must be, and when it holds. That
// decides what is kept and what is fetched again; the judgement of evidence verifies everything anew.
struct Checked {
  Entry entry;
  Time from{}, until{};
  Time issued{};              // what its maker wrote on it: of two, the later one counts
  Bytes digest{};             // of everything in it
  std::vector<Bytes> ders{};  // certificates; or the list
};

// Trust is below whose roots.
struct Trust {
  std::vector<crypto::Certificate> simulated_roots;
  std::vector<Bytes> issuers{};  // DER: certificates between AMD's roots and its chips, beside those known
};
[[nodiscard]] Trust trust_of(const std::vector<Bytes>& simulated_roots);

// check_entry says that `entry` is the item. Errors: collateral_invalid, collateral_stale.
[[nodiscard]] Result<Checked> check_entry(Entry entry, const Item& item, const Trust& trust, Time at);

// SignedDocument is {"NAME":{…},"signature":"hex"}; `raw` is the object's text, which the signature is over.
struct SignedDocument {
  std::string raw;
  std::string signature;  // hex
};
[[nodiscard]] Result<SignedDocument> split_document(std::string_view text, std::string_view name);
// document_name returns "tcbInfo" or "enclaveIdentity".
[[nodiscard]] std::string_view document_name(const Item& item);

}  // namespace seatls::collateral
