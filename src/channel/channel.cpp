#include "seatls/channel.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <variant>

#include "channel/flow.h"
#include "channel/mailbox.h"
#include "session/resumption_guard.h"
#include "wire/frame.h"

namespace seatls {
namespace {

using channel::Answer;
using channel::Flow;
using channel::Mailbox;
using openssl::Connection;
using reattest::Standing;
using wire::FrameType;
using TimePoint = Channel::Clock::time_point;

static_assert(channel_alpn == wire::seatls_1_alpn);

constexpr std::size_t enough_queued = 65'536;
constexpr int reads_per_step = 16;  // so that one busy channel does not starve the others of its thread

wire::Verdict::Standing told(Standing standing) {
  switch (standing) {
    case Standing::trusted: return wire::Verdict::Standing::trusted;
    case Standing::restricted: return wire::Verdict::Standing::restricted;
    case Standing::unconfirmed:
    case Standing::refused: break;
  }
  return wire::Verdict::Standing::refused;
}

}  // namespace

struct Channel::State {
  State(Connection c, ChannelOptions o, std::shared_ptr<const Config> k, reattest::Watch w)
      : connection(std::move(c)), options(std::move(o)), config(std::move(k)), watch(std::move(w)) {}

  // ---- towards the peer
  void send(FrameType type, ByteView body) {
    auto frame = wire::encode_frame(type, body);
    if (!frame) return fail(std::move(frame).error(), false);
    out.insert(out.end(), frame->begin(), frame->end());
  }
  [[nodiscard]] std::uint8_t alert_of(const Error& error) const {
    return config->alerts.number(alert(error.code), config->role);
  }
  void tell_verdict(Standing standing, const std::optional<Error>& why) {
    const std::uint8_t reason = why ? alert_of(*why) : std::uint8_t{0};
    send(FrameType::verdict, wire::encode(wire::Verdict{told(standing), reason}));
    verdict_told = true;
  }
  [[nodiscard]] Result<void> flush() {
    while (sent < out.size()) {
      Connection::Want want = Connection::Want::nothing;
      SEATLS_TRY(const std::size_t n, connection.write(ByteView(out).subspan(sent), &want));
      if (want != Connection::Want::nothing) {
        wants_write = want == Connection::Want::write;
        return {};
      }
      sent += n;
    }
    wants_write = false;
    out.clear();
    sent = 0;
    return {};
  }
  // fail ends the channel. `tell`: the peer broke a rule, and hears which kind.
  void fail(Error error, bool tell) {
    if (failure) return;
    failure = std::move(error);
    if (tell) send(FrameType::error, wire::encode_error(alert_of(*failure)));
    std::ignore = flush();
    connection.shutdown();
  }

  // ---- what re-attestation wants done
  void carry_out(reattest::Actions actions, TimePoint now) {
    for (auto& action : actions) std::visit([&](auto& a) { carry_out(a, now); }, action);
  }
  void carry_out(reattest::action::Send& a, TimePoint) {
    const bool request = a.kind == reattest::action::Send::Kind::request;
    send(request ? FrameType::authenticator_request : FrameType::authenticator, a.message);
  }
  // Whoever is asked answers into the mailbox, which may have no descriptor for that.
  [[nodiscard]] static Error no_descriptor() {
    return {Code::io, "no file descriptor is left for an eventfd", "Channel"};
  }
  void carry_out(post::action::Attest& a, TimePoint now) {
    if (!mailbox->expect())
      return carry_out(watch.on(post::event::CredentialMade{a.exchange, no_descriptor()}, now), now);
    config->attester->attest(std::move(a.request),
                             [mailbox = mailbox, exchange = a.exchange](Result<Cmw> made) {
                               mailbox->put(post::event::CredentialMade{exchange, std::move(made)});
                             });
  }
  void carry_out(post::action::Sign& a, TimePoint now) {
    if (!mailbox->expect())
      return carry_out(watch.on(post::event::Signed{a.exchange, no_descriptor()}, now), now);
    connection.sign(std::move(a.authenticator),
                    [mailbox = mailbox, exchange = a.exchange](Result<Bytes> made) {
                      mailbox->put(post::event::Signed{exchange, std::move(made)});
                    });
  }
  void carry_out(post::action::VerifyIdentity& a, TimePoint now) {
    auto identity = connection.verify_identity(a.chain);
    carry_out(watch.on(post::event::IdentityVerified{a.exchange, std::move(identity)}, now), now);
  }
  void carry_out(post::action::Appraise& a, TimePoint now) {
    if (!mailbox->expect())
      return carry_out(watch.on(post::event::Appraised{a.exchange, no_descriptor()}, now), now);
    config->require->verifier->appraise(
        std::move(a.request), [mailbox = mailbox, exchange = a.exchange](Result<AttestationResult> result) {
          mailbox->put(post::event::Appraised{exchange, std::move(result)});
        });
  }
  void carry_out(reattest::action::Answered& a, TimePoint) {
    if (const auto found = demands.extract(a.demand); !found.empty()) found.mapped()(std::move(a.result));
  }
  void carry_out(reattest::action::Changed& a, TimePoint) { tell_verdict(a.standing, a.why); }
  void carry_out(reattest::action::Refused& a, TimePoint) {
    if (options.on_refused) options.on_refused(a.error);
  }
  void carry_out(reattest::action::Close& a, TimePoint) { fail(std::move(a.error), false); }

  // ---- from the peer
  [[nodiscard]] Result<void> take(wire::Frame frame, TimePoint now) {
    switch (frame.type) {
      case FrameType::data: return take_data(frame.body);
      case FrameType::authenticator_request:
        carry_out(watch.on(post::event::RequestReceived{std::move(frame.body)}, now), now);
        return {};
      case FrameType::authenticator:
        carry_out(watch.on(post::event::AuthenticatorReceived{std::move(frame.body)}, now), now);
        return {};
      case FrameType::verdict: {
        SEATLS_TRY(peer_verdict, wire::decode_verdict(frame.body));
        if (peer_verdict->standing == wire::Verdict::Standing::refused) {
          fail({Code::refused_by_peer,
                "its verdict is refused, with alert " + std::to_string(peer_verdict->reason), "seatls/1"},
               false);
        }
        return {};
      }
      case FrameType::error: {
        SEATLS_TRY(const std::uint8_t reason, wire::decode_error(frame.body));
        fail({Code::refused_by_peer, "it ended the connection with alert " + std::to_string(reason),
              "seatls/1"},
             false);
        return {};
      }
      case FrameType::window: {
        SEATLS_TRY(const std::uint32_t credit, wire::decode_window(frame.body));
        return flow.granted(credit);
      }
    }
    return Error{Code::internal, "a frame of no type", "seatls/1"};
  }
  [[nodiscard]] Result<void> take_data(ByteView body) {
    if (!verdict_told || their_end) {
      return Error{Code::unexpected_message,
                   their_end ? "data after its end" : "data before this end's first verdict",
                   "seatls/1 frame > data"};
    }
    their_end = body.empty();
    return flow.received(body);
  }
  [[nodiscard]] Result<void> read_frames(TimePoint now) {
    std::array<std::uint8_t, 16'384> buffer;
    for (int i = 0; i < reads_per_step && !failure; ++i) {
      Connection::Want want = Connection::Want::nothing;
      SEATLS_TRY(const std::size_t n, connection.read(buffer, &want));
      if (want != Connection::Want::nothing) {
        reads_left = false;
        return {};
      }
      reader.feed(ByteView(buffer).first(n));
      while (!failure) {
        auto frame = reader.next();
        Result<void> taken;
        if (!frame)
          taken = std::move(frame).error();
        else if (!*frame)
          break;
        else
          taken = take(std::move(**frame), now);
        if (!taken) fail(std::move(taken).error(), true);
      }
    }
    reads_left = !failure;
    return {};
  }

  // Whatever uses the connection goes before it does.
  Connection connection;
  const ChannelOptions options;
  const std::shared_ptr<const Config> config;
  const std::shared_ptr<Mailbox> mailbox = std::make_shared<Mailbox>();
  reattest::Watch watch;
  wire::FrameReader reader{};
  Flow flow{};
  Bytes out{};
  std::size_t sent = 0;  // of `out`
  std::optional<wire::Verdict> peer_verdict{};
  std::optional<Error> failure{};
  std::optional<Error> farewell{};  // why nothing more comes; a failure once all was read
  std::map<reattest::Demand, std::function<void(Result<void>)>> demands{};
  bool verdict_told = false, end_wanted = false, own_end = false, their_end = false;
  bool wants_write = false, reads_left = false;
};

Channel::Channel(std::unique_ptr<State> state) : state_(std::move(state)) {}
Channel::Channel(Channel&&) noexcept = default;
Channel& Channel::operator=(Channel&&) noexcept = default;
Channel::~Channel() = default;

Result<Channel> Channel::create(Connection connection, ChannelOptions options, TimePoint now) {
  if (connection.alpn() != channel_alpn) {
    return Error{Code::attestation_required,
                 "the peer does not speak seatls/1 (ALPN), so it cannot be attested after the handshake",
                 "Channel"};
  }
  SEATLS_TRY(post::Setup setup, connection.post_setup());
  if (options.config) setup.config = options.config;
  setup.profile = options.profile;
  setup.interactive_passport = options.interactive_passport;
  const auto& require = setup.config->require;
  if (require && require->timing != Timing::intra) options.plan.confirm = true;
  const std::shared_ptr<const Config> config = setup.config;
  //= expat#no-tickets
  SEATLS_CHECK(session::refuse_shortcut(*config, connection.report().resumed, false));
  SEATLS_TRY(post::Endpoint endpoint, post::Endpoint::make(std::move(setup)));
  SEATLS_TRY(reattest::Watch watch,
             reattest::Watch::make(options.plan, std::move(endpoint), connection.report().peer, now));
  auto state = std::make_unique<State>(std::move(connection), std::move(options), config, std::move(watch));
  if (const auto standing = state->watch.report().standing; standing != Standing::unconfirmed)
    state->tell_verdict(standing, std::nullopt);
  return Channel(std::move(state));
}

Result<void> Channel::step(TimePoint now) {
  State& s = *state_;
  for (auto& answer : s.mailbox->take()) {
    if (s.failure) break;
    std::visit([&](auto& event) { s.carry_out(s.watch.on(std::move(event), now), now); }, answer);
  }
  if (const auto next = s.watch.next(); !s.failure && next && *next <= now)
    s.carry_out(s.watch.on_time(now), now);
  if (!s.failure && !s.farewell) {
    if (auto read = s.read_frames(now); !read && !s.failure) {
      // A peer that is gone after both ends of the data has only said goodbye, and is told the same.
      std::ignore = s.flush();
      s.connection.shutdown();
      s.farewell = std::move(read).error();
    }
  }
  // What came before a clean end is the application's, however late it reads.
  if (!s.failure && s.farewell && (!s.their_end || s.flow.empty())) s.failure = s.farewell;
  if (s.end_wanted) end();
  if (!s.failure && !s.farewell) {
    if (auto flushed = s.flush(); !flushed) s.failure = std::move(flushed).error();
  }
  if (!s.failure && ended()) s.connection.shutdown();
  if (s.failure) return *s.failure;
  return {};
}

Channel::Wants Channel::wants() const {
  const State& s = *state_;
  Wants wants{.read = !s.failure && !s.farewell,
              .write = s.wants_write && !s.farewell,
              .event_fd = s.mailbox->watch(),
              .at = s.watch.next()};
  if (s.reads_left || (s.farewell && s.flow.empty()))
    wants.at = Clock::time_point::min();  // there is more to read already
  return wants;
}

bool Channel::gate_open() const {
  const State& s = *state_;
  return !s.failure && s.verdict_told && s.peer_verdict &&
         s.peer_verdict->standing != wire::Verdict::Standing::refused && s.watch.data_may_pass();
}

std::size_t Channel::write(ByteView data) {
  State& s = *state_;
  if (!gate_open() || s.end_wanted) return 0;
  std::size_t done = 0;
  while (done < data.size() && s.out.size() - s.sent < enough_queued) {
    const std::size_t n = std::min({data.size() - done, s.flow.may_send(), wire::most_data_per_frame});
    if (n == 0) break;
    s.send(FrameType::data, data.subspan(done, n));
    s.flow.sent(n);
    done += n;
  }
  if (done > 0) s.wants_write = true;
  return done;
}

std::size_t Channel::read(std::span<std::uint8_t> into) {
  State& s = *state_;
  if (s.failure || !s.watch.data_may_pass()) return 0;
  const std::size_t n = s.flow.take(into);
  if (const std::uint32_t credit = s.flow.grant(); credit != 0) {
    s.send(FrameType::window, wire::encode_window(credit));
    s.wants_write = true;
  }
  return n;
}

void Channel::end() {
  State& s = *state_;
  s.end_wanted = true;
  if (s.own_end || !gate_open()) return;  // step() sends it once the gate is open
  s.own_end = true;
  s.send(FrameType::data, {});
  s.wants_write = true;
}

bool Channel::peer_ended() const { return state_->their_end && state_->flow.empty(); }
bool Channel::ended() const { return state_->own_end && peer_ended() && state_->sent == state_->out.size(); }

void Channel::require(std::chrono::milliseconds max_age, reattest::Claims claims,
                      std::function<void(Result<void>)> done, TimePoint now) {
  State& s = *state_;
  if (s.failure) return done(*s.failure);
  auto [demand, actions] = s.watch.require(max_age, std::move(claims), now);
  s.demands.emplace(demand, std::move(done));
  s.wants_write = true;
  s.carry_out(std::move(actions), now);
}

const reattest::Report& Channel::attestation() const { return state_->watch.report(); }
std::size_t Channel::spent_contexts() const { return state_->watch.endpoint().contexts_remembered(); }
bool Channel::due_for_renewal() const { return state_->watch.endpoint().due_for_renewal(); }
const Connection& Channel::connection() const { return state_->connection; }

}  // namespace seatls
