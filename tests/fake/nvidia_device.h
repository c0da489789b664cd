// NvidiaDevice: a GPU or a switch that does not exist. It signs reports byte for byte as the real ones are
// written, below a root whose name says that it is simulated.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/encoding.h"
#include "codec/der.h"
#include "crypto/x509.h"
#include "tee/simulated_name.h"

namespace seatls::fake {

struct NvidiaDevice {
  explicit NvidiaDevice(std::string chip_ = "GH100") : chip(std::move(chip_)) {
    for (unsigned index = 1; index <= 4; ++index)
      measurements[index] = Bytes(48, static_cast<std::uint8_t>(index));
    crypto::CertificateSpec spec;
    spec.is_ca = true;
    spec.lifetime = std::chrono::hours(24 * 365);
    spec.common_name = tee::simulated_name("NVIDIA Device Identity CA");
    root.emplace(crypto::make_self_signed(spec, root_key).value());
    spec.common_name = chip + " A01 GSP BROM";
    device.emplace(crypto::make_certificate(spec, device_key.public_key(), {*root, root_key}).value());
    certify();
  }
  // certify makes the certificate of the firmware's key anew.
  void certify() {
    crypto::CertificateSpec spec;
    spec.common_name = chip + " A01 GSP FMC LF";
    spec.lifetime = std::chrono::hours(24 * 365);
    if (certified_firmware) spec.extensions = {{"2.23.133.5.4.1", false, composite_device_id()}};
    firmware.emplace(crypto::make_certificate(spec, key.public_key(), {*device, device_key}).value());
  }

  // report returns a request with this nonce, and the signed response.
  [[nodiscard]] Bytes report(ByteView nonce) const {
    Bytes out = {0x11, 0xe0, 0x01, 0xff};
    append(out, nonce);
    append(out, Bytes{0x00, 0x11, 0x60, 0x00, 0x00, static_cast<std::uint8_t>(measurements.size())});
    Bytes record;
    for (const auto& [index, value] : measurements) {
      record.push_back(static_cast<std::uint8_t>(index));
      record.push_back(1);
      little(record, value.size() + 3, 2);
      record.push_back(1);
      little(record, value.size(), 2);
      append(record, value);
    }
    little(out, record.size(), 3);
    append(out, record);
    append(out, Bytes(32, 0x4e));
    Bytes opaque;
    for (const auto& [type, value] : fields) {
      little(opaque, type, 2);
      little(opaque, value.size(), 2);
      append(opaque, value);
    }
    little(out, opaque.size(), 2);
    append(out, opaque);
    append(out,
           key.sign(crypto::SignatureAlgorithm::ecdsa_p384_sha384, out, crypto::EcdsaForm::fixed).value());
    return out;
  }
  // evidence is what NVIDIA's SDK writes of one device.
  [[nodiscard]] Bytes evidence(ByteView nonce) const {
    const std::string pem = crypto::to_pem(*firmware) + crypto::to_pem(*device) + crypto::to_pem(*root);
    const nlohmann::json list = {{{"arch", chip.starts_with("GH") ? "HOPPER" : "LS10"},
                                  {"nonce", base::to_hex(nonce)},
                                  {"evidence", base64(report(nonce))},
                                  {"certificate", base64(view(pem))}}};
    return bytes(std::string_view(list.dump()));
  }

  std::string chip;
  crypto::PrivateKey root_key = new_key(), device_key = new_key(), key = new_key();
  std::optional<crypto::Certificate> root, device, firmware;
  std::map<unsigned, Bytes> measurements;
  std::map<unsigned, Bytes> fields = {{3, {'5', '9', '0', '.', '1', '2', 0}},
                                      {6, {0x00, 0xa5, 0x00, 0x96, 0x01, 0, 0, 0}}};
  std::optional<Bytes> certified_firmware;  // FWID in the certificate of the firmware's key

 private:
  static crypto::PrivateKey new_key() { return crypto::PrivateKey::generate(crypto::KeyType::p384).value(); }
  static void append(Bytes& out, ByteView more) { out.insert(out.end(), more.begin(), more.end()); }
  static void little(Bytes& out, std::size_t value, unsigned octets) {
    for (unsigned i = 0; i < octets; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  static std::string base64(ByteView data) {
    std::string text = base::to_base64url(data);
    for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
    while (text.size() % 4 != 0) text += '=';
    return text;
  }
  [[nodiscard]] Bytes composite_device_id() const {
    const Bytes sha384 = {0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02};
    const Bytes fwid = codec::der::write(0x30, {sha384, codec::der::write(0x04, *certified_firmware)});
    return codec::der::write(0x30, {Bytes{0x02, 0x01, 0x01}, device_key.public_key().spki().der(), fwid});
  }
};

}  // namespace seatls::fake
