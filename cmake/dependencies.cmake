# Every third-party library, found once. Which folder may include which is in tools/tidy.py, which checks it.
# The installed package reads this file too (VELOSTREAM_PACKAGE set): there, only what the library links.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

find_package(fmt REQUIRED)                                             # fmt::fmt: base
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET GLOBAL libxxhash)    # PkgConfig::xxhash: base
find_package(FastFloat REQUIRED)                                       # FastFloat::fast_float: format
find_package(simdjson REQUIRED)                                        # simdjson::simdjson: format
find_package(Protobuf 3.21 REQUIRED)                                   # protobuf::libprotobuf: format (schemas)
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET GLOBAL re2)             # PkgConfig::re2: expr
find_package(OpenSSL 3 REQUIRED COMPONENTS Crypto SSL)                 # OpenSSL::Crypto: expr (digests); SSL: engine (TLS)
find_package(date REQUIRED)                                            # date::date-tz: expr
find_package(ZLIB REQUIRED)                                            # ZLIB::ZLIB: connector
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET GLOBAL libzstd)        # PkgConfig::zstd: connector
pkg_check_modules(lz4 REQUIRED IMPORTED_TARGET GLOBAL liblz4)          # PkgConfig::lz4: connector
include(${CMAKE_CURRENT_LIST_DIR}/rdkafka.cmake)                       # velo::rdkafka: connector
find_package(spdlog REQUIRED)                                          # spdlog::spdlog: runtime and above
find_package(Boost 1.81 REQUIRED)                                      # Boost::headers: engine, server
find_package(nlohmann_json REQUIRED)                                   # nlohmann_json::nlohmann_json: engine and above
find_package(yaml-cpp REQUIRED)                                        # yaml-cpp: engine and above

if(NOT VELOSTREAM_PACKAGE)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)                # the house's own checks
  find_package(CLI11 REQUIRED)                                         # CLI11::CLI11: cli
  pkg_check_modules(libedit REQUIRED IMPORTED_TARGET GLOBAL libedit)   # PkgConfig::libedit: cli
  pkg_check_modules(jemalloc REQUIRED IMPORTED_TARGET GLOBAL jemalloc) # PkgConfig::jemalloc: cli (the program's malloc)
  if(VELO_TESTS)
    pkg_check_modules(avro REQUIRED IMPORTED_TARGET GLOBAL avro-c)     # PkgConfig::avro: avro_library_test.cc
    find_package(GTest REQUIRED)                                       # GTest::gtest_main: *_test.cc
  endif()
  if(VELO_BENCH)
    find_package(benchmark REQUIRED)                                   # benchmark::benchmark: bench
  endif()
endif()
