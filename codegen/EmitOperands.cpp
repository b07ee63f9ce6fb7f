//===- EmitOperands.cpp - Values and weights of an emitted plan -----------===//

#include "codegen/EmitOperands.h"

#include <mlir/Dialect/Tensor/IR/Tensor.h>

using namespace mlir;

namespace sinter::codegen {

namespace {

constexpr uint64_t arenaAlignment = 256;

uint64_t alignedUp(uint64_t bytes) {
  return (bytes + arenaAlignment - 1) / arenaAlignment * arenaAlignment;
}

DType dtypeOf(Type element) {
  if (element.isBF16()) {
    return DType::BF16;
  }
  if (element.isF32()) {
    return DType::F32;
  }
  return element.isInteger(64) ? DType::I64 : DType::I32;
}

std::vector<uint64_t> shapeOf(RankedTensorType type) {
  return {type.getShape().begin(), type.getShape().end()};
}

/// `value` before any views and captures. Slices are inside kernels by now.
Value source(Value value) {
  while (Operation *producer = value.getDefiningOp()) {
    if (auto capture = dyn_cast<plan::CaptureOp>(producer)) {
      value = capture.getBodyBlock()->getTerminator()->getOperand(
          cast<OpResult>(value).getResultNumber());
    } else if (plan::isView(producer)) {
      value = producer->getOperand(0);
    } else {
      break;
    }
  }
  return value;
}

/// The names with what they share, cut at dots, written once:
/// "a.{b,c}.weight".
std::string joinNames(ArrayRef<format::PackPart> parts) {
  const std::string &first = parts.front().tensor;
  size_t front = first.size();
  size_t back = first.size();
  for (const format::PackPart &part : parts) {
    const std::string &name = part.tensor;
    auto shared = [](const auto &begin, const auto &end, const auto &other,
                     const auto &otherEnd) {
      return static_cast<size_t>(
          std::mismatch(begin, end, other, otherEnd).first - begin);
    };
    front = std::min(
        front, shared(first.begin(), first.end(), name.begin(), name.end()));
    back = std::min(
        back, shared(first.rbegin(), first.rend(), name.rbegin(), name.rend()));
  }
  front = StringRef(first).take_front(front).rfind('.') + 1;
  const size_t dot = StringRef(first).take_back(back).find('.');
  back = dot == StringRef::npos ? 0 : back - dot;
  std::string name = first.substr(0, front) + "{";
  for (const format::PackPart &part : parts) {
    name += (&part == parts.begin() ? "" : ",") +
            part.tensor.substr(front, part.tensor.size() - front - back);
  }
  return name + "}" + first.substr(first.size() - back);
}

format::OperandClass classOf(StringRef arena) {
  return arena == "cache" ? format::OperandClass::Cache
         : arena == "io"  ? format::OperandClass::Io
                          : format::OperandClass::Activation;
}

} // namespace

/// `name` or, if something else is called so, `name` with a number.
std::string PlanOperands::unique(std::string name) {
  if (!taken.insert(name).second) {
    unsigned number = 2;
    while (!taken.insert(name + "#" + std::to_string(number)).second) {
      ++number;
    }
    name += "#" + std::to_string(number);
  }
  return name;
}

std::string PlanOperands::prefixed(StringRef name) {
  return (prefixes ? function.getName().str() + "." : "") + name.str();
}

format::Arena &PlanOperands::arena(StringRef name) {
  auto found = llvm::find_if(
      plan.arenas, [&](const format::Arena &a) { return a.name == name; });
  return found != plan.arenas.end() ? *found
                                    : plan.arenas.emplace_back(format::Arena{
                                          name.str(), 0, arenaAlignment});
}

void PlanOperands::addValue(Value value, std::string name,
                            plan::SlotAttr slot) {
  auto type = cast<RankedTensorType>(value.getType());
  names[value] = name;
  plan.values.push_back({std::move(name), slot.getArena().str(),
                         static_cast<uint64_t>(slot.getOffset()),
                         dtypeOf(type.getElementType()), shapeOf(type),
                         classOf(slot.getArena())});
  format::Arena &place = arena(slot.getArena());
  place.bytes = std::max(place.bytes, alignedUp(static_cast<uint64_t>(
                                          slot.getOffset() + slot.getBytes())));
}

/// Entries share what the caller reads and writes, where they agree on it.
void PlanOperands::addIo(Value value, StringRef name, plan::SlotAttr slot) {
  auto type = cast<RankedTensorType>(value.getType());
  for (const format::Value &other : plan.values) {
    if (other.arena == slot.getArena() &&
        other.offset == static_cast<uint64_t>(slot.getOffset()) &&
        other.shape == shapeOf(type) &&
        other.dtype == dtypeOf(type.getElementType())) {
      names[value] = other.name;
      return;
    }
  }
  addValue(value, unique(taken.contains(name) ? prefixed(name) : name.str()),
           slot);
}

void PlanOperands::beginEntry(func::FuncOp entryFunction,
                              format::Entry &entry) {
  function = entryFunction;
  returned.clear();
  for (BlockArgument argument : function.getArguments()) {
    unsigned index = argument.getArgNumber();
    auto name =
        function
            .getArgAttrOfType<StringAttr>(index, plan::PlanDialect::kNameAttr)
            .str();
    auto slot = function.getArgAttrOfType<plan::SlotAttr>(
        index, plan::PlanDialect::kSlotAttr);
    if (slot.getArena() == "cache") {
      // Entries share caches by name.
      if (caches.insert(name).second) {
        taken.insert(name);
        addValue(argument, name, slot);
      } else {
        names[argument] = name;
      }
      continue;
    }
    addIo(argument, name, slot);
    entry.inputs.push_back({name, names[argument]});
  }
  auto terminator =
      cast<func::ReturnOp>(function.getBody().front().getTerminator());
  for (OpOperand &operand : terminator->getOpOperands()) {
    StringRef name =
        function
            .getResultAttrOfType<StringAttr>(operand.getOperandNumber(),
                                             plan::PlanDialect::kNameAttr)
            .getValue();
    returned.try_emplace(source(operand.get()), name);
  }
}

void PlanOperands::addWeight(ml_program::GlobalLoadConstOp load) {
  StringRef name = load.getGlobal().getLeafReference();
  names[load.getResult()] = name.str();
  if (weights.insert(name).second) {
    auto type = cast<RankedTensorType>(load.getType());
    plan.weights.push_back(
        {name.str(), dtypeOf(type.getElementType()), shapeOf(type), {}});
    taken.insert(name);
  }
}

void PlanOperands::addWeight(decoder::PackWeightsOp pack) {
  auto type = cast<RankedTensorType>(pack.getType());
  format::Pack recipe;
  recipe.layout = pack.getLayout() == decoder::PackLayout::Concat
                      ? format::PackLayout::Concat
                      : format::PackLayout::Interleave;
  for (Value part : pack.getInputs()) {
    auto load = part.getDefiningOp<ml_program::GlobalLoadConstOp>();
    recipe.parts.push_back({load.getGlobal().getLeafReference().str(),
                            shapeOf(cast<RankedTensorType>(part.getType()))});
  }
  for (const format::Weight &other : plan.weights) {
    if (other.pack == recipe) {
      names[pack.getResult()] = other.name;
      return;
    }
  }
  const std::string name = unique(joinNames(recipe.parts));
  names[pack.getResult()] = name;
  plan.weights.push_back(
      {name, dtypeOf(type.getElementType()), shapeOf(type), recipe});
}

void PlanOperands::addResult(OpResult result, StringRef op,
                             plan::SlotAttr slot) {
  auto known = returned.find(result);
  if (known != returned.end() && slot.getArena() == "io") {
    addIo(result, known->second, slot);
    return;
  }
  unsigned index = result.getResultNumber();
  std::string name = index == 0 ? op.str() : (op + "." + Twine(index)).str();
  addValue(result, unique(prefixed(name)), slot);
}

void PlanOperands::addTied(OpResult result, Value operand) {
  // A copy: the table may move as it grows.
  std::string name = nameOf(operand);
  names[result] = std::move(name);
}

const std::string &PlanOperands::workspace(StringRef kernel,
                                           const ParamWork &param) {
  std::string &name = workspaces[(kernel + "." + param.name).str()];
  if (name.empty()) {
    name = unique((kernel + "." + param.name).str());
    format::Arena &place = arena("workspace");
    plan.values.push_back({name,
                           place.name,
                           place.bytes,
                           param.dtype,
                           {param.count},
                           format::OperandClass::Workspace});
    place.bytes += alignedUp(param.count * dtypeBytes(param.dtype));
  }
  return name;
}

const std::string &PlanOperands::libraryWorkspace(uint64_t bytes) {
  format::Arena &place = arena("library");
  if (library.empty()) {
    library = unique("library.workspace");
    plan.values.push_back({library,
                           place.name,
                           0,
                           DType::U8,
                           {bytes},
                           format::OperandClass::Workspace});
  }
  format::Value &value = *llvm::find_if(
      plan.values, [&](const format::Value &v) { return v.name == library; });
  value.shape[0] = std::max(value.shape[0], bytes);
  place.bytes = alignedUp(value.shape[0]);
  return library;
}

const std::string &PlanOperands::addState(StringRef name, DType dtype,
                                          uint64_t count) {
  std::string &value =
      states[(name + "/" + Twine(count) + "/" + dtypeName(dtype)).str()];
  if (value.empty()) {
    value = unique(name.str());
    format::Arena &place = arena("state");
    plan.values.push_back({value,
                           place.name,
                           place.bytes,
                           dtype,
                           {count},
                           format::OperandClass::Io});
    place.bytes += alignedUp(count * dtypeBytes(dtype));
  }
  return value;
}

void PlanOperands::endEntry(func::ReturnOp result, format::Entry &entry) {
  for (OpOperand &operand : result->getOpOperands()) {
    auto type = cast<RankedTensorType>(operand.get().getType());
    std::string name =
        function
            .getResultAttrOfType<StringAttr>(operand.getOperandNumber(),
                                             plan::PlanDialect::kNameAttr)
            .str();
    const std::string &value = nameOf(operand.get());
    if (caches.contains(value)) {
      continue; // appended in place
    }
    if (name == "logits") {
      plan.model.vocabSize = static_cast<uint32_t>(type.getShape().back());
    }
    entry.outputs.push_back({std::move(name), value});
  }
}

const std::string &PlanOperands::nameOf(Value value) const {
  return names.find(source(value))->second;
}

} // namespace sinter::codegen
