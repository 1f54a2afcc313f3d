// OVER where rows are given as they come, and taken back when others change their answers:
//
// 1. A batch's changes are sorted as rows stand in their partitions; equal ones are added up.
// 2. They are merged into the rows of each partition. From the first and the last place that they
//    touch follows which rows' answers may change, and which rows these are computed of.
// 3. Those rows are answered as a partition that is whole.
// 4. Rows that left, and those whose answers differ from what was given, are taken back; rows that
//    came, and those with other answers, are given: all as one batch.
//
// Invariant: between batches, what was given adds up to the rows in `partitions_` with their
// answers, which are those that the rows in force have.
#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "column/column_builder.h"
#include "operator/over_answers.h"
#include "operator/over_forms.h"
#include "operator/partition_order.h"
#include "operator/reject_rows.h"

namespace velo {
namespace {

using Id = PartitionRows::Id;

constexpr size_t kRowsPerTurn = 4096;  // at least, if there are so many
constexpr size_t kCleanAt = 4096;      // partitions
constexpr Id kNoAnswer = RowChunks::kNone;
constexpr Id kNew = RowChunks::kNone - 1;  // not answered yet

/// Which answers a change of rows can touch, and of which rows these are computed.
struct OverReach {
  bool from_start = false;   ///< answers of all rows before it
  bool to_end = false;       ///< of all rows behind it
  bool peers = false;        ///< of its peers
  bool needs_start = false;  ///< computed of all rows before them
  bool needs_end = false;    ///< of all rows behind them
  uint64_t before = 0;       ///< else of so many
  uint64_t behind = 0;

  explicit OverReach(const std::vector<OverCall>& calls) {
    for (const OverCall& call : calls) {
      if (call.has_frame()) {
        add_start(call.frame.start);
        add_end(call.frame.end);
      } else {
        to_end = needs_start = true;
        from_start |= !call.is_rank();
      }
    }
    needs_end |= from_start;
  }

 private:
  void add_start(const OverBound& bound) {
    if (bound.unit != OverBound::Unit::kRows) {
      to_end = needs_start = true;
    } else if (bound.distance < 0) {
      before = std::max(before, uint64_t{0} - static_cast<uint64_t>(bound.distance));
    }
  }
  void add_end(const OverBound& bound) {
    if (bound.unit == OverBound::Unit::kRows) {
      if (bound.distance > 0) behind = std::max(behind, static_cast<uint64_t>(bound.distance));
      return;
    }
    needs_end = true;
    peers = true;
    from_start |= !bound.ends_here();
  }
};

std::vector<uint8_t> columns_read(const OverOptions& options) {
  std::set<size_t> columns;
  for (const SortKey& key : options.order) columns.insert(key.column);
  for (const OverCall& call : options.calls) add_columns_of(call, &columns);
  std::vector<uint8_t> read(options.input->size(), 0);
  for (const size_t column : columns) read[column] = 1;
  return read;
}

SchemaPtr answer_schema(const OverOptions& options) {
  const std::vector<Field>& fields = options.output->fields();
  return make_schema(
      {fields.begin() + static_cast<ptrdiff_t>(options.input->size()), fields.end()});
}

class ChangingOver final : public Operator {
 public:
  explicit ChangingOver(OverOptions options)
      : options_(std::move(options)),
        reach_(options_.calls),
        read_(columns_read(options_)),
        rows_(options_.input, options_.partition),
        order_(rows_, options_.order),
        given_(answer_schema(options_)),
        frame_rows_(rows_for(options_, true, false)),
        answers_(options_, true, frame_rows_) {}

  void push(size_t, const Batch& given, Output& output) override {
    Batch batch = gather(given, sorted_rows(given, options_.order, Ties::kColumns));
    batch.watermarks = nullptr;
    intern(batch);
    order_.read(batch, true);
    runs_.sort(groups_, partitions_.size());
    add_up(batch);
    for (const Edits& edits : edits_of_) merge(edits);
    for (size_t begin = 0; begin < pieces_.size();) {
      size_t rows = 0;
      size_t end = begin;
      while (end < pieces_.size() && rows < kRowsPerTurn) {
        rows += pieces_[end].high - pieces_[end].low + 1;
        ++end;
      }
      answer(std::span(pieces_).subspan(begin, end - begin), output);
      begin = end;
    }
    pieces_.clear();
    removed_.clear();
    reject_unmatched(batch, output);
    flush(output);
    trim();
  }

  void tick(int64_t now_us, Output&) override {
    if (options_.ttl_us <= 0 || now_us - expired_at_us_ < options_.ttl_us / 8) return;
    expired_at_us_ = now_us;
    for (uint32_t group = 0; group < partitions_.size(); ++group) {
      Partition& partition = partitions_[group];
      if (partition.empty() || touched_us_[group] + options_.ttl_us > now_us) continue;
      for (const Entry& entry : partition) forget(entry);
      partition = Partition();
    }
    trim();
  }

  void save(SnapshotWriter& writer) const override;
  Status load(SnapshotReader& reader) override;

  std::string explain() const override { return over_text(options_); }
  const SchemaPtr& output_schema() const override { return options_.output; }
  size_t state_rows() const override { return rows_.rows(); }
  size_t state_column_bytes() const override {
    return rows_.column_bytes() + given_.column_bytes();
  }
  size_t state_keys() const override { return rows_.keys().size(); }
  size_t state_key_bytes() const override {
    return rows_.keys().memory_bytes() + partitions_.capacity() * sizeof(Partition) +
           touched_us_.capacity() * sizeof(int64_t);
  }
  size_t state_bytes() const override {
    size_t bytes = rows_.row_memory_bytes() + given_.memory_bytes() + state_key_bytes();
    for (const Partition& partition : partitions_) bytes += partition.capacity() * sizeof(Entry);
    return bytes;
  }

 private:
  /// A row of a partition: where it is stored, and where its answers are, as they were given.
  struct Entry {
    Id row;
    Id answer;  ///< or kNoAnswer: it failed and was not given; or kNew
    bool is_given() const { return answer != kNoAnswer && answer != kNew; }
  };
  using Partition = std::vector<Entry>;

  /// Row `row` of the batch comes (`weight` times, as rows put_[put] …), or goes.
  struct Edit {
    uint32_t row;
    int64_t weight;
    size_t put;
  };
  /// Those of a partition, in their order.
  struct Edits {
    uint32_t group;
    size_t begin;
    size_t end;
  };
  /// Rows [from, to) of a partition are to be answered, of rows [low, high).
  struct Piece {
    uint32_t group;
    size_t from, to;
    size_t low, high;
    size_t removed_begin, removed_end;  ///< rows that left
  };
  /// What changes touch in a partition.
  struct Touched {
    size_t first = SIZE_MAX;
    size_t last = 0;
    Id first_row = RowChunks::kNone;
    void add(size_t place, size_t end, Id row) {
      if (first == SIZE_MAX) first_row = row;
      first = std::min(first, place);
      last = end;
    }
  };

  void intern(const Batch& batch) {
    rows_.intern(batch, &groups_);
    partitions_.resize(std::max<size_t>(partitions_.size(), rows_.keys().size()));
    if (options_.ttl_us <= 0) return;
    touched_us_.resize(partitions_.size(), 0);
    for (const uint32_t group : groups_) touched_us_[group] = context_.now_us;
  }

  void add_up(const Batch& batch);
  void merge(const Edits& edits);
  void add_piece(uint32_t group, const Touched& touched, size_t removed_begin);
  void answer(std::span<const Piece> pieces, Output& output);
  std::vector<ColumnPtr> compute(std::span<const Piece> pieces, RowErrors& errors);
  bool differs(const Entry& entry, const std::vector<ColumnPtr>& columns, uint32_t row) const;
  void note_failed(std::span<const Piece> pieces, RowErrors& errors, Output& output);
  void give(std::span<const Piece> pieces, std::vector<ColumnPtr> columns);

  void forget(const Entry& entry) {
    rows_.remove(entry.row);
    if (entry.is_given()) given_.remove(entry.answer);
  }
  void add(uint32_t group, const Entry& entry, int64_t weight) {
    out_groups_.push_back(group);
    out_rows_.push_back(entry.row);
    out_answers_.push_back(entry.answer);
    out_weights_.push_back(weight);
  }
  void reject_unmatched(const Batch& batch, Output& output);
  void flush(Output& output);
  std::vector<ColumnPtr> answers_at(const std::vector<Id>& ids) const {
    std::vector<ColumnPtr> columns;
    for (size_t c = 0; c < given_.columns().schema()->size(); ++c) {
      columns.push_back(given_.columns().gather(c, ids));
    }
    return columns;
  }
  std::vector<uint32_t> live_groups() const {
    std::vector<uint32_t> groups;
    for (uint32_t group = 0; group < partitions_.size(); ++group) {
      if (!partitions_[group].empty()) groups.push_back(group);
    }
    return groups;
  }
  void trim();
  Status load_partition(SnapshotReader& reader);

  const OverOptions options_;
  const OverReach reach_;
  const std::vector<uint8_t> read_;  // by column: whether answers are computed of it
  PartitionRows rows_;
  PartitionOrder order_;
  RowSlots given_;                     // answers
  std::vector<Partition> partitions_;  // rows in their order
  std::vector<int64_t> touched_us_;    // by partition, where there is a TTL
  int64_t expired_at_us_ = 0;
  size_t clean_at_ = kCleanAt;
  // Of the turn at work: nothing between calls.
  OverRows frame_rows_;
  OverAnswers answers_;
  OverTurn turn_;
  std::vector<Id> ids_;
  std::vector<uint32_t> id_groups_;
  std::vector<uint8_t> failed_;  // by row of the turn
  std::vector<uint8_t> changed_;
  // Of the batch at work.
  std::vector<uint32_t> groups_;
  GroupRuns runs_;
  std::vector<Edit> edits_;
  std::vector<Edits> edits_of_;
  std::vector<Id> put_;
  Partition tail_;
  std::vector<Entry> removed_;
  std::vector<Piece> pieces_;
  Selection unmatched_;
  std::vector<uint32_t> out_groups_;
  std::vector<Id> out_rows_;
  std::vector<Id> out_answers_;
  std::vector<int64_t> out_weights_;
};

// Stores the rows that come.
void ChangingOver::add_up(const Batch& batch) {
  edits_.clear();
  edits_of_.clear();
  Selection coming;
  const auto equal = [&batch](uint32_t a, uint32_t b) {
    return std::all_of(batch.columns.begin(), batch.columns.end(),
                       [&](const ColumnPtr& column) { return rows_equal(*column, a, *column, b); });
  };
  for (const GroupRuns::Run& run : runs_.runs()) {
    const std::span<const uint32_t> changes = runs_.rows(run);
    const size_t first = edits_.size();
    for (size_t begin = 0; begin < changes.size();) {
      size_t end = begin;
      int64_t weight = 0;
      while (end < changes.size() && equal(changes[begin], changes[end])) {
        weight += batch.weight(changes[end++]);
      }
      if (weight != 0) edits_.push_back({changes[begin], weight, coming.size()});
      for (int64_t i = 0; i < weight; ++i) coming.push_back(changes[begin]);
      begin = end;
    }
    if (edits_.size() > first) edits_of_.push_back({run.group, first, edits_.size()});
  }
  rows_.put(batch, coming, &put_);
}

void ChangingOver::merge(const Edits& edits) {
  Partition& partition = partitions_[edits.group];
  // Rows that come stand behind their equals, and of equals the last ones go.
  const auto stands_before = [this](const Entry& entry, uint32_t row) {
    return order_.by_all(entry.row, row) < 0;
  };
  const auto stands_behind = [this](uint32_t row, const Entry& entry) {
    return order_.by_all(entry.row, row) > 0;
  };
  const auto place =
      std::lower_bound(partition.begin(), partition.end(), edits_[edits.begin].row, stands_before);
  tail_.assign(place, partition.end());
  partition.erase(place, partition.end());
  Touched touched;
  const size_t removed_begin = removed_.size();
  auto rest = tail_.begin();
  for (size_t e = edits.begin; e < edits.end; ++e) {
    const Edit& edit = edits_[e];
    const auto behind = std::upper_bound(rest, tail_.end(), edit.row, stands_behind);
    partition.insert(partition.end(), rest, behind);
    rest = behind;
    const size_t end = partition.size();
    if (edit.weight > 0) {
      for (size_t i = 0; i < static_cast<size_t>(edit.weight); ++i) {
        partition.push_back({put_[edit.put + i], kNew});
      }
      touched.add(end, partition.size(), put_[edit.put]);
      continue;
    }
    for (int64_t i = edit.weight; i < 0; ++i) {
      const bool there = !partition.empty() && !stands_before(partition.back(), edit.row);
      if (!there) {
        if (options_.ttl_us <= 0) unmatched_.push_back(edit.row);
        continue;
      }
      removed_.push_back(partition.back());
      partition.pop_back();
      touched.add(partition.size(), partition.size(), removed_.back().row);
    }
  }
  partition.insert(partition.end(), rest, tail_.end());
  if (touched.first != SIZE_MAX) add_piece(edits.group, touched, removed_begin);
}

void ChangingOver::add_piece(uint32_t group, const Touched& touched, size_t removed_begin) {
  const Partition& partition = partitions_[group];
  const size_t count = partition.size();
  const auto back = [](size_t place, uint64_t rows) { return place - std::min(place, rows); };
  const auto on = [count](size_t place, uint64_t rows) {
    return place + std::min<uint64_t>(count - place, rows);
  };
  Piece piece{group,          back(touched.first, reach_.behind), count, 0, count, removed_begin,
              removed_.size()};
  if (reach_.from_start) {
    piece.from = 0;
  } else if (reach_.peers) {
    const auto peers =
        std::partition_point(partition.begin(), partition.end(), [&](const Entry& entry) {
          return order_.stored_by_keys(entry.row, touched.first_row) < 0;
        });
    piece.from = std::min(piece.from, static_cast<size_t>(peers - partition.begin()));
  }
  if (!reach_.to_end) piece.to = on(touched.last, reach_.before);
  if (!reach_.needs_start) piece.low = back(piece.from, reach_.before);
  if (!reach_.needs_end) piece.high = on(piece.to, reach_.behind);
  pieces_.push_back(piece);
}

// Answers of the pieces' rows; the turn lists these.
std::vector<ColumnPtr> ChangingOver::compute(std::span<const Piece> pieces, RowErrors& errors) {
  turn_.clear();
  ids_.clear(), id_groups_.clear();
  std::vector<uint32_t> numbers;  // partitions, as those of one batch
  uint32_t number = 0;
  for (const Piece& piece : pieces) {
    if (piece.from == piece.to) continue;
    for (size_t at = piece.low; at < piece.high; ++at) {
      ids_.push_back(partitions_[piece.group][at].row);
    }
    id_groups_.resize(ids_.size(), piece.group);
    numbers.resize(ids_.size(), number);
    for (size_t at = piece.from; at < piece.to; ++at) {
      turn_.add(number, at - piece.low);
    }
    ++number;
  }
  if (turn_.size() == 0) return answers_at({});
  const Batch batch{options_.input, ids_.size(), rows_.gather(ids_, id_groups_, &read_), nullptr,
                    nullptr};
  frame_rows_.take(batch, numbers);
  answers_.arrive(batch, context_);
  std::vector<ColumnPtr> columns = answers_.answer(turn_, context_, errors);
  answers_.clear();
  frame_rows_.settle();
  for (ColumnPtr& column : columns) column = flatten(column);
  return columns;
}

bool ChangingOver::differs(const Entry& entry, const std::vector<ColumnPtr>& columns,
                           uint32_t row) const {
  if (!entry.is_given()) return true;
  for (size_t c = 0; c < columns.size(); ++c) {
    if (given_.columns().compare(c, entry.answer, *columns[c], row) != 0) return true;
  }
  return false;
}

void ChangingOver::answer(std::span<const Piece> pieces, Output& output) {
  RowErrors errors;
  std::vector<ColumnPtr> columns = compute(pieces, errors);
  failed_.assign(turn_.size(), 0);
  if (!errors.empty()) note_failed(pieces, errors, output);
  give(pieces, std::move(columns));
}

// A row is rejected when it fails, not again as long as it does.
void ChangingOver::note_failed(std::span<const Piece> pieces, RowErrors& errors, Output& output) {
  for (const RowError& error : errors.rows()) failed_[error.row] = 1;
  RowErrors now;
  std::vector<Id> ids;
  std::vector<uint32_t> groups;
  auto error = errors.rows().begin();
  uint32_t row = 0;
  for (const Piece& piece : pieces) {
    for (size_t at = piece.from; at < piece.to; ++at, ++row) {
      if (failed_[row] == 0) continue;
      const Entry& entry = partitions_[piece.group][at];
      if (entry.answer != kNoAnswer) {
        now.add(static_cast<uint32_t>(ids.size()), error->code, error->message);
        ids.push_back(entry.row);
        groups.push_back(piece.group);
      }
      ++error;
    }
  }
  if (ids.empty()) return;
  const Batch rows{options_.input, ids.size(), rows_.gather(ids, groups), nullptr, nullptr};
  Selection good;
  reject_failed_rows(rows, now, output, &good);
}

// Partition by partition: rows that left or have other answers, then those that came or have them.
void ChangingOver::give(std::span<const Piece> pieces, std::vector<ColumnPtr> columns) {
  changed_.assign(turn_.size(), 0);
  Selection changed;
  uint32_t row = 0;
  for (const Piece& piece : pieces) {
    for (size_t at = piece.from; at < piece.to; ++at, ++row) {
      if (failed_[row] != 0 || !differs(partitions_[piece.group][at], columns, row)) continue;
      changed_[row] = 1;
      changed.push_back(row);
    }
  }
  std::vector<Id> answers;
  given_.put({given_.columns().schema(), turn_.size(), std::move(columns), nullptr, nullptr},
             changed, &answers);
  row = 0;
  size_t next = 0;
  for (const Piece& piece : pieces) {
    for (size_t i = piece.removed_begin; i < piece.removed_end; ++i) {
      if (removed_[i].is_given()) add(piece.group, removed_[i], -1);
      forget(removed_[i]);
    }
    Partition& partition = partitions_[piece.group];
    const uint32_t first = row;
    for (size_t at = piece.from; at < piece.to; ++at, ++row) {
      Entry& entry = partition[at];
      if (failed_[row] == 0 && changed_[row] == 0) continue;
      if (entry.is_given()) {
        add(piece.group, entry, -1);
        given_.remove(entry.answer);
      }
      entry.answer = failed_[row] != 0 ? kNoAnswer : answers[next++];
    }
    for (size_t at = piece.from; at < piece.to; ++at) {
      if (changed_[first + (at - piece.from)] != 0) add(piece.group, partition[at], 1);
    }
  }
}

void ChangingOver::reject_unmatched(const Batch& batch, Output& output) {
  if (unmatched_.empty()) return;
  output.reject(
      {RejectReason::kUnmatched, gather(batch, unmatched_), "OVER has no such row to take back"});
  unmatched_.clear();
}

void ChangingOver::flush(Output& output) {
  if (out_rows_.empty()) return;
  Batch batch{options_.output, out_rows_.size(), rows_.gather(out_rows_, out_groups_), nullptr,
              nullptr};
  for (ColumnPtr& column : answers_at(out_answers_)) batch.columns.push_back(std::move(column));
  if (std::any_of(out_weights_.begin(), out_weights_.end(), [](int64_t w) { return w < 0; })) {
    ColumnBuilder weights(Type::bigint(), out_weights_.size());
    for (const int64_t weight : out_weights_) weights.append_int64(weight);
    batch.weights = weights.finish();
  }
  out_rows_.clear(), out_groups_.clear(), out_answers_.clear(), out_weights_.clear();
  output.emit(std::move(batch));
}

// Gives back the memory of rows and partitions that are gone.
void ChangingOver::trim() {
  rows_.reuse();
  given_.reuse();
  if (rows_.keys().size() < clean_at_) return;
  const std::vector<uint32_t> live = live_groups();
  if (live.size() * 2 < rows_.keys().size()) {
    const std::vector<uint32_t> numbers = rows_.keep_only(live);
    std::vector<Partition> partitions(rows_.keys().size());
    std::vector<int64_t> touched_us(options_.ttl_us > 0 ? partitions.size() : 0);
    for (size_t i = 0; i < live.size(); ++i) {
      partitions[numbers[i]] = std::move(partitions_[live[i]]);
      if (options_.ttl_us > 0) touched_us[numbers[i]] = touched_us_[live[i]];
    }
    partitions_ = std::move(partitions);
    touched_us_ = std::move(touched_us);
  }
  clean_at_ = std::max(kCleanAt, size_t{rows_.keys().size()} * 2);
}

void ChangingOver::save(SnapshotWriter& writer) const {
  writer.section("over changes");
  const std::vector<uint32_t> groups = live_groups();
  writer.u64(groups.size());
  for (const uint32_t group : groups) {
    writer.i64(options_.ttl_us > 0 ? touched_us_[group] : 0);
    std::vector<Id> ids;
    std::vector<Id> answers;
    for (const Entry& entry : partitions_[group]) {
      ids.push_back(entry.row);
      answers.push_back(entry.answer);
    }
    writer.u64(ids.size());
    for (const Id answer : answers) writer.u8(answer == kNoAnswer ? 0 : 1);
    const std::vector<uint32_t> group_of_each(ids.size(), group);
    for (const ColumnPtr& column : rows_.gather(ids, group_of_each)) writer.column(*column);
    for (const ColumnPtr& column : answers_at(answers)) writer.column(*column);
  }
}

Status ChangingOver::load(SnapshotReader& reader) {
  TRY(reader.section("over changes"));
  const uint64_t groups = TRY(reader.count(16));
  for (uint64_t i = 0; i < groups; ++i) TRY(load_partition(reader));
  return {};
}

Status ChangingOver::load_partition(SnapshotReader& reader) {
  const int64_t touched_us = TRY(reader.i64());
  const uint64_t rows = TRY(reader.count(1));
  Selection given;
  for (uint32_t row = 0; row < rows; ++row) {
    const uint8_t is_given = TRY(reader.u8());
    if (is_given != 0) given.push_back(row);
  }
  bool fits = rows > 0 && rows < kNew;
  const auto read = [&](const SchemaPtr& schema) -> Result<Batch> {
    Batch batch{schema, rows, {}, nullptr, nullptr};
    for (const Field& field : schema->fields()) {
      batch.columns.push_back(TRY(reader.column(field.type)));
      fits &= batch.columns.back()->size() == rows;
    }
    return batch;
  };
  const Batch batch = TRY(read(options_.input));
  const Batch answers = TRY(read(given_.columns().schema()));
  if (!fits) {
    return Error(ErrorCode::kCorruptData, "the rows of a partition do not fit each other");
  }
  intern(batch);
  if (options_.ttl_us > 0) touched_us_[groups_[0]] = touched_us;
  Selection all(rows);
  std::iota(all.begin(), all.end(), uint32_t{0});
  rows_.put(batch, all, &put_);
  Partition& partition = partitions_[groups_[0]];
  for (const Id id : put_) partition.push_back({id, kNoAnswer});
  given_.put(answers, given, &put_);
  for (size_t i = 0; i < given.size(); ++i) partition[given[i]].answer = put_[i];
  return {};
}

}  // namespace

std::unique_ptr<Operator> make_changing_over(OverOptions options) {
  return std::make_unique<ChangingOver>(std::move(options));
}

}  // namespace velo
