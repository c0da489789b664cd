#include "collateral/store.h"

namespace seatls::collateral {
namespace {

bool holds(const Checked& c, Time at) { return at >= c.from && at < c.until; }

}  // namespace

// A chip's certificate is issued by what AMD publishes beside it.
Trust Store::trust_for(const Item& item, Time at) {
  Trust trust = trust_;
  if (const auto* vcek = std::get_if<appraise::VcekOf>(&item))
    if (const auto chain = find(appraise::AmdChainOf{vcek->product}, at)) trust.issuers = chain->ders;
  return trust;
}

Held Store::from_folder(const Item& item, Time at) {
  if (!folder_) return nullptr;
  const auto text = folder_->read(name_of(item));
  if (!text || !*text) return nullptr;
  auto entry = read_entry(**text);
  if (!entry) return nullptr;
  auto checked = check_entry(std::move(*entry), item, trust_for(item, at), at);
  return checked ? std::make_shared<const Checked>(std::move(*checked)) : nullptr;
}

Held Store::find(const Item& item, Time at, Time fetched_after) {
  const auto name = name_of(item);
  const auto known = held_.find(name);
  const bool good = known && holds(**known, at);
  if (good && (*known)->entry.fetched >= fetched_after) return *known;
  auto read = from_folder(item, at);
  if (!read || (good && (*known)->entry.fetched >= read->entry.fetched)) return good ? *known : nullptr;
  held_.keep(name, read);
  return read;
}

Result<Held> Store::keep(Entry entry, const Item& item, Time at, std::optional<Error>* unwritten) {
  auto checked = check_entry(std::move(entry), item, trust_for(item, at), at);
  if (!checked) return std::move(checked).error();
  const auto before = find(item, at);
  if (before && before->issued > checked->issued && before->digest != checked->digest) {
    // It was asked for today, and that counts: else it would be asked for at every turn.
    Checked again = *before;
    again.entry.fetched = checked->entry.fetched;
    checked = std::move(again);
  }
  Held held = std::make_shared<const Checked>(std::move(*checked));
  held_.keep(name_of(item), held);
  if (folder_) {
    const auto text = write_entry(held->entry);
    const auto written = text ? folder_->write(name_of(item), *text) : Result<void>(text.error());
    if (!written && unwritten != nullptr) *unwritten = written.error();
  }
  return held;
}

bool Store::stale(const Item& item, Time at) {
  const auto name = name_of(item);
  if (const auto known = held_.find(name); known && !holds(**known, at)) return true;
  if (!folder_) return false;
  const auto text = folder_->read(name);
  auto entry = text && *text ? read_entry(**text) : Result<Entry>(Error{});
  if (!entry) return false;
  const auto checked = check_entry(std::move(*entry), item, trust_for(item, at), at);
  return !checked && checked.error().code == Code::collateral_stale;
}

}  // namespace seatls::collateral
