#include "attest/tpm2/simulator.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <system_error>
#include <thread>
#include <variant>
#include <vector>

#include "attest/tpm2/tpm.h"
#include "attest/tpm2/worker.h"
#include "base/descriptor.h"

namespace seatls::attest::tpm2 {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

constexpr const char* setup_program = "swtpm_setup";
constexpr const char* program = "swtpm";
constexpr std::chrono::seconds patience{20};

Error io_error(const std::string& what) {
  return {Code::io, what + ": " + std::system_category().message(errno), ""};
}

bool on_path(const std::string& name) {
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): nothing here sets it
  std::string rest = path == nullptr ? "/usr/bin:/bin" : path;
  for (std::size_t at = 0; at <= rest.size();) {
    const std::size_t end = std::min(rest.find(':', at), rest.size());
    if (access((fs::path(rest.substr(at, end - at)) / name).c_str(), X_OK) == 0) return true;
    at = end + 1;
  }
  return false;
}

// run_child starts a program that ends with us, its output in a log. Between fork and exec only what
// a threaded process may call is called.
Result<pid_t> run_child(const Arguments& arguments, const fs::path& log) {
  std::vector<char*> argv;
  for (const auto& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  const std::string log_name = log.string();
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return io_error("fork");
  if (pid != 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(127);
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
  const int out = open(log_name.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int in = open("/dev/null", O_RDONLY);
  if (out < 0 || in < 0) _exit(127);
  dup2(in, 0);
  dup2(out, 1);
  dup2(out, 2);
  close_range(3, ~0U, 0);  // no socket of ours lives on in it
  execvp(argv[0], argv.data());
  _exit(127);
}

int wait_for(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

bool has_ended(pid_t pid) {
  int status = 0;
  return waitpid(pid, &status, WNOHANG) == pid;
}

std::string last_lines(const fs::path& log) {
  std::ifstream in(log);
  std::string all((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return all.size() > 400 ? all.substr(all.size() - 400) : all;
}

Result<void> write_file(const fs::path& path, const std::string& content) {
  std::ofstream out(path);
  out << content;
  out.close();
  if (!out) return io_error("writing " + path.string());
  return {};
}

fs::path ca_folder(const fs::path& directory) { return directory / "ca"; }
fs::path state_folder(const fs::path& directory) { return directory / "state"; }

// Its default configuration would make a certificate authority for the whole machine.
Result<void> manufacture(const fs::path& directory) {
  const fs::path ca = ca_folder(directory);
  const fs::path setup = directory / "swtpm_setup.conf";
  const fs::path local_ca = directory / "swtpm-localca.conf";
  const fs::path options = directory / "swtpm-localca.options";
  const fs::path log = directory / "swtpm_setup.log";
  SEATLS_CHECK(write_file(local_ca, "statedir = " + ca.string() +
                                        "\nsigningkey = " + (ca / "signkey.pem").string() +
                                        "\nissuercert = " + (ca / "issuercert.pem").string() +
                                        "\ncertserial = " + (ca / "certserial").string() + "\n"));
  SEATLS_CHECK(
      write_file(options, "--platform-manufacturer seatls\n--platform-version 1\n--platform-model swtpm\n"));
  SEATLS_CHECK(write_file(setup, "create_certs_tool = /usr/bin/swtpm_localca\ncreate_certs_tool_config = " +
                                     local_ca.string() + "\ncreate_certs_tool_options = " + options.string() +
                                     "\nactive_pcr_banks = sha256,sha384\n"));
  SEATLS_TRY(const pid_t pid,
             run_child({setup_program, "--tpm2", "--tpmstate", "dir://" + state_folder(directory).string(),
                        "--config", setup.string(), "--create-ek-cert", "--create-platform-cert",
                        "--pcr-banks", "sha256,sha384", "--logfile", log.string()},
                       log));
  if (const int status = wait_for(pid); !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return Error{Code::tpm, "swtpm_setup could not make the TPM: " + last_lines(log), directory.string()};
  }
  return {};
}

class Socket {
 public:
  bool bind_to(std::uint16_t port) const {
    const sockaddr_in a = loopback(port);
    return own_ && bind(own_.fd(), reinterpret_cast<const sockaddr*>(&a), sizeof a) == 0;
  }
  std::uint16_t port() const {
    sockaddr_in a{};
    socklen_t n = sizeof a;
    return getsockname(own_.fd(), reinterpret_cast<sockaddr*>(&a), &n) == 0 ? ntohs(a.sin_port)
                                                                            : std::uint16_t{0};
  }

 private:
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
  }
  base::Descriptor own_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
};

// The TCTI expects the control channel on the port after the data channel's.
std::uint16_t two_free_ports() {
  for (int i = 0; i < 100; ++i) {
    const Socket data;
    const Socket control;
    if (!data.bind_to(0)) continue;
    const std::uint16_t port = data.port();
    if (port < 65535 && control.bind_to(static_cast<std::uint16_t>(port + 1))) return port;
  }
  return 0;
}

// swtpm writes its process id once it owns both ports. (That something answers at a port would not
// tell whose it is.)
bool is_ready(const fs::path& pid_file, pid_t pid) {
  std::ifstream in(pid_file);
  pid_t written = 0;
  return in >> written && written == pid;
}

}  // namespace

std::string Simulator::missing(bool certificates) {
  if (!on_path(program)) return "swtpm is not installed: apt-get install swtpm";
  if (certificates && !on_path(setup_program)) {
    return "swtpm_setup is not installed: apt-get install swtpm-tools";
  }
  return "";
}

Result<std::unique_ptr<Simulator>> Simulator::start(const SimulatorOptions& options) {
  if (auto why = missing(options.certificates); !why.empty()) return Error{Code::tpm, std::move(why), ""};
  std::error_code failed;
  const fs::path directory = fs::absolute(options.directory, failed);
  const bool is_new = !fs::exists(state_folder(directory), failed);
  fs::create_directories(state_folder(directory), failed);
  fs::create_directories(ca_folder(directory), failed);
  if (failed) return Error{Code::io, failed.message(), directory.string()};
  fs::permissions(directory, fs::perms::owner_all, failed);
  if (is_new && options.certificates) {
    if (auto made = manufacture(directory); !made) {
      fs::remove_all(state_folder(directory), failed);  // or the next start would take it for a TPM
      return std::move(made).error();
    }
  }

  // Between picking the ports and swtpm's taking them another process may come first: try again.
  const fs::path log = directory / "swtpm.log";
  const fs::path pid_file = directory / "swtpm.pid";
  for (int attempt = 0; attempt < 10; ++attempt) {
    const std::uint16_t port = two_free_ports();
    if (port == 0) break;
    fs::remove(pid_file, failed);
    SEATLS_TRY(
        const pid_t pid,
        run_child(
            {program, "socket", "--tpm2", "--tpmstate", "dir=" + state_folder(directory).string(), "--server",
             "type=tcp,port=" + std::to_string(port), "--ctrl", "type=tcp,port=" + std::to_string(port + 1),
             "--flags", "not-need-init,startup-clear", "--pid", "file=" + pid_file.string()},
            log));
    const auto deadline = std::chrono::steady_clock::now() + patience;
    bool ended = false;
    while (!ended && std::chrono::steady_clock::now() < deadline) {
      if (is_ready(pid_file, pid)) {
        return std::unique_ptr<Simulator>(
            new Simulator(directory, pid, "swtpm:host=127.0.0.1,port=" + std::to_string(port)));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      ended = has_ended(pid);
    }
    if (!ended) {
      ::kill(pid, SIGKILL);
      wait_for(pid);
    }
  }
  return Error{Code::tpm, "swtpm does not start: " + last_lines(log), directory.string()};
}

Simulator::~Simulator() { stop(); }

fs::path Simulator::ca_root() const { return ca_folder(directory_) / "swtpm-localca-rootca-cert.pem"; }
fs::path Simulator::ca_issuer() const { return ca_folder(directory_) / "issuercert.pem"; }

Result<void> Simulator::measure(unsigned pcr, std::string_view what) const {
  using Done = std::monostate;
  const auto measured = Worker::shared(tcti_)->call<Done>([&](Tpm& tpm) -> Result<Done> {
    TPM2B_EVENT event{};
    if (what.size() > sizeof event.buffer) return Error{Code::misuse, "too long for one event", "measure"};
    event.size = static_cast<std::uint16_t>(what.size());
    std::copy(what.begin(), what.end(), event.buffer);
    Owned<TPML_DIGEST_VALUES> digests;
    SEATLS_CHECK(tpm.check(Esys_PCR_Event(tpm.esys(), ESYS_TR_PCR0 + pcr, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                          ESYS_TR_NONE, &event, digests.out()),
                           "TPM2_PCR_Event"));
    return Done{};
  });
  if (!measured) return measured.error();
  return {};
}

void Simulator::end(int signal) {
  if (pid_ <= 0) return;
  ::kill(pid_, signal);
  wait_for(pid_);
  pid_ = -1;
}

void Simulator::kill() { end(SIGKILL); }
void Simulator::stop() { end(SIGTERM); }

}  // namespace seatls::attest::tpm2
