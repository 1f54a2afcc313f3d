// Runs a libFuzzer target without libFuzzer: feeds it every file of a corpus, then seeded random
// mutations of these files for some seconds. It finds less than coverage does, but needs no special
// build, so that every test run has it.
//
//   fuzz_x [--seconds N] [--seed N] file-or-folder…
//
// A crash leaves its input in crash-<program>; give that file as the only argument to see it again.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using velo::Random;
using namespace std::string_view_literals;

constexpr size_t kInputBytesMax = 65536;

// What the handler of a crash needs, where it can be read without allocating.
char g_crash_path[512];
const char* g_input = nullptr;
size_t g_input_bytes = 0;

void save_input_and_die(int signal_number) {
  const int file = ::open(g_crash_path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file >= 0) {
    [[maybe_unused]] ssize_t written = ::write(file, g_input, g_input_bytes);
    ::close(file);
  }
  static constexpr std::string_view kNote = "the input that crashed is in ";
  [[maybe_unused]] ssize_t said = ::write(2, kNote.data(), kNote.size());
  said = ::write(2, g_crash_path, std::strlen(g_crash_path));
  said = ::write(2, "\n", 1);
  std::signal(signal_number, SIG_DFL);
  std::raise(signal_number);
}

void feed(const std::string& input) {
  // An exact copy on the heap lets AddressSanitizer see a read past the end.
  auto* copy = static_cast<uint8_t*>(std::malloc(std::max<size_t>(input.size(), 1)));
  std::memcpy(copy, input.data(), input.size());
  g_input = reinterpret_cast<const char*>(copy);
  g_input_bytes = input.size();
  LLVMFuzzerTestOneInput(copy, input.size());
  std::free(copy);
}

std::vector<std::string> read_corpus(const std::vector<std::string>& paths) {
  std::vector<std::filesystem::path> files;
  for (const std::string& path : paths) {
    if (!std::filesystem::is_directory(path)) {
      files.emplace_back(path);
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> corpus;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    if (!in) {
      std::fprintf(stderr, "cannot read %s\n", file.c_str());
      std::exit(2);
    }
    corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return corpus;
}

/// One random edit. `other` lends its bytes to splices.
void mutate(std::string& input, const std::string& other, Random& random) {
  static constexpr std::string_view kBytes = "\0\xff\x80\x7f\n\r\t \"'\\,;:(){}[]-+.eE09/*%_$"sv;
  const auto somewhere = [&](const std::string& s) { return random.below(s.size() + 1); };
  const size_t at = somewhere(input);
  const size_t length = std::min<size_t>(input.size() - at, 1 + random.below(16));
  const char byte = kBytes[random.below(kBytes.size())];
  switch (random.below(8)) {
    case 0: input.erase(at, length); break;
    case 1: input.insert(at, 1, byte); break;
    case 2: input.insert(at, input.substr(at, length)); break;
    case 3: input.insert(at, 1 + random.below(64), byte); break;
    case 4: {
      const size_t from = somewhere(other);
      input.replace(at, std::string::npos, other, from, std::string::npos);
      break;
    }
    case 5: {
      const size_t from = somewhere(other);
      input.insert(at, other, from, 1 + random.below(32));
      break;
    }
    case 6:
      if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << random.below(8)));
      break;
    default:
      if (at < input.size()) input[at] = byte;
  }
  if (input.size() > kInputBytesMax) input.resize(kInputBytesMax);
}

uint64_t feed_mutations(const std::vector<std::string>& corpus, double seconds, uint64_t seed) {
  const velo::SystemClock clock;
  const int64_t end_ns = clock.steady_ns() + static_cast<int64_t>(seconds * 1e9);
  Random random(seed);
  uint64_t runs = 0;
  for (; clock.steady_ns() < end_ns; ++runs) {
    std::string input = corpus[random.below(corpus.size())];
    const std::string& other = corpus[random.below(corpus.size())];
    for (uint64_t edits = 1 + random.below(6); edits > 0; --edits) mutate(input, other, random);
    feed(input);
  }
  return runs;
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 0;
  uint64_t seed = 1;
  std::vector<std::string> paths;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--seconds" && i + 1 < argc) {
      seconds = std::strtod(argv[++i], nullptr);
    } else if (argument == "--seed" && i + 1 < argc) {
      seed = std::strtoull(argv[++i], nullptr, 10);
    } else {
      paths.emplace_back(argument);
    }
  }
  const std::string program = std::filesystem::path(argv[0]).filename();
  std::snprintf(g_crash_path, sizeof g_crash_path, "crash-%s", program.c_str());
  for (int signal_number : {SIGSEGV, SIGABRT, SIGFPE, SIGILL, SIGBUS}) {
    std::signal(signal_number, save_input_and_die);
  }

  std::vector<std::string> corpus = read_corpus(paths);
  for (const std::string& input : corpus) feed(input);
  const size_t files = corpus.size();
  if (corpus.empty()) corpus.emplace_back();
  const uint64_t runs = feed_mutations(corpus, seconds, seed);
  std::printf("%s: %zu files and %llu mutations of them (seed %llu), none crashed\n",
              program.c_str(), files, static_cast<unsigned long long>(runs),
              static_cast<unsigned long long>(seed));
  return 0;
}
