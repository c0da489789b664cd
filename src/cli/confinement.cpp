#include "cli/confinement.h"

#include <algorithm>
#include <tuple>

#include "cli/log.h"
#include "config/files.h"

namespace seatls::cli {

Result<Confinement> Confinement::enter(const std::string& path, std::string_view table,
                                       const sandbox::Files& more) {
  Confinement out(path, table);
  SEATLS_TRY(out.settings_, config::sandbox_of(path, table));
  if (out.settings_.off) return out;  // which is logged as every danger is
  out.settings_.files.add(sandbox::system_files());
  out.settings_.files.add(more);
  SEATLS_TRY(out.entered_, sandbox::enter(out.settings_.files));
  const auto lacks = [&](const std::string& what, const std::string& so) -> Result<void> {
    if (out.settings_.required)
      return Error{Code::configuration,
                   "it is required, and this kernel has no " + what +
                       " for this process (or whoever started it keeps it)",
                   out.table_ + ".sandbox"};
    log_warning("sandbox: this kernel has no " + what + " for this process: " + so);
    return {};
  };
  if (out.entered_.landlock == 0) SEATLS_CHECK(lacks("Landlock", "files are not confined"));
  if (!out.entered_.seccomp) SEATLS_CHECK(lacks("seccomp", "system calls are not refused"));
  return out;
}

Error Confinement::explain(Error error) const {
  if (entered_.landlock == 0) return error;
  for (const auto& file : config::files_of(path_))
    if (!settings_.files.covers(file))
      error.detail += "\n" + file +
                      " lies outside of what was left to this process when it started: start it anew" +
                      (table_ == "proxy" ? ", or name the folder in proxy.readable" : "");
  return error;
}

Result<void> Confinement::check_same() const {
  SEATLS_TRY(const auto now, config::sandbox_of(path_, table_));
  if (now.off != settings_.off || now.required != settings_.required)
    return Error{Code::configuration, "another sandbox needs a restart", table_};
  const auto& was = settings_.files;
  if (entered_.landlock > 0)
    for (const auto& [wanted, given] :
         {std::tie(now.files.writable, was.writable), std::tie(now.files.sockets, was.sockets),
          std::tie(now.files.devices, was.devices)})
      for (const auto& path : wanted)
        if (std::ranges::find(given, path) == given.end())
          return Error{Code::configuration,
                       "this process may not write there, since the configuration did not say so when it "
                       "started; a restart changes that",
                       path};
  return {};
}

Node Confinement::node() const {
  auto out = Node::object();
  return out.set("landlock", std::int64_t{landlock()}).set("seccomp", seccomp());
}

std::string Confinement::text() const {
  std::string parts = landlock() > 0 ? "landlock " + std::to_string(landlock()) : "";
  if (seccomp()) parts += parts.empty() ? "seccomp" : ", seccomp";
  return "sandbox: " + (parts.empty() ? "none" : parts);
}

}  // namespace seatls::cli
