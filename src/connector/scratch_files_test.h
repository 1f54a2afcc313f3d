#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "base/fault_file.h"
#include "base/file.h"
#include "connector/compression.h"
#include "connector/source.h"

namespace velo {

/// A test with a directory of its own, gone afterwards, a real file system and one that fails on
/// request.
class ScratchFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/velo_connector_test_XXXXXX";
    root_ = ::mkdtemp(name);
  }
  void TearDown() override { (void)!std::system(("rm -rf '" + root_ + "'").c_str()); }

  std::string at(const std::string& name) const { return root_ + "/" + name; }

  void put(const std::string& name, std::string_view text) {
    auto file = local_.open(at(name), OpenMode::kCreate).value();
    file->write(as_bytes(text)).value();
  }
  void add(const std::string& name, std::string_view text) {
    auto file = local_.open(at(name), OpenMode::kAppend).value();
    file->write(as_bytes(text)).value();
  }
  std::string text_of(const std::string& name) { return read_whole_file(local_, at(name)).value(); }

  /// Names in the directory, separated by blanks.
  std::string listing(const std::string& directory = "") {
    std::string names;
    const auto entries = local_.list(root_ + "/" + directory).value();
    for (const DirectoryEntry& entry : entries) {
      names += (names.empty() ? "" : " ") + entry.name;
    }
    return names;
  }

  static std::string packed(Compression compression, std::string_view text) {
    std::string out;
    auto compressor = make_compressor(compression);
    compressor->add(as_bytes(text), out).value();
    compressor->end_member(out).value();
    return out;
  }
  static std::string unpacked(Compression compression, std::string_view bytes) {
    auto decompressor = make_decompressor(compression);
    std::string out;
    std::vector<std::byte> page(65536);
    Bytes in = as_bytes(bytes);
    while (true) {
      const auto step = decompressor->step(in, page.data(), page.size()).value();
      out += as_text({page.data(), step.given});
      in = in.subspan(step.taken);
      if (in.empty() && step.given == 0) break;
    }
    EXPECT_TRUE(decompressor->at_member_end());
    return out;
  }

  LocalFileSystem local_;
  FaultyFileSystem files_{local_};
  std::string root_;
};

/// One block as text: "<" if it begins a unit, its bytes, ">" if it ends one.
inline std::string shown(const Block& block) {
  return (block.begins_unit ? "<" : "") + std::string(as_text(block.bytes)) +
         (block.ends_unit ? ">" : "");
}

/// Polls with timeout 0 until there is nothing more; blocks separated by "|", then "." for the end,
/// "~" for quiet, or the error's code.
inline std::string drained(Source& source, uint32_t partition = 0) {
  std::string all;
  Block block;
  while (true) {
    auto polled = source.poll(partition, block, 0);
    if (!polled) return all + std::to_string(static_cast<int>(polled.error().code));
    if (*polled == Poll::kEnd) return all + ".";
    if (*polled == Poll::kNothingYet) return all + "~";
    EXPECT_EQ(block.partition, partition);
    all += shown(block) + "|";
  }
}

}  // namespace velo
