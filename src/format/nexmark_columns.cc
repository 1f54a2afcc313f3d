// The columns of the Nexmark table: event_type and three ROWs. A ROW is made field by field for the
// events of its kind; what lies under the NULLs of the others is zero.
#include <algorithm>
#include <cstring>
#include <span>

#include "base/fmt.h"
#include "base/nearest_name.h"
#include "column/string_dictionary.h"
#include "format/nexmark_decoder.h"

namespace velo {
namespace {

using Use = NexmarkUse;

std::shared_ptr<Buffer> zeroed(size_t bytes) {
  std::shared_ptr<Buffer> buffer = Buffer::allocate(bytes);
  std::memset(buffer->data(), 0, bytes);
  return buffer;
}

const std::vector<uint32_t>& rows_of(const NexmarkBatch& batch, NexmarkKind kind) {
  return batch.rows[static_cast<size_t>(kind)];
}

/// A number of each event of a kind: `value(event, row)`.
template <typename Value>
class NumberField final : public NexmarkColumn {
 public:
  NumberField(Type type, NexmarkKind kind, Value value)
      : type_(std::move(type)), kind_(kind), value_(std::move(value)) {}
  ColumnPtr make(const NexmarkBatch& batch) override {
    std::shared_ptr<Buffer> values = zeroed(batch.kinds.size() * sizeof(int64_t));
    int64_t* const out = values->as<int64_t>();
    for (const uint32_t row : rows_of(batch, kind_)) out[row] = value_(batch, row);
    return Column::flat(type_, batch.kinds.size(), std::move(values));
  }

 private:
  Type type_;
  NexmarkKind kind_;
  Value value_;
};

/// One of a few texts.
template <typename Pick>
class ChosenField final : public NexmarkColumn {
 public:
  ChosenField(NexmarkKind kind, std::shared_ptr<const StringDictionary> entries, Pick pick)
      : kind_(kind), entries_(std::move(entries)), pick_(std::move(pick)) {}
  ColumnPtr make(const NexmarkBatch& batch) override {
    std::shared_ptr<Buffer> indices = zeroed(batch.kinds.size() * sizeof(uint32_t));
    uint32_t* const out = indices->as<uint32_t>();
    for (const uint32_t row : rows_of(batch, kind_)) out[row] = pick_(batch.first + row);
    return Column::dictionary(Type::string(), batch.kinds.size(), std::move(indices), entries_);
  }

 private:
  NexmarkKind kind_;
  std::shared_ptr<const StringDictionary> entries_;
  Pick pick_;
};

/// A text of each event of a kind. `length(event)`: at most so long; `write(event, length, out)`
/// gives how long it is, and may overwrite 7 bytes behind.
template <typename Length, typename Write>
class TextField final : public NexmarkColumn {
 public:
  TextField(NexmarkKind kind, Length length, Write write)
      : kind_(kind), length_(std::move(length)), write_(std::move(write)) {}
  ColumnPtr make(const NexmarkBatch& batch) override {
    const std::vector<uint32_t>& rows = rows_of(batch, kind_);
    lengths_.resize(rows.size());
    size_t bytes = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      lengths_[i] = length_(batch.first + rows[i]);
      bytes += lengths_[i];
    }
    std::shared_ptr<Buffer> values = zeroed(batch.kinds.size() * sizeof(StringRef));
    std::shared_ptr<Buffer> text = Buffer::allocate(bytes + 8);
    char* at = text->as<char>();
    for (size_t i = 0; i < rows.size(); ++i) {
      const size_t size = write_(batch.first + rows[i], lengths_[i], at);
      values->as<StringRef>()[rows[i]] = StringRef(at, static_cast<uint32_t>(size));
      at += size;
    }
    return Column::flat(Type::string(), batch.kinds.size(), std::move(values), nullptr,
                        {std::move(text)});
  }

 private:
  NexmarkKind kind_;
  Length length_;
  Write write_;
  std::vector<size_t> lengths_;
};

class RowField final : public NexmarkColumn {
 public:
  RowField(Type type, NexmarkKind kind, std::vector<std::unique_ptr<NexmarkColumn>> fields)
      : type_(std::move(type)), kind_(kind), fields_(std::move(fields)) {}
  ColumnPtr make(const NexmarkBatch& batch) override {
    const size_t rows = batch.kinds.size();
    std::shared_ptr<Buffer> validity = zeroed(bitmap_words(rows) * sizeof(uint64_t));
    for (const uint32_t row : rows_of(batch, kind_)) {
      validity->as<uint64_t>()[row / 64] |= uint64_t{1} << (row % 64);
    }
    std::vector<ColumnPtr> children;
    for (const auto& field : fields_) children.push_back(field->make(batch));
    return Column::row(type_, rows, std::move(children), std::move(validity));
  }

 private:
  Type type_;
  NexmarkKind kind_;
  std::vector<std::unique_ptr<NexmarkColumn>> fields_;
};

class EventTypeColumn final : public NexmarkColumn {
 public:
  ColumnPtr make(const NexmarkBatch& batch) override {
    std::shared_ptr<Buffer> values = Buffer::allocate(batch.kinds.size() * sizeof(int64_t));
    std::copy(batch.kinds.begin(), batch.kinds.end(), values->as<int64_t>());
    return Column::flat(Type::integer(), batch.kinds.size(), std::move(values));
  }
};

template <typename Value>
std::unique_ptr<NexmarkColumn> number(NexmarkKind kind, Value value, Type type = Type::bigint()) {
  return std::make_unique<NumberField<Value>>(std::move(type), kind, std::move(value));
}

template <typename Length, typename Write>
std::unique_ptr<NexmarkColumn> text(NexmarkKind kind, Length length, Write write) {
  return std::make_unique<TextField<Length, Write>>(kind, std::move(length), std::move(write));
}

template <typename Pick>
std::unique_ptr<NexmarkColumn> chosen(NexmarkKind kind,
                                      std::shared_ptr<const StringDictionary> entries, Pick pick) {
  return std::make_unique<ChosenField<Pick>>(kind, std::move(entries), std::move(pick));
}

std::unique_ptr<NexmarkColumn> one_of(const NexmarkModel& model, NexmarkKind kind, Use use,
                                      std::span<const std::string_view> choices) {
  auto entries = std::make_shared<StringDictionary>();
  for (const std::string_view choice : choices) entries->append(choice);
  const uint64_t count = choices.size();
  return chosen(kind, std::move(entries), [&model, use, count](uint64_t event) {
    return static_cast<uint32_t>(scale_bits(model.bits(use, event), count));
  });
}

std::unique_ptr<NexmarkColumn> words(const NexmarkModel& model, NexmarkKind kind, Use use,
                                     size_t most) {
  return text(
      kind, [most](uint64_t) { return most; },
      [&model, use](uint64_t event, size_t length, char* out) {
        return write_words(model.bits(use, event), length, ' ', out);
      });
}

/// What fills an event up to its average size. `size`: what there is of it without.
template <typename Size>
std::unique_ptr<NexmarkColumn> extra(const NexmarkModel& model, NexmarkKind kind, uint64_t average,
                                     Size size) {
  return text(
      kind,
      [&model, average, size](uint64_t event) {
        return extra_length(model.bits(Use::kExtra, event), size(event), average);
      },
      [&model](uint64_t event, size_t length, char* out) {
        write_letters(mix64(model.bits(Use::kExtra, event)), length, out);
        return length;
      });
}

std::unique_ptr<NexmarkColumn> time_of(const NexmarkModel& model, NexmarkKind kind) {
  return number(
      kind,
      [&model](const NexmarkBatch& batch, uint32_t row) {
        return model.time_us(batch.first + row);
      },
      Type::timestamp(3));
}

// --- persons -------------------------------------------------------------------------------------

constexpr std::string_view kFirstNames[] = {"Peter", "Paul",  "Luke",  "John",   "Saul",  "Vicky",
                                            "Kate",  "Julie", "Sarah", "Deiter", "Walter"};
constexpr std::string_view kLastNames[] = {"Shultz", "Abrams", "Spencer", "White", "Bartels",
                                           "Walton", "Smith",  "Jones",   "Noris"};
constexpr std::string_view kCities[] = {"Phoenix",  "Los Angeles", "San Francisco", "Boise",
                                        "Portland", "Bend",        "Redmond",       "Seattle",
                                        "Kent",     "Cheyenne"};
constexpr std::string_view kStates[] = {"AZ", "CA", "ID", "OR", "WA", "WY"};

std::unique_ptr<NexmarkColumn> person_name(const NexmarkModel& model) {
  std::vector<std::string> names;
  for (const std::string_view first : kFirstNames) {
    for (const std::string_view last : kLastNames)
      names.push_back(fmt::format("{} {}", first, last));
  }
  const std::vector<std::string_view> choices(names.begin(), names.end());
  return one_of(model, NexmarkKind::kPerson, Use::kName, choices);
}

size_t write_email(uint64_t bits, char* out) {
  size_t size = write_words(bits, 7, ' ', out);
  out[size++] = '@';
  size += write_words(mix64(bits), 5, ' ', out + size);
  std::memcpy(out + size, ".com", 4);
  return size + 4;
}

size_t write_card(uint64_t bits, char* out) {
  for (int group = 0; group < 4; ++group) {
    uint64_t number = scale_bits(mix64(bits + static_cast<uint64_t>(group)), 10'000);
    for (int digit = 3; digit >= 0; --digit, number /= 10) {
      out[group * 5 + digit] = static_cast<char>('0' + number % 10);
    }
    if (group < 3) out[group * 5 + 4] = ' ';
  }
  return 19;
}

std::unique_ptr<NexmarkColumn> person_field(const NexmarkModel& model, std::string_view name) {
  constexpr NexmarkKind kKind = NexmarkKind::kPerson;
  if (name == "id") {
    return number(kKind, [](const NexmarkBatch& batch, uint32_t row) {
      return static_cast<int64_t>(batch.last_person[row]) + NexmarkModel::kFirstId;
    });
  }
  if (name == "name") return person_name(model);
  if (name == "emailAddress") {
    return text(
        kKind, [](uint64_t) { return size_t{16}; },
        [&model](uint64_t event, size_t, char* out) {
          return write_email(model.bits(Use::kEmail, event), out);
        });
  }
  if (name == "creditCard") {
    return text(
        kKind, [](uint64_t) { return size_t{19}; },
        [&model](uint64_t event, size_t, char* out) {
          return write_card(model.bits(Use::kCard, event), out);
        });
  }
  if (name == "city") return one_of(model, kKind, Use::kCity, kCities);
  if (name == "state") return one_of(model, kKind, Use::kState, kStates);
  if (name != "extra") return nullptr;
  // The other texts of a person are 55 bytes on average.
  return extra(model, kKind, model.options().person_bytes, [](uint64_t) { return size_t{8 + 55}; });
}

// --- auctions ------------------------------------------------------------------------------------

constexpr uint64_t kCategories = 5;
constexpr int64_t kFirstCategory = 10;
constexpr size_t kItemMost = 20;
constexpr size_t kDescriptionMost = 100;

std::unique_ptr<NexmarkColumn> auction_number(const NexmarkModel& model, std::string_view name) {
  constexpr NexmarkKind kKind = NexmarkKind::kAuction;
  if (name == "id") {
    return number(kKind, [](const NexmarkBatch& batch, uint32_t row) {
      return static_cast<int64_t>(batch.last_auction[row]) + NexmarkModel::kFirstId;
    });
  }
  if (name == "initialBid") {
    return number(kKind, [&model](const NexmarkBatch& batch, uint32_t row) {
      return model.price(Use::kInitialBid, batch.first + row);
    });
  }
  if (name == "reserve") {
    return number(kKind, [&model](const NexmarkBatch& batch, uint32_t row) {
      return model.price(Use::kInitialBid, batch.first + row) +
             model.price(Use::kReserve, batch.first + row);
    });
  }
  if (name == "seller") {
    return number(kKind, [&model](const NexmarkBatch& batch, uint32_t row) {
      return model.seller(batch.first + row, batch.last_person[row]);
    });
  }
  if (name != "category") return nullptr;
  return number(kKind, [&model](const NexmarkBatch& batch, uint32_t row) {
    const uint64_t random = model.bits(Use::kCategory, batch.first + row);
    return kFirstCategory + static_cast<int64_t>(scale_bits(random, kCategories));
  });
}

std::unique_ptr<NexmarkColumn> auction_field(const NexmarkModel& model, std::string_view name) {
  constexpr NexmarkKind kKind = NexmarkKind::kAuction;
  if (name == "itemName") return words(model, kKind, Use::kItem, kItemMost);
  if (name == "description") return words(model, kKind, Use::kDescription, kDescriptionMost);
  if (name == "expires") {
    return number(
        kKind,
        [&model](const NexmarkBatch& batch, uint32_t row) {
          return model.expires_us(batch.first + row);
        },
        Type::timestamp(3));
  }
  if (name != "extra") return auction_number(model, name);
  // Six numbers and, on average, 11 + 51 bytes of item and description.
  return extra(model, kKind, model.options().auction_bytes,
               [](uint64_t) { return size_t{6 * 8 + 62}; });
}

// --- bids ----------------------------------------------------------------------------------------

std::unique_ptr<NexmarkColumn> bid_channel(const NexmarkModel& model, bool url) {
  auto entries = std::make_shared<StringDictionary>();
  for (uint32_t i = 0; i < NexmarkModel::channel_count(); ++i) {
    entries->append(url ? model.channel_url(i) : model.channel_name(i));
  }
  return chosen(NexmarkKind::kBid, std::move(entries),
                [&model](uint64_t event) { return model.channel(event); });
}

std::unique_ptr<NexmarkColumn> bid_field(const NexmarkModel& model, std::string_view name) {
  constexpr NexmarkKind kKind = NexmarkKind::kBid;
  if (name == "auction") {
    return number(kKind, [&model](const NexmarkBatch& batch, uint32_t row) {
      return model.bid_auction(batch.first + row, batch.last_auction[row]);
    });
  }
  if (name == "bidder") {
    return number(kKind, [&model](const NexmarkBatch& batch, uint32_t row) {
      return model.bidder(batch.first + row, batch.last_person[row]);
    });
  }
  if (name == "price") {
    return number(kKind, [&model](const NexmarkBatch& batch, uint32_t row) {
      return model.price(Use::kPrice, batch.first + row);
    });
  }
  if (name == "channel" || name == "url") return bid_channel(model, name == "url");
  if (name != "extra") return nullptr;
  return extra(model, kKind, model.options().bid_bytes, [](uint64_t) { return size_t{4 * 8}; });
}

// --- the table -----------------------------------------------------------------------------------

struct KnownField {
  std::string_view name;
  TypeKind kind;
};
constexpr KnownField kPersonFields[] = {
    {"id", TypeKind::kBigInt},           {"name", TypeKind::kString},
    {"emailAddress", TypeKind::kString}, {"creditCard", TypeKind::kString},
    {"city", TypeKind::kString},         {"state", TypeKind::kString},
    {"dateTime", TypeKind::kTimestamp},  {"extra", TypeKind::kString}};
constexpr KnownField kAuctionFields[] = {
    {"id", TypeKind::kBigInt},          {"itemName", TypeKind::kString},
    {"description", TypeKind::kString}, {"initialBid", TypeKind::kBigInt},
    {"reserve", TypeKind::kBigInt},     {"dateTime", TypeKind::kTimestamp},
    {"expires", TypeKind::kTimestamp},  {"seller", TypeKind::kBigInt},
    {"category", TypeKind::kBigInt},    {"extra", TypeKind::kString}};
constexpr KnownField kBidFields[] = {
    {"auction", TypeKind::kBigInt}, {"bidder", TypeKind::kBigInt},
    {"price", TypeKind::kBigInt},   {"channel", TypeKind::kString},
    {"url", TypeKind::kString},     {"dateTime", TypeKind::kTimestamp},
    {"extra", TypeKind::kString}};

struct KnownRow {
  std::string_view name;
  std::span<const KnownField> fields;
  std::unique_ptr<NexmarkColumn> (*make)(const NexmarkModel&, std::string_view);
};
constexpr KnownRow kRows[] = {{"person", kPersonFields, person_field},
                              {"auction", kAuctionFields, auction_field},
                              {"bid", kBidFields, bid_field}};

/// Newer versions of the public project call it so.
std::string_view known_name(std::string_view name) {
  return name == "customTime" ? "dateTime" : name;
}

Type type_of(TypeKind kind) {
  return kind == TypeKind::kTimestamp ? Type::timestamp(3) : Type(kind);
}

Error wrong_type(std::string_view name, const Type& wanted, const Type& given) {
  return Error(ErrorCode::kTypeMismatch, fmt::format("connector 'nexmark': '{}' is {}, not {}",
                                                     name, wanted.to_string(), given.to_string()));
}

Error unknown_name(std::string_view what, std::string_view name,
                   const std::vector<std::string>& known) {
  std::string hint = did_you_mean(name, known);
  if (hint.empty()) hint = fmt::format("it has {}", fmt::join(known, ", "));
  return Error(ErrorCode::kUnknownName,
               fmt::format("connector 'nexmark' has no {} '{}'", what, name))
      .with_hint(std::move(hint));
}

/// The name that `field` of a ROW has in the list of known ones.
Result<std::string_view> check_field(const KnownRow& row, const std::string& name,
                                     const Type& type) {
  std::vector<std::string> names;
  for (const KnownField& known : row.fields) {
    names.emplace_back(known.name);
    if (known.name != known_name(name)) continue;
    if (type == type_of(known.kind)) return known.name;
    return wrong_type(fmt::format("{}.{}", row.name, name), type_of(known.kind), type);
  }
  return unknown_name(fmt::format("field of {}", row.name), name, names);
}

Result<std::unique_ptr<NexmarkColumn>> make_row(const NexmarkModel& model, NexmarkKind kind,
                                                const KnownRow& known, const Type& type) {
  std::vector<std::unique_ptr<NexmarkColumn>> fields;
  for (size_t i = 0; i < type.children().size(); ++i) {
    const std::string_view name =
        TRY(check_field(known, type.field_names()[i], type.children()[i]));
    fields.push_back(name == "dateTime" ? time_of(model, kind) : known.make(model, name));
  }
  return std::unique_ptr<NexmarkColumn>(std::make_unique<RowField>(type, kind, std::move(fields)));
}

const KnownRow* find_row(std::string_view name) {
  for (const KnownRow& row : kRows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace

Status check_nexmark_column(const Field& field) {
  if (field.name == "event_type") {
    if (field.type == Type::integer()) return {};
    return wrong_type(field.name, Type::integer(), field.type);
  }
  const KnownRow* const row = find_row(field.name);
  if (row == nullptr) {
    return unknown_name("column", field.name, {"event_type", "person", "auction", "bid"});
  }
  if (field.type.kind() != TypeKind::kRow) {
    return Error(ErrorCode::kTypeMismatch, fmt::format("connector 'nexmark': '{}' is a ROW, not {}",
                                                       field.name, field.type.to_string()));
  }
  for (size_t i = 0; i < field.type.children().size(); ++i) {
    TRY(check_field(*row, field.type.field_names()[i], field.type.children()[i]));
  }
  return {};
}

Result<std::unique_ptr<NexmarkColumn>> make_nexmark_column(const NexmarkModel& model,
                                                           const Field& field) {
  TRY(check_nexmark_column(field));
  const KnownRow* const row = find_row(field.name);
  if (row == nullptr) return std::unique_ptr<NexmarkColumn>(std::make_unique<EventTypeColumn>());
  return make_row(model, static_cast<NexmarkKind>(row - kRows), *row, field.type);
}

}  // namespace velo
