#include "cli/init_texts.h"

namespace seatls::cli {
namespace {

std::string quoted(const std::string& s) { return "\"" + s + "\""; }

std::string_view story(UseCase use_case) {
  switch (use_case) {
    case UseCase::server_attests: return "the server attests itself; the client appraises it";
    case UseCase::mutual: return "server and client attest themselves to each other, and have certificates";
    case UseCase::onboarding: return "the client has no identity yet: its evidence alone lets it in";
    case UseCase::optional_server: return "attestation where both sides can, plain TLS with everyone else";
    case UseCase::passport: return "the server brings a verifier's result instead of evidence";
  }
  return "";
}

std::string head(const InitPlan& plan, const std::string& what, const std::string& command) {
  return "# " + what + " of seatls: " + std::string(story(plan.use_case)) + ".\n# Try it:   " + command +
         "\n# Every key is told in docs/usage/configuration.md; `seatls check` finds every mistake.\n\n";
}

std::string attest_section(const InitPlan& plan) {
  if (plan.use_case == UseCase::passport)
    return "[attest]                              # what I show\n"
           "attester = \"passport\"                 # a result that a verifier made of my evidence earlier\n"
           "result = \"server.ear\"                 # it ends: make a new one in time\n"
           "verifier = " +
           quoted(plan.verifier) + "           # whose result it is\n" +
           (plan.tee == Tee::tpm2
                ? "tcti = " + quoted(plan.tcti) + "       # how the TPM that holds the TLS key is reached\n\n"
                : "\n");
  if (plan.tee == Tee::software)
    return "[attest]                              # what I show\n"
           "attester = \"software\"                 # for development only: any program can make such "
           "evidence\n"
           "key = \"attester.key\"                  # signs the evidence\n"
           "swname = \"seatls\"                     # what it says of itself\n\n";
  return "[attest]                              # what I show\n"
         "attester = \"tpm2\"                     # a quote, and proof that the TLS key lives in the TPM\n"
         "tcti = " +
         quoted(plan.tcti) +
         "       # how the TPM is reached\n"
         "ak = \"ak.key\"                         # the attestation key, which only this TPM can load\n"
         "pcrs = [0, 1, 2, 3, 4, 5, 6, 7]       # what is quoted: firmware, boot loader, their settings\n"
         "# pcr_bank = \"sha256\"\n"
         "# event_log = \"/sys/kernel/security/tpm0/binary_bios_measurements\"\n\n";
}

std::string_view key_comment(const InitPlan& plan, bool attests) {
  return attests && plan.tee == Tee::tpm2 ? "# made in the TPM; the file is of no use elsewhere" : "";
}

std::string require_policy(const InitPlan& plan) {
  const std::string policy =
      "policy = \"policy.toml\"                # what evidence must say to be accepted\n";
  if (plan.tee == Tee::software)
    return policy +
           "accept = [\"affirming\", \"warning\"]     # software evidence never gets better than a warning\n";
  return policy + "accept = [\"affirming\"]                # verdicts; \"warning\" only when written here\n";
}

}  // namespace

std::string server_toml(const InitPlan& plan) {
  std::string out = head(plan, "The server's configuration", "seatls serve --config server.toml");
  out +=
      "[endpoint]                            # who I am\n"
      "role = \"server\"\n"
      "listen = " +
      quoted(plan.listen) +
      "\n"
      "certificate = \"server.pem\"\n"
      "key = \"server.key\"                    " +
      std::string(key_comment(plan, plan.server_attests() && plan.use_case != UseCase::passport)) + "\n";
  if (plan.use_case == UseCase::mutual || plan.use_case == UseCase::optional_server)
    out += "ca = \"ca.pem\"                         # who certifies the clients\n";
  out += "\n";
  if (plan.server_attests()) out += attest_section(plan);
  switch (plan.use_case) {
    case UseCase::mutual:
      out +=
          "[require]                             # what I demand of clients\n"
          "attestation = \"required\"\n"
          "identity = \"pki+attested\"             # a certificate and attestation, both\n" +
          require_policy(plan);
      break;
    case UseCase::onboarding:
      out +=
          "[require]                             # what I demand of clients\n"
          "attestation = \"required\"\n"
          "identity = \"attested-key\"             # any certificate will do, if the evidence binds its "
          "key\n" +
          require_policy(plan);
      break;
    case UseCase::optional_server:
      out +=
          "[require]                             # what I demand of clients\n"
          "attestation = \"optional\"              # clients that attest are appraised, the others are "
          "served too\n"
          "identity = \"pki+attested\"             # of clients that attest; \"pki\" demands a certificate "
          "of "
          "everyone\n" +
          require_policy(plan);
      break;
    case UseCase::server_attests:
    case UseCase::passport:
      out += "# There is no [require]: nothing is demanded of clients, and every session says so.\n";
      break;
  }
  return out;
}

std::string client_toml(const InitPlan& plan) {
  std::string out = head(plan, "The client's configuration", "seatls connect --config client.toml");
  out +=
      "[endpoint]                            # who I am\n"
      "role = \"client\"\n"
      "connect = " +
      quoted(plan.connect) + "\n";
  if (plan.client_has_certificate())
    out += "certificate = \"client.pem\"\nkey = \"client.key\"                    " +
           std::string(key_comment(plan, true)) + "\n";
  else if (plan.client_attests())
    out += "certificate = \"ephemeral\"             # a key and a self-signed certificate, made at start\n";
  out +=
      "ca = \"ca.pem\"                         # who certifies the server; without it: the system's CAs\n\n";
  if (plan.client_attests()) out += attest_section(plan);

  out += "[require]                             # what I demand of the server\n";
  switch (plan.use_case) {
    case UseCase::onboarding:
      out +=
          "attestation = \"off\"                   # the server is known by its certificate\n"
          "identity = \"pki\"\n";
      break;
    case UseCase::optional_server:
      out +=
          "attestation = \"optional\"              # a server without attestation will do; the result says "
          "which\n"
          "identity = \"pki\"                      # the certificate is verified in any case\n" +
          require_policy(plan);
      break;
    case UseCase::passport:
      out +=
          "attestation = \"required\"\n"
          "identity = \"pki+attested\"\n"
          "model = \"passport\"\n" +
          require_policy(plan);
      break;
    case UseCase::server_attests:
    case UseCase::mutual:
      out +=
          "attestation = \"required\"\n"
          "identity = \"pki+attested\"             # a certificate and attestation, both\n"
          "# name = \"www.example\"                # that the certificate must have; default: the name "
          "connected to\n" +
          require_policy(plan);
      break;
  }
  return out;
}

}  // namespace seatls::cli
