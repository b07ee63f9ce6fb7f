//===- CudaWriter.h - Structured printing of kernels ------------*- C++ -*-===//
//
// Writes the one page of a kernel that is not library text: comment, shape
// constants, signature, calls. Indentation follows scopes, numbers never
// depend on the locale, and every literal reads back to the value printed.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_CODEGEN_CUDAWRITER_H
#define SINTER_CODEGEN_CUDAWRITER_H

#include "codegen/NameAllocator.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/Twine.h"

#include <cstdint>
#include <string>

namespace sinter::codegen {

/// A C++ float literal with the fewest digits that read back to `value`
/// ("0.5f", "1e-06f"). `value` must be finite.
std::string floatLiteral(float value);

class CudaWriter {
public:
  /// `symbol` is the name of the extern "C" function to print.
  explicit CudaWriter(llvm::StringRef symbol);

  const std::string &symbol() const { return kernelSymbol; }
  NameAllocator &names() { return allocator; }

  /// One line; the indentation is added, an empty line stays empty.
  void line(const llvm::Twine &text = "");
  /// "callee(arguments, ...);" in lines of at most 80 columns.
  void call(const llvm::Twine &callee, llvm::ArrayRef<std::string> arguments);
  /// "// text", wrapped at 80 columns.
  void comment(llvm::StringRef text);
  /// "constexpr u32 name = value;"
  void constant(llvm::StringRef name, uint64_t value);
  /// "constexpr float name = literal;"
  void constant(llvm::StringRef name, float value);
  /// A table in device memory that lanes index freely.
  void table(llvm::StringRef name, llvm::ArrayRef<float> values);

  /// Opens "head {" and closes it with "}" at the end of its life.
  class [[nodiscard]] Scope {
  public:
    Scope(Scope &&other) noexcept : writer(other.writer) {
      other.writer = nullptr;
    }
    Scope(const Scope &) = delete;
    Scope &operator=(const Scope &) = delete;
    Scope &operator=(Scope &&) = delete;
    ~Scope();

  private:
    friend class CudaWriter;
    explicit Scope(CudaWriter &writer) : writer(&writer) {}
    CudaWriter *writer;
  };
  Scope scope(const llvm::Twine &head);

  /// The text so far.
  const std::string &text() const { return buffer; }

private:
  std::string kernelSymbol;
  NameAllocator allocator;
  std::string buffer;
  unsigned depth = 0;
};

} // namespace sinter::codegen

#endif // SINTER_CODEGEN_CUDAWRITER_H
