# The floors of the house as libraries. `add_floor` refuses to use a floor that is not defined yet, so the
# order of the folders in the top CMakeLists.txt is the order in which dependencies may fall.

add_library(velo_options INTERFACE)
target_include_directories(velo_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(velo_options INTERFACE
  -Wall -Wextra -Werror -Wpedantic -Wno-gnu-statement-expression -Wshadow -Wnon-virtual-dtor
  -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Both are known false positives of g++ 12 in inlined standard containers.
  target_compile_options(velo_options INTERFACE -Wno-maybe-uninitialized -Wno-stringop-overflow
    -Wno-array-bounds -Wno-restrict -Wno-stringop-overread -Wno-dangling-pointer)
else()
  # std::stable_sort of libstdc++ 12 uses the deprecated std::get_temporary_buffer, and clang says so.
  target_compile_options(velo_options INTERFACE -Wno-gnu-statement-expression-from-macro-expansion
    -Wno-deprecated-declarations)
endif()
if(VELO_SANITIZE STREQUAL "address")
  target_compile_options(velo_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all)
  target_link_options(velo_options INTERFACE -fsanitize=address,undefined)
elseif(VELO_SANITIZE STREQUAL "thread")
  target_compile_options(velo_options INTERFACE -fsanitize=thread)
  target_link_options(velo_options INTERFACE -fsanitize=thread)
endif()
if(VELO_FUZZ)
  target_compile_options(velo_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Under sanitizers, code that runs seldom is not optimised: that halves its compile time, and a sanitized build
# is mostly waiting for the compiler. What touches every record stays at -O1.
function(run_seldom target)
  if(VELO_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)
  endif()
endfunction()

# What the files of a floor may see, parsed once for them and once for their tests: half of the time of a sanitized
# build. That each file includes what it uses shows in the other builds. Sources with options of their own do not
# take part (SKIP_PRECOMPILE_HEADERS).
function(precompile target floor)
  if(NOT VELO_PRECOMPILE)
    return()
  endif()
  get_target_property(seen velo_${floor} VELO_SEEN)
  target_precompile_headers(${target} PRIVATE ${ARGN} <algorithm> <array> <atomic> <charconv> <cmath>
    <condition_variable> <deque> <functional> <map> <memory> <mutex> <numeric> <optional> <set> <span> <string>
    <thread> <variant> <vector> ${seen})
endfunction()

# `headers_alone` compiles every header of every floor on its own: one that leans on what its includer happened
# to include does not build. It is no part of `all`; the test `headers` builds it.
add_custom_target(headers_alone)
function(add_lone_headers floor)
  if(NOT VELO_TESTS OR NOT ARGN)
    return()
  endif()
  set(lone)
  foreach(header ${ARGN})
    set(source ${CMAKE_BINARY_DIR}/headers/${floor}/${header}.cc)
    file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${floor}/${header}\"\n")
    list(APPEND lone ${source})
  endforeach()
  add_library(velo_${floor}_headers OBJECT EXCLUDE_FROM_ALL ${lone})
  target_link_libraries(velo_${floor}_headers PRIVATE velo_${floor})
  target_compile_options(velo_${floor}_headers PRIVATE -O0 -g0)
  add_dependencies(headers_alone velo_${floor}_headers)
endfunction()

# add_floor(name [SELDOM] SOURCES a.cc … [HEADERS a.h …] [TESTS a_test.cc …] [USES floor …] [LINKS library …])
# makes the library velo_<name> and, when tests are on, one test program <name>_test. SELDOM: it runs once per
# statement, not per record.
function(add_floor name)
  cmake_parse_arguments(FLOOR "SELDOM" "" "SOURCES;HEADERS;TESTS;USES;LINKS;TEST_LINKS" ${ARGN})
  add_library(velo_${name} STATIC ${FLOOR_SOURCES} ${FLOOR_HEADERS})
  # Users of the installed library need neither our warnings nor our folders (see install.cmake).
  target_link_libraries(velo_${name} PUBLIC $<BUILD_INTERFACE:velo_options>)
  target_compile_features(velo_${name} PUBLIC cxx_std_20)
  if(FLOOR_SELDOM)
    run_seldom(velo_${name})
  endif()
  set_target_properties(velo_${name} PROPERTIES VELO_HEADERS "${FLOOR_HEADERS}")
  list(TRANSFORM FLOOR_HEADERS PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE seen)
  foreach(used ${FLOOR_USES})
    if(NOT TARGET velo_${used})
      message(FATAL_ERROR "floor '${name}' uses '${used}', which is not below it")
    endif()
    target_link_libraries(velo_${name} PUBLIC velo_${used})
    get_target_property(seen_there velo_${used} VELO_SEEN)
    list(APPEND seen ${seen_there})
  endforeach()
  list(REMOVE_DUPLICATES seen)
  list(FILTER seen EXCLUDE REGEX "/kernels_|_test|/async.h$")  # for some CPUs; for tests; slow to parse
  set_target_properties(velo_${name} PROPERTIES VELO_SEEN "${seen}")
  target_link_libraries(velo_${name} PUBLIC ${FLOOR_LINKS})
  precompile(velo_${name} ${name})
  add_lone_headers(${name} ${FLOOR_HEADERS})
  if(VELO_TESTS AND FLOOR_TESTS)
    add_executable(${name}_test ${FLOOR_TESTS})
    run_seldom(${name}_test)
    target_link_libraries(${name}_test PRIVATE velo_${name} ${FLOOR_TEST_LINKS} GTest::gtest_main GTest::gmock)
    precompile(${name}_test ${name} <gmock/gmock.h> <gtest/gtest.h>)
    # Tests of these names measure how much memory many rows take: the same under sanitizers, minutes later.
    set(but "")
    if(VELO_SANITIZE)
      set(but --gtest_filter=-StateBytes.*:Over.*LittleMoreThan*:WordRows.*LittleMoreThan*)
    endif()
    add_test(NAME ${name} COMMAND ${name}_test ${but})
    set_tests_properties(${name} PROPERTIES TIMEOUT 600)
  endif()
endfunction()
