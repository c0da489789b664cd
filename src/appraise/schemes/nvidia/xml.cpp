#include "appraise/schemes/nvidia/xml.h"

#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

#include <algorithm>
#include <memory>
#include <mutex>

#include "base/encoding.h"

namespace seatls::appraise::nvidia::xml {
namespace {

constexpr std::size_t largest = 1 << 20;
constexpr std::size_t deepest = 32;

struct Free {
  void operator()(xmlDoc* p) const { xmlFreeDoc(p); }
  void operator()(xmlChar* p) const { xmlFree(p); }
};
template <class T>
using Ptr = std::unique_ptr<T, Free>;

std::string to_string(const xmlChar* s) { return s == nullptr ? "" : reinterpret_cast<const char*>(s); }

bool is_signature(const xmlNode* node) {
  return node->type == XML_ELEMENT_NODE && node->ns != nullptr && to_string(node->ns->href) == dsig &&
         to_string(node->name) == "Signature";
}

Error malformed(std::string what) { return {Code::malformed, std::move(what), "xml"}; }

// read copies an element and all below it; signatures among the children of `without_signature` are left out.
Result<Element> read(const xmlNode* node, std::size_t depth, bool without_signature = false) {
  if (depth > deepest) return Error{Code::limit_exceeded, "elements are nested too deep", "xml"};
  Element out;
  out.name = {node->ns == nullptr ? "" : to_string(node->ns->href), to_string(node->name)};
  for (const xmlAttr* a = node->properties; a != nullptr; a = a->next) {
    const Ptr<xmlChar> value(xmlNodeListGetString(node->doc, a->children, 1));
    out.attributes.emplace(Element::Name{a->ns == nullptr ? "" : to_string(a->ns->href), to_string(a->name)},
                           to_string(value.get()));
  }
  for (const xmlNode* child = node->children; child != nullptr; child = child->next) {
    if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE) {
      out.text += to_string(child->content);
    } else if (child->type == XML_ELEMENT_NODE) {
      if (without_signature && is_signature(child)) continue;
      SEATLS_TRY(auto element, read(child, depth + 1));
      out.children.push_back(std::move(element));
    } else if (child->type != XML_COMMENT_NODE) {
      return malformed("holds a processing instruction or a reference to an entity");
    }
  }
  return out;
}

const xmlNode* parent_of(const xmlNode* node, const xmlNode* parent) {
  // A namespace is no node of the tree: libxml2 tells its element apart.
  return node->type == XML_NAMESPACE_DECL ? parent : node;
}

bool is_below(const xmlNode* node, const xmlNode* top) {
  for (; node != nullptr; node = node->parent)
    if (node == top) return true;
  return false;
}

// Subset is what a canonical form is made of: everything below `top`, or everything but that.
struct Subset {
  const xmlNode* top;
  bool without;
};

int is_visible(void* subset, xmlNode* node, xmlNode* parent) {
  const auto& s = *static_cast<const Subset*>(subset);
  return is_below(parent_of(node, parent), s.top) != s.without ? 1 : 0;
}

struct Sink {
  Bytes bytes;
  static int write(void* self, const char* data, int size) {
    auto& out = static_cast<Sink*>(self)->bytes;
    out.insert(out.end(), data, data + size);
    return size;
  }
};

Result<Bytes> canonical(xmlDoc* document, Subset subset) {
  Sink sink;
  xmlOutputBuffer* buffer = xmlOutputBufferCreateIO(Sink::write, nullptr, &sink, nullptr);
  if (buffer == nullptr) return Error{Code::internal, "libxml2 makes no buffer", "xml"};
  const int made = xmlC14NExecute(document, is_visible, &subset, XML_C14N_1_1, nullptr, 0, buffer);
  const int closed = xmlOutputBufferClose(buffer);
  if (made < 0 || closed < 0) return malformed("has no canonical form");
  return std::move(sink.bytes);
}

std::size_t signatures_below(const xmlNode* node) {
  std::size_t count = is_signature(node) ? 1 : 0;
  for (const xmlNode* child = node->children; child != nullptr; child = child->next)
    if (child->type == XML_ELEMENT_NODE) count += signatures_below(child);
  return count;
}

}  // namespace

const std::string* Element::attribute(std::string_view local_name, std::string_view name_space) const {
  const auto found = attributes.find({std::string(name_space), std::string(local_name)});
  return found == attributes.end() ? nullptr : &found->second;
}

const Element* Element::only(std::string_view name_space, std::string_view local_name) const {
  const Element* found = nullptr;
  for (const auto& child : children) {
    if (child.name.first != name_space || child.name.second != local_name) continue;
    if (found != nullptr) return nullptr;
    found = &child;
  }
  return found;
}

Result<SignedDocument> parse_signed(std::string_view text) {
  if (text.size() > largest) return Error{Code::limit_exceeded, "more than 1 MiB", "xml"};
  if (!base::is_utf8(view(text))) return malformed("is not UTF-8");
  // A document type could declare entities and default attributes: what is read would not be what is written.
  if (text.find("<!DOCTYPE") != std::string_view::npos) return malformed("has a document type");
  static std::once_flag once;
  std::call_once(once, [] { xmlInitParser(); });
  const Ptr<xmlDoc> document(xmlReadMemory(text.data(), static_cast<int>(text.size()), nullptr, "UTF-8",
                                           XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING));
  xmlNode* root = document ? xmlDocGetRootElement(document.get()) : nullptr;
  if (root == nullptr || document->intSubset != nullptr) return malformed("is no XML of this kind");
  SEATLS_TRY(Element tree, read(root, 0, true));  // bounds the depth
  xmlNode* signature = nullptr;
  for (xmlNode* child = root->children; child != nullptr; child = child->next)
    if (is_signature(child)) signature = child;
  if (signature == nullptr || signatures_below(root) != 1)
    return malformed("must have one ds:Signature, and that below its root element");
  const xmlNode* signed_info = nullptr;
  for (const xmlNode* child = signature->children; child != nullptr; child = child->next)
    if (child->type == XML_ELEMENT_NODE && child->ns != nullptr && to_string(child->ns->href) == dsig &&
        to_string(child->name) == "SignedInfo") {
      if (signed_info != nullptr) return malformed("ds:Signature has two ds:SignedInfo");
      signed_info = child;
    }
  if (signed_info == nullptr) return malformed("ds:Signature has no ds:SignedInfo");
  SignedDocument out;
  out.root = std::move(tree);
  SEATLS_TRY(out.signature, read(signature, 0));
  SEATLS_TRY(out.content, canonical(document.get(), {signature, true}));
  SEATLS_TRY(out.signed_info, canonical(document.get(), {signed_info, false}));
  return out;
}

}  // namespace seatls::appraise::nvidia::xml
