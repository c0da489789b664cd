// Store: what is held, in memory and in the folder. Everything in it was checked when it came in.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/remembered.h"
#include "collateral/entry.h"
#include "collateral/folder.h"

namespace seatls::collateral {

using Held = std::shared_ptr<const Checked>;

class Store {
 public:
  static constexpr std::size_t most_held = 1024;  // in memory

  // `folder` empty: memory alone.
  Store(const std::string& folder, Trust trust) : trust_(std::move(trust)), held_(most_held) {
    if (!folder.empty()) folder_.emplace(folder);
  }

  // find returns what holds at that time. What a file holds is looked at when memory has nothing that does;
  // `fresher` asks for one that was fetched later than that.
  [[nodiscard]] Held find(const Item& item, Time at) { return find(item, at, Time::min()); }
  [[nodiscard]] Held find(const Item& item, Time at, Time fetched_after);

  // keep checks an entry and keeps it, unless what is held was issued later: nobody goes back to older
  // collateral that still holds. It returns what is held then. Errors: collateral_invalid, collateral_stale;
  // the folder's (io) are told by `unwritten`.
  [[nodiscard]] Result<Held> keep(Entry entry, const Item& item, Time at,
                                  std::optional<Error>* unwritten = nullptr);

  // stale says that there is something, which no longer holds.
  [[nodiscard]] bool stale(const Item& item, Time at);

 private:
  [[nodiscard]] Trust trust_for(const Item& item, Time at);
  [[nodiscard]] Held from_folder(const Item& item, Time at);

  const Trust trust_;
  std::optional<Folder> folder_;
  base::Remembered<std::string, Held> held_;
};

}  // namespace seatls::collateral
