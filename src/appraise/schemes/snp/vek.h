// Certificates of the keys that sign reports (VCEK, VLEK), and the table that brings them along.
// "Versioned Chip Endorsement Key (VCEK) Certificate and KDS Interface Specification" (AMD 57230), and
// struct cert_table of the GHCB specification (AMD 56421).
#pragma once

#include <string>
#include <vector>

#include "appraise/schemes/snp/report.h"
#include "crypto/x509.h"

namespace seatls::appraise::snp {

// Vek is what such a certificate says.
struct Vek {
  crypto::Certificate certificate;
  crypto::PublicKey key;
  SigningKey kind = SigningKey::vcek;
  SnpProduct product = SnpProduct::milan;
  SnpTcb tcb;          // the level that the key was derived for
  Bytes hwid;          // VCEK: 64 bytes, 8 on Turin
  std::string csp_id;  // VLEK: whom it was issued to
};

// is_vek tells a VCEK or VLEK from certificates of their issuers, by its name.
[[nodiscard]] bool is_vek(const crypto::Certificate& certificate);

// read_vek reads AMD's extensions (1.3.6.1.4.1.3704.1). Errors: malformed with the extension's name.
[[nodiscard]] Result<Vek> read_vek(const crypto::Certificate& certificate);

// Certificates is what a table holds of those that matter here; others are left out.
struct Certificates {
  std::vector<crypto::Certificate> veks;     // VCEK and VLEK
  std::vector<crypto::Certificate> issuers;  // ASK, ASVK, ARK
};

// parse_certificate_table reads struct cert_table, padded with zeros at will.
[[nodiscard]] Result<Certificates> parse_certificate_table(ByteView data);

}  // namespace seatls::appraise::snp
