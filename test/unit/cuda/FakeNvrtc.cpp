//===- FakeNvrtc.cpp - NVRTC of which any function can fail ---------------===//
//
// A shared library of its own, opened as the real one is.
//
//===----------------------------------------------------------------------===//

#include <cstring>

// NOLINTBEGIN(readability-identifier-naming): NVRTC's own names.
extern "C" {

/// Name of the function that fails; null: none.
const char *fakeNvrtcFails = nullptr;
/// Programs not destroyed.
int fakeNvrtcAlive = 0;

static int outcome(const char *function) {
  return fakeNvrtcFails != nullptr && std::strcmp(function, fakeNvrtcFails) == 0
             ? 7
             : 0;
}

static constexpr char logText[] =
    "ptxas info    : Compiling entry function 'k' for 'sm_90a'\n"
    "ptxas info    : Function properties for k\n"
    "ptxas         .     0 bytes stack frame, 0 bytes spill stores, 0 bytes "
    "spill loads\n"
    "ptxas info    : Used 8 registers, used 0 barriers\n";

int nvrtcVersion(int *major, int *minor) {
  *major = 13;
  *minor = 0;
  return outcome("nvrtcVersion");
}
int nvrtcGetNumSupportedArchs(int *count) {
  *count = 1;
  return outcome("nvrtcGetNumSupportedArchs");
}
int nvrtcGetSupportedArchs(int *archs) {
  archs[0] = 90;
  return outcome("nvrtcGetSupportedArchs");
}
const char *nvrtcGetErrorString(int /*result*/) {
  return outcome("nvrtcGetErrorString") == 0 ? "NVRTC_ERROR_FAKE" : nullptr;
}
int nvrtcCreateProgram(void **program, const char * /*text*/,
                       const char * /*name*/, int /*headers*/,
                       const char *const * /*texts*/,
                       const char *const * /*names*/) {
  const int result = outcome("nvrtcCreateProgram");
  if (result == 0) {
    *program = &fakeNvrtcAlive;
    ++fakeNvrtcAlive;
  }
  return result;
}
int nvrtcDestroyProgram(void ** /*program*/) {
  --fakeNvrtcAlive;
  return outcome("nvrtcDestroyProgram");
}
int nvrtcCompileProgram(void * /*program*/, int /*count*/,
                        const char *const * /*flags*/) {
  return outcome("nvrtcCompileProgram");
}
int nvrtcGetProgramLogSize(void * /*program*/, size_t *bytes) {
  *bytes = sizeof logText;
  return outcome("nvrtcGetProgramLogSize");
}
int nvrtcGetProgramLog(void * /*program*/, char *log) {
  const int result = outcome("nvrtcGetProgramLog");
  if (result == 0) {
    std::memcpy(log, logText, sizeof logText);
  }
  return result;
}
int nvrtcGetCUBINSize(void * /*program*/, size_t *bytes) {
  *bytes = 4;
  return outcome("nvrtcGetCUBINSize");
}
int nvrtcGetCUBIN(void * /*program*/, char *cubin) {
  static constexpr char magic[] = {'\x7f', 'E', 'L', 'F'};
  std::memcpy(cubin, magic, sizeof magic);
  return outcome("nvrtcGetCUBIN");
}
}
// NOLINTEND(readability-identifier-naming)
