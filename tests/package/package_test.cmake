# Installs the build into an empty prefix, then builds and runs examples/embed against nothing but that: what a
# user of the library does. Arguments: BUILD, EXAMPLE, WORK, COMPILER, LAUNCHER.
file(REMOVE_RECURSE ${WORK})

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "failed with status ${status}: ${command}")
  endif()
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
run(${CMAKE_COMMAND} -G Ninja -S ${EXAMPLE} -B ${WORK}/build -D CMAKE_BUILD_TYPE=Release
  -D CMAKE_CXX_COMPILER=${COMPILER} -D CMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}
  -D CMAKE_PREFIX_PATH=${WORK}/prefix -D CMAKE_FIND_USE_PACKAGE_REGISTRY=OFF)
run(${CMAKE_COMMAND} --build ${WORK}/build)

function(expect program wanted)
  execute_process(COMMAND ${WORK}/build/${program} RESULT_VARIABLE status OUTPUT_VARIABLE said)
  if(NOT status EQUAL 0 OR NOT said STREQUAL wanted)
    message(FATAL_ERROR "${program}: status ${status}, said:\n${said}")
  endif()
endfunction()

set(window "ACME: 20 trades, high 106\nINIT: 40 trades, high 106\n")
expect(embed "${window}${window}${window}")
# Callback, channel, coroutines, and a restart.
expect(ways "ACME 5 102.5\nINIT 4 9.5\n--\nACME 3 102\n--\nACME 1 101\n--\nACME 4 102\n")
