#include "appraise/schemes/nvidia/rim.h"

#include <algorithm>
#include <charconv>

#include "appraise/chain_cache.h"
#include "appraise/schemes/nvidia/trust_anchors.h"
#include "appraise/schemes/nvidia/xml.h"
#include "base/encoding.h"
#include "crypto/hash.h"

namespace seatls {
namespace {

namespace nvidia = appraise::nvidia;
namespace xml = nvidia::xml;
using xml::Element;

constexpr std::string_view swid = "http://standards.iso.org/iso/19770/-2/2015/schema.xsd";
constexpr std::string_view sha384_attribute = "http://www.w3.org/2001/04/xmlenc#sha384";
constexpr std::string_view c14n_1_1 = "http://www.w3.org/2006/12/xml-c14n11";
constexpr std::string_view enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
constexpr std::string_view ecdsa_sha384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384";
constexpr std::string_view sha384 = "http://www.w3.org/2001/04/xmldsig-more#sha384";
constexpr unsigned most_index = 255;
constexpr unsigned most_alternatives = 64;
constexpr std::size_t most_certificates = 16;

Error malformed(std::string what, std::string where) {
  return {Code::malformed, std::move(what), std::move(where)};
}
Error invalid(std::string what) { return {Code::collateral_invalid, std::move(what), "signature"}; }

Result<unsigned> number(const Element& e, std::string_view key, unsigned most) {
  const auto* text = e.attribute(key);
  unsigned value = 0;
  if (text == nullptr) return malformed("lacks " + std::string(key), "Resource");
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value > most)
    return malformed(std::string(key) + " is \"" + *text + "\"", "Resource");
  return value;
}

Result<std::string> required(const Element& e, std::string_view key) {
  const auto* text = e.attribute(key);
  if (text == nullptr || text->empty()) return malformed("lacks " + std::string(key), e.name.second);
  return *text;
}

// <Resource type="Measurement" index="0" active="True" alternatives="1" SHA384:Hash0="…" name size/>
Result<void> read_measurement(const Element& e, NvidiaRim::Impl& rim) {
  SEATLS_TRY(const unsigned index, number(e, "index", most_index - 1));
  SEATLS_TRY(const unsigned alternatives, number(e, "alternatives", most_alternatives));
  SEATLS_TRY(const std::string active, required(e, "active"));
  if (active != "True" && active != "False")
    return malformed("active is \"" + active + "\"; it is True or False", "Resource");
  const unsigned in_report = index + 1;
  if (rim.active.contains(in_report) || std::ranges::find(rim.inactive, in_report) != rim.inactive.end())
    return malformed("the index " + std::to_string(index) + " stands there twice", "Resource");
  if (active == "False") {
    rim.inactive.push_back(in_report);
    return {};
  }
  if (alternatives == 0) return malformed("an active measurement has no value", "Resource");
  auto& values = rim.active[in_report];
  for (unsigned i = 0; i < alternatives; ++i) {
    const std::string key = "Hash" + std::to_string(i);
    const auto* hex = e.attribute(key, sha384_attribute);
    auto value = hex == nullptr ? Result<Bytes>(malformed("lacks " + key, "")) : base::from_hex(*hex);
    if (!value || value->size() != size(Hash::sha384))
      return malformed(key + " of index " + std::to_string(index) + " holds no SHA-384 in hex", "Resource");
    values.push_back(std::move(*value));
  }
  return {};
}

Result<void> read_tag(const Element& root, NvidiaRim::Impl& rim) {
  if (root.name != Element::Name{swid, "SoftwareIdentity"})
    return malformed("the root element is no SoftwareIdentity (SWID tag)", root.name.second);
  SEATLS_TRY(rim.tag_id, required(root, "tagId"));
  const auto* meta = root.only(swid, "Meta");
  const auto* payload = root.only(swid, "Payload");
  if (meta == nullptr || payload == nullptr)
    return malformed("there must be one Meta and one Payload", "SoftwareIdentity");
  SEATLS_TRY(rim.version, required(*meta, "colloquialVersion"));
  SEATLS_TRY(rim.product, required(*meta, "product"));
  for (const auto& resource : payload->children) {
    if (resource.name != Element::Name{swid, "Resource"})
      return malformed("holds \"" + resource.name.second + "\", which is no Resource", "Payload");
    SEATLS_TRY(const std::string type, required(resource, "type"));
    if (type != "Measurement") return malformed("a Resource of type \"" + type + "\"", "Payload");
    SEATLS_CHECK(read_measurement(resource, rim));
  }
  if (rim.active.empty()) return malformed("no measurement is active", "Payload");
  return {};
}

Result<void> read_chain(const Element& signature, NvidiaRim::Impl& rim) {
  const auto* key_info = signature.only(xml::dsig, "KeyInfo");
  const auto* data = key_info == nullptr ? nullptr : key_info->only(xml::dsig, "X509Data");
  if (data == nullptr) return malformed("the signature brings no certificates", "KeyInfo");
  for (const auto& child : data->children) {
    if (child.name != Element::Name{xml::dsig, "X509Certificate"}) continue;
    if (rim.chain.size() == most_certificates)
      return Error{Code::limit_exceeded, "more than 16 certificates", "X509Data"};
    auto der = base::from_base64_lines(child.text);
    if (!der) return std::move(der).error().in("X509Certificate");
    auto certificate = crypto::Certificate::from_der(*der);
    if (!certificate) return std::move(certificate).error().in("X509Certificate");
    rim.chain.push_back(std::move(*certificate));
  }
  if (rim.chain.empty()) return malformed("the signature brings no certificates", "X509Data");
  return {};
}

bool has_algorithm(const Element* e, std::string_view wanted) {
  const auto* algorithm = e == nullptr ? nullptr : e->attribute("Algorithm");
  return algorithm != nullptr && *algorithm == wanted;
}

// verify_signature holds the document against its signature: XML Signature Syntax and Processing 1.1, and of
// all that it allows only what NVIDIA writes. One reference, to the whole document; nothing but the signature
// itself is left out of it.
Result<void> verify_signature(const xml::SignedDocument& d, const crypto::Certificate& signer) {
  const auto* info = d.signature.only(xml::dsig, "SignedInfo");
  const auto* value = d.signature.only(xml::dsig, "SignatureValue");
  if (info == nullptr || value == nullptr)
    return invalid("there must be one SignedInfo and one SignatureValue");
  if (!has_algorithm(info->only(xml::dsig, "CanonicalizationMethod"), c14n_1_1))
    return invalid("CanonicalizationMethod is not Canonical XML 1.1");
  if (!has_algorithm(info->only(xml::dsig, "SignatureMethod"), ecdsa_sha384))
    return invalid("SignatureMethod is not ECDSA with SHA-384");
  const auto* reference = info->only(xml::dsig, "Reference");
  const auto* uri = reference == nullptr ? nullptr : reference->attribute("URI");
  if (uri == nullptr || !uri->empty()) return invalid("there must be one Reference, to the whole document");
  const auto* transforms = reference->only(xml::dsig, "Transforms");
  if (transforms == nullptr || transforms->children.size() != 2 ||
      !has_algorithm(&transforms->children[0], enveloped) ||
      !has_algorithm(&transforms->children[1], c14n_1_1))
    return invalid("the transforms are not enveloped-signature and Canonical XML 1.1");
  if (!has_algorithm(reference->only(xml::dsig, "DigestMethod"), sha384))
    return invalid("DigestMethod is not SHA-384");
  const auto* digest_value = reference->only(xml::dsig, "DigestValue");
  const auto digest =
      digest_value == nullptr ? Result<Bytes>(Error{}) : base::from_base64_lines(digest_value->text);
  if (!digest || *digest != crypto::digest(Hash::sha384, d.content))
    return invalid("the digest is that of another document");
  const auto raw = base::from_base64_lines(value->text);
  const auto key = signer.public_key();
  if (!key || key->type() != crypto::KeyType::p384) return invalid("the signer's key is not one of P-384");
  if (!raw || !key->verify(crypto::SignatureAlgorithm::ecdsa_p384_sha384, d.signed_info, *raw,
                           crypto::EcdsaForm::fixed))
    return invalid("it does not verify under the key of " + signer.subject());
  return {};
}

}  // namespace

Result<NvidiaRim> NvidiaRim::parse(std::string_view text) {
  auto document = xml::parse_signed(text);
  if (!document) return std::move(document).error().in("manifest");
  auto rim = std::make_shared<Impl>();
  if (auto read = read_tag(document->root, *rim); !read) return std::move(read).error().in("manifest");
  if (auto read = read_chain(document->signature, *rim); !read) return std::move(read).error().in("manifest");
  rim->signature = verify_signature(*document, rim->chain.front());
  return NvidiaRim(std::move(rim));
}

namespace appraise::nvidia {

Result<void> verify_rim(const NvidiaRim& rim, Time at) {
  const auto& impl = rim.impl();
  SEATLS_CHECK(impl.signature);
  // The manifest brings its root along; ours is the one that counts.
  std::vector<crypto::Certificate> chain = impl.chain;
  if (std::ranges::equal(chain.back().der(), rim_root().der())) chain.pop_back();
  chain.push_back(rim_root());
  for (const auto& c : chain)
    if (at < c.not_before() || at > c.not_after())
      return Error{Code::collateral_stale,
                   "the certificate of " + c.subject() + " does not hold at the time of judgement", "signer"};
  auto verified = verify_steps(chain, {}, at);
  if (verified) return {};
  auto error = std::move(verified).error();
  // Whom the signer is not traced back to has no say here: that is no attestation key.
  if (error.code == Code::untrusted_attestation_key) error.code = Code::collateral_invalid;
  return std::move(error).in("signer");
}

}  // namespace appraise::nvidia
}  // namespace seatls
