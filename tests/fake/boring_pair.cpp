#include "fake/boring_pair.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>

namespace seatls::fake {
namespace {

using std::chrono::milliseconds;

boringssl::Connection connect(const BoringSetup& setup, const SimulatedTime& time) {
  auto context = make_boring_context(setup, &time);
  auto made = context ? boringssl::Connection::create(
                            *context, setup.config.role == Role::client ? setup.server_name : "")
                      : context.error();
  if (!made) {
    std::cerr << "boring_pair: " << made.error().message() << '\n';
    std::abort();
  }
  return std::move(made).value();
}

}  // namespace

Result<boringssl::Context> make_boring_context(const BoringSetup& setup, const SimulatedTime* time) {
  boringssl::Settings settings;
  settings.carrier = setup.carrier;
  settings.alpn = setup.alpn;
  settings.groups = setup.groups;
  settings.suites = setup.suites;
  settings.longest_datagram = setup.longest_datagram;
  settings.retransmit_after = setup.retransmit_after;
  settings.address_proven = setup.address_proven;
  if (time != nullptr) settings.clock = [time] { return time->now(); };
  settings.anchors = {bytes(test_ca().der())};
  if (setup.identity) {
    settings.identity.emplace(boringssl::Identity{{bytes(setup.identity->certificate.der())},
                                                  setup.identity->key.to_pem().value()});
  }
  return boringssl::Context::create(setup.config, std::move(settings));
}

void BoringEnd::step() {
  if (error_) return;
  if (!done_) {
    auto want = connection_.handshake();
    waits_ = want && *want == boringssl::Connection::Want::credential;
    if (!want) error_ = want.error();
    done_ = want && *want == boringssl::Connection::Want::nothing;
    if (!done_) return;
  }
  std::array<std::uint8_t, 4096> buffer;
  for (;;) {
    boringssl::Connection::Want want{};
    auto n = connection_.read(buffer, &want);
    if (!n) error_ = n.error();
    if (!n || *n == 0) return;
    data_.append(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*n));
  }
}

BoringPair::BoringPair(const BoringSetup& client_setup, const BoringSetup& server_setup, Route route)
    : route_(route),
      datagrams_(client_setup.carrier == boringssl::Carrier::datagrams),
      random_(route.seed),
      began_(time.now()),
      settled_(time.now()) {
  client = std::make_unique<BoringEnd>(connect(client_setup, time));
  server = std::make_unique<BoringEnd>(connect(server_setup, time));
}

void BoringPair::send(Bytes bytes, bool to_server) {
  std::uniform_real_distribution<> chance(0, 1);
  if (datagrams_ && chance(random_) < route_.loss) return;
  milliseconds delay = route_.delay;
  if (datagrams_ && chance(random_) < route_.reordering) delay *= 3;
  under_way_.push_back({time.now() + delay, to_server, bytes});
  if (datagrams_ && chance(random_) < route_.duplication)
    under_way_.push_back({time.now() + delay * 2, to_server, std::move(bytes)});
}

void BoringPair::collect(BoringEnd& from, bool to_server) {
  for (Bytes& bytes : from.connection().take_outgoing()) {
    ++sent_;
    longest_ = std::max(longest_, bytes.size());
    recorded_.push_back(bytes);
    send(std::move(bytes), to_server);
  }
}

bool BoringPair::deliver() {
  const auto due = std::stable_partition(under_way_.begin(), under_way_.end(),
                                         [&](const Parcel& parcel) { return parcel.at > time.now(); });
  std::vector<Parcel> parcels(std::make_move_iterator(due), std::make_move_iterator(under_way_.end()));
  under_way_.erase(due, under_way_.end());
  std::stable_sort(parcels.begin(), parcels.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  for (const Parcel& parcel : parcels)
    (parcel.to_server ? server : client)->connection().receive(parcel.bytes);
  return !parcels.empty();
}

bool BoringPair::step(SimulatedTime::Point until) {
  const bool was_settled = client->settled() && server->settled();
  do {
    client->step();
    server->step();
    collect(*client, true);
    collect(*server, false);
  } while (deliver());
  if (!was_settled && client->settled() && server->settled()) settled_ = time.now();

  std::optional<milliseconds> next;
  const auto consider = [&](milliseconds candidate) { next = next ? std::min(*next, candidate) : candidate; };
  for (const Parcel& parcel : under_way_) consider(std::chrono::ceil<milliseconds>(parcel.at - time.now()));
  for (BoringEnd* end : {client.get(), server.get()})
    if (const auto deadline = end->connection().deadline(); deadline && !end->error()) consider(*deadline);
  if (!next) return false;
  *next = std::max(*next, milliseconds(1));
  if (time.now() + *next > until) {
    time.pass(std::chrono::ceil<milliseconds>(until - time.now()));
    return false;
  }
  time.pass(*next);
  for (BoringEnd* end : {client.get(), server.get()})
    if (!end->error()) std::ignore = end->connection().on_time();
  deliver();
  return true;
}

void BoringPair::run(std::chrono::seconds limit) {
  const auto end = time.now() + limit;
  while (step(end)) {
    if (client->settled() && server->settled() && under_way_.empty()) break;
  }
  // A refusal may have come last.
  client->step();
  server->step();
}

bool BoringPair::exchange() {
  std::string at_server, at_client;
  for (int i = 0; i < 100 && (at_server.empty() || at_client.empty()); ++i) {
    if (at_server.empty() && !client->connection().write(view("ping"))) return false;
    if (at_client.empty() && !server->connection().write(view("pong"))) return false;
    for (int round = 0; round < 10 && step(time.now() + std::chrono::minutes(1)); ++round) {
    }
    if (at_server.empty()) at_server = server->received();
    if (at_client.empty()) at_client = client->received();
  }
  return at_server.starts_with("ping") && at_client.starts_with("pong");
}

milliseconds BoringPair::elapsed() const {
  return std::chrono::duration_cast<milliseconds>(settled_ - began_);
}

}  // namespace seatls::fake
