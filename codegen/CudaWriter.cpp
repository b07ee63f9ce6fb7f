//===- CudaWriter.cpp - Structured printing of kernels --------------------===//

#include "codegen/CudaWriter.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

#include <cassert>
#include <charconv>
#include <cmath>

namespace sinter::codegen {

std::string floatLiteral(float value) {
  assert(std::isfinite(value) && "no literal for infinities");
  char digits[40];
  // to_chars knows no locale and prints the shortest text that reads back.
  auto [end, error] = std::to_chars(digits, digits + sizeof(digits), value);
  assert(error == std::errc() && "40 characters hold any float");
  (void)error;
  std::string text(digits, end);
  if (text.find_first_of(".e") == std::string::npos) {
    text += ".0";
  }
  return text + "f";
}

CudaWriter::CudaWriter(llvm::StringRef symbol) : kernelSymbol(symbol) {
  allocator.reserve(symbol);
}

void CudaWriter::line(const llvm::Twine &text) {
  std::string printed = text.str();
  if (!printed.empty()) {
    buffer.append(size_t{2} * depth, ' ');
    buffer += printed;
  }
  buffer += '\n';
}

void CudaWriter::call(const llvm::Twine &callee,
                      llvm::ArrayRef<std::string> arguments) {
  const std::string head = callee.str() + "(";
  const std::string joined = llvm::join(arguments, ", ") + ");";
  const size_t indent = size_t{2} * depth;
  if (indent + head.size() + joined.size() <= 80) {
    line(head + joined);
    return;
  }
  line(head);
  const size_t width = 76 - indent;
  std::string row;
  for (const auto &[index, argument] : llvm::enumerate(arguments)) {
    const std::string end = index + 1 == arguments.size() ? ");" : ",";
    if (!row.empty() && row.size() + 1 + argument.size() + end.size() > width) {
      line("    " + row);
      row.clear();
    }
    row += row.empty() ? "" : " ";
    row += argument;
    row += end;
  }
  line("    " + row);
}

void CudaWriter::comment(llvm::StringRef text) {
  const size_t width = 77 - 2 * depth;
  while (text.size() > width) {
    size_t cut = text.rfind(' ', width + 1);
    if (cut == llvm::StringRef::npos || cut == 0) {
      cut = text.find(' ', width);
      if (cut == llvm::StringRef::npos) {
        break;
      }
    }
    line("// " + text.take_front(cut));
    text = text.drop_front(cut + 1);
  }
  line("// " + text);
}

void CudaWriter::constant(llvm::StringRef name, uint64_t value) {
  const char *type = value > UINT32_MAX ? "u64 " : "u32 ";
  line("constexpr " + llvm::Twine(type) + name + " = " + llvm::Twine(value) +
       ";");
}

void CudaWriter::constant(llvm::StringRef name, float value) {
  line("constexpr float " + name + " = " + floatLiteral(value) + ";");
}

void CudaWriter::table(llvm::StringRef name, llvm::ArrayRef<float> values) {
  line("DEVICE_TABLE float " + name + "[" + llvm::Twine(values.size()) +
       "] = {");
  std::string row;
  for (float value : values) {
    std::string literal = floatLiteral(value) + ",";
    if (row.size() + literal.size() > 72) {
      line("    " + row);
      row.clear();
    }
    row += (row.empty() ? "" : " ") + literal;
  }
  if (!row.empty()) {
    line("    " + row);
  }
  line("};");
}

CudaWriter::Scope CudaWriter::scope(const llvm::Twine &head) {
  line(head + " {");
  ++depth;
  return Scope(*this);
}

CudaWriter::Scope::~Scope() {
  if (writer) {
    --writer->depth;
    writer->line("}");
  }
}

} // namespace sinter::codegen
