#include "config/sandbox.h"

#include <sys/stat.h>

#include <filesystem>

#include "config/draft.h"
#include "config/files.h"
#include "seatls/configfs_tsm.h"

namespace seatls::config {
namespace {

namespace fs = std::filesystem;

// Programs are what a TCTI of this kind talks to: it starts one.
bool starts_program(const std::string& tcti) {
  return tcti.starts_with("cmd:") || tcti.find("tcti-cmd") != std::string::npos;
}

// tables_with_tcti are those that may name a TPM.
std::vector<std::string> tables_with_tcti(const TomlFile& file) {
  std::vector<std::string> out{"attest", "service"};
  for (const auto& label : file.tables("attest.parts")) out.push_back("attest.parts." + label);
  return out;
}

// Reading collects what one file of a configuration names.
class Reading {
 public:
  Reading(const TomlFile& file, fs::path folder, sandbox::Files& into)
      : file_(file), folder_(std::move(folder)), out_(into) {}

  void all() {
    for (const auto& table : tables_with_tcti(file_)) of_table(table);
    if (file_.has("collateral.cache")) write_to(beside("collateral.cache"));
    if (file_.has_table("service"))
      of_store(file_.has("service.store") ? file_.text("service.store") : ServiceSettings().store);
    for (std::size_t i = 0; i < file_.rows("proxy.listener"); ++i)
      of_socket(file_.text("proxy.listener[" + std::to_string(i) + "].listen"));
    for (const auto& more : file_.texts("proxy.readable")) out_.readable.push_back((folder_ / more).string());
  }

 private:
  [[nodiscard]] fs::path beside(const std::string& key) const { return folder_ / file_.text(key); }

  void of_table(const std::string& table) {
    const auto attester = file_.text(table + ".attester");
    if (file_.has(table + ".platform")) out_.readable.push_back(beside(table + ".platform").string());
    if (file_.has(table + ".cache")) out_.writable.push_back(folder_of(beside(table + ".cache")));
    if (attester == "configfs-tsm")
      out_.writable.push_back(file_.has(table + ".path") ? beside(table + ".path").string()
                                                         : ConfigfsTsmOptions().path);
    if (attester == "tpm2" || file_.has(table + ".tcti")) of_tcti(tpm_access(file_, table).tcti);
  }

  // "device:/dev/tpmrm0"; without a name the first one that is there.
  void of_tcti(const std::string& tcti) {
    if (const auto at = tcti.find("/dev/"); at != std::string::npos)
      out_.devices.push_back(tcti.substr(at, tcti.find(',', at) - at));
    else if (tcti.find("device") != std::string::npos)
      out_.devices.insert(out_.devices.end(), {"/dev/tpmrm0", "/dev/tpm0"});
  }

  void of_store(const std::string& store) {
    constexpr std::string_view sqlite = "sqlite:";
    if (store.starts_with(sqlite)) out_.writable.push_back(folder_of(folder_ / store.substr(sqlite.size())));
  }

  void of_socket(const std::string& text) {
    const auto where = parse_socket_address(text);
    if (where && where->kind == SocketAddress::Kind::unix_path)
      out_.sockets.push_back(folder_of(where->name));
  }

  // As the cache itself would make it, once it has something to write.
  void write_to(const fs::path& cache) {
    std::error_code ignored;
    if (cache.has_parent_path()) fs::create_directories(cache.parent_path(), ignored);
    (void)::mkdir(cache.c_str(), 0700);
    out_.writable.push_back(cache.string());
  }

  static std::string folder_of(const fs::path& file) {
    return file.has_parent_path() ? file.parent_path().string() : ".";
  }

  const TomlFile& file_;
  const fs::path folder_;
  sandbox::Files& out_;
};

// A file is written anew by giving another one its name, so its folder counts; and that of what a link means,
// as files are often links to what is replaced.
void add_readable(const fs::path& file, sandbox::Files& into) {
  std::error_code unresolved;
  for (const auto& path : {fs::absolute(file, unresolved), fs::canonical(file, unresolved)}) {
    if (path.empty()) continue;
    const auto folder = path.parent_path();
    into.readable.push_back(folder == folder.root_path() ? path.string() : folder.string());
  }
}

}  // namespace

void read_sandbox(Draft& d) {
  const bool off = d.file.flag("danger.no_sandbox");
  const bool serves = d.file.has_table("proxy") || d.file.has_table("service");
  if (d.file.has("danger.no_sandbox") && !serves)
    d.wrong("danger.no_sandbox", "only [proxy] and [service] have a sandbox", "leave it out");
  if (off && serves) d.add_danger("no_sandbox");
  for (const std::string table : {"proxy", "service"})
    if (off && d.file.text(table + ".sandbox") == "required")
      d.wrong(table + ".sandbox", "it is required here, and switched off below [danger]",
              "leave one of them out");
  if (off || !serves) return;
  for (const auto& table : tables_with_tcti(d.file))
    if (starts_program(d.file.text(table + ".tcti")))
      d.wrong(table + ".tcti", "this TCTI starts a program, which the sandbox refuses",
              "name a device or a socket, or write no_sandbox = true below [danger]");
}

Result<SandboxSettings> sandbox_of(const std::string& path, std::string_view table) {
  SandboxSettings out;
  bool first = true;
  for (const auto& name : files_of(path)) {
    add_readable(name, out.files);
    if (!first && fs::path(name).extension() != ".toml") continue;
    SEATLS_TRY(const auto text, read_text_file(name));
    Mistakes mistakes(name);  // are told by who reads the configuration
    const TomlFile file(text, name, mistakes);
    if (file.broken()) return Error{Code::configuration, mistakes.sorted().front().message(), name};
    if (std::exchange(first, false)) {
      out.off = file.flag("danger.no_sandbox");
      out.required = file.text(std::string(table) + ".sandbox") == "required";
    }
    Reading(file, fs::path(name).parent_path(), out.files).all();
  }
  // The store's libraries read what the environment and the store's address name.
  if (table == "service") out.files.readable.emplace_back("/");
  return out;
}

}  // namespace seatls::config
