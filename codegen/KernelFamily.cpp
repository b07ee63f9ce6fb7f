//===- KernelFamily.cpp - Configurations and sums of work -----------------===//

#include "codegen/KernelFamily.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

namespace sinter::codegen {

KernelConfig::KernelConfig(
    std::initializer_list<std::pair<llvm::StringRef, int64_t>> list) {
  for (const auto &[name, value] : list) {
    values.emplace_back(name.str(), value);
  }
  llvm::sort(values);
}

std::optional<int64_t> KernelConfig::find(llvm::StringRef name) const {
  for (const auto &[key, value] : values) {
    if (key == name) {
      return value;
    }
  }
  return std::nullopt;
}

int64_t KernelConfig::get(llvm::StringRef name) const {
  const std::optional<int64_t> value = find(name);
  assert(value && "a configuration is read by the family that made it");
  return value.value_or(0);
}

int64_t KernelConfig::get(llvm::StringRef name, int64_t otherwise) const {
  return find(name).value_or(otherwise);
}

std::string KernelConfig::text() const {
  std::string joined;
  for (const auto &[name, value] : values) {
    joined +=
        (joined.empty() ? "" : ", ") + name + " = " + std::to_string(value);
  }
  return joined;
}

mlir::DictionaryAttr KernelConfig::attribute(mlir::MLIRContext *context) const {
  llvm::SmallVector<mlir::NamedAttribute> attributes;
  for (const auto &[name, value] : values) {
    attributes.emplace_back(
        mlir::StringAttr::get(context, name),
        mlir::IntegerAttr::get(mlir::IntegerType::get(context, 64), value));
  }
  return mlir::DictionaryAttr::get(context, attributes);
}

std::optional<KernelConfig>
KernelConfig::fromAttribute(mlir::DictionaryAttr dict) {
  KernelConfig config;
  for (mlir::NamedAttribute entry : dict) {
    auto number = mlir::dyn_cast<mlir::IntegerAttr>(entry.getValue());
    if (!number || !number.getType().isSignlessInteger(64)) {
      return std::nullopt;
    }
    config.values.emplace_back(entry.getName().str(), number.getInt());
  }
  llvm::sort(config.values);
  return config;
}

std::optional<KernelConfig> KernelConfig::parse(llvm::StringRef text) {
  KernelConfig config;
  while (true) {
    text = text.ltrim(" ,;");
    if (text.empty()) {
      break;
    }
    auto [name, rest] = text.split('=');
    name = name.rtrim(' ');
    rest = rest.ltrim(' ');
    int64_t value = 0;
    if (!llvm::all_of(name, [](char c) { return llvm::isAlpha(c); }) ||
        name.empty() || rest.consumeInteger(10, value) ||
        (!rest.empty() && !llvm::is_contained(" ,;", rest.front()))) {
      return std::nullopt;
    }
    config.values.emplace_back(name.str(), value);
    text = rest;
  }
  llvm::sort(config.values);
  for (size_t i = 1; i < config.values.size(); ++i) {
    if (config.values[i].first == config.values[i - 1].first) {
      return std::nullopt;
    }
  }
  return config.values.empty() ? std::nullopt : std::optional(config);
}

bool KernelConfig::hasNames(llvm::ArrayRef<llvm::StringRef> names,
                            llvm::StringRef optional) const {
  llvm::SmallVector<llvm::StringRef> found;
  for (const auto &[name, value] : values) {
    if (name != optional) {
      found.push_back(name);
    }
  }
  return llvm::equal(found, names);
}

uint64_t Work::loadedBytes() const {
  uint64_t sum = 0;
  for (const ParamWork &param : params) {
    sum += param.loadedBytes;
  }
  return sum;
}

uint64_t Work::storedBytes() const {
  uint64_t sum = 0;
  for (const ParamWork &param : params) {
    sum += param.storedBytes;
  }
  return sum;
}

uint64_t Work::issuedBytes(ParamClass kind) const {
  uint64_t sum = 0;
  for (const ParamWork &param : params) {
    sum += param.kind == kind ? param.loadedBytes + param.storedBytes : 0;
  }
  return sum;
}

uint64_t Work::uniqueBytes(ParamClass kind) const {
  uint64_t sum = 0;
  for (const ParamWork &param : params) {
    sum += param.kind == kind ? param.uniqueLoaded + param.uniqueStored : 0;
  }
  return sum;
}

Verdict KernelFamily::admits(const GroupView &group, const KernelConfig &config,
                             const DeviceSpec &device) const {
  const llvm::SmallVector<KernelConfig> all = enumerate(group, device);
  if (llvm::is_contained(all, config)) {
    return Verdict::ok();
  }
  return Verdict::refused(plan::Reason::RefusedConfiguration,
                          "'" + config.text() + "', wanted one of " +
                              std::to_string(all.size()) + " such as '" +
                              all.front().text() + "'");
}

} // namespace sinter::codegen
