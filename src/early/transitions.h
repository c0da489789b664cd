// Which states of a handshake follow each other. Client and server check every step against these
// tables at compile time (each declared event has a handler, and no handler is undeclared) and at
// run time (each next state is declared). docs/states.md is drawn from this file.
//
// Every state may also go to Refused; that is left out. Nothing leaves Refused.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace seatls::early {

struct Transition {
  std::string_view from, on, to;
};

// The relying party's states are named after what the peer must do next (ExpectCertificate), the
// attester's after what this endpoint must do next (ExpectOwnCertificate). "Plain" certificates
// carry no credential. In Unattested nothing is negotiated: an extension in any later message is
// unsolicited.
inline constexpr std::array client_transitions{
    Transition{"Start", "ClientHelloNeeded", "ExpectEncryptedExtensions"},

    // The same offer once more, after a HelloRetryRequest.
    Transition{"ExpectEncryptedExtensions", "ClientHelloNeeded", "ExpectEncryptedExtensions"},
    Transition{"ExpectEncryptedExtensions", "EncryptedExtensionsReceived", "ExpectCertificateRequest"},
    Transition{"ExpectEncryptedExtensions", "EncryptedExtensionsReceived", "Unattested"},

    Transition{"ExpectCertificateRequest", "CertificateRequestReceived", "ExpectCertificate"},
    Transition{"ExpectCertificateRequest", "CertificateRequestReceived", "Unattested"},
    Transition{"ExpectCertificateRequest", "CertificateReceived", "ExpectVerdict"},
    Transition{"ExpectCertificateRequest", "CertificateReceived", "Unattested"},

    Transition{"ExpectCertificate", "CertificateReceived", "ExpectVerdict"},
    Transition{"ExpectCertificate", "CertificateReceived", "ExpectOwnCertificate"},

    Transition{"ExpectVerdict", "Appraised", "ExpectOwnCertificate"},
    Transition{"ExpectVerdict", "Appraised", "ExpectPlainOwnCertificate"},
    Transition{"ExpectVerdict", "Appraised", "ExpectFinished"},

    Transition{"ExpectOwnCertificate", "CertificateNeeded", "ExpectOwnCredential"},
    Transition{"ExpectOwnCertificate", "NoCertificateAvailable", "Refused"},
    Transition{"ExpectOwnCredential", "CredentialMade", "ExpectFinished"},
    Transition{"ExpectOwnCredential", "CredentialMade", "Complete"},

    Transition{"ExpectPlainOwnCertificate", "CertificateNeeded", "ExpectFinished"},
    Transition{"ExpectPlainOwnCertificate", "NoCertificateAvailable", "ExpectFinished"},
    Transition{"ExpectPlainOwnCertificate", "HandshakeDone", "Complete"},

    Transition{"ExpectFinished", "HandshakeDone", "Complete"},

    // Post-handshake client authentication: the client attests itself once more, or shows a plain
    // certificate, which the core need not hear of.
    Transition{"Complete", "CertificateRequestReceived", "ExpectOwnCertificate"},
    Transition{"Complete", "CertificateRequestReceived", "Complete"},

    Transition{"Unattested", "CertificateRequestReceived", "Unattested"},
    Transition{"Unattested", "CertificateReceived", "Unattested"},
    Transition{"Unattested", "CertificateNeeded", "Unattested"},
    Transition{"Unattested", "NoCertificateAvailable", "Unattested"},
    Transition{"Unattested", "HandshakeDone", "Complete"},
};

inline constexpr std::array server_transitions{
    Transition{"Start", "ClientHelloReceived", "ExpectEncryptedExtensions"},

    // The same offer once more, after a HelloRetryRequest.
    Transition{"ExpectEncryptedExtensions", "ClientHelloReceived", "ExpectEncryptedExtensions"},
    Transition{"ExpectEncryptedExtensions", "EncryptedExtensionsNeeded", "ExpectCertificateRequest"},
    Transition{"ExpectEncryptedExtensions", "EncryptedExtensionsNeeded", "Unattested"},

    Transition{"ExpectCertificateRequest", "CertificateRequestNeeded", "ExpectOwnCertificate"},
    Transition{"ExpectCertificateRequest", "CertificateNeeded", "ExpectOwnCredential"},

    Transition{"ExpectOwnCertificate", "CertificateNeeded", "ExpectOwnCredential"},
    Transition{"ExpectOwnCertificate", "CertificateNeeded", "ExpectCertificate"},

    Transition{"ExpectOwnCredential", "CredentialMade", "ExpectCertificate"},
    Transition{"ExpectOwnCredential", "CredentialMade", "ExpectPlainCertificate"},
    Transition{"ExpectOwnCredential", "CredentialMade", "ExpectFinished"},

    Transition{"ExpectCertificate", "CertificateReceived", "ExpectVerdict"},
    Transition{"ExpectCertificate", "NoCertificateReceived", "Refused"},
    Transition{"ExpectVerdict", "Appraised", "ExpectFinished"},

    Transition{"ExpectPlainCertificate", "CertificateReceived", "ExpectFinished"},
    Transition{"ExpectPlainCertificate", "NoCertificateReceived", "ExpectFinished"},

    Transition{"ExpectFinished", "HandshakeDone", "Complete"},

    // Post-handshake client authentication, with a credential or without.
    Transition{"Complete", "CertificateRequestNeeded", "ExpectCertificate"},
    Transition{"Complete", "CertificateRequestNeeded", "Complete"},

    Transition{"Unattested", "CertificateRequestNeeded", "Unattested"},
    Transition{"Unattested", "CertificateNeeded", "Unattested"},
    Transition{"Unattested", "CertificateReceived", "Unattested"},
    Transition{"Unattested", "NoCertificateReceived", "Unattested"},
    Transition{"Unattested", "HandshakeDone", "Complete"},
};

}  // namespace seatls::early
