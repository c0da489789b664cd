#include <chrono>
#include <filesystem>
#include <future>
#include <thread>

#include "attest/tpm2/keys.h"
#include "attest/tpm2/worker.h"
#include "base/encoding.h"
#include "crypto/hash.h"
#include "fake/swtpm.h"

namespace seatls::attest::tpm2 {
namespace {

using crypto::KeyType;

class Tpm2Keys : public fake::SwtpmTest {
 protected:
  TpmAccess access() const { return {tcti(), "", ""}; }
  KeyFile make(KeyUse use, KeyType type) {
    auto key = create_key(access(), use, type);
    EXPECT_TRUE(key.ok()) << key.error().message();
    return key ? *key : KeyFile{};
  }
  Result<Bytes> sign(Signer& signer, ByteView message) { return sign_with(unowned(signer))(message); }

 private:
  static std::shared_ptr<Signer> unowned(Signer& s) { return {std::shared_ptr<Signer>(), &s}; }
};

TEST_F(Tpm2Keys, HaveTheAttributesOfTheirUse) {
  const auto tik = show_key(access(), make(KeyUse::tik, KeyType::p256));
  ASSERT_TRUE(tik.ok()) << tik.error().message();
  EXPECT_EQ(attribute_names(tik->attributes),
            (std::vector<std::string>{"fixedTPM", "fixedParent", "sensitiveDataOrigin", "userWithAuth",
                                      "noDA", "sign"}));
  EXPECT_FALSE(tik->signing_hash.has_value());
  EXPECT_TRUE(check_tik(*tik).ok());
  EXPECT_EQ(check_attestation_key(*tik).error().code, Code::configuration);

  for (const KeyType type : {KeyType::p256, KeyType::rsa}) {
    const auto ak = show_key(access(), make(KeyUse::attestation, type));
    ASSERT_TRUE(ak.ok()) << ak.error().message();
    EXPECT_EQ(attribute_names(ak->attributes),
              (std::vector<std::string>{"fixedTPM", "fixedParent", "sensitiveDataOrigin", "userWithAuth",
                                        "noDA", "restricted", "sign"}));
    EXPECT_EQ(ak->signing_hash, Hash::sha256);
    EXPECT_EQ(ak->key.type(), type);
    EXPECT_TRUE(check_attestation_key(*ak).ok());
    // An attestation key that signed TLS could be made to sign what looks like TLS, and none does.
    EXPECT_EQ(check_tik(*ak).error().code, Code::configuration);
    EXPECT_FALSE(make_tpm_signer(access(), write_key_file(make(KeyUse::attestation, type))).ok());
  }
  EXPECT_EQ(create_key(access(), KeyUse::tik, KeyType::rsa).error().code, Code::configuration);
  EXPECT_EQ(create_key(access(), KeyUse::attestation, KeyType::ed25519).error().code, Code::configuration);
}

TEST_F(Tpm2Keys, SignWhatTheirPublicKeyVerifies) {
  const Bytes message = bytes("CertificateVerify");
  for (const auto& [type, algorithm] :
       {std::pair{KeyType::p256, crypto::SignatureAlgorithm::ecdsa_p256_sha256},
        std::pair{KeyType::p384, crypto::SignatureAlgorithm::ecdsa_p384_sha384}}) {
    auto signer = make_tpm_signer(access(), write_key_file(make(KeyUse::tik, type)));
    ASSERT_TRUE(signer.ok()) << signer.error().message();
    const auto key = crypto::PublicKey::from_spki((*signer)->public_key().der());
    ASSERT_TRUE(key.ok());
    EXPECT_EQ(key->type(), type);
    // Often enough that r or s start with a zero byte or a one bit.
    for (int i = 0; i < 40; ++i) {
      const auto signature = sign(**signer, message);
      ASSERT_TRUE(signature.ok()) << signature.error().message();
      EXPECT_TRUE(key->verify(algorithm, message, *signature, crypto::EcdsaForm::der).ok());
    }
    // The digest of another hash.
    Result<Bytes> refused = Bytes{};
    (*signer)->sign(Bytes(20, 1), [&](Result<Bytes> r) { refused = std::move(r); });
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Code::misuse);
  }
}

TEST_F(Tpm2Keys, AreTheSameFromAFileAndFromAHandle) {
  const KeyFile file = make(KeyUse::tik, KeyType::p256);
  constexpr PersistentHandle handle{0x81000042};
  EXPECT_EQ(show_key(access(), handle).error().code, Code::tpm);
  ASSERT_TRUE(persist_key(access(), file, handle).ok());
  EXPECT_EQ(persist_key(access(), file, handle).error().code, Code::configuration);  // taken
  EXPECT_EQ(persist_key(access(), file, {0x81800000}).error().code, Code::configuration);
  const auto from_file = show_key(access(), file);
  const auto from_handle = show_key(access(), handle);
  ASSERT_TRUE(from_file.ok());
  ASSERT_TRUE(from_handle.ok()) << from_handle.error().message();
  EXPECT_EQ(from_file->name, from_handle->name);
  EXPECT_EQ(from_file->encoded, from_handle->encoded);
  EXPECT_TRUE(make_tpm_signer(access(), "tpm:0x81000042").ok());
}

// The seed makes the same primary key again: a key file outlives the power being cut.
TEST_F(Tpm2Keys, OutliveTheTpmsRestart) {
  const std::string file = write_key_file(make(KeyUse::tik, KeyType::p256));
  const auto ak = write_key_file(make(KeyUse::attestation, KeyType::p256));
  tpm().stop();
  auto again = Simulator::start({folder() / "tpm", false});
  ASSERT_TRUE(again.ok()) << again.error().message();
  const TpmAccess there{(*again)->tcti(), "", ""};
  auto signer = make_tpm_signer(there, file);
  ASSERT_TRUE(signer.ok()) << signer.error().message();
  EXPECT_TRUE(sign(**signer, bytes("m")).ok());
  EXPECT_TRUE(import_key(there, parse_key_file(ak)->public_area, parse_key_file(ak)->private_area,
                         endorsement_hierarchy)
                  .ok());
}

TEST_F(Tpm2Keys, OfAnotherTpmAreRefused) {
  const KeyFile file = make(KeyUse::tik, KeyType::p256);
  auto other = Simulator::start({folder() / "other", false});
  ASSERT_TRUE(other.ok());
  const auto loaded =
      import_key({(*other)->tcti(), "", ""}, file.public_area, file.private_area, owner_hierarchy);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, Code::tpm);
  EXPECT_NE(loaded.error().detail.find("another TPM"), std::string::npos) << loaded.error().detail;
}

// tpm2-tools as the other implementation of the key file and of the storage key beneath it.
TEST_F(Tpm2Keys, AreImportedFromTpm2Tools) {
  if (!have_tool("tpm2_encodeobject")) GTEST_SKIP() << "tpm2-tools is not installed";
  bool ok = false;
  tool(
      "tpm2_createprimary -Q -C o -G ecc -g sha256 -c primary.ctx && "
      "tpm2_evictcontrol -Q -C o -c primary.ctx 0x81000001 && tpm2_flushcontext -t && "
      "tpm2_create -Q -C 0x81000001 -G ecc:null -a "
      "'sign|fixedtpm|fixedparent|sensitivedataorigin|userwithauth' "
      "-u key.pub -r key.priv && tpm2_flushcontext -t && "
      "tpm2_encodeobject -Q -C 0x81000001 -u key.pub -r key.priv -o key.pem && tpm2_flushcontext -t",
      &ok);
  ASSERT_TRUE(ok);
  const std::string pem = tool("cat key.pem", &ok);
  const auto file = parse_key_file(pem);
  ASSERT_TRUE(file.ok()) << file.error().message() << pem;
  EXPECT_EQ(file->parent, 0x81000001U);
  const std::string public_file = tool("cat key.pub", &ok);
  const std::string private_file = tool("cat key.priv", &ok);
  EXPECT_EQ(file->public_area, bytes(public_file));
  const auto imported = import_key(access(), view(public_file), view(private_file), 0x81000001);
  ASSERT_TRUE(imported.ok()) << imported.error().message();
  EXPECT_EQ(*imported, *file);
  auto signer = make_tpm_signer(access(), pem);
  ASSERT_TRUE(signer.ok()) << signer.error().message();
  EXPECT_TRUE(sign(**signer, bytes("m")).ok());
}

TEST_F(Tpm2Keys, UsersOfOneTpmShareItsWorker) {
  const auto one = Worker::shared(tcti());
  EXPECT_EQ(one, Worker::shared(tcti()));
  EXPECT_NE(one, Worker::shared("swtpm:host=127.0.0.1,port=1"));
}

// The last user may be a callback on the worker's own thread.
std::size_t threads_of_this_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

TEST_F(Tpm2Keys, AWorkerMayEndOnItsOwnThread) {
  const std::size_t threads = threads_of_this_process();
  auto signer = make_tpm_signer(access(), write_key_file(make(KeyUse::tik, KeyType::p256)));
  ASSERT_TRUE(signer.ok());
  auto signed_once = std::make_shared<std::promise<bool>>();
  auto* raw = signer->get();
  raw->sign(Bytes(32, 7), [held = std::move(*signer), signed_once](const Result<Bytes>& r) mutable {
    const bool ok = r.ok();
    held.reset();
    signed_once->set_value(ok);
  });
  EXPECT_TRUE(signed_once->get_future().get());
  // Nobody joins that thread, and what libcrypto keeps for it goes with its end.
  while (threads_of_this_process() > threads) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

TEST_F(Tpm2Keys, ADeadTpmIsAnErrorAndNotAHang) {
  auto signer = make_tpm_signer(access(), write_key_file(make(KeyUse::tik, KeyType::p256)));
  ASSERT_TRUE(signer.ok());
  tpm().kill();
  for (int i = 0; i < 3; ++i) {
    const auto signature = sign(**signer, bytes("m"));
    ASSERT_FALSE(signature.ok());
    EXPECT_EQ(signature.error().code, Code::tpm);
    EXPECT_NE(signature.error().detail.find("TCTI"), std::string::npos) << signature.error().detail;
  }
}

TEST(Tpm2Access, ARefusedConnectionSaysWhatToCheck) {
  const auto key = create_key({"swtpm:host=127.0.0.1,port=1", "", ""}, KeyUse::tik, KeyType::p256);
  ASSERT_FALSE(key.ok());
  EXPECT_EQ(key.error().code, Code::tpm);
  EXPECT_EQ(key.error().path, "tcti swtpm:host=127.0.0.1,port=1");
  EXPECT_NE(key.error().detail.find("check the TCTI string"), std::string::npos);
  EXPECT_FALSE(create_key({"no-such-tcti", "", ""}, KeyUse::tik, KeyType::p256).ok());
  EXPECT_FALSE(create_key({"device:/nonexistent/tpm", "", ""}, KeyUse::tik, KeyType::p256).ok());
}

}  // namespace
}  // namespace seatls::attest::tpm2
