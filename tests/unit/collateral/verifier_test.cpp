// The whole path: evidence, what it needs, the services, the folder, and the judgement.
#include "collateral/verifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "appraise/schemes/intel/quote.h"
#include "base/clock.h"
#include "crypto/hash.h"
#include "unit/collateral/services.h"

namespace seatls::collateral {
namespace {

namespace fs = std::filesystem;
using attest::simulated::IntelPlatform;
using attest::simulated::SnpMachine;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

const Time start = base::system_clock()();
constexpr SnpTcb level{.fmc = 0, .bootloader = 4, .tee = 0, .snp = 24, .microcode = 219};
const Bytes binder(32, 0xb1);

Bytes report_data() {
  Bytes out = binder;
  out.resize(64, 0);
  return out;
}

std::string reasons_of(const AttestationResult& result) {
  std::string out;
  for (const auto& r : result->reasons)
    out += std::string(name(r.code)) + (r.fatal ? "" : " (told)") + " at " + r.path + ": " + r.detail + "\n";
  return out;
}

bool refused_for(const AttestationResult& result, Code code) {
  return std::ranges::any_of(result->reasons, [&](const Reason& r) { return r.fatal && r.code == code; });
}

// World is a verifier, the services that it asks, and the folder.
struct World : ::testing::Test {
  World() {
    std::string name = (fs::temp_directory_path() / "seatls-collateral-XXXXXX").string();
    folder = ::mkdtemp(name.data());
    options.cache = (folder / "cache").string();
    options.pcs = pcs_url;
    options.kds = kds_url;
    options.retries = 0;
    options.refresh = hours(24);
  }
  ~World() override {
    verifier.reset();
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }

  // make makes a new verifier: another process, as far as its memory goes.
  void make() {
    LocalVerifierOptions local;
    local.clock = [this] { return now.load(); };
    local.evidence_cache = std::make_shared<EvidenceCache>();
    auto made = make_verifier({policy}, local, options, http, limits);
    ASSERT_TRUE(made) << made.error().message();
    verifier = std::move(*made);
  }

  [[nodiscard]] AppraisalRequest request(const Bytes& evidence) const {
    const auto type = SchemeTable::defaults().find(policy.schemes.front()).value();
    return {.scheme = {type},
            .credential = Cmw(CmwRecord{type, evidence, cmw_indicator::evidence}),
            .binder = danger::binder_from_bytes(binder, Hash::sha256, tik),
            .credential_digest = crypto::digest(Hash::sha256, evidence)};
  }
  [[nodiscard]] std::future<Result<AttestationResult>> later(const Bytes& evidence) {
    auto promise = std::make_shared<std::promise<Result<AttestationResult>>>();
    auto future = promise->get_future();
    verifier->appraise(request(evidence),
                       [promise](Result<AttestationResult> r) { promise->set_value(std::move(r)); });
    return future;
  }
  [[nodiscard]] AttestationResult judge(const Bytes& evidence) {
    auto future = later(evidence);
    if (future.wait_for(seconds(60)) != std::future_status::ready) throw std::runtime_error("no answer");
    return future.get().value();
  }

  fs::path folder;
  std::atomic<Time> now{start};
  CollateralOptions options;
  CollectorLimits limits;
  std::shared_ptr<FakeHttp> http = std::make_shared<FakeHttp>();
  Policy policy;
  Spki tik = crypto::PrivateKey::generate(crypto::KeyType::p256).value().public_key().spki();
  std::shared_ptr<Verifier> verifier;
};

#define EXPECT_ACCEPTED(result)                                           \
  do {                                                                    \
    const AttestationResult accepted_ = (result);                         \
    EXPECT_EQ(accepted_.first_fatal(), nullptr) << reasons_of(accepted_); \
  } while (false)

// ---- Intel -------------------------------------------------------------------------------------

struct Tdx : World {
  Tdx() {
    policy.id = "tdx";
    policy.schemes = {"tdx"};
    policy.tdx.tcb.collateral = {fetched_collateral()};
    const SimulatedTdxOptions o;
    const auto exactly = [](const Bytes& value) { return Expect<Bytes>(expect::Exactly<Bytes>{value}); };
    policy.tdx.mr_td = exactly(o.mr_td);
    for (std::size_t i = 0; i < 4; ++i) policy.tdx.rtmr[i] = exactly(o.rtmr[i]);
    policy.danger.simulated_roots = {bytes(platform.root().der())};
    serve_intel(*http, platform.collateral());
  }

  static IntelPlatform make_platform(Time at = start, hours lifetime = hours(24 * 20),
                                     SimulatedPlatform state = {}) {
    SimulatedTdxOptions o;
    o.clock = [at] { return at; };
    o.collateral_lifetime = lifetime;
    o.platform = std::move(state);
    return IntelPlatform::make(o).value();
  }
  // Evidence is never accepted twice: each quote is another one.
  [[nodiscard]] Bytes quote() const {
    return platform.quote(report_data(), [this](Bytes& out) { out.at(28) = ++made; }).value();  // user_data
  }
  [[nodiscard]] fs::path file(const std::string& name) const {
    return folder / "cache" / (name + ".collateral");
  }

  mutable std::uint8_t made = 0;
  IntelPlatform platform = make_platform();
  const std::string tcb_file = "tcb-info.tdx.514d554c0000";
};

TEST_F(Tdx, WhatIsNeededIsFetchedOnceAndKept) {
  make();
  const auto first = judge(quote());
  EXPECT_ACCEPTED(first);
  EXPECT_EQ(first.tier(), Tier::warning);
  EXPECT_EQ(http->asked(), 4U);
  EXPECT_ACCEPTED(judge(quote()));
  EXPECT_EQ(http->asked(), 4U) << "from memory";
  make();
  auto future = later(quote());
  ASSERT_EQ(future.wait_for(seconds(0)), std::future_status::ready)
      << "what is in the folder is judged at once";
  EXPECT_ACCEPTED(future.get().value());
  EXPECT_EQ(http->asked(), 4U) << "from the folder";
}

TEST_F(Tdx, WithoutAFolderMemoryServes) {
  options.cache.clear();
  make();
  EXPECT_ACCEPTED(judge(quote()));
  EXPECT_ACCEPTED(judge(quote()));
  EXPECT_EQ(http->asked(), 4U);
}

TEST_F(Tdx, AFolderThatCannotBeWrittenKeepsNobodyOut) {
  std::ofstream(folder / "cache") << "a file";
  make();
  EXPECT_ACCEPTED(judge(quote()));
  EXPECT_ACCEPTED(judge(quote()));
  EXPECT_EQ(http->asked(), 4U);
}

TEST_F(Tdx, AServiceThatIsDownRefusesAndSaysWhatWasTried) {
  http->instead([](const std::string&) { return Error{Code::network, "Connection refused", "http"}; });
  make();
  const auto result = judge(quote());
  EXPECT_TRUE(refused_for(result, Code::collateral_missing));
  EXPECT_EQ(result.tier(), Tier::contraindicated);
  const auto told = reasons_of(result);
  EXPECT_THAT(told, HasSubstr(intel_urls().tcb));
  EXPECT_THAT(told, HasSubstr("Connection refused (1 attempt)"));
  const auto asked = http->asked();
  EXPECT_THAT(reasons_of(judge(quote())), HasSubstr("not again for"));
  EXPECT_EQ(http->asked(), asked) << "a failure is remembered";
}

TEST_F(Tdx, OneMissingPieceRefuses) {
  for (const auto& url : {intel_urls().tcb, intel_urls().qe, intel_urls().pck_crl, intel_urls().root_crl}) {
    const auto good = http->response(url);
    http->serve(url, status(404));
    options.cache = (folder / std::to_string(http->asked())).string();
    make();
    const auto result = judge(quote());
    EXPECT_TRUE(refused_for(result, Code::collateral_missing)) << url;
    EXPECT_THAT(reasons_of(result), HasSubstr(url + ": answers with status 404"));
    http->serve(url, good);
  }
}

TEST_F(Tdx, CollateralThatWasChangedOnTheWayIsNotTaken) {
  auto changed = http->response(intel_urls().tcb);
  const auto at = text(changed.body).find("pcesvn");
  changed.body[at + 9] ^= 1;
  http->serve(intel_urls().tcb, changed);
  make();
  const auto result = judge(quote());
  EXPECT_TRUE(refused_for(result, Code::collateral_invalid)) << reasons_of(result);
  EXPECT_FALSE(fs::exists(file(tcb_file)));
}

TEST_F(Tdx, CollateralBelowAnotherRootIsNotTaken) {
  serve_intel(*http, make_platform().collateral());
  make();
  EXPECT_TRUE(refused_for(judge(quote()), Code::collateral_invalid));
}

TEST_F(Tdx, ARevokedPlatformIsRefused) {
  SimulatedTdxOptions o;
  o.revoked = true;
  platform = IntelPlatform::make(o).value();
  policy.danger.simulated_roots = {bytes(platform.root().der())};
  serve_intel(*http, platform.collateral());
  make();
  EXPECT_TRUE(refused_for(judge(quote()), Code::certificate_revoked));
}

TEST_F(Tdx, FilesThatWereDamagedAreFetchedAgain) {
  make();
  EXPECT_ACCEPTED(judge(quote()));
  const auto read = [&](const std::string& name) {
    std::ifstream in(file(name));
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const auto good = read(tcb_file);
  auto flipped = good;
  flipped[flipped.find("pcesvn") + 11] ^= 1;
  for (const auto& content : {std::string(), std::string("rubbish"), good.substr(0, good.size() / 2), flipped,
                              read("qe-identity.tdx")}) {
    std::ofstream(file(tcb_file), std::ios::trunc) << content;
    http->forget();
    make();
    EXPECT_ACCEPTED(judge(quote()));
    EXPECT_EQ(http->asked(), 1U) << content.substr(0, 40);
    EXPECT_EQ(http->asked(intel_urls().tcb), 1U);
  }
  // Offline, a damaged file is none.
  std::ofstream(file(tcb_file), std::ios::trunc) << flipped;
  options.offline = true;
  make();
  EXPECT_TRUE(refused_for(judge(quote()), Code::collateral_missing));
}

// The entry of another model of platform, under this one's name.
TEST_F(Tdx, AnEntryThatWasSwappedInIsNotTaken) {
  make();
  EXPECT_ACCEPTED(judge(quote()));
  const auto other = make_platform(start, hours(24 * 20), platform.state());
  const auto json = codec::json::parse(other.collateral()).value();
  // Signed by the same maker, and about another FMSPC: it is read under the wrong name.
  fs::rename(file(tcb_file), file("tcb-info.tdx.000000000001"));
  const Store unused("", {});
  Store store((folder / "cache").string(), trust_of(policy.danger.simulated_roots));
  EXPECT_EQ(store.find(appraise::TcbInfoOf{appraise::intel::Tee::tdx, {0, 0, 0, 0, 0, 1}}, start), nullptr);
}

TEST_F(Tdx, OfflineNothingIsFetched) {
  options.offline = true;
  make();
  const auto result = judge(quote());
  EXPECT_TRUE(refused_for(result, Code::collateral_missing));
  EXPECT_THAT(reasons_of(result), HasSubstr("seatls collateral prefetch"));
  EXPECT_EQ(http->asked(), 0U);
  options.offline = false;
  make();
  EXPECT_ACCEPTED(judge(quote()));
  options.offline = true;
  http->forget();
  make();
  EXPECT_ACCEPTED(judge(quote()));
  EXPECT_EQ(http->asked(), 0U);
}

TEST_F(Tdx, StaleCollateralIsNeverServed) {
  make();
  EXPECT_ACCEPTED(judge(quote()));
  now = start + hours(24 * 21);
  http->instead([](const std::string&) { return status(503); });
  const auto result = judge(quote());
  EXPECT_TRUE(refused_for(result, Code::collateral_stale)) << reasons_of(result);
  EXPECT_EQ(result.tier(), Tier::contraindicated);
  make();
  EXPECT_TRUE(refused_for(judge(quote()), Code::collateral_stale)) << "nor from the folder";
  // The service has new collateral.
  http->instead(nullptr);
  serve_intel(*http, make_platform(now, hours(24 * 20), platform.state()).collateral());
  make();
  EXPECT_ACCEPTED(judge(quote()));
}

TEST_F(Tdx, AServiceThatServesStaleCollateralIsRefused) {
  now = start + hours(24 * 21);
  make();
  EXPECT_TRUE(refused_for(judge(quote()), Code::collateral_stale));
}

// Old collateral holds, and is renewed meanwhile.
TEST_F(Tdx, OldCollateralIsRenewedWhileItIsUsed) {
  make();
  EXPECT_ACCEPTED(judge(quote()));
  for (const auto later_by : {hours(25), hours(24 * 19)}) {
    now = start + later_by;
    std::promise<void> go;
    http->forget();
    std::atomic<bool> asked = false;
    http->instead([&, wait = go.get_future().share()](const std::string&) {
      asked = true;
      wait.wait();
      return status(503);
    });
    auto future = later(quote());
    ASSERT_EQ(future.wait_for(seconds(0)), std::future_status::ready) << "nobody waits for it";
    EXPECT_ACCEPTED(future.get().value());
    while (!asked) std::this_thread::yield();
    go.set_value();
    make();  // ends the other's threads
    http->instead(nullptr);
  }
}

// Nobody goes back to collateral that was published earlier, as long as what is held holds.
TEST_F(Tdx, OlderCollateralDoesNotReplaceNewer) {
  const auto older = make_platform(start - hours(24 * 5), hours(24 * 25), platform.state());
  make();
  EXPECT_ACCEPTED(judge(quote()));
  Store store(options.cache, trust_of(policy.danger.simulated_roots));
  const appraise::TcbInfoOf item{appraise::intel::Tee::tdx, {0x51, 0x4d, 0x55, 0x4c, 0, 0}};
  const auto before = store.find(item, start);
  ASSERT_NE(before, nullptr);
  FakeHttp old;
  serve_intel(old, older.collateral());
  const auto kept = store.keep(entry_of(item, old.response(intel_urls().tcb)).value(), item, start);
  ASSERT_TRUE(kept) << kept.error().message();
  EXPECT_EQ((*kept)->issued, before->issued);
  EXPECT_EQ((*kept)->digest, before->digest);
  // Where there is nothing newer, it counts.
  Store empty("", trust_of(policy.danger.simulated_roots));
  EXPECT_TRUE(empty.keep(entry_of(item, old.response(intel_urls().tcb)).value(), item, start));
}

TEST_F(Tdx, ManyThatWaitAskOnce) {
  std::promise<void> go;
  const auto wait = go.get_future().share();
  std::map<std::string, HttpResponse> good;
  for (const auto& url : {intel_urls().tcb, intel_urls().qe, intel_urls().pck_crl, intel_urls().root_crl})
    good[url] = http->response(url);
  http->instead([&](const std::string& url) -> Result<HttpResponse> {
    wait.wait();
    return good.at(url);
  });
  make();
  std::vector<std::future<Result<AttestationResult>>> all;
  for (int i = 0; i < 16; ++i) all.push_back(later(quote()));
  EXPECT_EQ(all.front().wait_for(seconds(0)), std::future_status::timeout) << "appraise() does not block";
  go.set_value();
  for (auto& one : all) EXPECT_ACCEPTED(one.get().value());
  EXPECT_EQ(http->asked(), 4U);
}

TEST_F(Tdx, AppraisalsThatWaitAreBounded) {
  std::promise<void> go;
  const auto wait = go.get_future().share();
  http->instead([&](const std::string&) {
    wait.wait();
    return status(404);
  });
  limits.waiting = 2;
  make();
  auto first = later(quote()), second = later(quote()), third = later(quote());
  ASSERT_EQ(third.wait_for(seconds(0)), std::future_status::ready);
  EXPECT_THAT(reasons_of(third.get().value()), HasSubstr("2 appraisals wait"));
  go.set_value();
  EXPECT_TRUE(refused_for(first.get().value(), Code::collateral_missing));
  EXPECT_TRUE(refused_for(second.get().value(), Code::collateral_missing));
}

TEST_F(Tdx, AVerifierThatEndsTellsThoseWhoWait) {
  std::promise<void> go;
  const auto wait = go.get_future().share();
  http->instead([&](const std::string&) {
    wait.wait();
    return status(404);
  });
  make();
  auto future = later(quote());
  std::thread end([&] { verifier.reset(); });
  go.set_value();
  end.join();
  const auto told = future.get();
  if (!told)
    EXPECT_EQ(told.error().code, Code::verifier_unavailable);
  else
    EXPECT_NE((*told).first_fatal(), nullptr);
}

// Who is not vouched for cannot make a verifier ask for anything.
TEST_F(Tdx, EvidenceOfStrangersCausesNoRequest) {
  const auto stranger = make_platform();
  make();
  const auto result = judge(stranger.quote(report_data()).value());
  EXPECT_TRUE(refused_for(result, Code::untrusted_attestation_key)) << reasons_of(result);
  for (const Bytes& rubbish : {Bytes(), Bytes(2000, 0x41)}) EXPECT_NE(judge(rubbish).first_fatal(), nullptr);
  EXPECT_EQ(http->asked(), 0U);
}

// What is held for others tells strangers nothing, and they are refused as ever.
TEST_F(Tdx, EvidenceOfStrangersIsRefusedWithWhatIsHeld) {
  make();
  EXPECT_ACCEPTED(judge(quote()));
  http->forget();
  const auto stranger = make_platform();
  EXPECT_TRUE(refused_for(judge(stranger.quote(report_data()).value()), Code::untrusted_attestation_key));
  EXPECT_EQ(http->asked(), 0U);
}

TEST_F(Tdx, PoliciesWithFilesAreLeftAlone) {
  policy.tdx.tcb.collateral = {IntelCollateral::parse(platform.collateral()).value()};
  make();
  EXPECT_ACCEPTED(judge(quote()));
  // "fetched" beside a file that holds: the file serves.
  policy.tdx.tcb.collateral.push_back(fetched_collateral());
  make();
  EXPECT_ACCEPTED(judge(quote()));
  EXPECT_EQ(http->asked(), 0U);
  // One that is for another platform is not enough, and nothing else is allowed.
  const auto other = make_platform();
  policy.tdx.tcb.collateral = {
      IntelCollateral::parse(make_platform(start - hours(24 * 40)).collateral()).value()};
  make();
  EXPECT_NE(judge(quote()).first_fatal(), nullptr);
  EXPECT_EQ(http->asked(), 0U);
}

TEST_F(Tdx, WithoutAFetcherTheMarkRefuses) {
  LocalVerifierOptions local;
  local.clock = [] { return start; };
  verifier = make_local_verifier(policy, local).value();
  const auto result = judge(quote());
  EXPECT_TRUE(refused_for(result, Code::collateral_missing));
  EXPECT_THAT(reasons_of(result), HasSubstr("\"fetched\", and none was"));
}

TEST_F(Tdx, ResultsCarryTheJudgementAsEver) {
  make();
  const auto good = judge(quote());
  EXPECT_EQ(good->scheme, "tdx");
  EXPECT_EQ(good->policy_ids, std::vector<std::string>{"tdx"});
  auto wrong = policy;
  wrong.tdx.mr_td = expect::Exactly<Bytes>{Bytes(48, 1)};
  policy = wrong;
  make();
  const auto result = judge(quote());
  EXPECT_TRUE(refused_for(result, Code::reference_mismatch));
  EXPECT_FALSE(refused_for(result, Code::collateral_missing));
  const auto once = quote();
  policy.tdx.mr_td = expect::Exactly<Bytes>{SimulatedTdxOptions().mr_td};
  make();
  EXPECT_ACCEPTED(judge(once));
  EXPECT_TRUE(refused_for(judge(once), Code::evidence_reused));
}

// ---- AMD ---------------------------------------------------------------------------------------

struct Snp : World {
  Snp() : machine(SnpMachine::make(options_of(SnpProduct::genoa, 5)).value()) { adopt(); }
  static SimulatedSnpOptions options_of(SnpProduct product, std::uint32_t version) {
    SimulatedSnpOptions o;
    o.product = product;
    o.version = version;
    o.tcb = level;
    if (product == SnpProduct::turin) {
      o.tcb.fmc = 1;
      o.chip_id = Bytes(64, 0);
      std::fill_n(o.chip_id.begin(), 8, std::uint8_t{0xC1});
    }
    return o;
  }
  void adopt() {
    policy = {};
    policy.id = "snp";
    policy.schemes = {"sev-snp"};
    policy.snp.measurement = expect::Exactly<Bytes>{machine.options().measurement};
    policy.snp.tcb[machine.options().product].reported = machine.options().tcb;
    policy.snp.vlek = expect::OneOf<std::string>{{"CN=cloud.example"}};
    policy.danger.simulated_roots = {bytes(machine.ark().der())};
    serve_amd(*http, machine, start);
  }
  void become(SimulatedSnpOptions o) {
    machine = SnpMachine::make(std::move(o)).value();
    adopt();
    options.cache = (folder / std::to_string(count++)).string();
    http->forget();
    make();
  }
  [[nodiscard]] Bytes bare(const SnpMachine::Edit& edit = {}) const {
    return *machine.report(report_data(), [&](Bytes& report) {
      report.at(0x140) = ++made;  // REPORT_ID
      if (edit) edit(report);
    });
  }
  [[nodiscard]] Bytes whole() const {
    Bytes out = bare();
    const auto table = machine.certificate_table();
    out.insert(out.end(), table.begin(), table.end());
    return out;
  }
  SnpMachine machine;
  int count = 0;
  mutable std::uint8_t made = 0;
};

TEST_F(Snp, TheCertificateOfTheChipIsFetched) {
  for (const auto product : {SnpProduct::milan, SnpProduct::genoa, SnpProduct::turin})
    for (const std::uint32_t version : {3U, 5U}) {
      become(options_of(product, version));
      EXPECT_ACCEPTED(judge(bare()));
      const auto urls = amd_urls(machine.options());
      EXPECT_EQ(http->asked(urls.vcek), 1U);
      EXPECT_EQ(http->asked(urls.crl), 1U);
      EXPECT_EQ(http->asked(), 3U);
      make();
      EXPECT_ACCEPTED(judge(bare()));
      EXPECT_EQ(http->asked(), 3U) << "from the folder";
    }
}

TEST_F(Snp, WhatEvidenceBringsIsNotAskedFor) {
  make();
  const auto result = judge(whole());
  EXPECT_ACCEPTED(result);
  EXPECT_EQ(http->urls(), std::vector<std::string>{amd_urls(machine.options()).crl});
  EXPECT_THAT(result->claims,
              ::testing::Contains(std::pair<std::string, std::string>{"sev-snp.revocation", "checked"}));
}

TEST_F(Snp, WithoutTheRevocationListItIsRefused) {
  http->serve(amd_urls(machine.options()).crl, status(404));
  make();
  const auto result = judge(whole());
  EXPECT_TRUE(refused_for(result, Code::collateral_missing)) << reasons_of(result);
  EXPECT_EQ(result.tier(), Tier::contraindicated);
  EXPECT_THAT(reasons_of(result), HasSubstr("status 404"));
}

TEST_F(Snp, ARevokedIssuerIsRefused) {
  http->serve(amd_urls(machine.options()).crl,
              answer(amd_crl(machine, start - hours(1), start + hours(24), {machine.ask().serial()})));
  make();
  EXPECT_TRUE(refused_for(judge(whole()), Code::certificate_revoked));
}

TEST_F(Snp, AListOfAnotherRootIsNotTaken) {
  const auto other = SnpMachine::make(options_of(SnpProduct::genoa, 5)).value();
  http->serve(amd_urls(machine.options()).crl, answer(amd_crl(other, start - hours(1), start + hours(24))));
  make();
  EXPECT_TRUE(refused_for(judge(whole()), Code::collateral_invalid));
}

TEST_F(Snp, ACertificateOfAnotherChipIsNotTaken) {
  auto o = options_of(SnpProduct::genoa, 5);
  o.chip_id = Bytes(64, 0xC2);
  o.platform = machine.options().platform;
  const auto other = SnpMachine::make(o).value();
  http->serve(amd_urls(machine.options()).vcek, answer(bytes(other.vek().der())));
  make();
  const auto result = judge(bare());
  EXPECT_TRUE(refused_for(result, Code::collateral_invalid)) << reasons_of(result);
}

// A report of version 2 does not name its processor: both are asked for, and either may answer.
TEST_F(Snp, ReportsThatNameNoProcessor) {
  for (const auto product : {SnpProduct::milan, SnpProduct::genoa, SnpProduct::turin}) {
    become(options_of(product, 2));
    EXPECT_ACCEPTED(judge(bare()));
    EXPECT_EQ(http->asked(), 3U) << "the policy accepts one product";
  }
  become(options_of(SnpProduct::genoa, 2));
  policy.snp.tcb[SnpProduct::milan].reported = level;
  // There is a list for Milan as well, of a root that is named too.
  const auto milan = SnpMachine::make(options_of(SnpProduct::milan, 5)).value();
  policy.danger.simulated_roots.push_back(bytes(milan.ark().der()));
  http->serve(amd_urls(milan.options()).crl, answer(amd_crl(milan, start - hours(1), start + hours(24))));
  make();
  EXPECT_ACCEPTED(judge(bare()));
  EXPECT_EQ(http->asked(amd_urls(milan.options()).vcek), 1U);
}

TEST_F(Snp, AVlekComesWithTheEvidenceOrNotAtAll) {
  auto o = options_of(SnpProduct::genoa, 5);
  o.csp_id = "CN=cloud.example";
  become(o);
  EXPECT_ACCEPTED(judge(whole()));
  EXPECT_EQ(http->urls(), std::vector<std::string>{amd_urls(machine.options()).crl});
  EXPECT_THAT(http->urls().front(), HasSubstr("/vlek/v1/Genoa/crl"));
  EXPECT_TRUE(refused_for(judge(bare()), Code::collateral_missing));
}

TEST_F(Snp, AMaskedChipIsNotAskedFor) {
  make();
  const auto result =
      judge(bare([](Bytes& report) { std::fill_n(report.begin() + 0x1A0, 64, std::uint8_t{0}); }));
  EXPECT_TRUE(refused_for(result, Code::collateral_missing)) << reasons_of(result);
  for (const auto& url : http->urls()) EXPECT_THAT(url, ::testing::Not(HasSubstr("SPL="))) << url;
}

TEST_F(Snp, ProductsThatNoPolicyAcceptsAreNotAskedFor) {
  policy.snp.tcb.clear();
  policy.snp.tcb[SnpProduct::milan].reported = level;
  make();
  EXPECT_NE(judge(bare()).first_fatal(), nullptr);
  EXPECT_EQ(http->asked(), 0U);
}

// Chips are numbers that anybody can make up.
TEST_F(Snp, AFloodOfChipsIsBounded) {
  limits.chips = 8;
  limits.chip_pause = hours(1);
  make();
  EXPECT_ACCEPTED(judge(bare()));
  http->forget();
  std::string last;
  for (std::uint8_t i = 0; i < 40; ++i) {
    const auto result = judge(bare([&](Bytes& report) { report[0x1A0] = i; }));
    EXPECT_NE(result.first_fatal(), nullptr);
    last = reasons_of(result);
  }
  EXPECT_EQ(http->asked(), 7U);
  EXPECT_THAT(last, HasSubstr("8 chips"));
  EXPECT_ACCEPTED(judge(bare()));
}

TEST_F(Snp, ItemsInFlightAreBounded) {
  std::promise<void> go;
  const auto wait = go.get_future().share();
  limits.in_flight = 3;
  make();
  http->instead([&](const std::string&) {
    wait.wait();
    return status(404);
  });
  std::vector<std::future<Result<AttestationResult>>> all;
  for (std::uint8_t i = 0; i < 10; ++i) all.push_back(later(bare([&](Bytes& report) { report[0x1A0] = i; })));
  go.set_value();
  std::size_t refused = 0;
  for (auto& one : all)
    if (reasons_of(one.get().value()).find("3 others are being asked for") != std::string::npos) ++refused;
  EXPECT_GE(refused, 9U);
  EXPECT_EQ(http->asked(), 3U);
}

TEST_F(Snp, NothingOfEvidenceGetsIntoAnAddressButNumbers) {
  limits.chips = 1000;
  make();
  for (int i = 0; i < 50; ++i) {
    const auto noise = crypto::random_bytes(0x2A0);
    std::ignore = judge(bare([&](Bytes& report) {
      std::copy_n(noise.begin(), 64, report.begin() + 0x1A0);
      std::copy_n(noise.begin() + 64, 8, report.begin() + 0x180);
    }));
  }
  for (const auto& url : http->urls()) {
    EXPECT_TRUE(url.starts_with(kds_url)) << url;
    EXPECT_EQ(url.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/._?&="),
              std::string::npos)
        << url;
  }
}

// ---- Options and wishes ------------------------------------------------------------------------

TEST_F(Tdx, MistakesAreToldAtTheStart) {
  options.pcs = "http://pcs.example";
  EXPECT_EQ(make_verifier({policy}, {}, options, http).error().code, Code::configuration);
  options.pcs = pcs_url;
  policy.tdx.tcb.collateral.clear();
  EXPECT_EQ(make_verifier({policy}, {}, options, http).error().code, Code::configuration);
  EXPECT_EQ(make_verifier({}, {}, options, http).error().code, Code::configuration);
}

TEST_F(Tdx, PrefetchFillsTheFolder) {
  CollateralWish wish;
  wish.simulated_roots = policy.danger.simulated_roots;
  const auto type = SchemeTable::defaults().find("tdx").value();
  wish.evidence = {Cmw(CmwRecord{type, quote(), 4})};
  auto told = prefetch(wish, options, http, start);
  ASSERT_TRUE(told) << told.error().message();
  EXPECT_EQ(told->size(), 4U);
  for (const auto& s : *told) EXPECT_TRUE(s.renewed && !s.error && s.until > start) << s.name;
  told = prefetch(wish, options, http, start);
  for (const auto& s : *told) EXPECT_FALSE(s.renewed) << s.name;
  EXPECT_EQ(http->asked(), 4U);
  wish.renew = true;
  EXPECT_TRUE(prefetch(wish, options, http, start).value().front().renewed);
  http->instead(
      [](const std::string&) -> Result<HttpResponse> { throw std::logic_error("nobody is to be asked"); });
  http->forget();
  options.offline = true;
  make();
  EXPECT_ACCEPTED(judge(quote()));
  EXPECT_EQ(http->asked(), 0U);

  // The folder serves policies, too.
  const auto contents = read_collateral_folder(options.cache);
  ASSERT_TRUE(contents);
  EXPECT_EQ(contents->entries.size(), 4U);
  EXPECT_EQ(contents->intel.size(), 1U);
  EXPECT_TRUE(contents->ignored.empty());
  Policy own = policy;
  add(own, *contents);
  LocalVerifierOptions local;
  local.clock = [] { return start; };
  verifier = make_local_verifier(own, local).value();
  EXPECT_ACCEPTED(judge(quote()));
}

TEST_F(Tdx, WishesOfModelsAndProducts) {
  CollateralWish wish;
  wish.intel = {{.fmspc = {0x51, 0x4d, 0x55, 0x4c, 0, 0}, .ca = "platform", .tee = "tdx"}};
  wish.simulated_roots = policy.danger.simulated_roots;
  const auto first = prefetch(wish, options, http, start).value();
  for (const auto& s : first) EXPECT_FALSE(s.error) << s.name;
  wish.amd = {SnpProduct::milan};
  const auto told = prefetch(wish, options, http, start).value();
  EXPECT_EQ(told.size(), 8U);
  EXPECT_EQ(std::ranges::count_if(told, [](const auto& s) { return s.error.has_value(); }), 4)
      << "AMD's is not served";
  for (const auto& wrong :
       {CollateralWish::IntelModel{.fmspc = Bytes(5, 0)},
        CollateralWish::IntelModel{.fmspc = Bytes(6, 0), .ca = "other"},
        CollateralWish::IntelModel{.fmspc = Bytes(6, 0), .ca = "platform", .tee = "snp"}}) {
    wish.intel = {wrong};
    EXPECT_EQ(prefetch(wish, options, http, start).error().code, Code::configuration);
  }
  EXPECT_FALSE(prefetch({}, options, http, start));
  std::ofstream(folder / "file") << "x";
  options.cache = (folder / "file").string();
  wish.intel = {{.fmspc = {0x51, 0x4d, 0x55, 0x4c, 0, 0}}};
  wish.amd.clear();
  EXPECT_EQ(prefetch(wish, options, http, start).error().code, Code::io);
  options.cache.clear();
  EXPECT_EQ(prefetch(wish, options, http, start).error().code, Code::configuration);
}

}  // namespace
}  // namespace seatls::collateral
