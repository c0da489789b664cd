// demo: the guided tour. A real TPM (swtpm), real TLS endpoints, real attacks, all on the loopback.
#include <chrono>

#include "cli/client.h"
#include "cli/demo_world.h"
#include "cli/files.h"
#include "cli/program.h"
#include "cli/session_report.h"
#include "seatls/verifiers.h"

namespace seatls::cli {
namespace {

using namespace demo;

constexpr const char* host_name = "server.demo";
constexpr const char* client_name = "client.demo";
constexpr std::chrono::seconds patience{30};
constexpr const char* examples =
    "  seatls demo\n"
    "  seatls demo --json | jq '.steps[] | {title, outcome}'\n"
    "It needs swtpm and swtpm-tools, and opens ports on the loopback only. Nothing is left behind.\n";

// Tour tells the steps, and keeps them for --json. A step is as it should be, or the tour has failed.
class Tour {
 public:
  explicit Tour(const Console& console) : console_(console), began_(std::chrono::steady_clock::now()) {}

  void begin(const std::string& title, const std::string& story) {
    title_ = title;
    story_ = story;
    ++number_;
    console_.line(console_.styled(Console::Style::bold, "\n" + std::to_string(number_) + "  " + title));
    console_.line("   " + story);
  }
  // end tells what happened and why it matters.
  void end(bool as_expected, const std::string& outcome, const std::string& why,
           Node facts = Node::object()) {
    good_ = good_ && as_expected;
    const auto mark = as_expected ? console_.styled(Console::Style::good, "ok")
                                  : console_.styled(Console::Style::bad, "NOT AS EXPECTED");
    console_.line("   " + mark + "  " + outcome);
    console_.line("   " + console_.styled(Console::Style::dim, why));
    Node step = Node::object();
    step.set("step", number_).set("title", title_).set("story", story_).set("ok", as_expected);
    step.set("outcome", outcome).set("why", why).set("facts", std::move(facts));
    steps_.add(std::move(step));
  }

  [[nodiscard]] Exit finish() {
    const auto took =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began_);
    console_.json_line(Node::object()
                           .set("ok", good_)
                           .set("milliseconds", static_cast<std::int64_t>(took.count()))
                           .set("steps", std::move(steps_)));
    console_.line(
        good_ ? "\nAll as it should be. Next: `seatls init --help` writes a configuration of your own."
              : "\nSomething was not as it should be; please report it.");
    return good_ ? Exit::ok : Exit::internal;
  }

 private:
  const Console& console_;
  std::chrono::steady_clock::time_point began_;
  int number_ = 0;
  bool good_ = true;
  std::string title_, story_;
  Node steps_ = Node::array();
};

// World is what the steps share.
struct World {
  Authority ca;
  Machine server;
  Machine client;
  Policy server_policy;
};

Require demand(std::shared_ptr<Verifier> verifier) {
  Require require;
  require.verifier = std::move(verifier);
  return require;
}

Result<LoadedConfig> plain_client(const World& world, std::shared_ptr<Verifier> verifier) {
  LoadedConfig client;
  client.config.role = Role::client;
  client.ca_pem = crypto::to_pem(world.ca.certificate);
  client.config.require = demand(std::move(verifier));
  return client;
}

std::string verdict_of(const Node& report) {
  const auto* peer = report.find("peer");
  const auto* verdict = peer != nullptr ? peer->find("verdict") : nullptr;
  return verdict != nullptr ? verdict->scalar_text() : "none";
}

Node facts_of(const Visit& v) {
  Node facts = Node::object();
  if (v.report.members() != nullptr)
    for (const auto& [key, value] : *v.report.members()) facts.set(key, value);
  if (v.error) facts.set("error", to_node(*v.error));
  facts.set("application_bytes", v.answer.size());
  return facts;
}

bool refused_with(const Visit& v, Code code) { return v.error && v.error->code == code && v.answer.empty(); }

std::string told(const Visit& v) {
  return v.error ? "refused, " + std::string(name(v.error->code)) + ": " + v.error->detail
                 : "accepted with the verdict " + verdict_of(v.report) + "; the server answered \"" +
                       v.answer + "\"";
}

// ---- the steps ------------------------------------------------------------------------------------

Result<World> build_world(Tour& tour, const std::filesystem::path& folder) {
  SEATLS_TRY(auto ca, Authority::make());
  tour.begin(
      "A machine with a TPM 2.0",
      "swtpm plays the TPM. The TLS key is made inside it; the maker's certificate tells that it is a TPM.");
  SEATLS_TRY(auto server, Machine::start("server", folder, true));
  SEATLS_CHECK(server.certify(ca, host_name));
  SEATLS_CHECK(server.enrol(ca));
  tour.end(
      true,
      "the attestation key is enrolled (credential activation), the TLS key has a certificate for "
      "server.demo",
      "Neither key can leave the TPM, and whoever trusts the little CA knows that both live in the same one.",
      Node::object().set("tpm_maker", server.tpm_maker()).set("attestation_key", server.ak_pin()));
  SEATLS_TRY(auto client, Machine::start("client", folder, false));
  SEATLS_CHECK(client.certify(ca, client_name));
  SEATLS_TRY(auto policy, server.good_policy("demo-server", ca));
  return World{std::move(ca), std::move(server), std::move(client), std::move(policy)};
}

Result<void> attested_server(Tour& tour, const World& world, const Host& host) {
  tour.begin(
      "The server attests itself, inside the TLS handshake",
      "A client connects. The TPM signs what the machine booted, over a value of this very connection.");
  SEATLS_TRY(const auto verifier, make_local_verifier(world.server_policy));
  SEATLS_TRY(const auto client, plain_client(world, verifier));
  const auto v = visit(client, host.address(), host_name, "hello");
  tour.end(!v.error && verdict_of(v.report) == "affirming" && v.answer == "hello", told(v),
           "Certificate and attestation are both verified before a single byte of the application flows.",
           facts_of(v));
  return {};
}

Result<void> mutual(Tour& tour, const World& world) {
  tour.begin("Both attest",
             "The client has a TPM too. The server knows its attestation key by name, and demands "
             "attestation of it.");
  SEATLS_TRY(auto server, world.server.endpoint(Role::server, world.ca));
  SEATLS_TRY(auto client_policy, world.client.good_policy("demo-client", world.ca));
  SEATLS_TRY(const auto server_verifier, make_local_verifier(std::move(client_policy)));
  server.config.require = demand(server_verifier);
  SEATLS_TRY(const auto host, Host::start(server));

  SEATLS_TRY(auto client, world.client.endpoint(Role::client, world.ca));
  SEATLS_TRY(const auto verifier, make_local_verifier(world.server_policy));
  client.config.require = demand(verifier);
  const auto v = visit(client, host->address(), host_name, "hello");
  const auto seen = host->last_report();
  auto facts = facts_of(v);
  facts.set("server_saw", seen);
  tour.end(!v.error && verdict_of(v.report) == "affirming" && verdict_of(seen) == "affirming" &&
               v.answer == "hello",
           told(v) + "; the server's verdict on the client: " + verdict_of(seen),
           "Each direction has a binder of its own, over its own certificate key.", std::move(facts));

  SEATLS_TRY(const auto unattested, plain_client(world, verifier));
  tour.begin("A client that shows nothing meets a server that demands attestation",
             "The same server, a client without attestation.");
  const auto refused = visit(unattested, host->address(), host_name, "hello");
  const auto reason = host->refusal();
  auto why = facts_of(refused);
  if (reason) why.set("server_error", to_node(*reason));
  tour.end(refused.error && refused.answer.empty() && reason,
           "refused" +
               (reason ? ", " + std::string(name(reason->code)) + " (the server's own log)" : std::string()),
           "What is required fails closed; the client is told an alert and nothing else.", std::move(why));
  return {};
}

Result<void> relay(Tour& tour, const World& world, const Host& genuine) {
  // Mallory can have signatures made with the server's TLS key: a bug in the server that signs for her. She
  // has no attestation key, so she relays evidence that the genuine server makes for her own connection.
  LoadedConfig mallory;
  mallory.config.role = Role::server;
  mallory.config.attester = make_relay(genuine.address(), host_name, crypto::to_pem(world.ca.certificate));
  mallory.certificate_pem = world.server.certificate_pem();
  mallory.key_signer = world.server.signer();
  SEATLS_TRY(const auto host, Host::start(mallory));

  tour.begin("A relay fools designs that bind evidence to the certificate's key alone",
             "Mallory can use the server's TLS key. She has the genuine server attest itself to her, and "
             "passes that on.");
  LocalVerifierOptions options;
  options.evidence_cache = std::make_shared<EvidenceCache>();  // what she relays is refused nowhere else
  SEATLS_TRY(auto local, make_local_verifier(world.server_policy, std::move(options)));
  SEATLS_TRY(const auto fooled, plain_client(world, make_key_bound_verifier(local)));
  const auto taken_in = visit(fooled, host->address(), host_name, "my secret");
  tour.end(!taken_in.error && taken_in.answer == "my secret", told(taken_in),
           "The evidence is genuine and names the right key, but Mallory reads the connection.",
           facts_of(taken_in));

  tour.begin("The same relay against seatls",
             "The client derives the value from its own handshake, which is not Mallory's with the server.");
  SEATLS_TRY(const auto verifier, make_local_verifier(world.server_policy));
  SEATLS_TRY(const auto client, plain_client(world, verifier));
  const auto v = visit(client, host->address(), host_name, "my secret");
  tour.end(refused_with(v, Code::binder_mismatch), told(v),
           "Evidence of one connection is worth nothing on another; not a byte of the application was sent.",
           facts_of(v));
  return {};
}

// stays_attested keeps one connection open while its server changes.
Result<void> stays_attested(Tour& tour, const World& world, const Host& host) {
  tour.begin("The connection stays attested",
             "Timing hybrid: an authenticator (RFC 9261) confirms the handshake, and the client asks for "
             "fresh evidence again before it sends an order.");
  SEATLS_TRY(const auto verifier, make_local_verifier(world.server_policy));
  SEATLS_TRY(auto client, plain_client(world, verifier));
  client.config.require->timing = Timing::hybrid;
  SEATLS_TRY(auto* made, openssl::make_context(client));
  const ContextPtr context(made);
  SEATLS_TRY(auto link, ClientLink::open(context.get(), client, host.address(), host_name, patience));
  SEATLS_CHECK(link.require(std::chrono::milliseconds(0)));
  SEATLS_CHECK(link.send(view("order 1")));
  SEATLS_TRY(const auto answer, link.receive(7));
  const auto times = link.stream().attestation()->attested;
  auto facts = report_node(link.stream());
  facts.set("application_bytes", answer.size());
  const bool good = times == 2 && text(answer) == "order 1" && verdict_of(facts) == "affirming";
  tour.end(good,
           "attested in the handshake and " + std::to_string(times) +
               " times after it; the server answered \"" + text(answer) + "\"",
           "Each time the evidence is bound to this connection's exporter and to a request of its own.",
           std::move(facts));

  tour.begin("The machine loads something that nobody approved, while the connection is open",
             "Its firmware measures it into PCR 4 of the TPM, as it does with everything that it starts.");
  SEATLS_CHECK(world.server.measure(4, "rootkit"));
  Visit second;
  if (auto fresh = link.require(std::chrono::milliseconds(0)); !fresh)
    second.error = std::move(fresh).error();
  const bool closed = !link.send(view("order 2")).ok();
  const auto reason = host.refusal();
  auto why = facts_of(second);
  if (reason) why.set("server_error", to_node(*reason));
  tour.end(refused_with(second, Code::reference_mismatch) && closed && reason, told(second),
           "The second order is never sent, the connection ends, and the server is told that it was refused.",
           std::move(why));
  return {};
}

Result<void> tampered(Tour& tour, const World& world, const Host& host) {
  tour.begin("A new connection to the same machine", "Certificate, key and TPM are what they were.");
  SEATLS_TRY(const auto verifier, make_local_verifier(world.server_policy));
  SEATLS_TRY(const auto client, plain_client(world, verifier));
  const auto v = visit(client, host.address(), host_name, "hello");
  tour.end(refused_with(v, Code::reference_mismatch), told(v),
           "The certificate is still valid and the key still safe; what runs there is no longer what the "
           "policy names.",
           facts_of(v));
  return {};
}

Result<void> tour_of(Tour& tour, const std::filesystem::path& folder) {
  SEATLS_TRY(const auto world, build_world(tour, folder));
  SEATLS_TRY(const auto server, world.server.endpoint(Role::server, world.ca));
  SEATLS_TRY(const auto host, Host::start(server));
  SEATLS_CHECK(attested_server(tour, world, *host));
  SEATLS_CHECK(mutual(tour, world));
  SEATLS_CHECK(relay(tour, world, *host));
  SEATLS_CHECK(stays_attested(tour, world, *host));
  return tampered(tour, world, *host);
}

Exit run(const Console& console) {
  if (const auto missing = attest::tpm2::Simulator::missing(true); !missing.empty())
    return console.fail({Code::tpm, missing, "demo"});
  const auto folder = TemporaryFolder::make();
  if (!folder) return console.fail(folder.error());
  console.line("Attested TLS 1.3, inside the handshake and after it, on this machine alone.");
  Tour tour(console);
  if (const auto done = tour_of(tour, folder->path()); !done) return console.fail(done.error());
  return tour.finish();
}

}  // namespace

void add_demo(Program& program) {
  auto& verb =
      program.verb("demo", "the guided tour: a TPM, an attested server, attacks that are refused", examples);
  program.on(verb, [](const Console& console) { return run(console); });
}

}  // namespace seatls::cli
