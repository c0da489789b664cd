// collateral: what makers publish about platforms, fetched before it is needed, and looked at.
#include "cli/collateral.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "appraise/offline.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "cli/files.h"
#include "cli/input_errors.h"
#include "cli/program.h"
#include "collateral/assemble.h"
#include "config/draft.h"
#include "config/text.h"
#include "seatls/collateral.h"

namespace seatls::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most = 1U << 20U;  // bytes of a credential

// ---- What the verbs share -------------------------------------------------------------------------

// default_cache is the user's own.
std::string default_cache() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return (fs::path(cache) / "seatls" / "collateral").string();
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return (fs::path(home) / ".cache" / "seatls" / "collateral").string();
  return "";
}

// cache_of returns the folder that is meant: the option's, the configuration's, or the user's.
Result<std::string> cache_of(const std::string& given, const std::string& config) {
  if (!given.empty()) return given;
  if (!config.empty()) {
    SEATLS_TRY(const auto options, config::load_collateral_options(config));
    if (!options.cache.empty()) return options.cache;
  }
  auto own = default_cache();
  if (own.empty()) return usage_error("in which folder? --cache DIR");
  return own;
}

Node node_of(const CollateralStatus& s, Time at) {
  Node node = Node::object().set("name", s.name);
  if (!s.what.empty()) node.set("what", s.what);
  if (!s.source.empty()) node.set("source", s.source);
  if (s.fetched) node.set("fetched", base::to_rfc3339(*s.fetched));
  if (s.from) node.set("from", base::to_rfc3339(*s.from));
  if (s.until) node.set("until", base::to_rfc3339(*s.until));
  if (s.from && s.until) node.set("holds", at >= *s.from && at < *s.until);
  if (s.error) node.set("error", to_node(*s.error));
  return node;
}

Result<Time> moment(const std::string& at) {
  if (at.empty()) return base::system_clock()();
  const auto time = base::from_rfc3339(at);
  if (!time) return usage_error("--at takes a moment in UTC such as 2026-11-21T09:30:00Z, not '" + at + "'");
  return *time;
}

// ---- prefetch -------------------------------------------------------------------------------------

struct PrefetchOptions {
  std::vector<std::string> evidence, fmspcs, products, policies;
  std::string ca = "platform", tee = "tdx";
  std::string cache, pcs, kds, trust, timeout, output;
  std::optional<unsigned> retries;
  bool renew = false, force = false;
};

Result<CollateralOptions> options_of(const PrefetchOptions& o, const std::string& config) {
  CollateralOptions out;
  if (!config.empty()) {
    SEATLS_TRY(out, config::load_collateral_options(config));
  }
  SEATLS_TRY(out.cache, cache_of(o.cache, config));
  if (!o.pcs.empty()) out.pcs = o.pcs;
  if (!o.kds.empty()) out.kds = o.kds;
  if (!o.trust.empty()) {
    SEATLS_TRY(out.ca_pem, config::read_text_file(o.trust));
  }
  if (!o.timeout.empty()) {
    SEATLS_TRY(out.timeout, config::parse_duration(o.timeout));
  }
  if (o.retries) out.retries = *o.retries;
  // Nobody waits in a handshake here: every attempt may take its time.
  out.budget = std::max(out.budget, out.timeout * (out.retries + 1) + std::chrono::seconds(60));
  out.offline = false;
  return out;
}

Result<CollateralWish> wish_of(const PrefetchOptions& o) {
  CollateralWish wish;
  wish.renew = o.renew;
  for (const auto& file : o.evidence) {
    SEATLS_TRY(const auto content, read_input(file, most));
    auto credential = appraise::credential_of_file(content, std::nullopt, SchemeTable::defaults());
    if (!credential) return std::move(credential).error().in(file);
    wish.evidence.push_back(std::move(*credential));
  }
  for (const auto& digits : o.fmspcs) {
    const auto fmspc = base::from_hex(digits);
    if (!fmspc || fmspc->size() != 6) return usage_error("--fmspc takes 12 hex digits, not '" + digits + "'");
    wish.intel.push_back({.fmspc = *fmspc, .ca = o.ca, .tee = o.tee});
  }
  for (const auto& product : o.products)
    for (const auto known : {SnpProduct::milan, SnpProduct::genoa, SnpProduct::turin})
      if (product == name(known)) wish.amd.push_back(known);
  for (const auto& file : o.policies) {
    SEATLS_TRY(const auto policy, load_policy(file));
    const auto& roots = policy.danger.simulated_roots;
    wish.simulated_roots.insert(wish.simulated_roots.end(), roots.begin(), roots.end());
  }
  return wish;
}

// write_bundle writes what the policy key tdx.collateral takes; one model of platform makes one bundle.
Result<void> write_bundle(const PrefetchOptions& o, const std::string& cache,
                          const std::vector<CollateralStatus>& fetched) {
  const collateral::Folder folder(cache);
  std::vector<collateral::Entry> entries;
  for (const auto& status : fetched) {
    SEATLS_TRY(const auto text, folder.read(status.name));
    if (!text) continue;
    SEATLS_TRY(auto entry, collateral::read_entry(*text));
    entries.push_back(std::move(entry));
  }
  std::vector<const collateral::Entry*> all;
  std::vector<std::string> models;
  for (const auto& entry : entries) {
    all.push_back(&entry);
    if (const auto parts = collateral::parts_of(entry.name); parts.kind == "tcb-info")
      models.push_back(parts.rest);
  }
  if (models.size() != 1)
    return usage_error("-o writes the bundle of one model of Intel platform; these are " +
                       std::to_string(models.size()));
  const auto tee = models.front().starts_with("tdx") ? appraise::intel::Tee::tdx : appraise::intel::Tee::sgx;
  SEATLS_TRY(const auto bundle, collateral::bundle_of(tee, all));
  return write_output(o.output, bundle, Mode::shared, o.force);
}

Exit prefetch(const Console& console, const PrefetchOptions& o, const std::string& config) {
  const auto options = options_of(o, config);
  if (!options) return console.fail(options.error());
  const auto wish = wish_of(o);
  if (!wish) return fail_input(console, wish.error());
  if (wish->evidence.empty() && wish->intel.empty() && wish->amd.empty())
    return console.fail(usage_error("for what? --evidence FILE, --fmspc HEX or --product NAME"));
  const auto fetched = prefetch_collateral(*wish, *options);
  if (!fetched) return console.fail(fetched.error());

  const auto now = base::system_clock()();
  Node list = Node::array();
  const CollateralStatus* failed = nullptr;
  for (const auto& status : *fetched) {
    list.add(node_of(status, now).set("renewed", status.renewed));
    if (status.error && failed == nullptr) failed = &status;
  }
  Node told = Node::object().set("cache", options->cache).set("collateral", std::move(list));
  if (failed != nullptr) {
    if (!console.json()) console.result(told);
    // A file that is wrong is a mistake; a server that is not there, or serves something else, is neither.
    console.fail(*failed->error, told);
    return Exit::unavailable;
  }
  if (!o.output.empty())
    if (const auto written = write_bundle(o, options->cache, *fetched); !written)
      return console.fail(written.error());
  console.result(told);
  return Exit::ok;
}

void add_prefetch(Program& program, CLI::App& parent) {
  auto& verb = program.verb(
      "prefetch", "fetch it into a folder, before evidence needs it",
      "  seatls collateral prefetch --evidence server.cmw --cache collateral\n"
      "  seatls collateral prefetch --fmspc 00806f050000 --ca platform --tee tdx -o collateral.json\n"
      "  seatls collateral prefetch --product Genoa --config client.toml\n"
      "Exit 3: something could not be had; what could be is there.\n",
      &parent);
  auto o = std::make_shared<PrefetchOptions>();
  verb.add_option("--evidence", o->evidence, "evidence, or a quote or report: all that is published about it")
      ->allow_extra_args(false)
      ->type_name("FILE");
  verb.add_option("--fmspc", o->fmspcs, "Intel: the model of platform, 12 hex digits")
      ->allow_extra_args(false)
      ->type_name("HEX");
  choice(verb.add_option("--ca", o->ca, "Intel: who issued the platform's certificate (default: platform)"),
         "platform|processor");
  choice(verb.add_option("--tee", o->tee, "Intel: what the quotes are of (default: tdx)"), "tdx|sgx");
  choice(verb.add_option("--product", o->products, "AMD: issuers and revocation lists of a generation")
             ->allow_extra_args(false),
         "Milan|Genoa|Turin");
  verb.add_option("--cache", o->cache,
                  "the folder (default: that of --config, else ~/.cache/seatls/collateral)")
      ->type_name("DIR");
  verb.add_option("--pcs", o->pcs, "Intel's service, or a PCCS (default: Intel's)")->type_name("URL");
  verb.add_option("--kds", o->kds, "AMD's service (default: AMD's)")->type_name("URL");
  verb.add_option("--trust", o->trust, "who vouches for these servers (default: whom the system trusts)")
      ->type_name("FILE");
  verb.add_option("--policy", o->policies, "a policy whose simulated roots count")
      ->allow_extra_args(false)
      ->type_name("FILE");
  verb.add_option("--timeout", o->timeout, "of one attempt (default: 5s)")->type_name("TIME");
  verb.add_option("--retries", o->retries, "after the first attempt (default: 2)")
      ->check(CLI::Range(0, 10))
      ->type_name("N");
  verb.add_flag("--renew", o->renew, "also what is there and not old");
  verb.add_option("-o,--output", o->output, "write the bundle that tdx.collateral of a policy takes")
      ->type_name("FILE");
  verb.add_flag("--force", o->force, "replace the file");
  program.on(
      verb, [&program, o](const Console& console) { return prefetch(console, *o, program.common().config); });
}

// ---- list and show --------------------------------------------------------------------------------

struct ListOptions {
  std::string name;
  std::string cache;
  std::string at;
};

Exit list(const Console& console, const ListOptions& o, const std::string& config) {
  const auto cache = cache_of(o.cache, config);
  if (!cache) return console.fail(cache.error());
  const auto at = moment(o.at);
  if (!at) return console.fail(at.error());
  const auto folder = read_collateral_folder(*cache);
  if (!folder) return console.fail(folder.error());
  Node entries = Node::array(), ignored = Node::array();
  for (const auto& entry : folder->entries) entries.add(node_of(entry, *at));
  for (const auto& error : folder->ignored) ignored.add(to_node(error));
  Node told = Node::object().set("cache", *cache).set("collateral", std::move(entries));
  if (!folder->ignored.empty()) told.set("ignored", std::move(ignored));
  console.result(told);
  return Exit::ok;
}

Exit show(const Console& console, const ListOptions& o, const std::string& config) {
  const auto cache = cache_of(o.cache, config);
  if (!cache) return console.fail(cache.error());
  const auto at = moment(o.at);
  if (!at) return console.fail(at.error());
  const auto folder = read_collateral_folder(*cache);
  if (!folder) return console.fail(folder.error());
  const auto status = std::ranges::find(folder->entries, o.name, &CollateralStatus::name);
  if (status == folder->entries.end())
    return console.fail(usage_error("there is no '" + o.name + "' in " + *cache +
                                    "; `seatls collateral list` tells "
                                    "what is"));
  if (status->error) return fail_input(console, *status->error);
  const auto text = collateral::Folder(*cache).read(o.name);
  if (!text || !*text) return console.fail(Error{Code::io, "cannot be read", o.name});
  const auto entry = collateral::read_entry(**text);
  if (!entry) return fail_input(console, entry.error());
  Node told = node_of(*status, *at);
  if (!entry->issuer_chain.empty()) {
    Node chain = Node::array();
    if (const auto certificates = crypto::parse_pem_certificates(entry->issuer_chain))
      for (const auto& certificate : *certificates) chain.add(certificate.subject());
    told.set("issuer_chain", std::move(chain));
  }
  told.set("content", entry->content);
  console.result(told);
  return Exit::ok;
}

void add_list(Program& program, CLI::App& parent) {
  auto& verb =
      program.verb("list", "what a folder holds, for which platforms, and until when",
                   "  seatls collateral list --cache collateral --at 2026-12-24T00:00:00Z\n", &parent);
  auto o = std::make_shared<ListOptions>();
  auto& one = program.verb("show", "one of them, with its content and its signers",
                           "  seatls collateral show qe-identity.tdx --cache collateral\n", &parent);
  one.add_option("NAME", o->name, "its name, as `list` tells it")->type_name("NAME")->required();
  for (auto* both : {&verb, &one}) {
    both->add_option("--cache", o->cache,
                     "the folder (default: that of --config, else ~/.cache/seatls/collateral)")
        ->type_name("DIR");
    both->add_option("--at", o->at, "the moment that `holds` is about (default: now)")->type_name("RFC3339");
  }
  program.on(verb,
             [&program, o](const Console& console) { return list(console, *o, program.common().config); });
  program.on(one,
             [&program, o](const Console& console) { return show(console, *o, program.common().config); });
}

}  // namespace

void add_collateral(Program& program) {
  auto& verb = program.verb("collateral", "what makers of TEEs publish about platforms: fetch it, look at it",
                            "  seatls collateral prefetch --evidence server.cmw --cache collateral\n"
                            "  seatls collateral list --cache collateral\n");
  verb.require_subcommand(1);
  add_prefetch(program, verb);
  add_list(program, verb);
}

}  // namespace seatls::cli
