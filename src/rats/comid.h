// CoMID: what a manufacturer or an operator says about an environment (draft-ietf-rats-corim-11, section 5).
// Parsed into the shapes that matching wants; what is compared byte by byte stays deterministic CBOR.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "codec/cbor.h"
#include "seatls/bytes.h"
#include "seatls/error.h"

namespace seatls::rats::comid {

// Encoded is a data item in deterministic CBOR: equal items are equal bytes.
using Encoded = Bytes;

// digest = [ alg: int / text, val: bytes ], with the numbers of IANA's "Named Information Hash Algorithm
// Registry". Names that the registry knows are read as their numbers.
struct Digest {
  std::variant<std::int64_t, std::string> alg;
  Bytes value;
  bool operator==(const Digest&) const = default;
};
using Digests = std::vector<Digest>;  // not empty, no algorithm twice

// class-map, environment-map: at least one member each.
struct Class {
  std::optional<Encoded> id;
  std::optional<std::string> vendor, model;
  std::optional<std::uint64_t> layer, index;
};
struct Environment {
  std::optional<Class> of_class;
  std::optional<Encoded> instance, group;
};

struct Svn {
  std::uint64_t value = 0;
  bool minimum = false;  // #6.553: this or more
};
struct RawValue {
  Bytes value;
  std::optional<Bytes> mask;  // as long as the value
};
struct IntRange {
  std::optional<std::int64_t> least, most;
};
using RegisterId = std::variant<std::uint64_t, std::string>;

// measurement-values-map. What has no rule of its own is compared as it stands (`equal`); what a profile
// added is in `extensions`, and matches by that profile's rules alone.
struct Values {
  std::optional<Encoded> version;
  std::optional<Svn> svn;
  std::optional<Digests> digests;
  std::map<std::int64_t, bool> flags;
  std::optional<RawValue> raw_value;
  std::vector<Encoded> cryptokeys;
  std::map<RegisterId, Digests> integrity_registers;
  std::optional<IntRange> int_range;
  std::map<std::int64_t, Encoded> equal;
  std::map<std::int64_t, codec::cbor::Value> extensions;
};

// measurement-map
struct Measurement {
  std::optional<codec::cbor::Value> key;  // mkey: an OID, a UUID, a number or a text
  Values values;
  std::vector<Encoded> authorized_by;
};

// reference-triple-record and endorsed-triple-record: several measurements are one state; several records are
// alternatives.
struct Triple {
  Environment environment;
  std::vector<Measurement> measurements;
};
// identity-triple-record, attest-key-triple-record
struct KeyTriple {
  Environment environment;
  std::vector<codec::cbor::Value> keys;  // crypto-key: tags 554 to 562
};

struct Comid {
  std::string tag_id;  // text, or a UUID in hex
  std::uint64_t tag_version = 0;
  std::vector<Triple> reference, endorsed;
  std::vector<KeyTriple> identity_keys, attest_keys;
  // Kinds of triples that nothing here uses: 4 to 10, and records of 2 and 3 with conditions.
  std::vector<std::int64_t> unread;
};

// read_comid reads concise-mid-tag (the content of tag 506). Errors: decode, with the member's name in the
// path.
[[nodiscard]] Result<Comid> read_comid(ByteView data);
[[nodiscard]] Result<Comid> read_comid(const codec::cbor::Value& map);

// read_measurement reads one measurement-map.
[[nodiscard]] Result<Measurement> read_measurement(const codec::cbor::Value& map);

}  // namespace seatls::rats::comid
