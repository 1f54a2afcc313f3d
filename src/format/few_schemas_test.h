#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

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
  Result<uint32_t> add(const std::string& subject, const std::string& type,
                       const std::string& text) override {
    EXPECT_EQ(subject, "t-value");
    EXPECT_EQ(type, type_);
    texts.push_back(text);
    return static_cast<uint32_t>(texts.size());
  }
  std::vector<std::string> texts;
  std::vector<NamedSchema> references;  ///< of each
  int asked = 0;

 private:
  std::string type_;
};

}  // namespace velo
