#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/connect.h"
#include "plan/table_def.h"
#include "runtime/message_sink.h"

namespace velo {

/// How a table's columns lie in messages: which of them make the key, and whether they stand in the
/// value too.
struct MessageTable {
  std::vector<size_t> key;  ///< columns of the table
  std::string key_format;
  std::string key_prefix;  ///< not part of the names in the key
  bool key_in_value = true;
  bool upserts = false;  ///< a message without value removes the row of its key
};

/// True for connectors whose records are messages.
bool is_message_connector(std::string_view connector);

/// `for_writing`: PRIMARY KEY makes the key where 'key.fields' says nothing else. Errors: a column
/// that is not there, a format that cannot be a key's.
Result<MessageTable> message_table(const TableDef& table, bool for_writing);

/// The columns that the value holds, in the table's order.
std::vector<size_t> value_columns(const TableDef& table, const MessageTable& messages);

/// How the messages of a table are read: `decoder` gets the value's schema and projection.
/// REQUIRES: `decoder.options` are the format's.
Status set_message_spec(const TableDef& table, const TableColumns& columns,
                        const ConnectorContext& context, DecoderOptions* decoder, SourceSpec* spec);

/// How rows of `schema` become messages. `key`: columns that identify a changing row.
Result<std::unique_ptr<SinkPort>> make_message_sink(const TableDef& table, const SchemaPtr& schema,
                                                    SinkEncoding encoding, std::vector<size_t> key,
                                                    ConnectorContext context);

}  // namespace velo
