// verifier: the service that appraises for others.
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <mutex>
#include <thread>

#include "attest/tpm2/keys.h"
#include "base/clock.h"
#include "cli/background.h"
#include "cli/config_errors.h"
#include "cli/confinement.h"
#include "cli/files.h"
#include "cli/log.h"
#include "cli/program.h"
#include "cli/supervisor.h"
#include "cli/tls.h"
#include "config/service.h"
#include "service/operations.h"
#include "service/server.h"

namespace seatls::cli {
namespace {

using namespace std::chrono_literals;

constexpr const char* examples =
    "  seatls verifier --config verifier.toml          serves until SIGTERM; SIGHUP reads the configuration "
    "anew\n"
    "  curl --cacert ca.pem https://localhost:8443/.well-known/veraison/verification\n"
    "docs/usage/verifier.md tells the API, its stores and its operation.\n";

constexpr const char* default_config = "verifier.toml";

using Context = std::shared_ptr<ssl_ctx_st>;

// World is everything that the configuration says, opened.
struct World {
  Context context;
  service::Parts parts;
};

service::ApiOptions api_options(const config::ServiceSettings& s) {
  return {.session_lifetime = s.session_lifetime,
          .retain_evidence = s.retain_evidence,
          .administrators = s.administrators,
          .largest_evidence = s.largest_body,
          .version = SEATLS_VERSION};
}

Result<rats::JwsKey> signing_key(const config::ServiceSettings& s) {
  if (!s.signing_key_of_tpm) {
    SEATLS_TRY(auto key, crypto::PrivateKey::from_pem(text(s.signing_key.reveal())));
    return rats::JwsKey(std::move(key));
  }
  SEATLS_TRY(auto key, crypto::PublicKey::from_spki(s.signing_key_of_tpm->public_key().der()));
  return rats::JwsKey::held_elsewhere(std::move(key), attest::tpm2::sign_with(s.signing_key_of_tpm));
}

// make_world opens what was configured, over a store that is open.
Result<World> make_world(const LoadedConfig& loaded, const config::ServiceSettings& s,
                         std::shared_ptr<service::Store> store, std::shared_ptr<service::Metrics> metrics) {
  World world;
  SEATLS_TRY(auto* const context, openssl::make_context(loaded));
  world.context = Context(context, FreeContext());
  SEATLS_TRY(auto key, signing_key(s));
  const auto clock = base::system_clock();
  SEATLS_TRY(auto signer,
             service::ResultSigner::make(
                 {.key = std::move(key),
                  .lifetime = s.result_lifetime,
                  .issuer = s.issuer,
                  .build = SEATLS_VERSION,
                  .spelling = s.ietf_results ? rats::EarSpelling::ietf_03 : rats::EarSpelling::veraison_2023},
                 store, clock()));
  auto judge = std::make_shared<service::Judge>(
      service::JudgeOptions{s.policies, s.corim_keys, s.collateral, {}}, store);
  // What is wrong with the policies is said now, and not to the first client.
  SEATLS_CHECK([&]() -> Result<void> {
    SEATLS_TRY(const auto bench, judge->bench());
    if (bench->seats.empty()) log_warning("no policy is active: every request for a session is refused");
    return {};
  }());
  world.parts = {api_options(s),    std::move(store),   std::move(judge),
                 std::move(signer), std::move(metrics), clock};
  return world;
}

service::ServerLimits server_limits(const config::ServiceSettings& s) {
  service::ServerLimits limits;
  limits.connections = s.connections;
  limits.connections_of_client = s.connections_of_client;
  limits.body = s.largest_body;
  limits.requests_per_second = s.requests_per_second;
  limits.burst = 2.0 * s.requests_per_second;
  limits.workers = s.workers;
  return limits;
}

// Watching drops what was made of the store's policies when somebody changes them. The store may call at any
// moment, also when this is over already.
class Watching {
 public:
  Watching(service::Store& store, const service::Api& api) : state_(std::make_shared<State>()) {
    state_->api = &api;
    store.watch([state = state_] {
      const std::scoped_lock lock(state->mutex);
      if (state->api != nullptr) state->api->parts()->judge->drop();
    });
  }
  ~Watching() {
    const std::scoped_lock lock(state_->mutex);
    state_->api = nullptr;
  }
  Watching(const Watching&) = delete;
  Watching& operator=(const Watching&) = delete;

 private:
  struct State {
    std::mutex mutex;
    const service::Api* api = nullptr;
  };
  const std::shared_ptr<State> state_;
};

// Sweeper forgets expired sessions, on a thread of its own.
class Sweeper {
 public:
  explicit Sweeper(const service::Api& api) : api_(api), thread_([this] { loop(); }) {}
  ~Sweeper() {
    {
      const std::scoped_lock lock(mutex_);
      over_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

 private:
  void loop() {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, 15s, [this] { return over_; })) {
      const auto parts = api_.parts();
      const auto now = parts->clock();
      if (const auto swept = parts->store->sweep(now); !swept)
        log_warning("sweep: " + swept.error().message());
      if (const auto open = parts->store->open_sessions(now)) parts->metrics->open_sessions(*open);
    }
  }
  const service::Api& api_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool over_ = false;
  std::thread thread_;
};

Node node_of(const service::Access& access) {
  auto node = Node::object();
  node.set("event", "answered")
      .set("at", base::to_rfc3339(base::system_clock()()))
      .set("id", access.id)
      .set("route", access.told.route)
      .set("status", access.status)
      .set("microseconds", std::int64_t{access.took.count()})
      .set("received", access.received)
      .set("sent", access.sent);
  if (!access.told.session.empty()) node.set("session", access.told.session);
  if (!access.told.note.empty()) node.set("note", access.told.note);
  return node;
}

std::string line_of(const service::Access& access) {
  return access.id + "  " + std::to_string(access.status) + "  " + access.told.route + "  " +
         std::to_string(access.took.count()) + " us" +
         (access.told.session.empty() ? "" : "  session " + access.told.session) +
         (access.told.note.empty() ? "" : "  " + access.told.note);
}

// Contexts holds the TLS context of the moment.
class Contexts {
 public:
  explicit Contexts(Context first) : now_(std::move(first)) {}
  [[nodiscard]] Context get() const {
    const std::scoped_lock lock(mutex_);
    return now_;
  }
  void set(Context next) {
    const std::scoped_lock lock(mutex_);
    now_ = std::move(next);
  }

 private:
  mutable std::mutex mutex_;
  Context now_;
};

// reload answers with the configuration as it is now, or goes on as before when it cannot be used.
Result<void> reload(const std::string& path, service::Api& api, Contexts& contexts, const std::string& store,
                    const Confinement& confinement) {
  SEATLS_CHECK(confinement.check_same());
  SEATLS_TRY(const auto loaded, load_config(path, Role::server));
  SEATLS_TRY(const auto settings, config::load_service(path));
  if (settings.store != store)
    return Error{Code::configuration, "another store needs a restart", "service.store"};
  const auto parts = api.parts();
  SEATLS_TRY(auto world, make_world(loaded, settings, parts->store, parts->metrics));
  contexts.set(std::move(world.context));
  api.replace(std::move(world.parts));
  return {};
}

Exit run(const Console& console, const Program& program, const std::string& port_file) {
  Exit exit = Exit::ok;
  const auto& config = program.common().config;
  sandbox::Files more;
  if (!port_file.empty())
    more.writable.push_back(std::filesystem::absolute(port_file).parent_path().string());
  // First of all, as long as there is one thread: then everything that follows is in the sandbox.
  const auto entered = Confinement::enter(config.empty() ? default_config : config, "service", more);
  auto loaded = open_config(console, config, default_config, Role::server, &exit);
  if (!loaded) return exit;
  if (!entered) return console.fail(entered.error());
  const Confinement& confinement = *entered;
  const BackgroundOutput output(console);
  const auto settings = config::load_service(loaded->path);
  if (!settings) return console.fail(settings.error());
  auto store = service::open_store(settings->store, {.sessions = settings->sessions});
  if (!store) return console.fail(store.error());
  auto metrics = std::make_shared<service::Metrics>();
  auto world = make_world(*loaded, *settings, *store, metrics);
  if (!world) return console.fail(world.error());
  Contexts contexts(std::move(world->context));
  service::Api api(std::move(world->parts));
  const Watching watching(**store, api);

  std::unique_ptr<service::Server> server;
  std::vector<service::Listener> listeners;
  listeners.push_back({loaded->listen.empty() ? "127.0.0.1:8443" : loaded->listen,
                       [&contexts] { return contexts.get(); },
                       [&api](service::Request request, service::Api::Done done) {
                         api.handle(std::move(request), std::move(done));
                       },
                       true});
  if (!settings->operations.empty())
    listeners.push_back(
        {settings->operations,
         {},
         service::operations(service::operations_of(api, [&server] { return server->stopping(); })),
         false});
  service::ServerEvents events;
  events.answered = [&](const service::Access& access) {
    if (console.json())
      console.json_line(node_of(access));
    else
      console.line(line_of(access));
  };
  events.refused = [](const std::string& what, const Error& error) {
    log_debug(what + ": " + error.message());
  };
  auto started =
      service::Server::start(std::move(listeners), server_limits(*settings), std::move(events), metrics);
  if (!started) return console.fail(started.error());
  server = std::move(*started);

  (void)std::signal(SIGPIPE, SIG_IGN);
  (void)std::signal(SIGXFSZ, SIG_IGN);  // a file that may grow no more is an error of write(), too
  for (const int number : {SIGTERM, SIGINT})
    server->on_signal(number, [&] {
      tell_supervisor("STOPPING=1");
      server->stop();
    });
  server->on_signal(SIGHUP, [&, path = loaded->path, address = settings->store] {
    tell_supervisor("RELOADING=1");
    const auto reloaded = reload(path, api, contexts, address, confinement);
    metrics->reloaded(reloaded.ok());
    if (reloaded)
      log_info("the configuration was read anew");
    else
      log_error("the configuration stays as it was: " + reloaded.error().message());
    tell_supervisor("READY=1");
  });

  const auto addresses = server->addresses();
  if (!port_file.empty())
    if (const auto written = write_output(
            port_file, addresses.front().substr(addresses.front().rfind(':') + 1) + "\n", Mode::shared, true);
        !written)
      return console.fail(written.error());
  auto hello = Node::object();
  hello.set("event", "listening")
      .set("address", addresses.front())
      .set("store", (*store)->description())
      .set("sandbox", confinement.node());
  if (addresses.size() > 1) hello.set("operations", addresses.back());
  if (console.json())
    console.json_line(hello);
  else
    console.line("listening on " + addresses.front() + "  (" + (*store)->description() + ")" +
                 (addresses.size() > 1 ? "; operations on " + addresses.back() : "") + "; " +
                 confinement.text());
  tell_supervisor("READY=1");
  {
    const Sweeper sweeper(api);
    server->run();
  }
  return Exit::ok;
}

}  // namespace

void add_verifier(Program& program) {
  auto& verb = program.verb("verifier", "a service that appraises evidence for others, and gives out results",
                            examples);
  auto port_file = std::make_shared<std::string>();
  verb.add_option("--port-file", *port_file, "write the port here once it is open")->type_name("FILE");
  program.on(verb,
             [&program, port_file](const Console& console) { return run(console, program, *port_file); });
}

}  // namespace seatls::cli
