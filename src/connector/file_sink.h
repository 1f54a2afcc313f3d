#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/options.h"
#include "connector/compression.h"
#include "connector/sink.h"

namespace velo {

struct FileSinkOptions {
  /// A file; with rotation also a directory (given with a slash at its end, or existing).
  std::string path;
  Compression compression = Compression::kAuto;
  uint64_t rotate_bytes = 0;       ///< 0 = never; of the file as stored
  int64_t rotate_interval_us = 0;  ///< 0 = never; since the first row of the file
  enum class Exists : uint8_t { kReplace, kFail, kAppend };
  Exists exists = Exists::kReplace;
  std::string extension;       ///< of the names made up in a directory: ".json"
  bool transactional = false;  ///< rotated files wait for `commit`
};

Result<FileSinkOptions> parse_file_sink_options(const OptionReader& options);

/// Where the parts of a sink go: one name, or numbered names.
///   "out/x.json", no rotation   out/x.json
///   "out/x.json.gz", rotation   out/x-00000.json.gz, out/x-00001.json.gz, …
///   "out/", ".json"             out/part-00000.json, …
struct PartNames {
  std::string directory;
  std::string stem;
  std::string extension;
  bool numbered = false;

  std::string path(uint64_t number) const;
  /// The number in a name of this pattern.
  std::optional<uint64_t> number_of(const std::string& name) const;
};

/// Writes files that appear whole or not at all: everything goes to `<name>.inprogress-<run>`,
/// which is synced and renamed when the part is complete (at the end, by rotation, with
/// transactions at commit). An error or `abort` removes what was not published. Devices and pipes
/// are written straight.
///
/// 'replace' with numbered names removes the older parts of the same pattern when the first new one
/// is published.
class FileSink final : public Sink {
 public:
  /// Borrows the file system and the clock.
  FileSink(FileSinkOptions options, FileSystem& files, Clock& clock);
  ~FileSink() override;

  Status open() override;
  void set_preamble(std::string preamble) override { preamble_ = std::move(preamble); }
  Status write(Bytes encoded, uint64_t rows) override;
  Status flush() override;
  Status tick() override;
  Result<std::string> prepare(uint64_t epoch) override;
  Status commit(uint64_t epoch) override;
  Status abort(uint64_t epoch) override;
  Status recover(std::string_view prepared) override;
  Status finish() override;

  /// Parts published so far.
  uint64_t parts_published() const { return published_; }

 private:
  /// One file that is being written or waits to be published.
  struct Part {
    std::string beside;  ///< the name while in progress
    std::string final;
    std::unique_ptr<File> file;
    std::unique_ptr<Compressor> compressor;
    std::string buffer;       ///< not yet in the file
    uint64_t stored = 0;      ///< bytes in the file
    int64_t first_row_ns = -1;
    bool has_bytes = false;   ///< the preamble stands or is not wanted
    uint64_t epoch = 0;       ///< of the checkpoint that closed parts go with; 0 = none yet
    bool saved = false;       ///< some checkpoint may need it: never removed
  };

  Status find_names();
  Status check_existing();
  Status start_part();
  Status copy_existing(Part& part);
  Status append(Part& part, Bytes bytes);
  Status drain(Part& part);
  Status close_part();
  Status rotate_if_due();
  Status publish(const Part& part);
  Status publish_up_to(uint64_t epoch);
  Status remove_older_parts();
  Status reopen(std::string_view beside, std::string_view final_path, uint64_t stored,
                bool has_bytes);
  Status remove_leftovers(const std::vector<std::string>& expected);
  void discard();
  Status guarded(Status status);
  Error in_user_terms(Error error) const;

  FileSinkOptions options_;
  FileSystem& files_;
  Clock& clock_;
  std::string preamble_;
  std::string run_;  ///< tells the files in progress of this run from others'
  PartNames names_;
  bool rotating_ = false;
  bool direct_ = false;  ///< a device or pipe
  uint64_t next_number_ = 0;
  uint64_t published_ = 0;
  std::optional<Part> open_part_;
  std::vector<Part> closed_parts_;  ///< complete, not yet published
  std::vector<std::string> own_;    ///< published names
  std::optional<Error> failed_;
  bool finished_ = false;
};

}  // namespace velo
