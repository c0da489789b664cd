// The whole file: what a caller gets, with which error code, and the TLS context of it.
#include <openssl/ssl.h>

#include <memory>

#include "config/schema.h"
#include "unit/config/fixture.h"

namespace seatls::config {
namespace {

using ::testing::HasSubstr;

struct FreeContext {
  void operator()(SSL_CTX* ctx) const { SSL_CTX_free(ctx); }
};
using ContextPtr = std::unique_ptr<SSL_CTX, FreeContext>;

class Load : public ConfigTest {
 protected:
  Result<LoadedConfig> load(const std::string& toml) const {
    files.write("seatls.toml", toml);
    return load_config(files.path("seatls.toml"));
  }
  static ContextPtr context(const LoadedConfig& loaded) {
    auto made = openssl::make_context(loaded);
    EXPECT_TRUE(made.ok()) << (made ? "" : made.error().message());
    return ContextPtr(made ? *made : nullptr);
  }
};

TEST_F(Load, AGoodFileIsLoaded) {
  EXPECT_TRUE(load(server_text).ok());
  EXPECT_TRUE(load(client_text).ok());
  std::string windows;
  for (const char c : server_text) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_TRUE(load(windows).ok());
}

TEST_F(Load, TheErrorListsEveryMistakeWithItsLine) {
  const auto loaded = load(
      "[endpoint]\nrole = \"sever\"\nlisten = 8443\nkeys = \"x\"\n[requir]\n[require]\naccept = [\"none\"]\n"
      "reattest = \"5m\"\n");
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, Code::configuration);
  EXPECT_EQ(loaded.error().path, files.path("seatls.toml"));
  for (const char* line : {"seatls.toml:2: endpoint.role: ", "seatls.toml:3: endpoint.listen: ",
                           "seatls.toml:4: endpoint.keys: ", "seatls.toml:5: requir: ",
                           "seatls.toml:7: require.accept: ", "seatls.toml:8: require.reattest: "})
    EXPECT_THAT(loaded.error().detail, HasSubstr(line));
}

TEST_F(Load, AFileThatCannotBeReadIsNoMistakeOfItsContent) {
  const auto loaded = load_config(files.path("none.toml"));
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, Code::io);
  EXPECT_THAT(loaded.error().detail, HasSubstr("seatls init"));
}

TEST_F(Load, AMissingFileIsTheEnvironmentsFaultUntilTheConfigurationIsWrongToo) {
  const auto missing = changed(client_text, "\"ca.pem\"", "\"none.pem\"");
  EXPECT_EQ(load(missing).error().code, Code::io);
  EXPECT_EQ(load(changed(missing, "\"warning\"", "\"good\"")).error().code, Code::configuration);
}

TEST_F(Load, NothingThatAFileSaysEndsInAnythingButMistakes) {
  // Every prefix, and every line left out: loaded or told, never thrown.
  for (const auto& whole : {server_text, client_text}) {
    for (std::size_t n = 0; n < whole.size(); n += 3) {
      const auto report = check(whole.substr(0, n));
      EXPECT_NE(report.loaded.has_value(), !report.mistakes.empty()) << whole.substr(0, n);
    }
    for (std::size_t at = 0; at < whole.size(); at = whole.find('\n', at) + 1) {
      const auto report = check(std::string(whole).erase(at, whole.find('\n', at) + 1 - at));
      EXPECT_NE(report.loaded.has_value(), !report.mistakes.empty());
    }
  }
}

TEST_F(Load, TheContextHoldsWhatTheConfigurationSays) {
  const auto loaded = good(changed(server_text, "ca =", "suites = [\"TLS_AES_128_GCM_SHA256\"]\nca ="));
  const auto ctx = context(loaded);
  ASSERT_TRUE(ctx);
  EXPECT_EQ(SSL_CTX_get_min_proto_version(ctx.get()), TLS1_3_VERSION);
  EXPECT_EQ(SSL_CTX_check_private_key(ctx.get()), 1);
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(ctx.get()), SSL_free);
  auto* suites = SSL_get1_supported_ciphers(ssl.get());
  ASSERT_EQ(sk_SSL_CIPHER_num(suites), 1);
  EXPECT_STREQ(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(suites, 0)), "TLS_AES_128_GCM_SHA256");
  sk_SSL_CIPHER_free(suites);
}

TEST_F(Load, PeersAreAskedForTheirCertificateAsIsDemanded) {
  const auto mode = [&](const std::string& toml) {
    return SSL_CTX_get_verify_mode(context(good(toml)).get());
  };
  EXPECT_EQ(mode(client_text), SSL_VERIFY_PEER);
  EXPECT_EQ(mode(server_text), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT);
  EXPECT_EQ(mode(changed(server_text, "\"required\"", "\"optional\"")), SSL_VERIFY_PEER);
  EXPECT_EQ(mode(server_text.substr(0, server_text.find("[require]"))), SSL_VERIFY_NONE);
}

TEST_F(Load, AContextIsRefusedWhenItsPartsDoNotFit) {
  auto loaded = good(server_text);
  loaded.key_pem.reset();
  EXPECT_FALSE(openssl::make_context(loaded).ok()) << "a certificate without a key";
  loaded = good(server_text);
  loaded.certificate_pem = "rubbish";
  const auto made = openssl::make_context(loaded);
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().detail, HasSubstr("certificate"));
  loaded = good(client_text);
  loaded.suites = {"TLS_NONE"};
  EXPECT_FALSE(openssl::make_context(loaded).ok());
}

}  // namespace
}  // namespace seatls::config
