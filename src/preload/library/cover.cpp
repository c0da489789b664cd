#include "preload/library/cover.h"

#include <openssl/err.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "preload/library/ours.h"
#include "preload/library/watch.h"
#include "preload/remote.h"
#include "stack/openssl/roles.h"

namespace seatls::preload {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds patience{5000};

// Read when the library is loaded: programs clear their environment later (nginx does).
std::optional<Address> read_helper() {
  const char* text = std::getenv(helper_variable);
  return text != nullptr ? Address::parse(text) : std::nullopt;
}
const std::optional<Address> helper_at_start = read_helper();

// Asked once; a fork may come at any time, so without a lock. Never freed.
std::atomic<const Settings*> known_settings = nullptr;

Result<const Settings*> settings() {
  if (const auto* known = known_settings.load()) return known;
  if (!helper())
    return Error{Code::misuse,
                 std::string("libseatls-preload.so is loaded and ") + helper_variable +
                     " is not set; start the program with `seatls exec`",
                 {}};
  SEATLS_TRY(Answer answer, ask(*helper(), AskSettings{}, patience));
  auto* told = std::get_if<Settings>(&answer);
  if (told == nullptr) return Error{Code::malformed, "the helper answered another question", {}};
  auto fresh = std::make_unique<const Settings>(std::move(*told));
  const Settings* expected = nullptr;
  if (known_settings.compare_exchange_strong(expected, fresh.get())) return fresh.release();
  return expected;
}

void free_kept(void*, void* kept, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<Kept*>(kept); }

int index() {
  static const int value = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_kept);
  return value;
}

Result<void> use_suites(SSL_CTX* ctx, const std::optional<RoleSettings>& role) {
  if (!role || role->suites.empty()) return {};
  std::string list;
  for (const auto& suite : role->suites) list += (list.empty() ? "" : ":") + suite;
  if (SSL_CTX_set_ciphersuites(ctx, list.c_str()) == 1) return {};
  return Error{Code::configuration, "the suites cannot be used: " + list, "endpoint.suites"};
}

Result<void> attach_to(SSL_CTX* ctx) {
  SEATLS_TRY(const Settings* const known, settings());
  openssl::Roles roles;
  roles.danger_other_plain = known->danger_other_plain;
  if (known->client) roles.client = config_of(*helper(), Role::client, *known->client);
  if (known->server) roles.server = config_of(*helper(), Role::server, *known->server);
  const Ours ours;
  SEATLS_CHECK(use_suites(ctx, known->client));
  SEATLS_CHECK(use_suites(ctx, known->server));
  auto kept = std::make_unique<Kept>();
  if (SSL_CTX_set_ex_data(ctx, index(), kept.get()) != 1) return Error{Code::crypto, "out of memory", {}};
  std::ignore = kept.release();
  return openssl::attach(ctx, std::move(roles), {forward_message});
}

}  // namespace

const std::optional<Address>& helper() { return helper_at_start; }

const RoleSettings* settings_of_role(Role role) {
  const Settings* known = known_settings.load();
  if (known == nullptr) return nullptr;
  const auto& found = role == Role::client ? known->client : known->server;
  return found ? &*found : nullptr;
}

Kept* kept_of(const SSL_CTX* ctx) { return static_cast<Kept*>(SSL_CTX_get_ex_data(ctx, index())); }

bool cover(SSL_CTX* ctx) {
  if (openssl::Attachment::of(ctx) != nullptr) return true;
  const auto attached = attach_to(ctx);
  if (!attached) refuse(nullptr, attached.error());
  return attached.ok();
}

void raise(const Error& error) {
  ERR_raise_data(ERR_LIB_SSL, SSL_R_CALLBACK_FAILED, "seatls: %s: %s", std::string(name(error.code)).c_str(),
                 error.message().c_str());
}

void tell(const Event& event) {
  if (helper() && ask(*helper(), Tell{event}, patience)) return;
  if (!event.refused) return;
  const std::string line = "seatls exec: refused: " + event.refused->message() + "\n";
  std::ignore = ::write(STDERR_FILENO, line.data(), line.size());
}

void refuse(const SSL* ssl, const Error& error) {
  Event event;
  event.refused = error;
  if (ssl != nullptr) {
    event.role = openssl::role_of(ssl);
    event.address = address_of(ssl);
  }
  tell(event);
  raise(error);
}

// The program's callback may verify as it likes, and refuse; that the chain holds is found out beside it.
int verify_chain(X509_STORE_CTX* given, void*) {
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(given, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const Kept* kept = kept_of(SSL_get_SSL_CTX(ssl));
  if (kept == nullptr || kept->verify == nullptr) return X509_verify_cert(given);
  const auto theirs = [&] { return kept->verify.load()(given, kept->verify_arg.load()); };
  const RoleSettings* role = settings_of_role(openssl::role_of(ssl));
  if (openssl::Attachment::passes(ssl) || role == nullptr || !role->require) return theirs();

  X509_STORE_CTX* own = X509_STORE_CTX_new();
  const bool ready =
      own != nullptr &&
      X509_STORE_CTX_init(own, X509_STORE_CTX_get0_store(given), X509_STORE_CTX_get0_cert(given),
                          X509_STORE_CTX_get0_untrusted(given)) == 1 &&
      X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(own), X509_STORE_CTX_get0_param(given)) == 1 &&
      X509_STORE_CTX_set_ex_data(own, SSL_get_ex_data_X509_STORE_CTX_idx(), ssl) == 1;
  bool holds = false;
  if (ready) {
    X509_STORE_CTX_set_verify_cb(own, X509_STORE_CTX_get_verify_cb(given));
    holds = X509_verify_cert(own) == 1;
  }
  if (!holds) X509_STORE_CTX_set_error(given, ready ? X509_STORE_CTX_get_error(own) : X509_V_ERR_OUT_OF_MEM);
  X509_STORE_CTX_free(own);
  return holds ? theirs() : 0;
}

}  // namespace seatls::preload
