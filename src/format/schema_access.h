#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace velo {

/// A schema that others refer to by this name: of Avro a type's full name, of Protobuf an imported
/// file.
struct NamedSchema {
  std::string name;
  std::string text;
};

struct RegisteredSchema {
  uint32_t id = 0;
  std::string type;  ///< AVRO, PROTOBUF, JSON
  std::string text;
  /// All that it refers to, directly or not, each behind those that it refers to itself.
  std::vector<NamedSchema> references = {};
};

/// Where a schema finds another one that it refers to by a name.
struct SchemaReference {
  std::string name;
  std::string subject;
  uint32_t version = 0;
};

/// A schema for a registry.
struct NewSchema {
  std::string type;
  std::string text;
  std::vector<SchemaReference> references = {};
};

/// A registry of schemas, as Confluent's. Thread-safe; waits for the network. What it has answered
/// about an id it does not ask again.
class SchemaRegistry {
 public:
  virtual ~SchemaRegistry() = default;
  /// kNotFound: there is no such schema, which another error (the registry cannot be asked) does
  /// not say.
  virtual Result<RegisteredSchema> by_id(uint32_t id) = 0;
  /// The newest of a subject. kNotFound: there is no such subject.
  virtual Result<RegisteredSchema> latest(const std::string& subject) = 0;
  /// The id of that schema under the subject; registers it where it is not there yet.
  virtual Result<uint32_t> add(const std::string& subject, const NewSchema& schema) = 0;
  /// The version of a schema that the subject has.
  virtual Result<uint32_t> version_of(const std::string& subject, const NewSchema& schema) = 0;
};

/// How a format comes by schemas.
struct SchemaAccess {
  /// Reads a file that an option names. Empty: there are no files.
  std::function<Result<std::string>(const std::string& path)> read_file = {};
  std::shared_ptr<SchemaRegistry> registry = {};  ///< null: there is none
  /// Under which the schema of these records is found unless an option says so; may be empty.
  std::string subject = {};
};

}  // namespace velo
