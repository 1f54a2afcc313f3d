#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/fmt.h"
#include "format/schema_access.h"

namespace velo {

/// A registry of schemas by number; 500 and above cannot be asked for. Its subject is 't-value'.
class FewSchemas final : public SchemaRegistry {
 public:
  explicit FewSchemas(std::string type) : type_(std::move(type)) {}

  Result<RegisteredSchema> by_id(uint32_t id) override {
    ++asked;
    if (id >= 500) return Error(ErrorCode::kUnavailable, "the registry is down");
    if (id == 0 || id > texts.size()) return Error(ErrorCode::kNotFound, "there is no such schema");
    return RegisteredSchema{id, type_, texts[id - 1], references};
  }
  Result<RegisteredSchema> latest(const std::string& subject) override {
    if (subject != "t-value") return Error(ErrorCode::kNotFound, "there is no such subject");
    return by_id(static_cast<uint32_t>(texts.size()));
  }
  Result<uint32_t> add(const std::string& subject, const NewSchema& schema) override {
    EXPECT_EQ(schema.type, type_);
    texts.push_back(schema.text);
    log += subject;
    for (const SchemaReference& one : schema.references) {
      log += fmt::format(" ({}: {} {})", one.name, one.subject, one.version);
    }
    log += '\n';
    return static_cast<uint32_t>(texts.size());
  }
  Result<uint32_t> version_of(const std::string&, const NewSchema& schema) override {
    const auto found = std::find(texts.begin(), texts.end(), schema.text);
    return static_cast<uint32_t>(found - texts.begin()) + 1;
  }
  std::vector<std::string> texts;
  std::vector<NamedSchema> references;  ///< of each
  int asked = 0;
  std::string log;  ///< what was added

 private:
  std::string type_;
};

}  // namespace velo
