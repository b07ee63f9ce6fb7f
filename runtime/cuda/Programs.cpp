//===- Programs.cpp - Steps bound to a GPU's memory -----------------------===//

#include "runtime/cuda/Programs.h"

#include <algorithm>
#include <array>

namespace sinter::cuda {

using namespace driver;

Status enqueue(const DriverApi &api, BoundStep &step, Stream stream) {
  if (step.kind == ProgramStep::Kind::Copy) {
    SINTER_CUDA(api, step.object, copyOnDevice, step.pointers[1],
                step.pointers[0], step.copyBytes, stream);
    return Status::success();
  }
  if (step.kind == ProgramStep::Kind::Gemm) {
    return step.gemm->enqueue(stream);
  }
  std::array<LaunchAttribute, 2> attributes{};
  unsigned count = 0;
  if (step.programmatic) {
    attributes[count].id = LaunchProgrammaticSerialization;
    attributes[count++].value.programmaticSerializationAllowed = 1;
  }
  if (step.shape.cooperative) {
    attributes[count].id = LaunchCooperative;
    attributes[count++].value.cooperative = 1;
  }
  LaunchConfig config{};
  config.gridX = step.shape.gridX;
  config.gridY = step.shape.gridY;
  config.gridZ = 1;
  config.blockX = step.shape.blockSize;
  config.blockY = 1;
  config.blockZ = 1;
  config.sharedBytes = static_cast<unsigned>(step.shape.sharedBytes);
  config.stream = stream;
  config.attributes = count == 0 ? nullptr : attributes.data();
  config.attributeCount = count;
  SINTER_CUDA(api, step.object, launch, &config, step.function,
              step.params.data(), nullptr);
  return Status::success();
}

namespace {

Result<GraphNode> addKernel(const DriverApi &api, Graph graph,
                            BoundStep &step) {
  KernelNode params{};
  params.function = step.function;
  params.gridX = step.shape.gridX;
  params.gridY = step.shape.gridY;
  params.gridZ = 1;
  params.blockX = step.shape.blockSize;
  params.blockY = 1;
  params.blockZ = 1;
  params.sharedBytes = static_cast<unsigned>(step.shape.sharedBytes);
  params.params = step.params.data();
  GraphNode node = nullptr;
  SINTER_CUDA(api, step.object, graphAddKernel, &node, graph, nullptr, 0,
              &params);
  if (step.shape.cooperative) {
    LaunchAttributeValue value{};
    value.cooperative = 1;
    SINTER_CUDA(api, step.object, graphKernelSet, node, LaunchCooperative,
                &value);
  }
  return node;
}

Result<GraphNode> addCopy(const Gpu &gpu, Graph graph, const BoundStep &step) {
  CopyNode params{};
  params.fromType = DeviceMemory;
  params.fromDevice = step.pointers[0];
  params.toType = DeviceMemory;
  params.toDevice = step.pointers[1];
  params.width = step.copyBytes;
  params.height = 1;
  params.depth = 1;
  GraphNode node = nullptr;
  SINTER_CUDA(gpu.api(), step.object, graphAddCopy, &node, graph, nullptr, 0,
              &params, gpu.context());
  return node;
}

Result<GraphNode> addGemm(const DriverApi &api, Graph graph,
                          const BoundStep &step, Stream stream) {
  SINTER_CUDA(api, step.object, captureBegin, stream, CaptureThreadLocal);
  Status given = step.gemm->enqueue(stream);
  // Ended in any case, or the stream is lost.
  OwnedGraph captured(api);
  SINTER_CUDA(api, step.object, captureEnd, stream, captured.out());
  SINTER_TRY(std::move(given));
  GraphNode node = nullptr;
  SINTER_CUDA(api, step.object, graphAddChild, &node, graph, nullptr, 0,
              captured.get());
  return node;
}

Result<GraphNode> addStep(const Gpu &gpu, Graph graph, BoundStep &step,
                          Stream stream) {
  switch (step.kind) {
  case ProgramStep::Kind::Copy:
    return addCopy(gpu, graph, step);
  case ProgramStep::Kind::Gemm:
    return addGemm(gpu.api(), graph, step, stream);
  case ProgramStep::Kind::Launch:
    break;
  }
  return addKernel(gpu.api(), graph, step);
}

} // namespace

Result<OwnedGraphExec> buildGraph(const Gpu &gpu, std::span<BoundStep> steps,
                                  Stream stream) {
  const DriverApi &api = gpu.api();
  const std::string object =
      "graph of " + std::to_string(steps.size()) + " steps";
  OwnedGraph graph(api);
  SINTER_CUDA(api, object, graphCreate, graph.out(), 0);
  // Beside a single programmatic edge, products of cublasLt 13.1 read what the
  // kernel before them had not written yet (H200, driver 580.159.04; right
  // without one): their kernels take part in programmatic launch themselves.
  const bool library =
      std::any_of(steps.begin(), steps.end(), [](const BoundStep &step) {
        return step.kind == ProgramStep::Kind::Gemm;
      });
  std::vector<GraphNode> from;
  std::vector<GraphNode> to;
  std::vector<EdgeData> edges;
  GraphNode before = nullptr;
  for (BoundStep &step : steps) {
    SINTER_ASSIGN(GraphNode node, addStep(gpu, graph.get(), step, stream));
    if (before != nullptr) {
      EdgeData edge{};
      if (step.programmatic && !library) {
        edge.fromPort = portProgrammatic;
        edge.type = dependencyProgrammatic;
      }
      from.push_back(before);
      to.push_back(node);
      edges.push_back(edge);
    }
    before = node;
  }
  if (!edges.empty()) {
    SINTER_CUDA(api, object, graphAddEdges, graph.get(), from.data(), to.data(),
                edges.data(), edges.size());
  }
  OwnedGraphExec exec(api);
  SINTER_CUDA(api, object, graphInstantiate, exec.out(), graph.get(), 0);
  SINTER_CUDA(api, object, graphUpload, exec.get(), stream);
  return exec;
}

} // namespace sinter::cuda
