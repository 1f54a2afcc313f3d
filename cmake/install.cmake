# What `cmake --install` leaves behind:
#   bin/velo
#   lib/velostream/                               velostream::count_allocations, an object to link if wanted
#   lib/libvelo_<floor>.a                         one archive per floor, joined by the target velostream::velostream
#   include/velostream/<name>.h                   the public API: one forwarder per header of src/engine
#   include/velostream/detail/<floor>/<name>.h    what these headers are made of; not to be included directly
#   lib/velostream/librdkafka.a                   the Kafka client, where tools/setup built it
#   lib/cmake/velostream/                         find_package(velostream) → velostream::velostream
if(NOT TARGET velo_engine)
  return()
endif()
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/velostream)
set(include_dir ${CMAKE_INSTALL_INCLUDEDIR}/velostream)

foreach(floor base column sql connector expr format state plan operator runtime engine)
  if(NOT TARGET velo_${floor})
    continue()
  endif()
  target_include_directories(velo_${floor} SYSTEM INTERFACE
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}> $<INSTALL_INTERFACE:${include_dir}/detail>)
  set_target_properties(velo_${floor} PROPERTIES EXPORT_NAME ${floor})
  install(TARGETS velo_${floor} EXPORT velostream ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  get_target_property(headers velo_${floor} VELO_HEADERS)
  foreach(header ${headers})
    install(FILES src/${floor}/${header} DESTINATION ${include_dir}/detail/${floor})
    if(floor STREQUAL "engine")
      set(forwarder ${CMAKE_BINARY_DIR}/include/velostream/${header})
      file(CONFIGURE OUTPUT ${forwarder}
        CONTENT "#pragma once\n#include \"velostream/detail/engine/${header}\"\n")
      install(FILES ${forwarder} DESTINATION ${include_dir})
    endif()
  endforeach()
endforeach()
set_target_properties(velo_engine PROPERTIES EXPORT_NAME velostream)
# For programs that want `core_allocations` in their statistics: replaces operator new.
set_target_properties(velo_count_allocations PROPERTIES EXPORT_NAME count_allocations)
install(TARGETS velo_count_allocations EXPORT velostream OBJECTS DESTINATION ${CMAKE_INSTALL_LIBDIR}/velostream)

get_target_property(rdkafka_archive velo::rdkafka IMPORTED_LOCATION)
if(rdkafka_archive)
  install(FILES ${rdkafka_archive} DESTINATION ${CMAKE_INSTALL_LIBDIR}/velostream)
  install(FILES ${VELO_DEPS}/librdkafka/LICENSES.txt
    DESTINATION ${CMAKE_INSTALL_DATADIR}/licenses/velostream RENAME librdkafka.txt)
endif()

configure_package_config_file(cmake/velostream-config.cmake.in
  ${CMAKE_BINARY_DIR}/velostream-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/velostream-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/velostream-config.cmake
  ${CMAKE_BINARY_DIR}/velostream-config-version.cmake cmake/dependencies.cmake
  cmake/rdkafka.cmake
  DESTINATION ${package_dir})
install(EXPORT velostream NAMESPACE velostream:: FILE velostream-targets.cmake DESTINATION ${package_dir})
if(TARGET velo)
  install(TARGETS velo RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
