// The declared transitions, exhaustively: every event in every state.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "codec/tls.h"
#include "early/transitions.h"
#include "fixture.h"
#include "stack/port.h"
#include "wire/remote_attestation.h"

namespace seatls::fake {
namespace {

namespace event = early::event;
namespace action = early::action;
using early::Action;
using early::Transition;

early::Channel some_channel() { return {Hash::sha256, Bytes(32, 7), false}; }
HandshakeFinished proof() { return stack::FinishedMint::mint(true, "peer"); }
Bytes choice() { return codec::encode(evidence_scheme()).value(); }
Cmw some_credential(std::uint8_t byte) {
  return CmwRecord{std::get<EvidenceType>(evidence_scheme().argument), Bytes{byte}};
}
event::CertificateReceived attested_certificate(const Spki& spki) {
  const Bytes cmw = encode_cmw(some_credential(1)).value();
  return {{spki, codec::encode(wire::CertificateCredential{cmw}).value()}, some_channel()};
}
event::Appraised good_answer(const AppraisalRequest& asked) {
  ResultParts parts;
  parts.tier = Tier::affirming;
  parts.key = KeyProvenance::proven;
  parts.evidence_digest = asked.credential_digest;
  parts.binder = bytes(asked.binder.bytes());
  return {danger::result_from_parts(std::move(parts))};
}

const Spki client_key(bytes("client key")), server_key(bytes("server key"));

// A machine on its way: `last` is the answer to the event before.
template <class Machine>
struct Driver {
  explicit Driver(const Config& config) : machine(config) {}
  template <class Event>
  Driver& tell(Event e) {
    const std::string from(machine.state_name());
    last = machine.on(std::move(e));
    constexpr Role role = std::is_same_v<Machine, early::Client> ? Role::client : Role::server;
    steps.push_back({role, from, std::string(Event::name), std::string(machine.state_name())});
    return *this;
  }
  Driver& appraised() { return tell(good_answer(std::get<action::Appraise>(last).request)); }
  Machine machine;
  Action last = action::Proceed{};
  std::vector<TakenStep> steps;
};
using ClientDriver = Driver<early::Client>;
using ServerDriver = Driver<early::Server>;

// How each state is reached, by events that the table allows.
template <class D>
using Ways = std::map<std::string_view, std::function<void(D&)>>;

const Ways<ClientDriver>& client_ways() {
  static const auto hello = [](ClientDriver& d) -> ClientDriver& {
    return d.tell(event::ClientHelloNeeded{true});
  };
  static const auto chosen = [](ClientDriver& d) -> ClientDriver& {
    return hello(d).tell(event::EncryptedExtensionsReceived{choice()});
  };
  static const auto requested = [](ClientDriver& d, std::optional<Bytes> body) -> ClientDriver& {
    return chosen(d).tell(event::CertificateRequestReceived{std::move(body)});
  };
  static const Ways<ClientDriver> ways = {
      {"Start", [](ClientDriver&) {}},
      {"ExpectEncryptedExtensions", [](ClientDriver& d) { hello(d); }},
      {"ExpectCertificateRequest", [](ClientDriver& d) { chosen(d); }},
      {"ExpectCertificate", [](ClientDriver& d) { requested(d, choice()); }},
      {"ExpectVerdict",
       [](ClientDriver& d) { requested(d, choice()).tell(attested_certificate(server_key)); }},
      {"ExpectOwnCertificate",
       [](ClientDriver& d) { requested(d, choice()).tell(attested_certificate(server_key)).appraised(); }},
      {"ExpectPlainOwnCertificate",
       [](ClientDriver& d) { requested(d, {}).tell(attested_certificate(server_key)).appraised(); }},
      {"ExpectOwnCredential",
       [](ClientDriver& d) {
         requested(d, choice()).tell(attested_certificate(server_key)).appraised();
         d.tell(event::CertificateNeeded{client_key, some_channel()});
       }},
      {"ExpectFinished",
       [](ClientDriver& d) { chosen(d).tell(attested_certificate(server_key)).appraised(); }},
      {"Unattested",
       [](ClientDriver& d) {
         hello(d).tell(event::EncryptedExtensionsReceived{{}, true});
       }},
      {"Complete",
       [](ClientDriver& d) {
         chosen(d).tell(attested_certificate(server_key)).appraised();
         d.tell(event::HandshakeDone{proof()});
       }},
      {"Refused", [](ClientDriver& d) { hello(d).tell(event::EncryptedExtensionsReceived{Bytes{9}}); }},
  };
  return ways;
}

Bytes offer() { return codec::encode(wire::ClientOffer{{evidence_scheme()}, {evidence_scheme()}}).value(); }

const Ways<ServerDriver>& server_ways() {
  static const auto offered = [](ServerDriver& d) -> ServerDriver& {
    return d.tell(event::ClientHelloReceived{offer()});
  };
  static const auto chosen = [](ServerDriver& d) -> ServerDriver& {
    return offered(d).tell(event::EncryptedExtensionsNeeded{});
  };
  static const auto requested = [](ServerDriver& d) -> ServerDriver& {
    return chosen(d).tell(event::CertificateRequestNeeded{});
  };
  static const auto attested = [](ServerDriver& d) -> ServerDriver& {
    return requested(d)
        .tell(event::CertificateNeeded{server_key, some_channel()})
        .tell(event::CredentialMade{some_credential(2)});
  };
  static const Ways<ServerDriver> ways = {
      {"Start", [](ServerDriver&) {}},
      {"ExpectEncryptedExtensions", [](ServerDriver& d) { offered(d); }},
      {"ExpectCertificateRequest", [](ServerDriver& d) { chosen(d); }},
      {"ExpectOwnCertificate", [](ServerDriver& d) { requested(d); }},
      {"ExpectOwnCredential",
       [](ServerDriver& d) {
         requested(d).tell(event::CertificateNeeded{server_key, some_channel()});
       }},
      {"ExpectCertificate", [](ServerDriver& d) { attested(d); }},
      {"ExpectPlainCertificate",
       [](ServerDriver& d) {
         const auto only_server = codec::encode(wire::ClientOffer{{evidence_scheme()}, {}}).value();
         d.tell(event::ClientHelloReceived{only_server})
             .tell(event::EncryptedExtensionsNeeded{})
             .tell(event::CertificateRequestNeeded{})
             .tell(event::CertificateNeeded{server_key, some_channel()})
             .tell(event::CredentialMade{some_credential(2)});
       }},
      {"ExpectVerdict", [](ServerDriver& d) { attested(d).tell(attested_certificate(client_key)); }},
      {"ExpectFinished",
       [](ServerDriver& d) { attested(d).tell(attested_certificate(client_key)).appraised(); }},
      {"Unattested",
       [](ServerDriver& d) { offered(d).tell(event::EncryptedExtensionsNeeded{.resumed = true}); }},
      {"Complete",
       [](ServerDriver& d) {
         attested(d).tell(attested_certificate(client_key)).appraised();
         d.tell(event::HandshakeDone{proof()});
       }},
      {"Refused", [](ServerDriver& d) { d.tell(event::ClientHelloReceived{Bytes{9}}); }},
  };
  return ways;
}

template <class D>
using Samples = std::map<std::string_view, std::function<void(D&)>>;

const Samples<ClientDriver>& client_events() {
  static const Samples<ClientDriver> all = {
      {"ClientHelloNeeded", [](ClientDriver& d) { d.tell(event::ClientHelloNeeded{}); }},
      {"EncryptedExtensionsReceived", [](ClientDriver& d) { d.tell(event::EncryptedExtensionsReceived{}); }},
      {"CertificateRequestReceived", [](ClientDriver& d) { d.tell(event::CertificateRequestReceived{}); }},
      {"CertificateReceived", [](ClientDriver& d) { d.tell(attested_certificate(server_key)); }},
      {"Appraised", [](ClientDriver& d) { d.tell(event::Appraised{danger::result_from_parts({})}); }},
      {"CertificateNeeded",
       [](ClientDriver& d) {
         d.tell(event::CertificateNeeded{client_key, some_channel()});
       }},
      {"NoCertificateAvailable", [](ClientDriver& d) { d.tell(event::NoCertificateAvailable{}); }},
      {"CredentialMade", [](ClientDriver& d) { d.tell(event::CredentialMade{some_credential(3)}); }},
      {"HandshakeDone", [](ClientDriver& d) { d.tell(event::HandshakeDone{proof()}); }},
  };
  return all;
}

const Samples<ServerDriver>& server_events() {
  static const Samples<ServerDriver> all = {
      {"ClientHelloReceived", [](ServerDriver& d) { d.tell(event::ClientHelloReceived{}); }},
      {"EncryptedExtensionsNeeded", [](ServerDriver& d) { d.tell(event::EncryptedExtensionsNeeded{}); }},
      {"CertificateRequestNeeded", [](ServerDriver& d) { d.tell(event::CertificateRequestNeeded{}); }},
      {"CertificateNeeded",
       [](ServerDriver& d) {
         d.tell(event::CertificateNeeded{server_key, some_channel()});
       }},
      {"CredentialMade", [](ServerDriver& d) { d.tell(event::CredentialMade{some_credential(3)}); }},
      {"CertificateReceived", [](ServerDriver& d) { d.tell(attested_certificate(client_key)); }},
      {"NoCertificateReceived", [](ServerDriver& d) { d.tell(event::NoCertificateReceived{}); }},
      {"Appraised", [](ServerDriver& d) { d.tell(event::Appraised{danger::result_from_parts({})}); }},
      {"HandshakeDone", [](ServerDriver& d) { d.tell(event::HandshakeDone{proof()}); }},
  };
  return all;
}

template <class D, std::size_t N>
void exhaust(const Config& config, const Ways<D>& ways, const Samples<D>& events,
             const std::array<Transition, N>& table) {
  std::set<std::string_view> states = {"Complete", "Refused"}, declared_events;
  std::set<std::pair<std::string_view, std::string_view>> legal;
  for (const Transition& t : table) {
    states.insert({t.from, t.to});
    declared_events.insert(t.on);
    legal.insert({t.from, t.on});
  }
  for (std::string_view state : states) ASSERT_TRUE(ways.contains(state)) << "no way to " << state;
  for (std::string_view e : declared_events) ASSERT_TRUE(events.contains(e)) << "no sample of " << e;

  for (const auto& [state, way] : ways)
    for (const auto& [name_of_event, tell] : events) {
      SCOPED_TRACE(std::string(name_of_event) + " in " + std::string(state));
      D d(config);
      way(d);
      ASSERT_EQ(d.machine.state_name(), state);
      const std::optional<Error> before = d.machine.failure();
      tell(d);
      const auto* refuse = std::get_if<action::Refuse>(&d.last);
      if (state == "Refused") {
        ASSERT_NE(refuse, nullptr);
        EXPECT_EQ(refuse->error, before);
      } else if (!legal.contains({state, name_of_event})) {
        ASSERT_NE(refuse, nullptr);
        EXPECT_EQ(refuse->error.code, Code::unexpected_message);
        EXPECT_EQ(d.machine.failure()->code, Code::unexpected_message);
      }
      if (refuse == nullptr) continue;
      EXPECT_EQ(d.machine.state_name(), "Refused");
      EXPECT_FALSE(d.machine.complete());
      // Nothing opens a gate after a refusal, and the first reason stays.
      const Error reason = refuse->error;
      for (const auto& [later, tell_later] : events) {
        tell_later(d);
        const auto* again = std::get_if<action::Refuse>(&d.last);
        ASSERT_NE(again, nullptr) << "then " << later;
        EXPECT_EQ(again->error, reason);
        EXPECT_FALSE(d.machine.complete());
      }
    }
}

// Both attest and both demand, optionally, so that every state can be reached.
Pair all_optional() { return mutual(Requirement::optional); }

TEST(States, EveryEventInEveryClientState) {
  const Pair p = all_optional();
  exhaust(p.client.endpoint.config, client_ways(), client_events(), early::client_transitions);
}

TEST(States, EveryEventInEveryServerState) {
  const Pair p = all_optional();
  exhaust(p.server.endpoint.config, server_ways(), server_events(), early::server_transitions);
}

TEST(States, ThreeClientHellosAreTooMany) {
  const Pair p = all_optional();
  ClientDriver c(p.client.endpoint.config);
  c.tell(event::ClientHelloNeeded{}).tell(event::ClientHelloNeeded{}).tell(event::ClientHelloNeeded{});
  EXPECT_EQ(std::get<action::Refuse>(c.last).error.code, Code::unexpected_message);
  ServerDriver s(p.server.endpoint.config);
  for (int i = 0; i < 3; ++i) s.tell(event::ClientHelloReceived{offer()});
  EXPECT_EQ(std::get<action::Refuse>(s.last).error.code, Code::unexpected_message);
}

// What a stack owes the core: where nothing is negotiated, the peer's certificate is told all the same.
TEST(States, AStackThatKeepsTheCertificateToItselfIsRefused) {
  Pair p;
  ClientDriver c(p.client.endpoint.config);
  c.tell(event::ClientHelloNeeded{})
      .tell(event::EncryptedExtensionsReceived{})
      .tell(event::HandshakeDone{proof()});
  EXPECT_EQ(std::get<action::Refuse>(c.last).error.code, Code::misuse);
  ServerDriver s(p.server.endpoint.config);
  s.tell(event::ClientHelloReceived{})
      .tell(event::EncryptedExtensionsNeeded{})
      .tell(event::CertificateRequestNeeded{})
      .tell(event::HandshakeDone{proof()});
  EXPECT_EQ(std::get<action::Refuse>(s.last).error.code, Code::misuse);
}

TEST(States, AServerMustRequestTheCertificateThatItWantsAttested) {
  Pair p = mutual();
  ServerDriver s(p.server.endpoint.config);
  s.tell(event::ClientHelloReceived{offer()})
      .tell(event::EncryptedExtensionsNeeded{})
      .tell(event::CertificateNeeded{server_key, some_channel()});
  EXPECT_EQ(std::get<action::Refuse>(s.last).error.code, Code::misuse);
}

TEST(States, AChannelThatIsNoneIsRefused) {
  Pair p = mutual();
  for (early::Channel channel :
       {early::Channel{Hash::sha256, Bytes(31, 7), false}, {Hash::sha512, Bytes(64, 7), false}}) {
    ServerDriver s(p.server.endpoint.config);
    s.tell(event::ClientHelloReceived{offer()})
        .tell(event::EncryptedExtensionsNeeded{})
        .tell(event::CertificateRequestNeeded{})
        .tell(event::CertificateNeeded{server_key, channel});
    EXPECT_TRUE(std::holds_alternative<action::Refuse>(s.last));
  }
}

TEST(States, DtlsDerivesAnotherBinder) {
  Pair p = mutual();
  const auto binder = [&](bool dtls) {
    ServerDriver s(p.server.endpoint.config);
    early::Channel channel = some_channel();
    channel.dtls = dtls;
    s.tell(event::ClientHelloReceived{offer()})
        .tell(event::EncryptedExtensionsNeeded{})
        .tell(event::CertificateRequestNeeded{})
        .tell(event::CertificateNeeded{server_key, channel});
    return bytes(std::get<action::Attest>(s.last).request.binder.bytes());
  };
  EXPECT_NE(binder(true), binder(false));
}

// Every row of the tables is taken by some handshake, and every step taken is a row.
TEST(States, TheTablesHoldWhatHandshakesDo) {
  std::set<TakenStep> taken;
  const auto take = [&](const Pair& p, Options options = {}) {
    Handshake h(p.client.endpoint, p.server.endpoint, std::move(options));
    h.run();
    if (h.outcome().application_data() && h.outcome().client->self_attested) h.renew();
    taken.insert(h.steps().begin(), h.steps().end());
  };
  using enum Requirement;
  for (auto make : {server_attests, client_attests, mutual})
    for (auto requirement : {required, optional, off})
      for (bool retry : {false, true})
        for (bool request : {false, true})
          for (bool withhold : {false, true})
            for (bool resumed : {false, true})
              take(make(requirement), {.retry = retry,
                                       .resumed = resumed,
                                       .request_certificate = request,
                                       .withholds_certificate = withhold,
                                       .mitm = {}});
  for (bool withhold : {false, true})
    take(Pair{}, {.request_certificate = true, .withholds_certificate = withhold, .mitm = {}});
  take(client_attests(),
       {.mitm = on_message(Role::client, MessageType::certificate, [](Message& m) { m.entries.clear(); })});
  // The client offers to attest itself, and the server only does so itself, or nobody does.
  Pair only_server = mutual();
  only_server.server.config().require.reset();
  take(only_server);
  take(only_server, {.request_certificate = true, .mitm = {}});
  Pair nobody = mutual(optional);
  nobody.server.config().require.reset();
  nobody.server.config().attester.reset();
  take(nobody);
  take(nobody, {.request_certificate = true, .mitm = {}});

  // A stack that does not tell what it answers to a request that asks for no credential, in the
  // handshake and after it.
  const Pair p = mutual();
  ClientDriver c(p.client.endpoint.config);
  client_ways().at("ExpectPlainOwnCertificate")(c);
  c.tell(event::HandshakeDone{proof()}).tell(event::CertificateRequestReceived{});
  EXPECT_TRUE(c.machine.complete());
  taken.insert(c.steps.begin(), c.steps.end());
  const Pair attesting = server_attests();
  ServerDriver s(attesting.server.endpoint.config);
  s.tell(event::ClientHelloReceived{offer()})
      .tell(event::EncryptedExtensionsNeeded{})
      .tell(event::CertificateRequestNeeded{})
      .tell(event::CertificateNeeded{server_key, some_channel()})
      .tell(event::CredentialMade{some_credential(2)})
      .tell(event::NoCertificateReceived{})
      .tell(event::HandshakeDone{proof()})
      .tell(event::CertificateRequestNeeded{});
  EXPECT_TRUE(s.machine.complete());
  taken.insert(s.steps.begin(), s.steps.end());

  const auto compare = [&](Role role, const auto& table) {
    std::set<TakenStep> declared;
    for (const Transition& t : table)
      declared.insert({role, std::string(t.from), std::string(t.on), std::string(t.to)});
    for (const TakenStep& row : declared)
      EXPECT_TRUE(taken.contains(row)) << "never taken: " << row.from << " " << row.on << " " << row.to;
    for (const TakenStep& step : taken) {
      if (step.role == role && step.to != "Refused") {
        EXPECT_TRUE(declared.contains(step)) << step.from << " " << step.on << " " << step.to;
      }
    }
  };
  compare(Role::client, early::client_transitions);
  compare(Role::server, early::server_transitions);
}

}  // namespace
}  // namespace seatls::fake
