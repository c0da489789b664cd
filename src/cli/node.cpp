#include "cli/node.h"

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "seatls/bytes.h"

namespace seatls::cli {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Node& node) {
  struct Visitor {
    Json operator()(std::monostate) const { return nullptr; }
    Json operator()(bool v) const { return v; }
    Json operator()(std::int64_t v) const { return v; }
    Json operator()(double v) const { return v; }
    Json operator()(const std::string& v) const { return v; }
    Json operator()(const Node::Array& v) const {
      Json out = Json::array();
      for (const auto& e : v) out.push_back(to_json(e));
      return out;
    }
    Json operator()(const Node::Object& v) const {
      Json out = Json::object();
      for (const auto& [name, member] : v) out[name] = to_json(member);
      return out;
    }
  };
  return std::visit(Visitor{}, node.value());
}

// printable keeps a terminal safe from what a peer or a file wrote: control characters become \xNN,
// and so does everything that is not UTF-8.
std::string printable(std::string_view s) {
  const bool utf8 = base::is_utf8(view(s));
  std::string out;
  for (const char c : s) {
    const auto u = static_cast<unsigned char>(c);
    const bool plain = u >= 0x20 && u != 0x7f && (u < 0x80 || utf8);
    if (plain)
      out += c;
    else
      out += "\\x" + base::to_hex(ByteView(&u, 1));
  }
  return out;
}

// cut shortens to `width` columns without breaking a UTF-8 sequence.
std::string cut(std::string s, std::size_t width) {
  if (width == 0 || s.size() <= width) return s;
  std::size_t keep = width > 3 ? width - 3 : 0;
  while (keep > 0 && (static_cast<unsigned char>(s[keep]) & 0xc0) == 0x80) --keep;
  s.resize(keep);
  return s + "...";
}

class TreeWriter {
 public:
  explicit TreeWriter(const Node::TreeStyle& style) : style_(style) {}
  std::string take() { return std::move(out_); }

  void children(const Node& node, const std::string& indent) {
    if (const auto* members = node.members())
      for (std::size_t i = 0; i < members->size(); ++i)
        child((*members)[i].first, (*members)[i].second, indent, i + 1 == members->size());
    if (const auto* elements = node.elements())
      for (std::size_t i = 0; i < elements->size(); ++i)
        child(std::to_string(i), (*elements)[i], indent, i + 1 == elements->size());
  }

 private:
  void child(const std::string& name, const Node& node, const std::string& indent, bool last) {
    const bool root = indent.empty() && depth_ == 0;
    out_ += indent + (root ? "" : last ? "└─ " : "├─ ") + bold(printable(name));
    const bool nested = node.members() != nullptr || node.elements() != nullptr;
    if (nested) {
      out_ += '\n';
      ++depth_;
      children(node, root ? "" : indent + (last ? "   " : "│  "));
      --depth_;
      return;
    }
    const auto text = node.is_null() ? std::string("-") : printable(node.scalar_text());
    const std::size_t used = indent.size() + name.size() + 5;
    out_ += "  " +
            cut(text, style_.width > used + 20 ? style_.width - used
                      : style_.width == 0      ? 0
                                               : 20) +
            "\n";
  }

  [[nodiscard]] std::string bold(const std::string& s) const {
    return style_.colour ? "\x1b[1m" + s + "\x1b[0m" : s;
  }

  Node::TreeStyle style_;
  std::string out_;
  int depth_ = 0;
};

}  // namespace

Node& Node::set(std::string name, Node value) {
  if (is_null()) value_ = Object{};
  std::get<Object>(value_).emplace_back(std::move(name), std::move(value));
  return *this;
}

Node& Node::add(Node value) {
  if (is_null()) value_ = Array{};
  std::get<Array>(value_).push_back(std::move(value));
  return *this;
}

const Node* Node::find(std::string_view name) const {
  if (const auto* m = members())
    for (const auto& [key, value] : *m)
      if (key == name) return &value;
  return nullptr;
}

std::string Node::scalar_text() const {
  struct Visitor {
    std::string operator()(std::monostate) const { return {}; }
    std::string operator()(bool v) const { return v ? "yes" : "no"; }
    std::string operator()(std::int64_t v) const { return std::to_string(v); }
    std::string operator()(double v) const { return Json(v).dump(); }
    std::string operator()(const std::string& v) const { return v; }
    std::string operator()(const Array&) const { return {}; }
    std::string operator()(const Object&) const { return {}; }
  };
  return std::visit(Visitor{}, value_);
}

std::string Node::json() const {
  // `replace`: a text from a peer or a file need not be UTF-8, JSON must be.
  return to_json(*this).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string Node::tree(const TreeStyle& style) const {
  TreeWriter writer(style);
  writer.children(*this, "");
  return writer.take();
}

}  // namespace seatls::cli
