#include "attest/tpm2/key_reference.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "codec/der.h"

namespace seatls::attest::tpm2 {
namespace {

namespace der = codec::der;

constexpr std::string_view begin_line = "-----BEGIN TSS2 PRIVATE KEY-----";
constexpr std::string_view end_line = "-----END TSS2 PRIVATE KEY-----";
constexpr std::uint8_t loadable_key[] = {0x67, 0x81, 0x05, 0x0A, 0x01, 0x03};  // 2.23.133.10.1.3

Error bad_file(std::string detail) { return {Code::malformed, std::move(detail), "TPM key file"}; }

Result<Bytes> from_pem(std::string_view pem) {
  const std::size_t begin = pem.find(begin_line);
  if (begin == std::string_view::npos) return bad_file("no line \"" + std::string(begin_line) + "\"");
  const std::size_t end = pem.find(end_line, begin);
  if (end == std::string_view::npos) return bad_file("no line \"" + std::string(end_line) + "\"");
  auto der = base::from_base64_lines(pem.substr(begin + begin_line.size(), end - begin - begin_line.size()));
  if (!der) return bad_file("the text between the lines is not base64");
  return der;
}

std::string to_pem(ByteView der) {
  const std::string body = base::to_base64(der);
  std::string out(begin_line);
  for (std::size_t i = 0; i < body.size(); i += 64) out.append("\n").append(body, i, 64);
  return out.append("\n").append(end_line).append("\n");
}

bool is_persistent(std::uint32_t handle) { return handle >> 24 == 0x81; }

}  // namespace

bool names_key_of_tpm(std::string_view text) {
  return text.starts_with("tpm:") || text.find(begin_line) != std::string_view::npos;
}

Result<KeyFile> parse_key_file(std::string_view pem) {
  SEATLS_TRY(const Bytes bytes_of_file, from_pem(pem));
  der::Reader file(bytes_of_file);
  SEATLS_TRY(const ByteView body, file.take(der::tag::sequence));
  if (!file.done()) return Error{Code::trailing_data, "bytes follow the key", "TPM key file"};
  der::Reader r(body);
  SEATLS_TRY(const ByteView type, r.take(der::tag::object_identifier));
  if (!std::ranges::equal(type, loadable_key)) return bad_file("its type is not \"loadable key\"");
  // emptyAuth is not believed: some tools write FALSE for keys without a password. The TPM decides.
  if (r.next_is(der::tag::context_0)) SEATLS_CHECK(r.take(der::tag::context_0));
  if (r.next_is(der::tag::context_1)) return bad_file("the key has a policy, which is not supported");
  if (r.next_is(der::tag::context_2))
    return bad_file("the key is to be imported first (it was made elsewhere)");
  SEATLS_TRY(const ByteView parent, r.take(der::tag::integer));
  SEATLS_TRY(const ByteView public_area, r.take(der::tag::octet_string));
  SEATLS_TRY(const ByteView private_area, r.take(der::tag::octet_string));
  if (!r.done()) return bad_file("it has more fields than a key has");

  KeyFile out;
  out.parent = 0;
  if (parent.empty() || parent.size() > 5) return bad_file("its parent is no handle");
  for (const std::uint8_t b : parent) out.parent = out.parent << 8 | b;
  if (out.parent != owner_hierarchy && out.parent != endorsement_hierarchy && !is_persistent(out.parent)) {
    return bad_file("its parent is neither the owner nor the endorsement hierarchy nor a persistent handle");
  }
  out.public_area = bytes(public_area);
  out.private_area = bytes(private_area);
  return out;
}

std::string write_key_file(const KeyFile& file) {
  const std::uint8_t yes[] = {0xFF};
  const std::uint8_t parent[] = {
      static_cast<std::uint8_t>(file.parent >> 24), static_cast<std::uint8_t>(file.parent >> 16),
      static_cast<std::uint8_t>(file.parent >> 8), static_cast<std::uint8_t>(file.parent)};
  return to_pem(der::write(der::tag::sequence,
                           {der::write(der::tag::object_identifier, loadable_key),
                            der::write(der::tag::context_0, der::write(der::tag::boolean, yes)),
                            der::write_unsigned(parent), der::write(der::tag::octet_string, file.public_area),
                            der::write(der::tag::octet_string, file.private_area)}));
}

Result<KeyReference> parse_key_reference(std::string_view text) {
  constexpr std::string_view scheme = "tpm:0x";
  if (!text.starts_with(scheme)) {
    SEATLS_TRY(KeyFile file, parse_key_file(text));
    return KeyReference{std::move(file)};
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  const std::string_view digits = text.substr(scheme.size());
  std::uint32_t handle = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), handle, 16);
  if (error != std::errc{} || end != digits.data() + digits.size() || !is_persistent(handle)) {
    return Error{Code::configuration,
                 "\"" + std::string(text) + "\" is no persistent handle: tpm:0x81000000 to tpm:0x81FFFFFF",
                 ""};
  }
  return KeyReference{PersistentHandle{handle}};
}

}  // namespace seatls::attest::tpm2
