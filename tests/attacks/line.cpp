#include "attacks/line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <utility>

#include "binder/exported_binder.h"
#include "exported/signature_scheme.h"
#include "wire/exported_messages.h"

namespace seatls::attacks {
namespace {

using openssl::Connection;
using wire::FrameType;

constexpr std::uint16_t kCmwAttestation = 0xFF5F;

std::vector<wire::HandshakeMessage> messages_of(ByteView authenticator) {
  return wire::split_messages(authenticator, 3).value();
}

}  // namespace

fake::TlsSetup speaking(fake::TlsSetup setup) {
  setup.before = [before = setup.before](SSL_CTX* ctx) {
    fake::speak_seatls_1(ctx);
    if (before) before(ctx);
  };
  return setup;
}

Later later(const fake::TlsSetup& setup) {
  Later out{setup, std::make_shared<const Config>(*setup.config)};
  if (auto& require = out.setup.config->require) {
    require->attestation = Requirement::off;
    require->identity = IdentityRule::pki;
  }
  return out;
}

Line::Line(const fake::TlsSetup& c, const fake::TlsSetup& s, fake::TlsMitm* mitm)
    : pair(speaking(c), speaking(s), mitm) {
  pair.run_until_settled();
  EXPECT_TRUE(pair.established()) << (pair.client->error() ? pair.client->error()->message() : "") << '\n'
                                  << (pair.server->error() ? pair.server->error()->message() : "");
}

// A channel goes before the socket that it writes to.
Line::~Line() {
  client.channel.reset();
  server.channel.reset();
}

void Line::open(Role role, ChannelOptions options) {
  End& e = end(role);
  options.on_refused = [&e](const Error& error) { e.refused.push_back(error); };
  auto made = Channel::create(std::move(*tls(role).connection()), std::move(options), now);
  ASSERT_TRUE(made.ok()) << made.error().message();
  e.channel.emplace(std::move(made).value());
}

Connection& Line::connection(Role role) { return *tls(role).connection(); }
SSL* Line::ssl(Role role) {
  return end(role).channel ? end(role).channel->connection().native() : tls(role).ssl();
}

void Line::step(Role role) {
  End& e = end(role);
  std::array<std::uint8_t, 4096> buffer;
  if (e.channel) {
    if (!e.error) {
      if (auto stepped = e.channel->step(now); !stepped) e.error = std::move(stepped).error();
    }
    while (const std::size_t n = e.channel->read(buffer)) e.data.append(buffer.begin(), buffer.begin() + n);
    return;
  }
  while (!e.gone) {
    Connection::Want want{};
    const auto n = connection(role).read(buffer, &want);
    e.gone = !n.ok();
    if (e.gone || want != Connection::Want::nothing) break;
    e.reader.feed(ByteView(buffer).first(*n));
  }
  for (auto next = e.reader.next(); next.ok() && next->has_value(); next = e.reader.next()) {
    if ((*next)->type == FrameType::data) e.data.append((*next)->body.begin(), (*next)->body.end());
    e.frames.push_back(std::move(**next));
  }
}

bool Line::run(const std::function<bool()>& done) {
  for (int i = 0; i < 5000; ++i) {
    for (const Role role : {Role::client, Role::server}) {
      step(role);
      pair.pump();
    }
    if (done()) return true;
    std::array<pollfd, 2> fds{};
    for (std::size_t k = 0; k < 2; ++k) {
      const End& e = k == 0 ? client : server;
      fds[k] = {e.channel ? e.channel->wants().event_fd : -1, POLLIN, 0};
    }
    if (i > 2) ::poll(fds.data(), fds.size(), 1);  // signatures are made on a thread
  }
  return false;
}

void Line::settle() {
  int rounds = 0;
  run([&] { return ++rounds > 60; });
}

bool Line::both_open() {
  return run([&] {
    return (!client.channel || client.channel->gate_open()) &&
           (!server.channel || server.channel->gate_open());
  });
}

void Line::say(Role role, FrameType type, ByteView body) {
  const Bytes frame = wire::encode_frame(type, body).value();
  Connection::Want want{};
  for (std::size_t sent = 0; sent < frame.size() && want == Connection::Want::nothing;) {
    const auto n = connection(role).write(ByteView(frame).subspan(sent), &want);
    if (!n) return;  // the line is closed
    sent += *n;
  }
}

std::optional<Bytes> Line::hear(Role role, FrameType type) {
  End& e = end(role);
  std::optional<Bytes> body;
  run([&] {
    while (!e.frames.empty() && !body) {
      if (e.frames.front().type == type) body = std::move(e.frames.front().body);
      e.frames.erase(e.frames.begin());
    }
    return body || e.gone;
  });
  EXPECT_TRUE(body) << "no " << wire::name(type) << " came";
  return body;
}

exported::Connection Line::exported(Role role) { return connection(role).post_setup().value().connection; }

std::string Line::leak() {
  const std::string text = "by force";
  const Bytes frame = wire::encode_frame(FrameType::data, view(text)).value();
  const std::size_t before[] = {client.data.size(), server.data.size()};
  for (const Role role : {Role::client, Role::server}) {
    if (end(role).channel) {
      EXPECT_EQ(end(role).channel->write(view(text)), 0U) << "the gate is open";
    }
    SSL_write(ssl(role), frame.data(), static_cast<int>(frame.size()));
  }
  settle();
  return client.data.substr(before[0]) + server.data.substr(before[1]);
}

ChannelOptions confirming(std::shared_ptr<const Config> config) {
  ChannelOptions options;
  options.plan.confirm = true;
  options.plan.every = std::chrono::minutes(1);
  options.plan.jitter = 0;
  options.config = std::move(config);
  return options;
}

exported::Exporter exporter_of(SSL* ssl) {
  return [ssl](std::string_view label, ByteView context, std::size_t length) -> Result<Bytes> {
    Bytes out(length);
    if (SSL_export_keying_material(ssl, out.data(), length, label.data(), label.size(), context.data(),
                                   context.size(), 1) != 1)
      return Error{Code::crypto, "SSL_export_keying_material", ""};
    return out;
  };
}

Bytes forge(const Forgery& f, ByteView request) {
  const auto asked = exported::accept_request(other(f.connection.role), request).value();
  exported::CertificateChain chain{{bytes(f.identity.certificate.der()), {}}};
  if (f.credential) {
    Bytes body = codec::encode(wire::CmwAttestation{encode_cmw(*f.credential).value()}).value();
    chain.front().extensions.push_back({kCmwAttestation, std::move(body)});
  }
  const auto scheme =
      exported::choose_scheme(asked.signature_algorithms(), f.identity.certificate.spki()).value();
  const auto prepared = exported::prepare_authenticator(f.connection, asked, chain, scheme).value();
  const Bytes signature =
      f.identity.key.sign(*exported::algorithm_of(scheme), prepared.message(), crypto::EcdsaForm::der)
          .value();
  return prepared.finish(signature).value();
}

Binder binder_for(const exported::Connection& connection, const Spki& key, ByteView request) {
  const Bytes value = connection.exporter("Attestation", context_of(request), 32).value();
  return binder::derive_exported_binder(connection.hash, key, value).value();
}

Cmw credential_in(ByteView authenticator) {
  const auto certificate = codec::decode<wire::Certificate>(messages_of(authenticator).front().body).value();
  for (const auto& extension : certificate.certificate_list.front().extensions)
    if (extension.type == kCmwAttestation)
      return parse_cmw(codec::decode<wire::CmwAttestation>(extension.data).value().cmw_data).value();
  ADD_FAILURE() << "the authenticator carries no credential";
  std::abort();
}

Bytes context_of(ByteView request) { return exported::context_of_request(request).value(); }

void expect_confirmed(Line& line) {
  ASSERT_TRUE(line.both_open()) << (line.client.error ? line.client.error->message() : "") << '\n'
                                << (line.server.error ? line.server.error->message() : "");
  for (const auto& [from, to] :
       {std::pair{&line.client, &line.server}, std::pair{&line.server, &line.client}}) {
    const std::string text = "to the other end";
    to->data.clear();
    ASSERT_EQ(from->channel->write(view(text)), text.size());
    EXPECT_TRUE(line.run([&, end = to] { return end->data == text; }));
  }
}

void expect_refused(Line& line, Role by, Code code, int alert, const std::string& at) {
  Line::End &refusing = line.end(by), &refused = line.end(other(by));
  line.run([&] { return refusing.error && (refused.channel ? refused.error.has_value() : refused.gone); });
  ASSERT_TRUE(refusing.error.has_value()) << "nobody refused";
  EXPECT_EQ(name(refusing.error->code), name(code)) << refusing.error->message();
  EXPECT_THAT(refusing.error->path, ::testing::StartsWith(at)) << "where it stopped";
  EXPECT_FALSE(refusing.channel->gate_open());
  if (refused.channel) {
    ASSERT_TRUE(refused.error.has_value()) << "the other end does not know";
    EXPECT_EQ(name(refused.error->code), name(Code::refused_by_peer)) << refused.error->message();
    EXPECT_THAT(refused.error->detail, ::testing::EndsWith("with alert " + std::to_string(alert)));
    EXPECT_FALSE(refused.channel->gate_open());
  } else {
    ASSERT_TRUE(refused.gone) << "the line was not closed";
    ASSERT_FALSE(refused.frames.empty()) << "the other end does not know";
    const wire::Frame& last = refused.frames.back();
    EXPECT_TRUE(last.type == FrameType::verdict || last.type == FrameType::error) << wire::name(last.type);
    EXPECT_EQ(last.body.back(), alert);
    if (last.type == FrameType::verdict) {
      EXPECT_EQ(wire::decode_verdict(last.body)->standing, wire::Verdict::Standing::refused);
    }
  }
  EXPECT_EQ(SSL_SESSION_is_resumable(SSL_get0_session(line.ssl(Role::client))), 0) << "a ticket was stored";
  EXPECT_EQ(line.leak(), "");
}

}  // namespace seatls::attacks
