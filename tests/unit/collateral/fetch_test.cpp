// Addresses, attempts, redirections, and answers that are something else.
#include "collateral/fetch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/collateral/services.h"

namespace seatls::collateral {
namespace {

using appraise::AmdChainOf;
using appraise::AmdCrlOf;
using appraise::IntelRootCrl;
using appraise::PckCa;
using appraise::PckCrlOf;
using appraise::QeIdentityOf;
using appraise::TcbInfoOf;
using appraise::VcekOf;
using appraise::intel::Tee;
using appraise::snp::SigningKey;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Time now = std::chrono::floor<seconds>(std::chrono::system_clock::now());
const TcbInfoOf tcb_info{Tee::tdx, {0x51, 0x4d, 0x55, 0x4c, 0, 0}};

struct Fetching : ::testing::Test {
  Fetching() {
    options.pcs = pcs_url;
    options.kds = kds_url;
    serve_intel(*http, attest::simulated::IntelPlatform::make({}).value().collateral());
  }
  [[nodiscard]] Fetcher fetcher() {
    auto made = Fetcher::make(options, http).value();
    made.pause = [this](milliseconds time) { pauses.push_back(time); };
    return made;
  }
  [[nodiscard]] Fetched fetch(const Item& item = tcb_info) {
    return fetcher().fetch(item, Steady::now() + options.budget, now);
  }
  // error fetches what cannot be had, and returns why.
  [[nodiscard]] std::string error(const Item& item = tcb_info) {
    const auto fetched = fetch(item);
    EXPECT_FALSE(fetched.entry);
    EXPECT_EQ(fetched.failure.error.code, Code::collateral_missing);
    return fetched.failure.error.detail;
  }

  std::shared_ptr<FakeHttp> http = std::make_shared<FakeHttp>();
  CollateralOptions options;
  std::vector<milliseconds> pauses;
  const std::string url = intel_urls().tcb;
};

TEST(Addresses, AreThoseThatIntelAndAmdPublish) {
  const CollateralOptions defaults;
  const auto f = Fetcher::make(defaults, nullptr).value();
  EXPECT_EQ(f.url_of(TcbInfoOf{Tee::tdx, {0, 0x80, 0x6f, 5, 0, 0}}),
            "https://api.trustedservices.intel.com/tdx/certification/v4/tcb?fmspc=00806f050000");
  EXPECT_EQ(f.url_of(TcbInfoOf{Tee::sgx, {0, 0x90, 0x6e, 0xa1, 0, 0}}),
            "https://api.trustedservices.intel.com/sgx/certification/v4/tcb?fmspc=00906ea10000");
  EXPECT_EQ(f.url_of(QeIdentityOf{Tee::tdx}),
            "https://api.trustedservices.intel.com/tdx/certification/v4/qe/identity");
  EXPECT_EQ(f.url_of(PckCrlOf{PckCa::processor}),
            "https://api.trustedservices.intel.com/sgx/certification/v4/pckcrl?ca=processor&encoding=der");
  EXPECT_EQ(f.url_of(IntelRootCrl{}), "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der");
  const Bytes chip(64, 0xab);
  const SnpTcb level{.fmc = 1, .bootloader = 4, .tee = 0, .snp = 24, .microcode = 219};
  EXPECT_EQ(f.url_of(VcekOf{SnpProduct::milan, chip, level}), "https://kdsintf.amd.com/vcek/v1/Milan/" +
                                                                  base::to_hex(chip) +
                                                                  "?blSPL=4&teeSPL=0&snpSPL=24&ucodeSPL=219");
  EXPECT_EQ(f.url_of(VcekOf{SnpProduct::turin, Bytes(8, 0xab), level}),
            "https://kdsintf.amd.com/vcek/v1/Turin/"
            "abababababababab?fmcSPL=1&blSPL=4&teeSPL=0&snpSPL=24&ucodeSPL=219");
  EXPECT_EQ(f.url_of(AmdChainOf{SnpProduct::genoa, SigningKey::vlek}),
            "https://kdsintf.amd.com/vlek/v1/Genoa/cert_chain");
  EXPECT_EQ(f.url_of(AmdCrlOf{SnpProduct::genoa, SigningKey::vcek}),
            "https://kdsintf.amd.com/vcek/v1/Genoa/crl");
}

TEST(Addresses, APccsIsNamedWithOrWithoutItsPath) {
  for (const char* url : {"https://pccs.example:8081", "https://pccs.example:8081/",
                          "https://pccs.example:8081/sgx/certification/v4/"}) {
    CollateralOptions o;
    o.pcs = url;
    const auto f = Fetcher::make(o, nullptr).value();
    EXPECT_EQ(f.url_of(QeIdentityOf{Tee::sgx}), "https://pccs.example:8081/sgx/certification/v4/qe/identity");
    EXPECT_EQ(f.url_of(IntelRootCrl{}), "https://pccs.example:8081/sgx/certification/v4/rootcacrl");
    o.intel_root_crl = "https://mirror.example/root.crl";
    EXPECT_EQ(Fetcher::make(o, nullptr).value().url_of(IntelRootCrl{}), "https://mirror.example/root.crl");
  }
}

TEST(Addresses, PlainHttpIsForThisMachineAlone) {
  for (const char* url :
       {"http://127.0.0.1:80", "http://localhost/x", "http://[::1]:8080/", "https://anywhere.example"})
    EXPECT_TRUE(net::check_url(url, false)) << url;
  for (const char* url :
       {"http://pccs.example", "http://127.0.0.1.example", "http://localhost.example",
        "http://127.example:80", "http://10.0.0.1", "http://[::2]/", "http://user@127.0.0.1/"})
    EXPECT_FALSE(net::check_url(url, false)) << url;
  EXPECT_TRUE(net::check_url("http://pccs.example", true));
  for (const char* url : {"", "pccs.example", "file:///etc/passwd", "ftp://pccs.example", "https://",
                          "https://a b", "https://x@y"})
    EXPECT_FALSE(net::check_url(url, true)) << url;
  CollateralOptions o;
  o.kds = "http://kds.example";
  EXPECT_EQ(Fetcher::make(o, nullptr).error().code, Code::configuration);
  o.danger_plain_http = true;
  EXPECT_TRUE(Fetcher::make(o, nullptr));
}

TEST_F(Fetching, AnAnswerBecomesAnEntry) {
  const auto fetched = fetch();
  ASSERT_TRUE(fetched.entry) << fetched.failure.error.message();
  EXPECT_EQ(fetched.entry->name, "tcb-info.tdx.514d554c0000");
  EXPECT_EQ(fetched.entry->source, url);
  EXPECT_EQ(fetched.entry->fetched, now);
  EXPECT_THAT(fetched.entry->issuer_chain, HasSubstr("-----BEGIN CERTIFICATE-----"));
  EXPECT_EQ(fetched.entry->content, text(http->response(url).body)) << "byte for byte";
  for (const Item& item :
       {Item(QeIdentityOf{Tee::tdx}), Item(PckCrlOf{PckCa::platform}), Item(IntelRootCrl{})})
    EXPECT_TRUE(fetch(item).entry) << name_of(item);
  EXPECT_TRUE(pauses.empty());
}

TEST_F(Fetching, WhatPassesIsTriedAgain) {
  int count = 0;
  const auto good = http->response(url);
  http->serve(url, [&](const std::string&) -> Result<HttpResponse> {
    ++count;
    if (count == 1) return Error{Code::network, "connection reset", "http"};
    if (count == 2) return status(503);
    return good;
  });
  EXPECT_TRUE(fetch().entry);
  ASSERT_EQ(pauses.size(), 2U);
  EXPECT_GE(pauses[0], milliseconds(100));
  EXPECT_GE(pauses[1], milliseconds(200)) << "it grows";
  EXPECT_LE(pauses[1], milliseconds(601));
}

TEST_F(Fetching, WhatDoesNotPassIsGivenUp) {
  http->serve(url, status(500));
  const auto told = error();
  EXPECT_EQ(http->asked(url), 3U);
  EXPECT_THAT(told, HasSubstr(url));
  EXPECT_THAT(told, HasSubstr("status 500 (3 attempts)"));
  options.retries = 0;
  http->forget();
  EXPECT_THAT(error(), HasSubstr("(1 attempt)"));
  EXPECT_EQ(http->asked(url), 1U);
}

TEST_F(Fetching, TimeOutsAreToldAsSuch) {
  http->serve(url, [](const std::string&) {
    return Error{Code::timed_out, "no whole answer within 5000 ms", "http"};
  });
  EXPECT_THAT(error(), HasSubstr("5000 ms (3 attempts)"));
  EXPECT_EQ(http->last_timeout(), options.timeout);
}

TEST_F(Fetching, TheBudgetEndsItEarly) {
  options.budget = milliseconds(1);
  http->serve(url, status(503));
  EXPECT_THAT(error(), HasSubstr("(1 attempt)"));
  EXPECT_LE(http->last_timeout(), milliseconds(1));
}

TEST_F(Fetching, WithoutTimeNothingIsAsked) {
  const auto fetched = fetcher().fetch(tcb_info, Steady::now(), now);
  EXPECT_FALSE(fetched.entry);
  EXPECT_EQ(http->asked(), 0U);
  EXPECT_EQ(fetched.failure.not_before, milliseconds(0)) << "it may be asked for again at once";
  EXPECT_THAT(fetched.failure.error.detail, HasSubstr("8000 ms"));
}

TEST_F(Fetching, NoIsNoAndIsNotAskedAgain) {
  for (const unsigned code : {400U, 401U, 404U, 410U}) {
    http->serve(url, status(code));
    http->forget();
    EXPECT_THAT(error(), HasSubstr("status " + std::to_string(code)));
    EXPECT_EQ(http->asked(url), 1U);
  }
}

TEST_F(Fetching, AServerSaysWhenToComeAgain) {
  const auto good = http->response(url);
  int count = 0;
  http->serve(url, [&](const std::string&) {
    return count++ == 0 ? status(429, {{"retry-after", "2"}}) : good;
  });
  EXPECT_TRUE(fetch().entry);
  EXPECT_THAT(pauses, ElementsAre(milliseconds(2000)));
  // Later than anybody waits: it is left alone for so long.
  http->serve(url, status(429, {{"retry-after", "120"}}));
  const auto fetched = fetch();
  EXPECT_FALSE(fetched.entry);
  EXPECT_EQ(fetched.failure.not_before, seconds(120));
  for (const char* odd : {"999999999", "soon", "-1", "Wed, 21 Oct 2026 07:28:00 GMT", ""}) {
    http->serve(url, status(429, {{"retry-after", odd}}));
    EXPECT_LE(fetch().failure.not_before, seconds(600)) << odd;
  }
}

TEST_F(Fetching, RedirectionsAreFollowedWhereNothingIsLost) {
  const auto good = http->response(url);
  const auto redirect = [&](const std::string& from, const std::string& to) {
    auto r = status(302);
    r.location = to;
    http->serve(from, r);
  };
  const std::string other = "http://127.0.0.1:3/elsewhere";
  redirect(url, other);
  http->serve(other, good);
  EXPECT_TRUE(fetch().entry);
  http->serve("https://pcs.example/x", good);
  redirect(url, "https://pcs.example/x");
  EXPECT_TRUE(fetch().entry) << "better is allowed";
  for (const char* worse : {"http://pcs.example/x", "ftp://127.0.0.1/x", "file:///etc/passwd", ""}) {
    redirect(url, worse);
    EXPECT_THAT(error(), HasSubstr("not followed")) << worse;
  }
  redirect(url, "https://pcs.example/x");
  redirect("https://pcs.example/x", "http://127.0.0.1:3/elsewhere");
  EXPECT_THAT(error(), HasSubstr("not followed")) << "https does not go on as http, be it to this machine";
  redirect(url, url);
  EXPECT_THAT(error(), HasSubstr("more than 3 times"));
}

TEST_F(Fetching, OtherContentIsNoCollateral) {
  const auto good = http->response(url);
  const auto with = [&](const std::string& body) {
    auto r = good;
    r.body = bytes(view(body));
    http->serve(url, r);
  };
  const std::string body = text(good.body);
  for (const std::string& wrong :
       {std::string(), std::string("<html>"), std::string("{}"), body.substr(0, body.size() / 2), body + "x",
        std::string(R"({"enclaveIdentity":{},"signature":""})"), std::string(R"({"tcbInfo":{}})"),
        std::string(R"({"tcbInfo":[],"signature":""})")}) {
    with(wrong);
    http->forget();
    EXPECT_THAT(error(), HasSubstr("something else")) << wrong.substr(0, 60);
    EXPECT_EQ(http->asked(url), 1U);
  }
  auto bare = good;
  bare.headers.clear();
  http->serve(url, bare);
  EXPECT_THAT(error(), HasSubstr("tcb-info-issuer-chain"));
  auto older = good;
  older.headers.front().first = "sgx-tcb-info-issuer-chain";
  http->serve(url, older);
  EXPECT_TRUE(fetch().entry);
  for (const char* chain : {"%", "%2", "%zz", "none"}) {
    auto broken = good;
    broken.headers.front().second = chain;
    http->serve(url, broken);
    EXPECT_THAT(error(), HasSubstr("something else")) << chain;
  }
  for (const Item& item :
       {Item(QeIdentityOf{Tee::tdx}), Item(PckCrlOf{PckCa::platform}), Item(IntelRootCrl{}),
        Item(AmdChainOf{}), Item(AmdCrlOf{}), Item(VcekOf{SnpProduct::milan, Bytes(64, 1), {}})}) {
    http->instead([&](const std::string&) { return answer(bytes(view("<html>"))); });
    EXPECT_THAT(error(item), HasSubstr("something else")) << name_of(item);
  }
}

TEST_F(Fetching, AnAnswerThatIsTooLargeIsNotAskedForAgain) {
  http->serve(url, [](const std::string&) {
    return Error{Code::limit_exceeded, "answers with more than 4194304 bytes", "http"};
  });
  EXPECT_THAT(error(), HasSubstr("4194304"));
  EXPECT_EQ(http->asked(url), 1U);
}

TEST(Options, ThatMakeNoSenseAreRefused) {
  CollateralOptions o;
  o.timeout = milliseconds(0);
  EXPECT_EQ(Fetcher::make(o, nullptr).error().code, Code::configuration);
  o = {};
  o.retries = 11;
  EXPECT_FALSE(Fetcher::make(o, nullptr));
  o = {};
  o.ca_pem = "rubbish";
  EXPECT_FALSE(Fetcher::make(o, nullptr));
  o = {};
  o.intel_root_crl = "http://mirror.example/";
  EXPECT_FALSE(Fetcher::make(o, nullptr));
}

}  // namespace
}  // namespace seatls::collateral
