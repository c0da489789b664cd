#include "appraise/schemes/snp/corim.h"

#include "appraise/corim_match.h"

namespace seatls::appraise::snp {
namespace {

namespace cbor = codec::cbor;
namespace comid = rats::comid;
using comid::Values;

// Keys of measurements, as the profile numbers them.
enum Key : std::int64_t {
  guest_svn = 1,
  policy_bits = 2,
  family_id = 3,
  image_id = 4,
  vmpl = 5,
  current_tcb = 6,
  platform_info = 7,
  measurement = 641,
  host_data = 642,
  id_key_digest = 643,
  author_key_digest = 644,
  report_id = 645,
  reported_tcb = 647,
  committed_tcb = 3329,
  launch_tcb = 3968,
};
constexpr std::int64_t flag_debug = 3;

bool in_digests(const Values& values) { return values.digests.has_value(); }
bool in_raw_value(const Values& values) { return values.raw_value.has_value(); }

// State builds the description; claims name measurements by their place in it.
class State {
 public:
  State(SnpPolicy& policy, const Claims& claims) : policy_(policy) {
    const Report& r = claims.report;
    set_environment(claims);
    add_digest(measurement, r.measurement, &policy_.measurement, "measurement");
    add_digest(id_key_digest, r.id_key_digest, &policy_.id_key_digest, "id_key_digest");
    add_digest(author_key_digest, r.author_key_digest, &policy_.author_key_digest, "author_key_digest");
    add_raw(host_data, r.host_data, &policy_.host_data, "host_data");
    add_raw(family_id, r.family_id, &policy_.family_id, "family_id");
    add_raw(image_id, r.image_id, &policy_.image_id, "image_id");
    add_raw(report_id, r.report_id);
    add_raw(policy_bits, little_endian(r.policy));
    add_raw(platform_info, little_endian(r.platform_info));
    add(guest_svn).svn = comid::Svn{r.guest_svn, false};
    add(vmpl).int_range = comid::IntRange{r.vmpl, r.vmpl};
    // The profile compares levels as one number. What is accepted as a level says the policy's own table, by
    // component, in any case.
    add(current_tcb).svn = comid::Svn{number_of(r.current_tcb), false};
    add(reported_tcb).svn = comid::Svn{number_of(r.reported_tcb), false};
    add(committed_tcb).svn = comid::Svn{number_of(r.committed_tcb), false};
    add(launch_tcb).svn = comid::Svn{number_of(r.launch_tcb), false};
    state_.measurements.emplace_back().values.flags = {
        {flag_debug, (r.policy & seatls::snp::policy_debug) != 0}};
  }
  [[nodiscard]] const CorimState& state() const { return state_; }
  [[nodiscard]] const std::vector<CorimClaim>& claims() const { return claims_; }

 private:
  static Bytes little_endian(std::uint64_t value) {
    Bytes out;
    for (int i = 0; i < 8; ++i, value >>= 8) out.push_back(static_cast<std::uint8_t>(value));
    return out;
  }
  static std::uint64_t number_of(ByteView little_endian) {
    std::uint64_t out = 0;
    for (std::size_t i = little_endian.size(); i-- > 0;) out = out << 8 | little_endian[i];
    return out;
  }

  // class-id: 1.3.6.1.4.1.3704.3.1 (by chip) or .2 (by cloud provider). The draft's example has the OID's tag
  // and length in it, which does not belong there: documents of both kinds are about.
  void set_environment(const Claims& claims) {
    const bool by_chip = claims.report.signing_key != SigningKey::vlek;
    const Bytes oid = {
        0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c, 0x78, 0x03, static_cast<std::uint8_t>(by_chip ? 1 : 2)};
    Bytes with_header = {0x06, static_cast<std::uint8_t>(oid.size())};
    with_header.insert(with_header.end(), oid.begin(), oid.end());
    const ByteView csp_id = view(claims.csp_id);
    for (const Bytes& id : {oid, with_header}) {
      comid::Class of_class;
      if (auto encoded = cbor::encode(cbor::tag(111, cbor::bytes(id)))) of_class.id = std::move(*encoded);
      comid::Environment environment{std::move(of_class), {}, {}};
      if (!by_chip || !claims.chip_id.empty())
        environment.instance = corim_state::tagged_bytes(by_chip ? ByteView(claims.report.chip_id) : csp_id);
      state_.environments.push_back(std::move(environment));
    }
  }

  Values& add(Key key) {
    state_.measurements.push_back(corim_state::measurement(cbor::integer(key)));
    return state_.measurements.back().values;
  }
  void add_digest(Key key, ByteView value, Expect<Bytes>* expected, const char* name) {
    add(key).digests = corim_state::digest(value);
    claim(expected, name, value, in_digests);
  }
  void add_raw(Key key, ByteView value, Expect<Bytes>* expected = nullptr, const char* name = nullptr) {
    add(key).raw_value = comid::RawValue{bytes(value), {}};
    if (expected != nullptr) claim(expected, name, value, in_raw_value);
  }
  void claim(Expect<Bytes>* expected, const char* name, ByteView value, bool (*is_mentioned)(const Values&)) {
    claims_.push_back({expected, std::string("sev-snp.") + name, bytes(value), state_.measurements.size() - 1,
                       is_mentioned});
  }

  SnpPolicy& policy_;
  CorimState state_;
  std::vector<CorimClaim> claims_;
};

}  // namespace

std::optional<SnpPolicy> with_corim(const Claims& claims, const Context& context, Findings& findings) {
  if (context.policy.corim.empty()) return std::nullopt;
  SnpPolicy policy = context.policy.snp;
  const State state(policy, claims);
  take_from_corim(state.state(), state.claims(), context, "sev-snp > report", findings);
  return policy;
}

}  // namespace seatls::appraise::snp
