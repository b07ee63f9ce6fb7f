//===- PlanFields.h - The keys of plan.json, in order -----------*- C++ -*-===//
//
// Each struct's members are listed once, for a visitor V of the reader or the
// writer: v(key, member); v.orDefault(key, member, value) where the key may be
// absent and then means that value.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_RUNTIME_FORMAT_PLANFIELDS_H
#define SINTER_RUNTIME_FORMAT_PLANFIELDS_H

#include "runtime/format/Plan.h"

#include <concepts>
#include <type_traits>

namespace sinter::format {

// `Of<S>`: S or const S, so that one list serves reader and writer.
template <typename T, typename S>
concept Of = std::same_as<std::remove_const_t<T>, S>;

template <typename V, Of<Format> T>
void fields(V &v, T &x) {
  v("id", x.id);
  v("major", x.major);
  v("minor", x.minor);
}
template <typename V, Of<ProducedBy> T>
void fields(V &v, T &x) {
  v("version", x.version);
  v("pipeline", x.pipeline);
  v("input_digest", x.inputDigest);
  v("device_digest", x.deviceDigest);
}
template <typename V, Of<Requires> T>
void fields(V &v, T &x) {
  v("compute_capability", x.computeCapability);
  v("threads_per_block", x.threadsPerBlock);
  v("shared_bytes", x.sharedBytes);
  v("cooperative", x.cooperative);
  v("device_bytes", x.deviceBytes);
}
template <typename V, Of<WeightOrigin> T>
void fields(V &v, T &x) {
  v("fingerprint", x.fingerprint);
  v("seed", x.seed);
}
template <typename V, Of<Model> T>
void fields(V &v, T &x) {
  v("architecture", x.architecture);
  v("config_digest", x.configDigest);
  v("weights", x.weights);
  v("vocab_size", x.vocabSize);
  v("max_context", x.maxContext);
}
template <typename V, Of<PackPart> T>
void fields(V &v, T &x) {
  v("tensor", x.tensor);
  v("shape", x.shape);
}
template <typename V, Of<Pack> T>
void fields(V &v, T &x) {
  v("layout", x.layout);
  v("parts", x.parts);
}
template <typename V, Of<Weight> T>
void fields(V &v, T &x) {
  v("name", x.name);
  v("dtype", x.dtype);
  v("shape", x.shape);
  v("pack", x.pack);
}
template <typename V, Of<Arena> T>
void fields(V &v, T &x) {
  v("name", x.name);
  v("bytes", x.bytes);
  v("alignment", x.alignment);
}
template <typename V, Of<Value> T>
void fields(V &v, T &x) {
  v("name", x.name);
  v("arena", x.arena);
  v("offset", x.offset);
  v("dtype", x.dtype);
  v("shape", x.shape);
  v("class", x.operandClass);
}
template <typename V, Of<Param> T>
void fields(V &v, T &x) {
  v("name", x.name);
  v("access", x.access);
  v("dtype", x.dtype);
  v("count", x.count);
}
template <typename V, Of<ParamTraffic> T>
void fields(V &v, T &x) {
  v("loaded", x.loaded);
  v("stored", x.stored);
}
template <typename V, Of<Work> T>
void fields(V &v, T &x) {
  v("launches", x.launches);
  v("flops", x.flops);
  v("params", x.params);
}
template <typename V, Of<KernelWork> T>
void fields(V &v, T &x) {
  v("kernel", x.kernel);
  v("work", x.work);
}
template <typename V, Of<Bounds> T>
void fields(V &v, T &x) {
  v("registers", x.registers);
  v("shared_bytes", x.sharedBytes);
  v("blocks_per_sm", x.blocksPerSm);
}
template <typename V, Of<Cubin> T>
void fields(V &v, T &x) {
  v("arch", x.arch);
  v("sha256", x.sha256);
}
template <typename V, Of<Kernel> T>
void fields(V &v, T &x) {
  v("symbol", x.symbol);
  v("family", x.family);
  v("config", x.config);
  v("source", x.source);
  v("cubins", x.cubins);
  v("grid", x.grid);
  v("block", x.block);
  v("shared_bytes", x.sharedBytes);
  v("cooperative", x.cooperative);
  v("params", x.params);
  v("bounds", x.bounds);
}
template <typename V, Of<Workload> T>
void fields(V &v, T &x) {
  v("phase", x.phase);
  v("batch", x.batch);
  v("tokens", x.tokens);
  v("context", x.context);
  v("max_context", x.maxContext);
}
template <typename V, Of<Binding> T>
void fields(V &v, T &x) {
  v("name", x.name);
  v("value", x.value);
}
template <typename V, Of<Gemm> T>
void fields(V &v, T &x) {
  v("m", x.m);
  v("n", x.n);
  v("k", x.k);
  v("epilogue", x.epilogue);
  v("algorithm", x.algorithm);
  v("workspace", x.workspace);
}
template <typename V, Of<Step> T>
void fields(V &v, T &x) {
  v("kind", x.kind);
  if (x.kind == StepKind::Launch) {
    v("kernel", x.kernel);
    v("programmatic", x.programmatic);
  }
  if (x.kind == StepKind::Library) {
    v("gemm", x.gemm);
  }
  v("args", x.args);
  v("ops", x.ops);
}
template <typename V, Of<Capture> T>
void fields(V &v, T &x) {
  v("first", x.first);
  v("last", x.last);
  v("key", x.key);
}
template <typename V, Of<Entry> T>
void fields(V &v, T &x) {
  v("name", x.name);
  v("workload", x.workload);
  v("mode", x.mode);
  v("inputs", x.inputs);
  v("outputs", x.outputs);
  v("steps", x.steps);
  v("captures", x.captures);
  v("advance", x.advance);
  v.orDefault("steps_per_launch", x.stepsPerLaunch, 1U);
  v("works", x.works);
}
template <typename V, Of<Cost> T>
void fields(V &v, T &x) {
  v("launches", x.launches);
  v("bytes", x.bytes);
  v("picoseconds", x.picoseconds);
}
template <typename V, Of<Decision> T>
void fields(V &v, T &x) {
  v("entry", x.entry);
  v("op", x.op);
  v("choice", x.choice);
  v("launch", x.launch);
  v("rule", x.rule);
  v("origin", x.origin);
  v("reasons", x.reasons);
  v("before", x.before);
  v("after", x.after);
}
template <typename V, Of<Plan> T>
void fields(V &v, T &x) {
  v("format", x.format);
  v("produced_by", x.producedBy);
  v("requires", x.requirements);
  v("model", x.model);
  v("target", x.target);
  v("weights", x.weights);
  v("arenas", x.arenas);
  v("values", x.values);
  v("kernels", x.kernels);
  v("entries", x.entries);
  v("decisions", x.decisions);
}

} // namespace sinter::format

#endif // SINTER_RUNTIME_FORMAT_PLANFIELDS_H
