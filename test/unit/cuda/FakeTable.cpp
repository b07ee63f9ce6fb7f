//===- FakeTable.cpp - The functions of a driver's double -----------------===//

#include "test/unit/cuda/FakeDriver.h"

#include <algorithm>
#include <cstring>

namespace sinter::cuda::test {

using namespace driver;

namespace {

FakeDriver &fake() { return FakeDriver::current(); }

/// Ends the function if this call is to fail.
#define ENTER(MEMBER)                                                          \
  if (Code failure = fake().enter(#MEMBER); failure != success) {              \
    return failure;                                                            \
  }

Code init(unsigned) {
  ENTER(init);
  return success;
}
Code driverVersion(int *version) {
  *version = fake().version;
  return success;
}
Code errorName(Code code, const char **text) {
  *text = code == outOfMemory ? "CUDA_ERROR_OUT_OF_MEMORY" : "CUDA_ERROR_FAKE";
  return success;
}
Code errorString(Code, const char **text) {
  *text = "as the test wants";
  return success;
}
Code deviceCount(int *count) {
  ENTER(deviceCount);
  *count = fake().devices;
  return success;
}
Code deviceGet(DeviceNumber *device, int ordinal) {
  ENTER(deviceGet);
  *device = ordinal;
  return success;
}
Code deviceName(char *name, int length, DeviceNumber) {
  ENTER(deviceName);
  std::strncpy(name, "Fake GPU", static_cast<size_t>(length));
  return success;
}
Code deviceUuid(Uuid *uuid, DeviceNumber) {
  ENTER(deviceUuid);
  for (size_t i = 0; i < sizeof uuid->bytes; ++i) {
    uuid->bytes[i] = static_cast<char>(0xF0 + i);
  }
  return success;
}
Code deviceAttribute(int *value, DeviceAttribute attribute, DeviceNumber) {
  ENTER(deviceAttribute);
  const FakeDriver &gpu = fake();
  switch (attribute) {
  case MultiprocessorCount:
    *value = gpu.multiprocessors;
    break;
  case L2CacheBytes:
    *value = 50 << 20;
    break;
  case CapabilityMajor:
    *value = gpu.major;
    break;
  case CapabilityMinor:
    *value = gpu.minor;
    break;
  case CooperativeLaunch:
    *value = 1;
    break;
  case MaxSharedBytesPerBlock:
    *value = gpu.sharedBytes;
    break;
  }
  return success;
}
Code contextRetain(Context *context, DeviceNumber) {
  ENTER(contextRetain);
  ++fake().contexts;
  *context = reinterpret_cast<Context>(8);
  return success;
}
Code contextRelease(DeviceNumber) {
  (void)fake().enter("contextRelease");
  --fake().contexts;
  return success;
}
Code contextSetCurrent(Context) {
  ENTER(contextSetCurrent);
  return success;
}
Code memoryInfo(size_t *free, size_t *total) {
  ENTER(memoryInfo);
  *free = fake().freeBytes;
  *total = 80ull << 30;
  return success;
}
Code memoryAllocate(Pointer *pointer, size_t bytes) {
  ENTER(memoryAllocate);
  if (bytes == 0) {
    return 1;
  }
  // New memory holds anything.
  std::vector<std::byte> memory(bytes, std::byte{0xEE});
  *pointer = reinterpret_cast<Pointer>(memory.data());
  fake().allocations.emplace(*pointer, std::move(memory));
  return success;
}
Code memoryFree(Pointer pointer) {
  (void)fake().enter("memoryFree");
  fake().drain();
  if (fake().allocations.erase(pointer) == 0) {
    fake().misuse("memory freed that is not allocated");
  }
  return success;
}
Code hostAllocate(void **pointer, size_t bytes, unsigned) {
  ENTER(hostAllocate);
  std::vector<std::byte> memory(bytes);
  *pointer = memory.data();
  fake().pinned.emplace(*pointer, std::move(memory));
  return success;
}
Code hostFree(void *pointer) {
  (void)fake().enter("hostFree");
  fake().drain();
  if (fake().pinned.erase(pointer) == 0) {
    fake().misuse("pinned memory freed that is not allocated");
  }
  return success;
}

/// Runs when the queue gets there, and sees then what the host left.
Code copyToDevice(Pointer to, const void *from, size_t bytes, Stream stream) {
  ENTER(copyToDevice);
  fake().isAlive(stream, "stream");
  std::byte *target = fake().memory(to, bytes);
  if (target != nullptr) {
    fake().enqueue([=] { std::memcpy(target, from, bytes); });
  }
  return success;
}
Code copyToHost(void *to, Pointer from, size_t bytes, Stream stream) {
  ENTER(copyToHost);
  fake().isAlive(stream, "stream");
  if (const std::byte *source = fake().memory(from, bytes)) {
    fake().enqueue([=] { std::memcpy(to, source, bytes); });
  }
  return success;
}
Code copyOnDevice(Pointer to, Pointer from, size_t bytes, Stream stream) {
  ENTER(copyOnDevice);
  fake().isAlive(stream, "stream");
  std::byte *target = fake().memory(to, bytes);
  const std::byte *source = fake().memory(from, bytes);
  if (target != nullptr && source != nullptr) {
    fake().enqueue([=] { std::memcpy(target, source, bytes); });
  }
  return success;
}
Code fill(Pointer to, unsigned char value, size_t bytes, Stream stream) {
  ENTER(fill);
  fake().isAlive(stream, "stream");
  if (std::byte *target = fake().memory(to, bytes)) {
    fake().enqueue([=] { std::memset(target, value, bytes); });
  }
  return success;
}

Code moduleLoad(Module *module, const void *image) {
  ENTER(moduleLoad);
  const std::string text = static_cast<const char *>(image);
  if (!text.starts_with("image of ")) {
    return invalidImage;
  }
  *module = fake().make<Module>("module");
  auto function =
      reinterpret_cast<void *>(reinterpret_cast<uintptr_t>(*module) + 1);
  fake().functions[function] = text.substr(9);
  fake().functionsOf[*module] = {function};
  return success;
}
Code moduleUnload(Module module) {
  (void)fake().enter("moduleUnload");
  fake().drain();
  fake().drop(module, "module");
  for (void *function : fake().functionsOf[module]) {
    fake().functions.erase(function);
  }
  return success;
}
Code moduleFunction(Function *function, Module module, const char *name) {
  ENTER(moduleFunction);
  fake().isAlive(module, "module");
  for (void *each : fake().functionsOf[module]) {
    if (fake().functions[each] == name) {
      *function = static_cast<Function>(each);
      return success;
    }
  }
  return 500;
}
Code moduleGlobal(Pointer *, size_t *, Module, const char *) {
  ENTER(moduleGlobal);
  return 500;
}
Code functionSet(Function function, FunctionAttribute attribute, int value) {
  ENTER(functionSet);
  if (attribute != MaxDynamicShared || value > fake().sharedBytes) {
    return 1;
  }
  fake().allowedShared[function] = value;
  return success;
}
Code occupancy(int *blocks, Function, int, size_t) {
  ENTER(occupancy);
  *blocks = fake().blocksPerMultiprocessor;
  return success;
}

/// What a launch or a node asks for, checked.
FakeLaunch launchOf(Function function, const LaunchShape &shape,
                    void **params) {
  FakeLaunch launch;
  auto found = fake().functions.find(function);
  if (found == fake().functions.end()) {
    fake().misuse("a function that is not loaded");
    return launch;
  }
  launch.symbol = found->second;
  launch.shape = shape;
  if (shape.sharedBytes > 48 * 1024 &&
      static_cast<uint64_t>(fake().allowedShared[function]) <
          shape.sharedBytes) {
    fake().misuse("shared memory that was not asked for");
  }
  const size_t count = fake().kernels[launch.symbol].source.params.size();
  for (size_t i = 0; i < count; ++i) {
    launch.pointers.push_back(*static_cast<Pointer *>(params[i]));
  }
  return launch;
}

Code launch(const LaunchConfig *config, Function function, void **params,
            void **) {
  ENTER(launch);
  fake().isAlive(config->stream, "stream");
  LaunchShape shape{config->gridX, config->gridY, config->blockX,
                    config->sharedBytes, false};
  bool programmatic = false;
  for (unsigned i = 0; i < config->attributeCount; ++i) {
    const LaunchAttribute &attribute = config->attributes[i];
    if (attribute.id == LaunchCooperative) {
      shape.cooperative = attribute.value.cooperative != 0;
    } else if (attribute.id == LaunchProgrammaticSerialization) {
      programmatic = attribute.value.programmaticSerializationAllowed != 0;
    } else {
      fake().misuse("an unknown attribute");
    }
  }
  FakeLaunch wanted = launchOf(function, shape, params);
  wanted.programmatic = programmatic;
  fake().enqueue([wanted] { fake().perform(wanted); });
  return success;
}

Code streamCreate(Stream *stream, unsigned flags) {
  ENTER(streamCreate);
  if (flags != streamNonBlocking) {
    fake().misuse("a stream that waits for the default stream");
  }
  *stream = fake().make<Stream>("stream");
  return success;
}
Code streamDestroy(Stream stream) {
  (void)fake().enter("streamDestroy");
  fake().drop(stream, "stream");
  return success;
}
Code streamSynchronize(Stream stream) {
  ENTER(streamSynchronize);
  fake().isAlive(stream, "stream");
  fake().drain();
  return success;
}
Code captureBegin(Stream, CaptureMode) {
  ENTER(captureBegin);
  return 900;
}
Code captureEnd(Stream, Graph *) {
  ENTER(captureEnd);
  return 900;
}

Code eventCreate(Event *event, unsigned) {
  ENTER(eventCreate);
  *event = fake().make<Event>("event");
  return success;
}
Code eventDestroy(Event event) {
  (void)fake().enter("eventDestroy");
  fake().drop(event, "event");
  return success;
}
Code eventRecord(Event event, Stream stream) {
  ENTER(eventRecord);
  fake().isAlive(stream, "stream");
  fake().isAlive(event, "event");
  fake().enqueue([event] { fake().stamps[event] = fake().launches.size(); });
  fake().recorded[event] = fake().queued + fake().queue.size();
  return success;
}
Code eventSynchronize(Event event) {
  ENTER(eventSynchronize);
  fake().isAlive(event, "event");
  fake().drain(fake().recorded[event]);
  return success;
}
/// A launch takes a microsecond.
Code eventElapsed(float *milliseconds, Event start, Event end) {
  ENTER(eventElapsed);
  fake().isAlive(start, "event");
  fake().isAlive(end, "event");
  *milliseconds =
      1e-3f * static_cast<float>(fake().stamps[end] - fake().stamps[start]);
  return success;
}

Code graphCreate(Graph *graph, unsigned) {
  ENTER(graphCreate);
  *graph = fake().make<Graph>("graph");
  fake().graphs[*graph] = {};
  return success;
}
Code graphDestroy(Graph graph) {
  (void)fake().enter("graphDestroy");
  fake().drop(graph, "graph");
  fake().graphs.erase(graph);
  std::erase_if(fake().nodes,
                [&](const auto &item) { return item.second.first == graph; });
  return success;
}
GraphNode addNode(Graph graph, FakeGraph::Node node) {
  FakeGraph &into = fake().graphs[graph];
  into.nodes.push_back(std::move(node));
  auto handle = reinterpret_cast<GraphNode>(
      reinterpret_cast<uintptr_t>(graph) * 4096 + into.nodes.size());
  fake().nodes[handle] = {graph, into.nodes.size() - 1};
  return handle;
}
Code graphAddKernel(GraphNode *node, Graph graph, const GraphNode *,
                    size_t count, const KernelNode *params) {
  ENTER(graphAddKernel);
  fake().isAlive(graph, "graph");
  if (count != 0 || params->kernel != nullptr || params->extra != nullptr ||
      params->gridZ != 1 || params->blockY != 1 || params->blockZ != 1) {
    fake().misuse("a kernel node with fields that must be empty");
  }
  FakeGraph::Node added;
  added.launch = launchOf(params->function,
                          {params->gridX, params->gridY, params->blockX,
                           params->sharedBytes, false},
                          params->params);
  *node = addNode(graph, std::move(added));
  return success;
}
Code graphAddCopy(GraphNode *node, Graph graph, const GraphNode *, size_t,
                  const CopyNode *params, Context context) {
  ENTER(graphAddCopy);
  fake().isAlive(graph, "graph");
  if (params->fromType != DeviceMemory || params->toType != DeviceMemory ||
      params->height != 1 || params->depth != 1 || context == nullptr) {
    fake().misuse("a copy node that is no copy in device memory");
  }
  FakeGraph::Node added;
  added.isKernel = false;
  added.from = params->fromDevice;
  added.to = params->toDevice;
  added.bytes = params->width;
  *node = addNode(graph, std::move(added));
  return success;
}
Code graphAddChild(GraphNode *, Graph, const GraphNode *, size_t, Graph) {
  ENTER(graphAddChild);
  return 801;
}
Code graphAddEdges(Graph graph, const GraphNode *from, const GraphNode *to,
                   const EdgeData *data, size_t count) {
  ENTER(graphAddEdges);
  fake().isAlive(graph, "graph");
  FakeGraph &into = fake().graphs[graph];
  for (size_t i = 0; i < count; ++i) {
    const FakeGraph::Edge edge{fake().nodes.at(from[i]).second,
                               fake().nodes.at(to[i]).second,
                               data[i].type == dependencyProgrammatic};
    const bool bothKernels =
        into.nodes[edge.from].isKernel && into.nodes[edge.to].isKernel;
    if (data[i].toPort != 0 ||
        data[i].fromPort != (edge.programmatic ? portProgrammatic : 0) ||
        (edge.programmatic && !bothKernels) || edge.from >= edge.to) {
      fake().misuse("an edge that no driver takes");
    }
    into.edges.push_back(edge);
  }
  return success;
}
Code graphKernelSet(GraphNode node, LaunchAttributeId attribute,
                    const LaunchAttributeValue *value) {
  ENTER(graphKernelSet);
  auto [graph, index] = fake().nodes.at(node);
  if (attribute != LaunchCooperative) {
    fake().misuse("an unknown attribute");
  }
  fake().graphs[graph].nodes[index].launch.shape.cooperative =
      value->cooperative != 0;
  return success;
}
Code graphInstantiate(GraphExec *exec, Graph graph, unsigned long long) {
  ENTER(graphInstantiate);
  fake().isAlive(graph, "graph");
  *exec = fake().make<GraphExec>("graph executable");
  fake().executables[*exec] = fake().graphs[graph];
  fake().instantiated.push_back(fake().graphs[graph]);
  return success;
}
Code graphExecDestroy(GraphExec exec) {
  (void)fake().enter("graphExecDestroy");
  fake().drain();
  fake().drop(exec, "graph executable");
  fake().executables.erase(exec);
  return success;
}
Code graphUpload(GraphExec exec, Stream stream) {
  ENTER(graphUpload);
  fake().isAlive(exec, "graph executable");
  fake().isAlive(stream, "stream");
  return success;
}
Code graphLaunch(GraphExec exec, Stream stream) {
  ENTER(graphLaunch);
  fake().isAlive(stream, "stream");
  if (!fake().isAlive(exec, "graph executable")) {
    return 1;
  }
  const FakeGraph &graph = fake().executables[exec];
  // Nodes that nothing orders may run in any order: the last first.
  std::vector<size_t> order;
  std::vector<bool> done(graph.nodes.size());
  while (order.size() < graph.nodes.size()) {
    for (size_t i = graph.nodes.size(); i-- > 0;) {
      const bool ready =
          !done[i] && std::all_of(graph.edges.begin(), graph.edges.end(),
                                  [&](const FakeGraph::Edge &edge) {
                                    return edge.to != i || done[edge.from];
                                  });
      if (ready) {
        done[i] = true;
        order.push_back(i);
        break;
      }
    }
  }
  for (size_t index : order) {
    const FakeGraph::Node node = graph.nodes[index];
    fake().enqueue([node] {
      if (node.isKernel) {
        fake().perform(node.launch);
        return;
      }
      std::byte *to = fake().memory(node.to, node.bytes);
      const std::byte *from = fake().memory(node.from, node.bytes);
      if (to != nullptr && from != nullptr) {
        std::memcpy(to, from, node.bytes);
      }
    });
  }
  return success;
}

} // namespace

Table FakeDriver::table() {
  Table functions;
#define SINTER_DRIVER(MEMBER, SYMBOL, PARAMS) functions.MEMBER = MEMBER;
#include "runtime/cuda/DriverFunctions.def"
  return functions;
}

} // namespace sinter::cuda::test
