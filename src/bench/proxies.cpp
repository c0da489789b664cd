#include "bench/proxies.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/descriptor.h"
#include "bench/place.h"

namespace seatls::bench {
namespace {

namespace fs = std::filesystem;
using base::Descriptor;

std::string find_program(const std::string& name) {
  for (const char* folder : {"/usr/sbin/", "/usr/bin/"})
    if (::access((folder + name).c_str(), X_OK) == 0) return folder + name;
  return "";
}

std::string write(const fs::path& path, const std::string& text) {
  std::ofstream(path) << text;
  return path.string();
}

std::string local(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

// ---- The programs --------------------------------------------------------------------------------

std::string seatls_text(const TerminatorSetup& s, const std::string& attest) {
  return "[endpoint]\nrole = \"server\"\ncertificate = \"server.pem\"\nkey = \"server.key\"\nframing = "
         "\"none\"\n" +
         attest + "[proxy]\nthreads = 1\ntickets = false\n[[proxy.listener]]\nlisten = \"" + local(s.port) +
         "\"\nto = \"" + local(s.upstream) + "\"\n";
}

std::vector<std::string> run_seatls(const TerminatorSetup& s) {
  return {"proxy",       "--config", write(s.folder / "seatls.toml", seatls_text(s, "")),
          "--log-level", "off",      "-q"};
}

std::vector<std::string> run_attested(const TerminatorSetup& s) {
  const std::string attest =
      "[attest]\nattester = \"software\"\nkey = \"server.key\"\nswname = \"bench\"\ndebug_disabled = true\n";
  return {"proxy",       "--config", write(s.folder / "attested.toml", seatls_text(s, attest)),
          "--log-level", "off",      "-q"};
}

constexpr const char* stream_module = "/usr/lib/nginx/modules/ngx_stream_module.so";

std::vector<std::string> run_nginx(const TerminatorSetup& s) {
  const std::string text =
      "load_module " + std::string(stream_module) +
      ";\n"
      "daemon off;\nmaster_process off;\nworker_rlimit_nofile 20000;\npid " +
      (s.folder / "nginx.pid").string() + ";\nerror_log " + (s.folder / "nginx.log").string() +
      ";\nevents { worker_connections 16000; }\nstream {\n  server {\n    listen " + local(s.port) +
      " ssl;\n    ssl_certificate " + (s.folder / "server.pem").string() + ";\n    ssl_certificate_key " +
      (s.folder / "server.key").string() +
      ";\n    ssl_protocols TLSv1.3;\n    ssl_session_tickets off;\n    ssl_session_cache off;\n"
      "    proxy_buffer_size 16k;\n    proxy_pass " +
      local(s.upstream) + ";\n  }\n}\n";
  return {"-c", write(s.folder / "nginx.conf", text), "-e", (s.folder / "nginx.log").string()};
}

std::vector<std::string> run_haproxy(const TerminatorSetup& s) {
  const std::string text =
      "global\n  nbthread 1\n  maxconn 8000\n  tune.ssl.cachesize 0\n  tune.bufsize 16384\n"
      "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 10m\n  timeout server 10m\n"
      "listen bench\n  bind " +
      local(s.port) + " ssl crt " + (s.folder / "both.pem").string() +
      " ssl-min-ver TLSv1.3 no-tls-tickets\n  server upstream " + local(s.upstream) + "\n";
  return {"-db", "-q", "-f", write(s.folder / "haproxy.cfg", text)};
}

std::vector<std::string> run_stunnel(const TerminatorSetup& s) {
  const std::string text = "foreground = yes\npid =\nsyslog = no\n[bench]\naccept = " + local(s.port) +
                           "\nconnect = " + local(s.upstream) +
                           "\ncert = " + (s.folder / "both.pem").string() +
                           "\nsslVersionMin = TLSv1.3\noptions = NO_TICKET\nsessionCacheSize = 1\n";
  return {write(s.folder / "stunnel.conf", text)};
}

std::vector<std::string> run_hitch(const TerminatorSetup& s) {
  const std::string text = "frontend = \"[127.0.0.1]:" + std::to_string(s.port) +
                           "\"\nbackend = \"[127.0.0.1]:" + std::to_string(s.upstream) + "\"\npem-file = \"" +
                           (s.folder / "both.pem").string() +
                           "\"\nworkers = 1\ntls-protos = TLSv1.3\nuser = \"root\"\ndaemon = off\n"
                           "quiet = on\n";
  return {"--config=" + write(s.folder / "hitch.conf", text)};
}

// ---- Processes -----------------------------------------------------------------------------------

pid_t spawn(const std::string& program, const std::vector<std::string>& arguments, const fs::path& output) {
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const auto& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  const Descriptor out(::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(out.fd(), STDOUT_FILENO);
  ::dup2(out.fd(), STDERR_FILENO);
  ::execv(program.c_str(), argv.data());
  ::_exit(127);
}

bool takes_connections(std::uint16_t port) {
  const Descriptor probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = loopback(port);
  return ::connect(probe.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

std::string first_line_with(const std::string& file, const std::string& start) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(start)) return line.substr(start.size());
  return "";
}

}  // namespace

std::vector<Kind> plain_kinds() {
  return {{"seatls proxy", "/proc/self/exe", run_seatls},
          {"nginx stream", fs::exists(stream_module) ? find_program("nginx") : "", run_nginx},
          {"haproxy", find_program("haproxy"), run_haproxy},
          {"stunnel", find_program("stunnel4"), run_stunnel},
          {"hitch", find_program("hitch"), run_hitch}};
}

Kind attested_kind() { return {"seatls proxy, attested", "/proc/self/exe", run_attested}; }

Result<std::unique_ptr<Terminator>> Terminator::start(const Kind& kind, TerminatorSetup setup) {
  const auto output = setup.folder / (kind.name + " said");
  const auto arguments = kind.command(setup);
  auto started = std::unique_ptr<Terminator>(new Terminator(std::move(setup)));
  started->pid_ = spawn(kind.program, arguments, output);
  if (started->pid_ < 0) return Error{Code::io, "fork failed", kind.name};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!takes_connections(started->port())) {
    const bool ended = ::waitpid(started->pid_, nullptr, WNOHANG) == started->pid_;
    if (ended) started->pid_ = -1;
    if (ended || std::chrono::steady_clock::now() > deadline) {
      std::ifstream in(output);
      std::ostringstream said;
      said << in.rdbuf();
      return Error{Code::timed_out, "did not start: " + said.str().substr(0, 1000), kind.name};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return started;
}

Terminator::~Terminator() {
  if (pid_ <= 0) return;
  for (const pid_t pid : processes()) ::kill(pid, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::vector<pid_t> Terminator::processes() const {
  std::vector<pid_t> all{pid_};
  std::ifstream children("/proc/" + std::to_string(pid_) + "/task/" + std::to_string(pid_) + "/children");
  for (pid_t child = 0; children >> child;) all.push_back(child);
  return all;
}

// The processes' own clocks, since getrusage tells of no other: they count nanoseconds, and the threads that
// have ended, too (stunnel has one per connection).
double Terminator::cpu_seconds() const {
  double seconds = 0;
  for (const pid_t pid : processes()) {
    clockid_t clock{};
    timespec spent{};
    if (::clock_getcpuclockid(pid, &clock) == 0 && ::clock_gettime(clock, &spent) == 0)
      seconds += static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
  }
  return seconds;
}

double Terminator::memory_kib() const {
  double kib = 0;
  for (const pid_t pid : processes()) {
    const auto line = first_line_with("/proc/" + std::to_string(pid) + "/smaps_rollup", "Pss:");
    kib += line.empty() ? 0 : std::stod(line);
  }
  return kib;
}

Result<std::uint16_t> free_port() {
  const Descriptor probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(probe.fd(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::getsockname(probe.fd(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return Error{Code::network, "no port is free", "bench"};
  return ntohs(address.sin_port);
}

}  // namespace seatls::bench
