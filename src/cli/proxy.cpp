// proxy: the sidecar.
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <thread>

#include "cli/background.h"
#include "cli/config_errors.h"
#include "cli/confinement.h"
#include "cli/files.h"
#include "cli/log.h"
#include "cli/program.h"
#include "cli/proxy_log.h"
#include "cli/supervisor.h"
#include "config/files.h"
#include "proxy/proxy.h"
#include "service/operations.h"
#include "service/server.h"

namespace seatls::cli {
namespace {

using namespace std::chrono_literals;

constexpr const char* examples =
    "  seatls proxy --config proxy.toml                serves until SIGTERM; SIGHUP reads the configuration "
    "anew\n"
    "  seatls check proxy.toml                         every mistake in [proxy] and its listeners, too\n"
    "docs/usage/proxy.md tells what it may look like, and how it is operated.\n";

std::vector<std::string> dangers_of(const config::ProxySettings& settings) {
  std::vector<std::string> out;
  for (const auto& listener : settings.listeners) {
    const auto& dangers = listener.endpoint->config.dangers;
    out.insert(out.end(), dangers.begin(), dangers.end());
  }
  return out;
}

// As many descriptors as the system lets us have: two for a connection, and some more.
void raise_descriptor_limit(const config::ProxySettings& settings) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur / 2 < settings.connections)
    log_warning("proxy.connections is " + std::to_string(settings.connections) +
                ", and there are descriptors for about " + std::to_string(limit.rlim_cur / 2));
}

// Operations is the address where the machine around a proxy asks for its state. It has a thread of its own.
class Operations {
 public:
  static Result<std::unique_ptr<Operations>> start(const std::string& address, const proxy::Proxy& proxy,
                                                   std::shared_ptr<proxy::Metrics> metrics,
                                                   const BackgroundOutput& output) {
    std::vector<service::Listener> listeners;
    listeners.push_back(
        {address,
         {},
         service::operations(
             {[&proxy] { return std::string(proxy.stopping() ? "the proxy is stopping" : ""); },
              [metrics = std::move(metrics), &output] {
                metrics->lost(output.lost());
                return metrics->text();
              }}),
         false});
    service::ServerLimits limits;
    limits.connections = 64;
    limits.workers = 1;
    SEATLS_TRY(auto server, service::Server::start(std::move(listeners), limits, {},
                                                   std::make_shared<service::Metrics>()));
    return std::make_unique<Operations>(std::move(server));
  }
  explicit Operations(std::unique_ptr<service::Server> server)
      : server_(std::move(server)), thread_([this] { server_->run(); }) {}
  ~Operations() {
    server_->stop();
    thread_.join();
  }
  Operations(const Operations&) = delete;
  Operations& operator=(const Operations&) = delete;
  [[nodiscard]] std::string address() const { return server_->addresses().front(); }

 private:
  std::unique_ptr<service::Server> server_;
  std::thread thread_;
};

// Reloading reads the configuration anew. What cannot be used changes nothing.
class Reloading {
 public:
  Reloading(const config::ProxySettings& settings, const Confinement& confinement, proxy::Proxy& proxy,
            std::shared_ptr<proxy::Metrics> metrics)
      : path_(settings.path),
        threads_(settings.threads),
        operations_(settings.operations),
        confinement_(confinement),
        proxy_(proxy),
        metrics_(std::move(metrics)),
        files_(settings.files),
        last_(config::fingerprint_of(files_)),
        read_(last_) {}

  void now() {
    tell_supervisor("RELOADING=1");
    read_ = last_ = config::fingerprint_of(files_);
    const auto reloaded = reload();
    metrics_->reloaded(reloaded.ok());
    if (reloaded)
      log_info("the configuration was read anew");
    else
      log_error("the configuration stays as it was: " + reloaded.error().message());
    tell_supervisor("READY=1");
  }
  // look reloads once the files have changed, and have settled: several are written one after the other.
  void look() {
    auto print = config::fingerprint_of(files_);
    const bool settled = print == last_;
    last_ = std::move(print);
    if (settled && last_ != read_) now();
  }

 private:
  Result<void> reload() {
    SEATLS_CHECK(confinement_.check_same());
    auto loaded = config::load_proxy(path_);
    if (!loaded) return confinement_.explain(std::move(loaded).error());
    auto settings = std::move(*loaded);
    if (settings.threads != threads_ || settings.operations != operations_)
      return Error{Code::configuration, "other threads, or another address of operations, need a restart",
                   "proxy"};
    auto files = settings.files;
    warn_of_dangers(dangers_of(settings));
    SEATLS_TRY(auto plan, proxy::make_plan(std::move(settings), metrics_));
    SEATLS_CHECK(proxy_.replace(std::move(plan)));
    // A change while it was read is noticed by the next look, unless it is about a file that is new here.
    if (files != files_) read_ = last_ = config::fingerprint_of(files);
    files_ = std::move(files);
    return {};
  }

  const std::string path_;
  const std::uint32_t threads_;
  const std::string operations_;
  const Confinement& confinement_;
  proxy::Proxy& proxy_;
  const std::shared_ptr<proxy::Metrics> metrics_;
  std::vector<std::string> files_;
  std::string last_, read_;  // fingerprints: of the last look, and of what was read
};

// The watchdog of systemd wants to hear from us at least this often (sd_watchdog_enabled(3)).
std::chrono::milliseconds watchdog_interval() {
  const char* text = std::getenv("WATCHDOG_USEC");
  const char* pid = std::getenv("WATCHDOG_PID");
  if (text == nullptr || (pid != nullptr && std::atol(pid) != ::getpid())) return 0ms;
  return std::chrono::milliseconds(std::atoll(text) / 1000 / 2);
}

void say_hello(const Console& console, const proxy::Proxy& proxy, const Operations* operations,
               const Confinement& confinement) {
  Node::Array listeners;
  std::string line = "listening on";
  for (const auto& address : proxy.addresses()) {
    listeners.emplace_back(address);
    line += " " + address;
  }
  auto hello = Node::object();
  hello.set("event", "listening").set("listeners", std::move(listeners));
  if (operations != nullptr) {
    hello.set("operations", operations->address());
    line += "; operations on " + operations->address();
  }
  hello.set("sandbox", confinement.node());
  line += "; " + confinement.text();
  if (console.json())
    console.json_line(hello);
  else
    console.line(line);
}

Exit run(const Console& console, const std::string& path) {
  if (path.empty()) return console.fail(usage_error("which configuration? seatls proxy --config FILE"));
  (void)std::signal(SIGPIPE, SIG_IGN);
  (void)std::signal(SIGXFSZ, SIG_IGN);  // a file that may grow no more is an error of write(), too
  // First of all, as long as there is one thread: then everything that follows is in the sandbox.
  const auto confinement = Confinement::enter(path, "proxy");
  auto report = config::check_proxy(path);
  if (!report.settings) return fail_with_mistakes(console, path, report.mistakes);
  if (!confinement) return console.fail(confinement.error());
  const auto settings = *report.settings;
  warn_of_dangers(dangers_of(settings));
  raise_descriptor_limit(settings);
  const BackgroundOutput output(console);
  auto metrics = std::make_shared<proxy::Metrics>();
  metrics->confined(confinement->landlock() > 0, confinement->seccomp());
  auto plan = proxy::make_plan(settings, metrics);
  if (!plan) return console.fail(plan.error());
  auto started =
      proxy::Proxy::start(std::move(*plan), proxy::Inherited::take(), proxy_events(console), metrics);
  if (!started) return console.fail(started.error());
  proxy::Proxy& proxy = **started;
  std::unique_ptr<Operations> operations;
  if (!settings.operations.empty()) {
    auto opened = Operations::start(settings.operations, proxy, metrics, output);
    if (!opened) return console.fail(opened.error());
    operations = std::move(*opened);
  }

  Reloading reloading(settings, *confinement, proxy, metrics);
  for (const int number : {SIGTERM, SIGINT})
    proxy.on_signal(number, [&proxy] {
      tell_supervisor("STOPPING=1");
      proxy.stop();
    });
  proxy.on_signal(SIGHUP, [&reloading] { reloading.now(); });
  if (settings.watch > 0ms) proxy.every(settings.watch, [&reloading] { reloading.look(); });
  if (const auto interval = watchdog_interval(); interval > 0ms)
    proxy.beat(interval, [] { tell_supervisor("WATCHDOG=1"); });

  say_hello(console, proxy, operations.get(), *confinement);
  tell_supervisor("READY=1");
  proxy.run();
  return Exit::ok;
}

}  // namespace

void add_proxy(Program& program) {
  auto& verb = program.verb(
      "proxy", "the sidecar: attests the connections of programs that know nothing of it", examples);
  program.on(verb, [&program](const Console& console) { return run(console, program.common().config); });
}

}  // namespace seatls::cli
