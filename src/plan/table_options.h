#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/options.h"
#include "base/result.h"
#include "plan/table_def.h"

namespace velo {

/// The options of a table that the plan itself understands; all others belong to the connector or
/// the format: 'connector', 'format', 'bad-records', 'scan.watermark.*', 'sink.changelog' …
std::span<const OptionInfo> plan_table_options();

/// What can be SET for a session, beside what the engine adds: 'state.ttl', 'table.local-time-zone'
/// …
std::span<const OptionInfo> plan_settings();

/// What is wrong with one option of a table.
struct OptionProblem {
  std::string option;  ///< its name; "" if one is missing
  Error error;         ///< without a place: the binder knows where the option stands
};

/// The columns of a table that declares none, and how they were found.
struct InferredTable {
  struct Column {
    std::string name;
    Type type;
    std::string metadata_key;  ///< not empty: no column of the record, but METADATA FROM this
  };
  std::vector<Column> columns;
  /// What goes with them and nobody wrote: 'format', 'csv.delimiter'. With a format alone and no
  /// columns: asked again with it, they may be told.
  OptionMap options;
  /// What they were guessed from: "1000 records of topic 't' …". Empty: known, not guessed.
  std::string guess;
};

/// What the binder must know of connectors and formats, which live in floors that it cannot see.
/// The engine implements it over their option tables; tests over a small table. All calls are const
/// and thread-safe.
class TableKinds {
 public:
  virtual ~TableKinds() = default;

  /// Problems with the options of a table: unknown ones (with the nearest known name as hint), bad
  /// values, missing ones. Takes `plan_table_options` for granted, which the binder has checked.
  virtual std::vector<OptionProblem> check(const OptionMap& options) const = 0;
  /// Problems of the options with the columns, once these are known: 'fields.price.min' of a column
  /// that has no such thing. REQUIRES: check found nothing.
  virtual std::vector<OptionProblem> check_columns(const OptionMap& options,
                                                   const std::vector<Field>& stored) const {
    (void)options;
    (void)stored;
    return {};
  }
  /// REQUIRES: check found nothing.
  virtual TableTraits traits(const OptionMap& options) const = 0;
  /// The columns of a table that declares none, from its data ('csv.infer', messages of a topic) or
  /// a schema. Errors: not possible here, or the data is not there. May read the outside world.
  virtual Result<InferredTable> infer_columns(const OptionMap& options) const = 0;
  /// Names of all options that a table with this connector and format may have, for "did you mean".
  virtual std::vector<std::string> option_names(const OptionMap& options) const = 0;
  /// Settings of the engine ('parallelism', 'batch-rows').
  virtual std::span<const OptionInfo> settings() const { return {}; }
};

}  // namespace velo
