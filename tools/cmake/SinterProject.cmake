# Settings shared by every target: language, warnings, sanitizers, LLVM/MLIR.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-gline-tables-only")
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

find_package(MLIR 19.1 REQUIRED CONFIG HINTS /usr/lib/llvm-19/lib/cmake/mlir)
message(STATUS "MLIR ${LLVM_PACKAGE_VERSION} in ${MLIR_DIR}")
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
include(TableGen)
include(AddLLVM)
include(AddMLIR)

find_program(SINTER_CCACHE ccache)
if(SINTER_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER "${SINTER_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 "${SINTER_CCACHE}")
endif()
find_program(SINTER_LLD NAMES ld.lld-19 ld.lld)
if(SINTER_LLD)
  add_link_options("--ld-path=${SINTER_LLD}")
endif()

# Own code only; LLVM's headers are system headers.
add_library(sinter_options INTERFACE)
target_compile_options(sinter_options INTERFACE
  # Not CMake's property: it means -fPIE for programs, which cannot share the precompiled header.
  -fPIC
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wno-unused-parameter
  -fstack-protector-strong
  "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")
target_include_directories(sinter_options INTERFACE "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}")
if(SINTER_SANITIZE)
  # Optimising instrumented code takes twice as long as all else: only what tests spend their time in is (HOT, MLIR).
  target_compile_options(sinter_options INTERFACE "$<IF:$<BOOL:$<TARGET_PROPERTY:SINTER_HOT>>,-O1,-O0>"
    -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -fno-sanitize=vptr -UNDEBUG)
  # Coverage for the fuzz targets (test/fuzz).
  target_compile_options(sinter_options INTERFACE "$<$<CXX_COMPILER_ID:Clang>:-fsanitize=fuzzer-no-link>")
  target_link_options(sinter_options INTERFACE -fsanitize=address,undefined)
endif()

# sinter_precompiled(NAME HEADERS ... [OPTIONS ...] [LINK ...]): a header that targets of the same options reuse.
function(sinter_precompiled name)
  cmake_parse_arguments(ARG "" "" "HEADERS;OPTIONS;LINK" ${ARGN})
  add_library(${name} OBJECT "${PROJECT_SOURCE_DIR}/tools/cmake/pch.cpp")
  target_include_directories(${name} SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  target_compile_options(${name} PRIVATE ${ARG_OPTIONS})
  target_link_libraries(${name} PUBLIC sinter_options ${ARG_LINK})
  target_precompile_headers(${name} PRIVATE ${ARG_HEADERS})
endfunction()

# For everything that includes MLIR: 3 s less per file. The second is for tests, which a release does not optimise.
set(headers <mlir/Dialect/Func/IR/FuncOps.h> <mlir/Dialect/MLProgram/IR/MLProgram.h> <mlir/IR/Builders.h>
  <mlir/IR/BuiltinOps.h> <mlir/IR/OpImplementation.h> <mlir/Interfaces/SideEffectInterfaces.h> <mlir/Pass/Pass.h>)
sinter_precompiled(sinter_mlir_pch HEADERS ${headers})
set_target_properties(sinter_mlir_pch PROPERTIES SINTER_HOT ON)
if(NOT SINTER_SANITIZE)
  sinter_precompiled(sinter_mlir_test_pch HEADERS ${headers} OPTIONS -O0)
endif()

# sinter_library(NAME SOURCES ... [DEPENDS ...] [LINK ...] [MLIR] [HOT])
#
# MLIR: the library uses LLVM/MLIR headers (never said below runtime/).
# HOT: optimised with sanitizers too, as are all with MLIR: the linker keeps one of the inline functions that all have.
function(sinter_library name)
  cmake_parse_arguments(ARG "MLIR;HOT" "" "SOURCES;DEPENDS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  if(ARG_HOT OR ARG_MLIR)
    set_target_properties(${name} PROPERTIES SINTER_HOT ON)
  endif()
  target_link_libraries(${name} PUBLIC sinter_options ${ARG_LINK})
  if(ARG_MLIR)
    target_include_directories(${name} SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
    target_precompile_headers(${name} REUSE_FROM sinter_mlir_pch)
  endif()
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()

# Either the shared pair or static archives only: a mix fails oddly at run time.
add_library(sinter_mlir INTERFACE)
if(SINTER_PORTABLE)
  include(StaticMLIR)
else()
  target_link_libraries(sinter_mlir INTERFACE MLIR LLVM)
endif()

# sinter_executable(NAME SOURCES ... [LINK ...] [MLIR] [PRECOMPILED TARGET])
function(sinter_executable name)
  cmake_parse_arguments(ARG "MLIR" "PRECOMPILED" "SOURCES;LINK" ${ARGN})
  if(ARG_MLIR AND NOT ARG_PRECOMPILED)
    set(ARG_PRECOMPILED sinter_mlir_pch)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE sinter_options ${ARG_LINK})
  if(ARG_MLIR)
    target_include_directories(${name} SYSTEM PRIVATE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
    target_link_libraries(${name} PRIVATE sinter_mlir)
    set_target_properties(${name} PROPERTIES SINTER_HOT ON)
  endif()
  if(ARG_PRECOMPILED)
    target_precompile_headers(${name} REUSE_FROM ${ARG_PRECOMPILED})
  endif()
  if(SINTER_SANITIZE)
    target_sources(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tools/cmake/asan_options.cpp")
    set_source_files_properties("${PROJECT_SOURCE_DIR}/tools/cmake/asan_options.cpp"
      PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  endif()
endfunction()
