#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.h"
#include "format/schema_access.h"

namespace velo {

/// Where a schema registry is, and who asks.
struct RegistryAddress {
  std::string url;         ///< http://host:port/path, https://…
  std::string user_info;   ///< user:password; empty: nobody
  int64_t timeout_us = 0;  ///< of one request
  // Of https, as PEM.
  std::string ca_pem;           ///< whom to trust; empty: whom the system trusts
  std::string certificate_pem;  ///< who asks; empty: nobody
  std::string key_pem;
};

/// A client of a registry that answers as Confluent's. It asks that address and no other: it
/// follows no redirections. Errors: kNotFound as SchemaRegistry says, else kUnavailable, kTimeout,
/// kPermission with the URL.
Result<std::shared_ptr<SchemaRegistry>> connect_registry(RegistryAddress address);

}  // namespace velo
