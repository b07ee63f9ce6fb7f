//===- FakeDriver.h - A driver without a GPU --------------------*- C++ -*-===//
//
// A double behind the driver's table. It keeps handles and memory, refuses
// what a driver refuses, and notes every misuse: a handle that is not alive, a
// pointer into nothing, an edge between the wrong nodes. Work waits in a queue
// until the program synchronises, as on a GPU, so that pinned memory reused too
// early copies the wrong bytes. Kernels run through the host device's compiler,
// or are only recorded.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_TEST_UNIT_CUDA_FAKEDRIVER_H
#define SINTER_TEST_UNIT_CUDA_FAKEDRIVER_H

#include "runtime/cuda/CudaDevice.h"

#include <bit>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace sinter::cuda::test {

struct FakeKernel {
  KernelSource source;
};

struct FakeLaunch {
  std::string symbol;
  LaunchShape shape;
  bool programmatic = false;
  bool inGraph = false;
  std::vector<driver::Pointer> pointers;
};

struct FakeGraph {
  struct Node {
    bool isKernel = true;
    FakeLaunch launch;
    driver::Pointer from = 0, to = 0;
    size_t bytes = 0;
    std::vector<std::function<void()>> captured;
  };
  struct Edge {
    size_t from, to;
    bool programmatic;
  };
  std::vector<Node> nodes;
  std::vector<Edge> edges;
  std::vector<size_t> order; ///< in which an instance runs its nodes
};

class FakeDriver {
public:
  FakeDriver();
  ~FakeDriver();
  FakeDriver(const FakeDriver &) = delete;

  /// Only one lives at a time: the driver's calls carry no object.
  static FakeDriver &current();
  static driver::Table table();

  /// A device on this driver; kernels without a binary come from here.
  Result<std::unique_ptr<CudaDevice>> open();
  /// Makes kernels run on the CPU through this kernel cache.
  void execute(const std::string &cacheDirectory);

  // The GPU.
  int version = 13000;
  int devices = 1;
  int major = 9, minor = 0;
  int multiprocessors = 132;
  int sharedBytes = 232448;
  int blocksPerMultiprocessor = 2;
  size_t freeBytes = 64ull << 20;
  int l2Bytes = 50 << 20;
  /// Nanoseconds of a launch, of a product by its algorithm's number.
  std::function<double(const FakeLaunch &)> launchTime;
  std::function<double(uint64_t algorithm)> productTime;

  /// The call with this number (from 0) fails with `failCode`.
  size_t failAt = SIZE_MAX;
  driver::Code failCode = 999;
  size_t aliveAtFailure = 0;
  std::vector<std::string> calls; ///< members of the table
  std::vector<std::string> misuses;
  std::vector<FakeLaunch> launches; ///< in the order they ran
  std::vector<FakeGraph> instantiated;
  std::map<const void *, size_t> instances; ///< index of what it was made as
  std::vector<const void *> launched;       ///< executable graphs
  std::vector<std::string> notes;           ///< that the device gave
  std::vector<std::string> compiled;

  /// Handles and allocations not given back.
  size_t alive() const;
  size_t count(const std::string &call) const;

  // For the functions of the table.
  driver::Code enter(const char *member);
  void misuse(const std::string &what) { misuses.push_back(what); }
  /// The allocation that holds the range, or a misuse.
  std::byte *memory(driver::Pointer pointer, size_t bytes);
  /// At the end of the queue, or into the graph that is being captured.
  void enqueue(std::function<void()> work) {
    if (capturing) {
      captured.push_back(std::move(work));
    } else {
      queue.push_back(std::move(work));
    }
  }
  /// Behind all that was given so far.
  size_t place() const { return queued + queue.size(); }
  void drain(size_t until = SIZE_MAX);
  /// The GPU has failed: what waits never runs.
  void abandon() {
    queued += queue.size();
    queue.clear();
  }
  void perform(const FakeLaunch &launch);
  template <typename T>
  T make(std::string kind) {
    handles[++lastHandle] = std::move(kind);
    return std::bit_cast<T>(lastHandle << 4);
  }
  template <typename T>
  bool isAlive(T handle, const std::string &kind) {
    auto found = handles.find(reinterpret_cast<uintptr_t>(handle) >> 4);
    if (found == handles.end() || found->second != kind) {
      misuse("a " + kind + " that is not alive");
      return false;
    }
    return true;
  }
  template <typename T>
  void drop(T handle, const std::string &kind) {
    if (isAlive(handle, kind)) {
      handles.erase(reinterpret_cast<uintptr_t>(handle) >> 4);
    }
  }

  std::map<driver::Pointer, std::vector<std::byte>> allocations;
  std::map<void *, std::vector<std::byte>> pinned;
  /// Runs a kernel; empty: launches are recorded only.
  std::function<Status(const std::string &symbol, const LaunchShape &,
                       const std::vector<void *> &)>
      anyKernel;
  std::map<std::string, FakeKernel> kernels;
  std::map<void *, std::string> functions;           ///< symbol by function
  std::map<void *, std::vector<void *>> functionsOf; ///< by module
  std::map<void *, int> allowedShared;
  std::map<void *, FakeGraph> graphs;
  std::map<void *, std::pair<void *, size_t>> nodes; ///< graph and index
  std::map<void *, FakeGraph> executables;
  std::map<void *, size_t> recorded; ///< event: what the queue must reach
  double clock = 0;                  ///< nanoseconds
  std::map<void *, double> stamps;   ///< event: the clock
  std::deque<std::function<void()>> queue;
  size_t queued = 0; ///< ever taken from the queue
  /// By stream, places in the queue: behind its last launch, and what it waited
  /// for.
  std::map<void *, size_t> launchedOn, waitedOn;
  bool capturing = false;
  std::vector<std::function<void()>> captured;
  int contexts = 0;

private:
  std::map<uintptr_t, std::string> handles;
  uintptr_t lastHandle = 0;
};

inline FakeDriver &fake() { return FakeDriver::current(); }

/// Ends the function if this call is to fail.
#define ENTER(MEMBER)                                                          \
  if (driver::Code failure = fake().enter(#MEMBER);                            \
      failure != driver::success) {                                            \
    return failure;                                                            \
  }

/// The functions in FakeGraphs.cpp.
void fillGraphFunctions(driver::Table &functions);

/// cublasLt on this driver: products of bf16 in fp32, in order of k. Handles
/// count as the driver's.
Result<std::shared_ptr<const CublasLtApi>> openFakeCublasLt();

} // namespace sinter::cuda::test

#endif // SINTER_TEST_UNIT_CUDA_FAKEDRIVER_H
