#include "early/credential.h"

#include "binder/early_binder.h"
#include "crypto/hash.h"
#include "rats/credential_fit.h"
#include "wire/remote_attestation.h"

namespace seatls::early {
namespace {

std::string_view name(Role role) { return role == Role::client ? "client" : "server"; }

std::string certificate_of(Role sender) { return extension_of(sender, "Certificate[0]"); }

Result<Binder> derive(const Channel& channel, const Spki& tik) {
  return binder::derive_early_binder(channel.hash, channel.dtls, channel.transcript_hash, tik);
}

// What an attester says must not look like a fault of the peer.
Error of_attester(Error error) {
  if (category(error.code) == Category::unavailable || category(error.code) == Category::local) return error;
  error.detail = std::string(seatls::name(error.code)) + ": " + error.detail;
  error.code = Code::attester_unavailable;
  return error;
}

}  // namespace

std::string extension_of(Role sender, std::string_view message) {
  return std::string(name(sender)) + " " + std::string(message) + " > remoteAttestation";
}

Result<EvidenceRequest> request_own(const Config& config, Role own, AttestationScheme scheme,
                                    const event::CertificateNeeded& needed) {
  const std::string path = certificate_of(own);
  if (!config.attester) return Error{Code::internal, "a scheme was negotiated without an attester", path};
  //= early-attestation#binder-never-shortened
  // The binder is never truncated or hashed again (Decision 3).
  if (const auto longest = config.attester->longest_binder(); size(needed.channel.hash) > longest)
    return Error{Code::binder_too_long,
                 "the binder has " + std::to_string(size(needed.channel.hash)) +
                     " bytes; the attester holds " + std::to_string(longest),
                 path};
  SEATLS_TRY(Binder binder, derive(needed.channel, needed.own));
  return EvidenceRequest{std::move(scheme), std::move(binder)};
}

Result<OwnCredential> wrap_own(Role own, const AttestationScheme& scheme, Result<Cmw> made) {
  const std::string path = certificate_of(own);
  if (!made) return of_attester(std::move(made).error()).in(path);
  if (auto fit = rats::fits(scheme, *made); !fit)
    return Error{Code::misuse,
                 "the attester made something else than it was asked for: " + fit.error().detail, path};

  auto bytes = encode_cmw(*made);
  if (!bytes) return of_attester(std::move(bytes).error()).in(path);
  auto extension = codec::encode(wire::CertificateCredential{*bytes});
  if (!extension) return std::move(extension).error().in(path);
  return OwnCredential{std::move(extension).value(), crypto::digest(Hash::sha256, *bytes)};
}

Result<AppraisalRequest> open_peer(Role peer, const AttestationScheme& scheme,
                                   const event::CertificateReceived& received) {
  const PeerCertificate& certificate = received.certificate;
  const std::string path = certificate_of(peer);
  if (certificate.extension_elsewhere) return expect_plain(peer, certificate).error();
  //= early-attestation#required-fails-closed
  // Negotiated and absent: a downgrade by silence (D03).
  if (!certificate.extension)
    return Error{Code::attestation_required,
                 "the " + std::string(name(peer)) + " was to attest by " + describe(scheme) +
                     " and sent no credential",
                 path};

  auto body = codec::decode<wire::CertificateCredential>(*certificate.extension);
  if (!body) return std::move(body).error().in(path);
  auto cmw = parse_cmw(body->cmw_payload);
  if (!cmw) {
    //= early-attestation#rejected-credential
    // A malformed CMW is a failed attestation, not a failed parse: the draft says attestation_failed.
    Error error = std::move(cmw).error();
    error.detail = std::string(seatls::name(error.code)) + ": " + error.detail;
    error.code = Code::evidence_malformed;
    return std::move(error).in("cmw").in(path);
  }
  if (auto fit = rats::fits(scheme, *cmw); !fit) return std::move(fit).error().in(path);

  //= early-attestation#binder-computed
  SEATLS_TRY(Binder binder, derive(received.channel, certificate.spki));
  return AppraisalRequest{scheme, std::move(cmw).value(), std::move(binder),
                          crypto::digest(Hash::sha256, body->cmw_payload)};
}

Result<void> expect_plain(Role peer, const PeerCertificate& certificate) {
  //= early-attestation#first-entry-only
  if (certificate.extension_elsewhere)
    return Error{Code::misplaced_extension, "it belongs into the first CertificateEntry, once",
                 extension_of(peer, "Certificate")};
  //= early-attestation#unsolicited-refused
  if (certificate.extension)
    return Error{Code::unsolicited_extension, "no scheme was negotiated for the " + std::string(name(peer)),
                 certificate_of(peer)};
  return {};
}

//= early-attestation#own-key-refused
Result<void> refuse_own_key(Role peer, const Spki& own, const Spki& received) {
  if (own != received) return {};
  return Error{Code::reflected, "the certificate holds this endpoint's own key",
               std::string(name(peer)) + " Certificate[0]"};
}

//= early-attestation#own-key-refused
Result<void> refuse_own_credential(Role peer, ByteView own_digest, ByteView received_digest) {
  if (!constant_time_equal(own_digest, received_digest)) return {};
  return Error{Code::reflected, "the credential is this endpoint's own", certificate_of(peer)};
}

}  // namespace seatls::early
