#include <openssl/crypto.h>

#include "cli/program.h"

namespace seatls::cli {

void add_version(Program& program) {
  auto& verb = program.verb("version", "the versions of seatls and of its TLS library",
                            "  seatls version\n  seatls version --json\n");
  program.on(verb, [](const Console& console) {
    Node node;
    node.set("seatls", SEATLS_VERSION)
        .set("tls", OpenSSL_version(OPENSSL_VERSION))
        .set("drafts", Node::object()
                           .set("intra", "draft-fossati-seat-early-attestation-06")
                           .set("cmw", "draft-ietf-rats-msg-wrap-23")
                           .set("ear", "draft-ietf-rats-ear-03"));
    if (console.json())
      console.json_line(node);
    else
      console.raw("seatls " SEATLS_VERSION "\n" + std::string(OpenSSL_version(OPENSSL_VERSION)) + "\n");
    return Exit::ok;
  });
}

}  // namespace seatls::cli
