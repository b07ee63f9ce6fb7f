//===- FakeCublasLt.cpp - cublasLt without a GPU --------------------------===//

#include "test/unit/cuda/FakeDriver.h"

#include <bit>
#include <cstring>

namespace sinter::cuda::test {

using namespace cublaslt;

namespace {

struct FakeProduct {
  int transposeA = 0, transposeB = 0, epilogue = 1;
  driver::Pointer bias = 0;
};
struct FakeLayout {
  uint64_t rows, columns;
  int64_t leading;
};

std::map<void *, FakeProduct> products;
std::map<void *, FakeLayout> layouts;

float widen(uint16_t bits) {
  return std::bit_cast<float>(uint32_t{bits} << 16);
}
uint16_t narrow(float value) {
  const auto raw = std::bit_cast<uint32_t>(value);
  return static_cast<uint16_t>((raw + 0x7FFF + (raw >> 16 & 1)) >> 16);
}

size_t version() { return 130001; }
const char *statusName(Code) { return "CUBLAS_STATUS_FAKE"; }
Code create(Handle *handle) {
  ENTER(ltCreate);
  *handle = fake().make<Handle>("cublasLt");
  return 0;
}
Code destroy(Handle handle) {
  (void)fake().enter("ltDestroy");
  fake().drop(handle, "cublasLt");
  return 0;
}
Code productCreate(Product *product, ComputeType compute, DataType scale) {
  ENTER(ltProductCreate);
  if (compute != Compute32F || scale != Real32F) {
    fake().misuse("sums in another type than fp32");
  }
  *product = fake().make<Product>("product");
  products[*product] = {};
  return 0;
}
Code productDestroy(Product product) {
  (void)fake().enter("ltProductDestroy");
  fake().drop(product, "product");
  return 0;
}
Code productSet(Product product, ProductAttribute attribute, const void *value,
                size_t bytes) {
  ENTER(ltProductSet);
  FakeProduct &into = products[product];
  const bool pointer = attribute == BiasPointer;
  if (bytes != (pointer ? sizeof into.bias : sizeof(int))) {
    fake().misuse("an attribute of another size");
    return 7;
  }
  void *field = attribute == TransposeA ? static_cast<void *>(&into.transposeA)
                : attribute == TransposeB ? &into.transposeB
                : attribute == Epilogue   ? static_cast<void *>(&into.epilogue)
                                          : &into.bias;
  std::memcpy(field, value, bytes);
  return 0;
}
Code layoutCreate(Layout *layout, DataType type, uint64_t rows,
                  uint64_t columns, int64_t leading) {
  ENTER(ltLayoutCreate);
  if (type != Real16BF || leading < static_cast<int64_t>(rows)) {
    fake().misuse("a layout that is none");
  }
  *layout = fake().make<Layout>("layout");
  layouts[*layout] = {rows, columns, leading};
  return 0;
}
Code layoutDestroy(Layout layout) {
  (void)fake().enter("ltLayoutDestroy");
  fake().drop(layout, "layout");
  return 0;
}
Code preferenceCreate(Preference *preference) {
  ENTER(ltPreferenceCreate);
  *preference = fake().make<Preference>("preference");
  return 0;
}
Code preferenceDestroy(Preference preference) {
  (void)fake().enter("ltPreferenceDestroy");
  fake().drop(preference, "preference");
  return 0;
}
Code preferenceSet(Preference, PreferenceAttribute attribute, const void *value,
                   size_t bytes) {
  ENTER(ltPreferenceSet);
  uint32_t schemes = 0;
  if (attribute == ReductionSchemes && bytes == sizeof schemes) {
    std::memcpy(&schemes, value, bytes);
    if ((schemes & 4) != 0) {
      fake().misuse("partial sums rounded to the output's type");
    }
  } else if (attribute != MaxWorkspaceBytes || bytes != sizeof(uint64_t)) {
    fake().misuse("a preference of another size");
  }
  return 0;
}
/// Two algorithms; the first of them does not work.
Code heuristic(Handle, Product, Layout, Layout, Layout, Layout, Preference,
               int wanted, Candidate *candidates, int *found) {
  ENTER(ltHeuristic);
  *found = std::min(wanted, 3);
  for (int i = 0; i < *found; ++i) {
    candidates[i] = {};
    candidates[i].algorithm.data[0] = static_cast<uint64_t>(i);
    candidates[i].state = i == 0 ? 15 : 0;
  }
  return 0;
}
Code algorithmGet(const Algorithm *algorithm, AlgorithmAttribute attribute,
                  void *value, size_t bytes, size_t *written) {
  ENTER(ltAlgorithmGet);
  const int number =
      attribute == AlgorithmNumber ? static_cast<int>(algorithm->data[0]) : 5;
  std::memcpy(value, &number, sizeof number);
  *written = bytes;
  return 0;
}
Code multiply(Handle handle, Product product, const void *alpha, const void *a,
              Layout layoutA, const void *b, Layout layoutB, const void *beta,
              const void *, Layout, void *d, Layout layoutD,
              const Algorithm *algorithm, void *, size_t,
              driver::Stream stream) {
  ENTER(ltMultiply);
  fake().isAlive(handle, "cublasLt");
  fake().isAlive(product, "product");
  fake().isAlive(stream, "stream");
  const FakeProduct how = products[product];
  const FakeLayout w = layouts[layoutA];
  const FakeLayout x = layouts[layoutB];
  const FakeLayout y = layouts[layoutD];
  if (*static_cast<const float *>(alpha) != 1 ||
      *static_cast<const float *>(beta) != 0 || how.transposeA != 1 ||
      how.transposeB != 0 || w.rows != x.rows || y.rows != w.columns ||
      y.columns != x.columns) {
    fake().misuse("another product");
    return 7;
  }
  const auto read = [](const void *from, int64_t at) {
    uint16_t bits = 0;
    std::memcpy(&bits, static_cast<const char *>(from) + 2 * at, 2);
    return widen(bits);
  };
  const uint64_t number = algorithm->data[0];
  fake().enqueue([=] {
    if (fake().productTime) {
      fake().clock += fake().productTime(number);
    }
    for (uint64_t column = 0; column < y.columns; ++column) {
      for (uint64_t row = 0; row < y.rows; ++row) {
        float sum = 0;
        for (uint64_t k = 0; k < w.rows; ++k) {
          sum += read(a, static_cast<int64_t>(row) * w.leading +
                             static_cast<int64_t>(k)) *
                 read(b, static_cast<int64_t>(column) * x.leading +
                             static_cast<int64_t>(k));
        }
        if (how.epilogue == epilogueBias) {
          sum += read(std::bit_cast<const void *>(how.bias),
                      static_cast<int64_t>(row));
        }
        const uint16_t bits = narrow(sum);
        std::memcpy(static_cast<char *>(d) +
                        2 * (static_cast<int64_t>(column) * y.leading +
                             static_cast<int64_t>(row)),
                    &bits, 2);
      }
    }
  });
  return 0;
}

} // namespace

Result<std::shared_ptr<const CublasLtApi>> openFakeCublasLt() {
  Table table;
#define SINTER_CUBLASLT(RESULT, MEMBER, SYMBOL, PARAMS) table.MEMBER = MEMBER;
#include "runtime/cuda/CublasLtFunctions.def"
  return CublasLtApi::start(table, nullptr);
}

} // namespace sinter::cuda::test
