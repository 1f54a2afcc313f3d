#pragma once

#include <cstddef>
#include <span>

#include "connector/block.h"
#include "connector/buffer_pool.h"
#include "connector/kafka_client.h"

namespace velo {

/// Messages of a block: few enough to be in the near caches still when they are copied, decoded and
/// freed.
inline constexpr size_t kKafkaBlockRecords = 1024;
/// Of values, keys and headers, unless the first message alone has more.
inline constexpr size_t kKafkaBlockBytes = size_t{512} << 10;

/// Copies the first of `messages` (of one partition, without errors) into a block: values first,
/// each with a newline behind it, then keys and headers if they are asked for. Sets all but
/// partition and positions. Returns how many it took, at least one.
/// REQUIRES: there is one.
size_t fill_kafka_block(std::span<const KafkaMessage> messages, bool keys, bool headers,
                        BufferPool& pool, Block& out);

}  // namespace velo
