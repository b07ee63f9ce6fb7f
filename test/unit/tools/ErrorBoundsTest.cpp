//===- ErrorBoundsTest.cpp - How far a kernel may be from its body --------===//
//
// What a body computes on inputs that were moved on purpose must lie within the
// bounds of what the move carries on: the bounds are neither too small nor
// beyond use.
//
//===----------------------------------------------------------------------===//

#include "tools/ErrorBounds.h"

#include "ir/Register.h"
#include "models/golden/Golden.h"
#include "models/interpreter/Interpreter.h"

#include <gtest/gtest.h>
#include <mlir/Parser/Parser.h>

#include <cmath>
#include <random>

using namespace sinter;

namespace {

class Bounds : public ::testing::Test {
protected:
  static mlir::DialectRegistry dialects() {
    mlir::DialectRegistry registry;
    registerSinterDialects(registry);
    return registry;
  }

  /// Parses a function of `ops`, fills its arguments (i32: 3) and evaluates.
  void run(const std::string &arguments, const std::string &ops,
           const std::string &returned) {
    module = mlir::parseSourceString<mlir::ModuleOp>(
        "func.func @f(" + arguments + ") -> (" +
            returned.substr(returned.find(':') + 2) + ") {\n" + ops +
            "\nreturn " + returned + "\n}",
        &context);
    ASSERT_TRUE(module);
    body = &(*module->getOps<mlir::func::FuncOp>().begin()).front();
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    for (mlir::Value argument : body->getArguments()) {
      auto type = mlir::cast<mlir::RankedTensorType>(argument.getType());
      if (type.getElementType().isInteger(32)) {
        inputs.push_back(HostTensor::fromInts(
            std::vector<int32_t>(type.getNumElements(), 3)));
        continue;
      }
      std::vector<float> numbers(type.getNumElements());
      for (float &number : numbers) {
        number = normal(random);
      }
      inputs.push_back(
          HostTensor::fromFloats(DType::BF16, type.getShape().vec(), numbers));
    }
    results = evaluate(llvm::DenseMap<mlir::Value, HostTensor>(), &values);
  }

  /// Every value of the body where those of `moved` are given instead.
  std::vector<HostTensor>
  evaluate(const llvm::DenseMap<mlir::Value, HostTensor> &moved,
           llvm::DenseMap<mlir::Value, HostTensor> *all) {
    Interpreter interpreter;
    llvm::DenseMap<mlir::Value, HostTensor> known;
    for (auto [argument, input] : llvm::zip(body->getArguments(), inputs)) {
      known[argument] = input;
    }
    for (mlir::Operation &op : body->without_terminator()) {
      std::vector<HostTensor> in;
      llvm::SmallVector<mlir::Value> operands;
      for (mlir::Value operand : op.getOperands()) {
        if (!llvm::is_contained(operands, operand)) {
          operands.push_back(operand);
          in.push_back(known.at(operand));
        }
      }
      auto out = interpreter.evaluate({&op}, operands, in, {op.getResult(0)});
      EXPECT_TRUE(out) << (out ? "" : out.error().message());
      auto given = moved.find(op.getResult(0));
      known[op.getResult(0)] =
          given == moved.end() ? out->front() : given->second;
    }
    if (all) {
      *all = known;
    }
    std::vector<HostTensor> yielded;
    for (mlir::Value value : body->getTerminator()->getOperands()) {
      yielded.push_back(known.at(value));
    }
    return yielded;
  }

  mlir::Value result(size_t index = 0) {
    return body->getTerminator()->getOperand(index);
  }

  /// `value` with every element moved by its bound, up or down.
  HostTensor moved(ErrorBounds &bounds, mlir::Value value, uint32_t seed) {
    std::mt19937 random(seed);
    std::vector<float> numbers = values.at(value).toFloats();
    for (size_t i = 0; i < numbers.size(); ++i) {
      const double step = bounds.at(value, i);
      numbers[i] += static_cast<float>(random() % 2 ? step : -step);
      // Not further than allowed, after rounding.
      const HostTensor rounded =
          HostTensor::fromFloats(DType::BF16, {1}, {&numbers[i], 1});
      if (std::abs(double{rounded.toFloats()[0]} -
                   values.at(value).toFloats()[i]) > step) {
        numbers[i] = values.at(value).toFloats()[i];
      }
    }
    return HostTensor::fromFloats(DType::BF16, values.at(value).shape(),
                                  numbers);
  }

  /// Moves what `first` computes, and holds the results against their bounds:
  /// all inside, and some at `share` of it or more.
  void holdAgainstMoves(mlir::Value first, double share = 0.1) {
    ErrorBounds bounds(*body, values);
    double largest = 0;
    for (uint32_t seed = 1; seed <= 20; ++seed) {
      const std::vector<HostTensor> other =
          evaluate({{first, moved(bounds, first, seed)}}, nullptr);
      for (size_t r = 0; r < other.size(); ++r) {
        const std::vector<float> found = other[r].toFloats();
        const std::vector<float> wanted = results[r].toFloats();
        for (size_t i = 0; i < found.size(); ++i) {
          const double distance =
              std::abs(double{found[i]} - double{wanted[i]});
          ASSERT_LE(distance, bounds.at(result(r), i))
              << "element " << i << " of result " << r;
          if (distance > 0) {
            largest = std::max(largest, distance / bounds.at(result(r), i));
          }
        }
      }
    }
    EXPECT_GE(largest, share);
  }

  mlir::MLIRContext context{dialects(), mlir::MLIRContext::Threading::DISABLED};
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::Block *body = nullptr;
  std::vector<HostTensor> inputs;
  std::vector<HostTensor> results;
  llvm::DenseMap<mlir::Value, HostTensor> values;
};

TEST_F(Bounds, OfSingleOps) {
  run("%x: tensor<1x16xbf16>, %g: tensor<16xbf16>, %w: tensor<4x16xbf16>",
      "%n = decoder.rms_norm %x gain %g eps 1.0e-6 : tensor<1x16xbf16>, "
      "tensor<16xbf16>\n"
      "%y = decoder.linear %x by %w : (tensor<1x16xbf16>, tensor<4x16xbf16>) "
      "-> tensor<1x4xbf16>\n"
      "%s = decoder.add %x, %x : tensor<1x16xbf16>",
      "%n, %y, %s : tensor<1x16xbf16>, tensor<1x4xbf16>, tensor<1x16xbf16>");
  ErrorBounds bounds(*body, values);
  EXPECT_EQ(bounds.at(result(0), 3), 2 * bf16Ulp(results[0].toFloats()[3]));
  const std::vector<float> x = inputs[0].toFloats();
  const std::vector<float> w = inputs[2].toFloats();
  double scale = 0;
  for (size_t k = 0; k < 16; ++k) {
    scale += std::abs(double{x[k]} * w[32 + k]);
  }
  EXPECT_DOUBLE_EQ(bounds.at(result(1), 2),
                   4 * 0x1p-24 * 4 * scale + bf16Ulp(results[1].toFloats()[2]));
  EXPECT_EQ(bounds.at(result(2), 0), 0);
  EXPECT_EQ(bounds.at(body->getArgument(0), 0), 0);
}

TEST_F(Bounds, CarryANormThroughALinearLayerAndASwiglu) {
  run("%x: tensor<1x64xbf16>, %g: tensor<64xbf16>, %w: tensor<48x64xbf16>",
      "%n = decoder.rms_norm %x gain %g eps 1.0e-6 : tensor<1x64xbf16>, "
      "tensor<64xbf16>\n"
      "%y = decoder.linear %n by %w : (tensor<1x64xbf16>, tensor<48x64xbf16>) "
      "-> tensor<1x48xbf16>\n"
      "%a = tensor.extract_slice %y[0, 0] [1, 24] [1, 1] : tensor<1x48xbf16> "
      "to tensor<1x24xbf16>\n"
      "%b = tensor.extract_slice %y[0, 24] [1, 24] [1, 1] : tensor<1x48xbf16> "
      "to tensor<1x24xbf16>\n"
      "%h = decoder.swiglu %a, %b : tensor<1x24xbf16>",
      "%h : tensor<1x24xbf16>");
  holdAgainstMoves(body->front().getResult(0));
}

TEST_F(Bounds, CarryALinearLayerThroughTheResidual) {
  run("%x: tensor<1x64xbf16>, %w: tensor<32x64xbf16>, %r: tensor<1x32xbf16>",
      "%y = decoder.linear %x by %w : (tensor<1x64xbf16>, tensor<32x64xbf16>) "
      "-> tensor<1x32xbf16>\n"
      "%s = decoder.add %r, %y : tensor<1x32xbf16>",
      "%s : tensor<1x32xbf16>");
  holdAgainstMoves(body->front().getResult(0));
}

TEST_F(Bounds, CarryHeadsThroughAttention) {
  run("%q: tensor<1x4x16xbf16>, %k: tensor<1x2x16xbf16>, %g: tensor<16xbf16>, "
      "%c: tensor<1x2x8x16xbf16>, %v: tensor<1x2x8x16xbf16>, %p: tensor<1xi32>",
      "%n = decoder.rms_norm %q gain %g eps 1.0e-6 : tensor<1x4x16xbf16>, "
      "tensor<16xbf16>\n"
      "%r = decoder.rope %n at %p theta 1.0e4 : tensor<1x4x16xbf16>, "
      "tensor<1xi32>\n"
      "%s = decoder.rope %k at %p theta 1.0e4 : tensor<1x2x16xbf16>, "
      "tensor<1xi32>\n"
      "%d = decoder.kv_append %s at %p into %c : tensor<1x2x16xbf16>, "
      "tensor<1xi32>, tensor<1x2x8x16xbf16>\n"
      "%y = decoder.attention %r, %d, %v at %p scale 0.25 : "
      "tensor<1x4x16xbf16>, tensor<1x2x8x16xbf16>, tensor<1xi32>",
      "%y, %d : tensor<1x4x16xbf16>, tensor<1x2x8x16xbf16>");
  auto op = body->begin();
  // Signs that all conspire are rare in products of 16 terms.
  holdAgainstMoves(op->getResult(0), 0.05);               // the query's norm
  holdAgainstMoves(std::next(op, 2)->getResult(0), 0.05); // the new key
  ErrorBounds bounds(*body, values);
  // Of the cache only the row at position 3 may differ.
  EXPECT_GT(bounds.at(result(1), (8 + 3) * 16), 0);
  EXPECT_EQ(bounds.at(result(1), (8 + 2) * 16), 0);
}

TEST_F(Bounds, AnIdMayChangeOnlyBetweenLogitsThatCouldChangePlaces) {
  run("%x: tensor<1x64xbf16>, %w: tensor<8x64xbf16>",
      "%y = decoder.linear %x by %w : (tensor<1x64xbf16>, tensor<8x64xbf16>) "
      "-> tensor<1x8xbf16>\n"
      "%i = decoder.argmax %y below 7 : tensor<1x8xbf16>",
      "%i, %y : tensor<1xi32>, tensor<1x8xbf16>");
  auto argmax = result(0).getDefiningOp<decoder::ArgmaxOp>();
  // Logits 2 and 5 an ulp apart, 4 far away, 7 beyond the limit.
  const std::vector<float> logits = {0, 0, 2, 0, 1.5, 2 - 0x1p-7, 0, 2};
  values[result(1)] = HostTensor::fromFloats(DType::BF16, {1, 8}, logits);
  values[result(0)] = HostTensor::fromInts(std::vector<int32_t>{2});
  ErrorBounds bounds(*body, values);
  EXPECT_TRUE(bounds.mayChoose(argmax, 0, 5));
  EXPECT_FALSE(bounds.mayChoose(argmax, 0, 4));
  EXPECT_FALSE(bounds.mayChoose(argmax, 0, 7));
  EXPECT_FALSE(bounds.mayChoose(argmax, 0, -1));
}

TEST_F(Bounds, LogitsFromOutsideLeaveNoChoice) {
  run("%y: tensor<1x8xbf16>", "%i = decoder.argmax %y : tensor<1x8xbf16>",
      "%i : tensor<1xi32>");
  values[body->getArgument(0)] = HostTensor::fromFloats(
      DType::BF16, {1, 8}, std::vector<float>{0, 2, 2, 0, 0, 0, 0, 0});
  values[result()] = HostTensor::fromInts(std::vector<int32_t>{1});
  ErrorBounds bounds(*body, values);
  // Equal logits: the lower id, in kernels too.
  EXPECT_FALSE(
      bounds.mayChoose(result().getDefiningOp<decoder::ArgmaxOp>(), 0, 2));
}

} // namespace
