# Every third-party library, found once. Which folder may include which is in docs/architecture.md.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(PkgConfig REQUIRED)
if(VELO_TESTS)
  find_package(GTest REQUIRED)
endif()
