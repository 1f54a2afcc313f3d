#include "plan/catalog.h"

namespace velo {

const std::string& entry_name(const CatalogEntry& entry) {
  return std::visit([](const auto& def) -> const std::string& { return def->name; }, entry);
}

std::string_view entry_kind(const CatalogEntry& entry) {
  if (std::holds_alternative<ViewDefPtr>(entry)) return "view";
  const auto* table = std::get_if<TableDefPtr>(&entry);
  const bool stream =
      table != nullptr ? (*table)->is_stream : std::get<SharedDefPtr>(entry)->is_stream;
  return stream ? "stream" : "table";
}

const CatalogEntry* Catalog::find(const ast::Name& name) const {
  if (const CatalogEntry* exact = find(name.text)) return exact;
  if (name.quoted) return nullptr;
  const CatalogEntry* found = nullptr;
  for (const auto& [declared, entry] : entries_) {
    if (!name.matches(declared)) continue;
    if (found != nullptr) return nullptr;
    found = &entry;
  }
  return found;
}

const CatalogEntry* Catalog::find(std::string_view exact_name) const {
  const auto found = entries_.find(exact_name);
  return found == entries_.end() ? nullptr : &found->second;
}

void Catalog::put(CatalogEntry entry) {
  std::string name = entry_name(entry);
  entries_.insert_or_assign(std::move(name), std::move(entry));
}

bool Catalog::remove(std::string_view exact_name) {
  const auto found = entries_.find(exact_name);
  if (found == entries_.end()) return false;
  entries_.erase(found);
  return true;
}

std::vector<std::string> Catalog::names() const {
  std::vector<std::string> names;
  names.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

}  // namespace velo
