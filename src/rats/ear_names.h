// What the claims of an EAR are called: draft-ietf-rats-ear-03, its older spelling after it.
#pragma once

#include "rats/claim_view.h"
#include "rats/key_format.h"

namespace seatls::rats::ear_name {

inline constexpr ClaimName iss{1, "iss"}, sub{2, "sub"}, aud{3, "aud"}, exp{4, "exp"}, nbf{5, "nbf"},
    iat{6, "iat"}, cnf{8, "cnf"}, eat_nonce{10, "eat_nonce"}, eat_profile{265, "eat_profile"},
    submods{266, "submods"};
inline constexpr ClaimName status{1000, "ear_status", "ear.status"},
    vector{1001, "ear_trustworthiness_vector", "ear.trustworthiness-vector"},
    raw_evidence{1002, "ear_raw_evidence", "ear.raw-evidence"},
    policy_ids{1003, "ear_appraisal_policy_ids", "ear.appraisal-policy-id"},
    verifier_id{1004, "ear_verifier_id", "ear.verifier-id"};
inline constexpr ClaimName developer{0, "developer"}, build{1, "build"};
inline constexpr ClaimName kek{kek_claim_number, kek_claim};
inline constexpr ClaimName evidence_digest{-70'101, "seatls_evidence_digest"};
inline constexpr ClaimName veraison_key{-70002, "ear_veraison_key_attestation",
                                        "ear.veraison.key-attestation"};

}  // namespace seatls::rats::ear_name
