// Writes authenticators, one per scheme, hash and role, as vectors for the second implementation.
#include <cstdio>

#include "base/encoding.h"
#include "fixture.h"

namespace seatls {
namespace {

using namespace exported;

void row(const char* key, const std::string& value) { std::printf("%s: %s\n", key, value.c_str()); }

void write(const char* kind, const std::string& name, Hash hash, Role sender, ByteView request,
           const Bytes& authenticator, const char* expect) {
  row("name", name);
  row("kind", kind);
  row("hash", std::string(seatls::name(hash)));
  row("sender", sender == Role::client ? "client" : "server");
  row("exporter_secret", base::to_hex(crypto::digest(hash, view("a secret of both"))));
  row("request", base::to_hex(request));
  row("authenticator", base::to_hex(authenticator));
  row("expect", expect);
}

void attestation(Hash hash, Role sender, const post::Profile& profile, CmwForm form) {
  testing::Side attester(sender, "attester"), relying(other(sender), "relying party");
  attester.attest("machine");
  attester.attester->tamper = [form](Result<Cmw> cmw) -> Result<Cmw> { return Cmw(*cmw->record(), form); };
  attester.attester->longest = 64;
  relying.require(attester);
  const auto change = [&](post::Setup& s) { s.profile = profile; };
  attester.start(testing::connection(sender, hash), nullptr, change);
  relying.start(testing::connection(other(sender), hash), nullptr, change);
  const auto request = relying.endpoint->request().value();
  const auto made = attester.drive(attester.endpoint->on(post::event::RequestReceived{request.message}));
  const auto& sent = std::get<post::action::SendAuthenticator>(made);
  const auto verified =
      accept_authenticator(testing::connection(other(sender), hash),
                           accept_request(other(sender), request.message).value(), sent.message);
  const auto& chain = std::get<VerifiedAuthenticator>(verified.value()).chain();
  write("attestation", "attestation " + profile.name, hash, sender, request.message, sent.message, "ok");
  row("profile", profile.name);
  row("binder", base::to_hex(sent.attested->binder.bytes()));
  row("cmw", base::to_hex(ByteView(chain.front().extensions.back().data).subspan(2)));
}

void write_all() {
  for (Hash hash : {Hash::sha256, Hash::sha384})
    for (Role sender : {Role::client, Role::server}) {
      const Connection c = testing::connection(sender, hash);
      for (SignatureScheme scheme : supported_schemes()) {
        const auto key = crypto::PrivateKey::generate(crypto::key_type(*algorithm_of(scheme))).value();
        const auto certificate = crypto::make_self_signed({.common_name = name(scheme)}, key).value();
        const auto request = make_request(other(sender), {.context = crypto::random_bytes(32)}).value();
        const auto prepared =
            prepare_authenticator(c, request, {{bytes(certificate.der()), {}}}, scheme).value();
        const auto made = prepared.finish(testing::sign(key, prepared).value()).value();
        write("authenticator", name(scheme), hash, sender, request.encoded(), made, "ok");
        row("spki", base::to_hex(certificate.spki().der()));
        row("context", base::to_hex(request.context()));
        std::puts("");
      }
      const auto request = make_request(other(sender), {.context = crypto::random_bytes(32)}).value();
      write("authenticator", "empty", hash, sender, request.encoded(),
            make_empty_authenticator(c, request).value(), "declined");
      std::puts("");
      for (const post::Profile* profile : {&post::expat_03(), &post::expat_04(), &post::legacy(),
                                           &post::deployed_ff00(), &post::deployed_ffff()})
        for (CmwForm form : {CmwForm::json, CmwForm::cbor}) {
          attestation(hash, sender, *profile, form);
          std::puts("");
        }
    }
}

}  // namespace
}  // namespace seatls

int main() { seatls::write_all(); }
