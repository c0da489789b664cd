// What deployed peers disagree on, as values.
#include <array>

#include "seatls/post_handshake.h"

namespace seatls::post {

const Profile& expat_03() {
  static const Profile profile{.name = "expat-03", .exporter_label = "Attestation"};
  return profile;
}

const Profile& expat_04() {
  static const Profile profile{.name = "expat-04", .exporter_label = "EXPORTER-cmw-attestation"};
  return profile;
}

const Profile& legacy() {
  static const Profile profile{
      .name = "legacy", .exporter_label = "Attestation Binding", .binder_input = BinderInput::exporter_alone};
  return profile;
}

const Profile& deployed_ff00() {
  static const Profile profile{.name = "deployed-ff00",
                               .exporter_label = "Attestation",
                               .cmw_attestation = 0xFF00,
                               .name_wanted_schemes = false,
                               .body = CmwForm::json};
  return profile;
}

const Profile& deployed_ffff() {
  static const Profile profile{.name = "deployed-ffff",
                               .exporter_label = "Attestation Binding",
                               .binder_input = BinderInput::exporter_alone,
                               .exporter_length = 64,
                               .cmw_attestation = 0xFFFF,
                               .name_wanted_schemes = false,
                               .body = CmwForm::cbor};
  return profile;
}

std::optional<Profile> profile_from_name(std::string_view name) {
  for (const Profile* profile : {&expat_03(), &expat_04(), &legacy(), &deployed_ff00(), &deployed_ffff()})
    if (profile->name == name) return *profile;
  return std::nullopt;
}

}  // namespace seatls::post
