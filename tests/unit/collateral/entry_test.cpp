// What is kept of an answer: whether it is what was asked for, and who signed it.
#include "collateral/entry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
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
using attest::simulated::IntelPlatform;
using attest::simulated::SnpMachine;
using std::chrono::hours;
using ::testing::HasSubstr;

const Time now = base::system_clock()();
constexpr SnpTcb level{.fmc = 0, .bootloader = 4, .tee = 0, .snp = 24, .microcode = 219};

TEST(Documents, TheSignedTextIsCutOutAsItStands) {
  const std::string inner = R"({ "a" : "}{\"" , "b":[{}, {"signature":"x"}]  })";
  for (const std::string& whole : {R"({"tcbInfo":)" + inner + R"(,"signature":"ab"})",
                                   "\n{ \"tcbInfo\" : " + inner + " , \"signature\" : \"ab\" }\n",
                                   R"({"signature":"ab","tcbInfo":)" + inner + "}",
                                   "{ \"signature\" : \"ab\" , \"tcbInfo\" : " + inner + "}"}) {
    const auto split = split_document(whole, "tcbInfo");
    ASSERT_TRUE(split) << whole << split.error().message();
    EXPECT_EQ(split->raw, inner) << whole;
    EXPECT_EQ(split->signature, "ab");
  }
  for (const std::string& wrong :
       {std::string(), std::string("{}"), std::string(inner), R"({"tcbInfo":)" + inner + "}",
        std::string(R"({"tcbInfo":[],"signature":"ab"})"), R"({"tcbInfo":)" + inner + R"(,"signature":1})",
        R"({"tcbInfo":)" + inner + R"(,"signature":"ab","more":1})",
        R"({"tcbInfo":)" + inner + R"(,"tcbInfo":{},"signature":"ab"})",
        std::string(R"({"signature":"a,\"tcbInfo\":{","tcbInfo":1})"),
        std::string(R"({"signature":"ab","tcbInfo":{})")})
    EXPECT_FALSE(split_document(wrong, "tcbInfo")) << wrong;
}

TEST(Entries, AreWrittenAndRead) {
  const Entry e{.name = "n",
                .what = "w \"quoted\"",
                .source = "s",
                .fetched = now,
                .issuer_chain = "-\n-",
                .content = "{}"};
  const auto read = read_entry(write_entry(e).value());
  ASSERT_TRUE(read);
  EXPECT_EQ(std::tie(read->name, read->what, read->source, read->fetched, read->issuer_chain, read->content),
            std::tie(e.name, e.what, e.source, e.fetched, e.issuer_chain, e.content));
  const auto text = write_entry(e).value();
  for (std::size_t n = 0; n < text.size(); ++n)
    EXPECT_FALSE(read_entry(std::string_view(text).substr(0, n))) << n;
  EXPECT_FALSE(read_entry(R"({"format":"seatls-collateral-2"})"));
}

struct Intel : ::testing::Test {
  Intel() { serve_intel(http, platform.collateral()); }

  static SimulatedTdxOptions options() {
    SimulatedTdxOptions o;
    o.clock = [] { return now; };
    o.collateral_lifetime = hours(24 * 20);
    return o;
  }
  // entry is what the service answers at `url`, after an edit.
  [[nodiscard]] Entry entry(const Item& item, const std::string& url,
                            const std::function<void(HttpResponse&)>& edit = {}) const {
    auto response = http.response(url);
    if (edit) edit(response);
    return entry_of(item, response).value();
  }
  [[nodiscard]] Result<Checked> check(const Item& item, Entry e, Time at = now) const {
    return check_entry(std::move(e), item, trust, at);
  }

  IntelPlatform platform = IntelPlatform::make(options()).value();
  FakeHttp http;
  Trust trust = trust_of({bytes(platform.root().der())});
  const IntelUrls urls = intel_urls();
  const TcbInfoOf tcb_info{Tee::tdx, {0x51, 0x4d, 0x55, 0x4c, 0, 0}};
};

TEST_F(Intel, EachItemIsWhatWasAskedFor) {
  for (const auto& [item, url] :
       {std::pair{Item(tcb_info), urls.tcb}, std::pair{Item(QeIdentityOf{Tee::tdx}), urls.qe},
        std::pair{Item(PckCrlOf{PckCa::platform}), urls.pck_crl},
        std::pair{Item(IntelRootCrl{}), urls.root_crl}}) {
    const auto checked = check(item, entry(item, url));
    ASSERT_TRUE(checked) << name_of(item) << checked.error().message();
    EXPECT_LE(checked->from, now);
    EXPECT_EQ(checked->until, now - hours(1) + hours(24 * 20)) << name_of(item);
  }
}

TEST_F(Intel, AnotherPlatformsIsRefused) {
  const auto served = entry(tcb_info, urls.tcb);
  EXPECT_THAT(check(TcbInfoOf{Tee::tdx, {0x51, 0x4d, 0x55, 0x4c, 0, 1}}, served).error().detail,
              HasSubstr("514d554c0000"));
  EXPECT_THAT(check(TcbInfoOf{Tee::sgx, tcb_info.fmspc}, served).error().detail, HasSubstr("is for TDX"));
  EXPECT_THAT(check(QeIdentityOf{Tee::sgx}, entry(QeIdentityOf{Tee::tdx}, urls.qe)).error().detail,
              HasSubstr("TD_QE"));
  EXPECT_THAT(
      check(PckCrlOf{PckCa::processor}, entry(PckCrlOf{PckCa::platform}, urls.pck_crl)).error().detail,
      HasSubstr("Platform CA"));
  EXPECT_FALSE(check(IntelRootCrl{}, entry(PckCrlOf{PckCa::platform}, urls.pck_crl)));
  EXPECT_FALSE(check(PckCrlOf{PckCa::platform}, [&] {
    auto e = entry(PckCrlOf{PckCa::platform}, urls.pck_crl);
    e.content = entry(IntelRootCrl{}, urls.root_crl).content;
    return e;
  }()));
}

TEST_F(Intel, AnyChangeOfWhatIsSignedIsSeen) {
  for (const auto& [item, url] :
       {std::pair{Item(tcb_info), urls.tcb}, std::pair{Item(QeIdentityOf{Tee::tdx}), urls.qe}}) {
    auto changed = entry(item, url);
    const auto at = changed.content.find("UpToDate");
    ASSERT_NE(at, std::string::npos);
    changed.content.insert(at - 1, " ");  // means the same, and is another text
    const auto checked = check(item, changed);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, Code::collateral_invalid);
    EXPECT_THAT(checked.error().detail, HasSubstr("signature"));
  }
  for (const auto& [item, url] : {std::pair{Item(PckCrlOf{PckCa::platform}), urls.pck_crl},
                                  std::pair{Item(IntelRootCrl{}), urls.root_crl}}) {
    auto changed = entry(item, url);
    changed.content.back() = changed.content.back() == '0' ? '1' : '0';
    EXPECT_EQ(check(item, changed).error().code, Code::collateral_invalid);
  }
}

TEST_F(Intel, RootsThatNobodyNamedAreNone) {
  trust = {};
  for (const auto& [item, url] :
       {std::pair{Item(tcb_info), urls.tcb}, std::pair{Item(QeIdentityOf{Tee::tdx}), urls.qe},
        std::pair{Item(PckCrlOf{PckCa::platform}), urls.pck_crl},
        std::pair{Item(IntelRootCrl{}), urls.root_crl}})
    EXPECT_EQ(check(item, entry(item, url)).error().code, Code::collateral_invalid) << name_of(item);
  // A certificate that does not say it is simulated is no simulated root.
  const auto key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  const auto own = crypto::make_self_signed({.common_name = "My Root", .is_ca = true}, key).value();
  EXPECT_TRUE(trust_of({bytes(own.der()), Bytes(5, 1)}).simulated_roots.empty());
}

TEST_F(Intel, TheSignerHasItsName) {
  // The chain of the revocation list vouches for the PCK CA, and not for who signs TCB info.
  auto e = entry(tcb_info, urls.tcb);
  e.issuer_chain = entry(PckCrlOf{PckCa::platform}, urls.pck_crl).issuer_chain;
  EXPECT_THAT(check(tcb_info, e).error().detail, HasSubstr("Platform CA"));
}

TEST_F(Intel, OutsideOfItsTimeItIsStale) {
  for (const auto& [item, url] :
       {std::pair{Item(tcb_info), urls.tcb}, std::pair{Item(QeIdentityOf{Tee::tdx}), urls.qe},
        std::pair{Item(PckCrlOf{PckCa::platform}), urls.pck_crl},
        std::pair{Item(IntelRootCrl{}), urls.root_crl}}) {
    EXPECT_EQ(check(item, entry(item, url), now + hours(24 * 20)).error().code, Code::collateral_stale)
        << name_of(item);
    EXPECT_TRUE(check(item, entry(item, url), now + hours(24 * 19))) << name_of(item);
  }
  EXPECT_FALSE(check(IntelRootCrl{}, entry(IntelRootCrl{}, urls.root_crl), now - hours(2))) << "not yet";
}

struct Amd : ::testing::Test {
  static SimulatedSnpOptions options(SnpProduct product = SnpProduct::genoa) {
    SimulatedSnpOptions o;
    o.product = product;
    o.tcb = level;
    if (product == SnpProduct::turin) o.tcb.fmc = 1;
    return o;
  }
  Amd() { serve_amd(http, machine, now); }
  [[nodiscard]] Entry entry(const Item& item, const std::string& url) const {
    return entry_of(item, http.response(url)).value();
  }
  [[nodiscard]] Result<Checked> check(const Item& item, Entry e) const {
    return check_entry(std::move(e), item, trust, now);
  }

  SnpMachine machine = SnpMachine::make(options()).value();
  FakeHttp http;
  Trust trust = [&] {
    Trust t = trust_of({bytes(machine.ark().der())});
    t.issuers = {bytes(machine.ask().der())};
    return t;
  }();
  const AmdUrls urls = amd_urls(machine.options());
  const VcekOf vcek{SnpProduct::genoa, Bytes(64, 0xC1), level};
};

TEST_F(Amd, EachItemIsWhatWasAskedFor) {
  EXPECT_TRUE(check(vcek, entry(vcek, urls.vcek)));
  const AmdChainOf chain{SnpProduct::genoa, SigningKey::vcek};
  const auto checked = check(chain, entry(chain, urls.chain));
  ASSERT_TRUE(checked) << checked.error().message();
  EXPECT_EQ(checked->ders.size(), 2U);
  const AmdCrlOf crl{SnpProduct::genoa, SigningKey::vcek};
  EXPECT_TRUE(check(crl, entry(crl, urls.crl)));
}

TEST_F(Amd, ACertificateOfAnotherChipOrLevelIsRefused) {
  const auto served = entry(vcek, urls.vcek);
  auto other = vcek;
  other.hwid[5] ^= 1;
  EXPECT_THAT(check(other, served).error().detail, HasSubstr("is of the Genoa chip"));
  for (auto* component : {&other.tcb.bootloader, &other.tcb.tee, &other.tcb.snp, &other.tcb.microcode}) {
    other = vcek;
    *component += 1;
    EXPECT_EQ(check(other, served).error().code, Code::collateral_invalid);
    *component -= 1;
  }
  other = vcek;
  other.product = SnpProduct::milan;
  EXPECT_FALSE(check(other, served));
}

TEST_F(Amd, WhatNobodyVouchesForIsRefused) {
  trust.issuers.clear();
  EXPECT_FALSE(check(vcek, entry(vcek, urls.vcek))) << "no ASK is known";
  trust = {};
  const AmdChainOf chain{SnpProduct::genoa, SigningKey::vcek};
  const AmdCrlOf crl{SnpProduct::genoa, SigningKey::vcek};
  EXPECT_FALSE(check(chain, entry(chain, urls.chain)));
  EXPECT_FALSE(check(crl, entry(crl, urls.crl)));
  trust = trust_of({bytes(machine.ark().der())});
  EXPECT_FALSE(check(AmdCrlOf{SnpProduct::milan, SigningKey::vcek}, entry(crl, urls.crl)))
      << "a root is of one product";
  EXPECT_FALSE(check(AmdChainOf{SnpProduct::genoa, SigningKey::vlek}, entry(chain, urls.chain)))
      << "an ASK is no ASVK";
}

TEST_F(Amd, NamesOfItemsAreNamesOfFiles) {
  for (const auto product : {SnpProduct::milan, SnpProduct::genoa, SnpProduct::turin})
    for (const Item& item :
         {Item(VcekOf{product, Bytes(64, 0xff), {255, 255, 255, 255, 255}}), Item(AmdChainOf{product, {}}),
          Item(AmdCrlOf{product, {}}), Item(TcbInfoOf{}), Item(IntelRootCrl{})}) {
      const auto name = name_of(item);
      EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-"), std::string::npos) << name;
      EXPECT_LE(name.size(), 200U) << name;
    }
}

}  // namespace
}  // namespace seatls::collateral
