//===- SeedCases.cpp - The groups of the notes ----------------------------===//

#include "test/unit/seeds/SeedCases.h"

namespace sinter::seeds {

static std::string tensor(const SeedCase::Shape &shape) {
  std::string text = "tensor<";
  for (int64_t extent : shape) {
    text += std::to_string(extent) + "x";
  }
  return text + "bf16>";
}

/// Joined by ", ": `text` of each.
template <typename List, typename Text>
static std::string joined(const List &list, Text text) {
  std::string all;
  for (const auto &[name, shape] : list) {
    all += (all.empty() ? "" : ", ") + text(name, shape);
  }
  return all;
}

static std::string declared(const std::string &name,
                            const SeedCase::Shape &shape) {
  return "%" + name + ": " + tensor(shape);
}

std::string SeedCase::arguments() const {
  return joined(inputs, declared) + ", " + joined(weights, declared);
}

std::string SeedCase::yielded() const {
  return joined(results,
                [](const auto &name, const auto &) { return "%" + name; }) +
         " : " + joined(results, [](const auto &, const auto &shape) {
           return tensor(shape);
         });
}

std::string SeedCase::module() const {
  std::string globals;
  std::string loads;
  for (const auto &[name, shape] : weights) {
    const std::string type = tensor(shape);
    const std::string symbol = "@\"" + name + ".weight\"";
    globals.append("ml_program.global private ").append(symbol);
    globals.append("(#ml_program.extern<").append(type).append(">) : ");
    globals.append(type).append("\n");
    loads.append("%").append(name).append(" = ml_program.global_load_const ");
    loads.append(symbol).append(" : ").append(type).append("\n");
  }
  auto named = [](const std::string &name, const std::string &text) {
    return text + " {plan.name = \"" + name + "\"}";
  };
  return "module attributes {plan.stage = #plan.stage<packed>} {\n" + globals +
         "func.func @decode(" +
         joined(inputs,
                [&](const auto &name, const auto &shape) {
                  return named(name, declared(name, shape));
                }) +
         ") -> (" +
         joined(results,
                [&](const auto &name, const auto &shape) {
                  return named(name, tensor(shape));
                }) +
         ") attributes {plan.workload = #plan.workload<phase = decode, batch = "
         "1, tokens = 1, context = 1, max_context = 16>} {\n" +
         loads + body + "return " + yielded() + "\n}\n}\n";
}

static std::string linear(const std::string &result, const std::string &input,
                          const std::string &weight, int64_t lines,
                          int64_t columns) {
  return "%" + result + " = decoder.linear %" + input + " by %" + weight +
         " : (" + tensor({1, columns}) + ", " + tensor({lines, columns}) +
         ") -> " + tensor({1, lines}) + "\n";
}

SeedCase mlp(int64_t columns, int64_t lines) {
  SeedCase c;
  c.inputs = {{"x", {1, columns}}};
  c.weights = {{"w", {2 * lines, columns}}, {"d", {columns, lines}}};
  c.body = linear("both", "x", "w", 2 * lines, columns);
  for (auto [name, offset] : {std::pair("gate", int64_t{0}), {"up", lines}}) {
    c.body += "%" + std::string(name) + " = tensor.extract_slice %both[0, " +
              std::to_string(offset) + "] [1, " + std::to_string(lines) +
              "] [1, 1] : " + tensor({1, 2 * lines}) + " to " +
              tensor({1, lines}) + "\n";
  }
  c.body += "%h = decoder.swiglu %gate, %up : " + tensor({1, lines}) + "\n" +
            linear("y", "h", "d", columns, lines);
  c.results = {{"y", {1, columns}}};
  return c;
}

SeedCase outputProjection() {
  SeedCase c;
  c.inputs = {{"x", {1, width}}, {"r", {1, width}}};
  c.weights = {{"w", {width, width}}};
  c.body = linear("o", "x", "w", width, width) +
           "%y = decoder.add %r, %o : " + tensor({1, width}) + "\n";
  c.results = {{"y", {1, width}}};
  return c;
}

static SeedCase norm() {
  SeedCase c;
  c.inputs = {{"x", {1, width}}};
  c.weights = {{"g", {width}}};
  c.body =
      "%n = decoder.rms_norm %x gain %g eps 1.0e-6 : " + tensor({1, width}) +
      ", " + tensor({width}) + "\n";
  return c;
}

SeedCase normAndQkv() {
  SeedCase c = norm();
  c.weights.push_back({"w", {qkvRows, width}});
  c.body += linear("y", "n", "w", qkvRows, width);
  c.results = {{"y", {1, qkvRows}}};
  return c;
}

SeedCase normAndThree() {
  SeedCase c = norm();
  for (auto [name, lines] : {std::pair("q", 14 * 64), {"k", 128}, {"v", 128}}) {
    const std::string weight = std::string("w") + name;
    c.weights.push_back({weight, {lines, width}});
    c.body += linear(name, "n", weight, lines, width);
    c.results.push_back({name, {1, lines}});
  }
  return c;
}

} // namespace sinter::seeds
