//===- FakeGraphs.cpp - Launches and graphs of a driver's double ----------===//

#include "test/unit/cuda/FakeDriver.h"

#include <algorithm>
#include <cstring>
#include <set>

namespace sinter::cuda::test {

using namespace driver;

namespace {

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
  fake().launchedOn[config->stream] = fake().place();
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
  added.launch.inGraph = true;
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
Code graphAddChild(GraphNode *node, Graph graph, const GraphNode *,
                   size_t count, Graph child) {
  ENTER(graphAddChild);
  fake().isAlive(graph, "graph");
  fake().isAlive(child, "graph");
  if (count != 0) {
    fake().misuse("dependencies that come as edges");
  }
  FakeGraph::Node added;
  added.isKernel = false;
  added.captured = fake().graphs[child].nodes.at(0).captured;
  *node = addNode(graph, std::move(added));
  return success;
}

Code captureBegin(Stream stream, CaptureMode mode) {
  ENTER(captureBegin);
  fake().isAlive(stream, "stream");
  if (fake().capturing || mode != CaptureThreadLocal) {
    fake().misuse("a capture in a capture, or of another mode");
  }
  fake().capturing = true;
  fake().captured.clear();
  return success;
}
Code captureEnd(Stream, Graph *graph) {
  ENTER(captureEnd);
  fake().capturing = false;
  *graph = fake().make<Graph>("graph");
  FakeGraph::Node node;
  node.isKernel = false;
  node.captured = fake().captured;
  fake().graphs[*graph].nodes = {std::move(node)};
  return success;
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
/// Nodes that nothing orders may run in any order: the last first.
std::vector<size_t> orderOf(const FakeGraph &graph) {
  std::vector<size_t> waiting(graph.nodes.size());
  std::vector<std::vector<size_t>> behind(graph.nodes.size());
  for (const FakeGraph::Edge &edge : graph.edges) {
    ++waiting[edge.to];
    behind[edge.from].push_back(edge.to);
  }
  std::set<size_t> ready;
  for (size_t i = 0; i < waiting.size(); ++i) {
    if (waiting[i] == 0) {
      ready.insert(i);
    }
  }
  std::vector<size_t> order;
  while (!ready.empty()) {
    const size_t last = *ready.rbegin();
    ready.erase(last);
    order.push_back(last);
    for (size_t next : behind[last]) {
      if (--waiting[next] == 0) {
        ready.insert(next);
      }
    }
  }
  return order;
}
Code graphInstantiate(GraphExec *exec, Graph graph, unsigned long long) {
  ENTER(graphInstantiate);
  fake().isAlive(graph, "graph");
  *exec = fake().make<GraphExec>("graph executable");
  FakeGraph instance = fake().graphs[graph];
  instance.order = orderOf(instance);
  for (const FakeGraph::Edge &edge : instance.edges) {
    instance.nodes[edge.to].launch.programmatic |= edge.programmatic;
  }
  fake().executables[*exec] = std::move(instance);
  fake().instances[*exec] = fake().instantiated.size();
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
  fake().launched.push_back(exec);
  const FakeGraph &graph = fake().executables[exec];
  for (size_t index : graph.order) {
    const FakeGraph::Node node = graph.nodes[index];
    fake().enqueue([node] {
      if (node.isKernel) {
        fake().perform(node.launch);
        return;
      }
      if (!node.captured.empty()) {
        for (const auto &work : node.captured) {
          work();
        }
        return;
      }
      std::byte *to = fake().memory(node.to, node.bytes);
      const std::byte *from = fake().memory(node.from, node.bytes);
      if (to != nullptr && from != nullptr) {
        std::memcpy(to, from, node.bytes);
      }
    });
  }
  fake().launchedOn[stream] = fake().place();
  return success;
}

} // namespace

void fillGraphFunctions(Table &functions) {
  functions.launch = launch;
  functions.graphCreate = graphCreate;
  functions.graphDestroy = graphDestroy;
  functions.graphAddKernel = graphAddKernel;
  functions.graphAddCopy = graphAddCopy;
  functions.graphAddChild = graphAddChild;
  functions.captureBegin = captureBegin;
  functions.captureEnd = captureEnd;
  functions.graphAddEdges = graphAddEdges;
  functions.graphKernelSet = graphKernelSet;
  functions.graphInstantiate = graphInstantiate;
  functions.graphExecDestroy = graphExecDestroy;
  functions.graphUpload = graphUpload;
  functions.graphLaunch = graphLaunch;
}

} // namespace sinter::cuda::test
