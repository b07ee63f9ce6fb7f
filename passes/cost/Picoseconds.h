//===- Picoseconds.h - Integer times that notice overflow -------*- C++ -*-===//

#ifndef SINTER_PASSES_COST_PICOSECONDS_H
#define SINTER_PASSES_COST_PICOSECONDS_H

#include <cstdint>
#include <initializer_list>

namespace sinter::cost {

/// Sums, products and quotients in 128 bits. Once a value does not fit, it and
/// all that is computed from it are marked.
class Exact {
public:
  Exact(uint64_t value = 0) : value(value) {}

  friend Exact operator+(Exact a, Exact b) {
    Exact sum;
    sum.bad =
        a.bad | b.bad | __builtin_add_overflow(a.value, b.value, &sum.value);
    return sum;
  }
  friend Exact operator*(Exact a, Exact b) {
    Exact product;
    product.bad = a.bad | b.bad |
                  __builtin_mul_overflow(a.value, b.value, &product.value);
    return product;
  }
  /// Rounded up. Division by zero marks.
  friend Exact operator/(Exact a, Exact b) {
    Exact quotient;
    quotient.bad = a.bad | b.bad | (b.value == 0);
    if (b.value != 0) {
      quotient.value = a.value / b.value + (a.value % b.value != 0);
    }
    return quotient;
  }
  /// a - b; a negative difference marks.
  friend Exact operator-(Exact a, Exact b) {
    Exact difference;
    difference.bad = a.bad | b.bad | (a.value < b.value);
    difference.value = a.value - b.value;
    return difference;
  }
  friend bool operator<(const Exact &a, const Exact &b) {
    return a.value < b.value;
  }

  /// Does the value fit a signed 64-bit integer, as attributes hold it?
  bool fits() const { return !bad && value <= INT64_MAX; }
  /// If fits().
  uint64_t get() const { return static_cast<uint64_t>(value); }

private:
  __extension__ using Wide = unsigned __int128;
  Wide value;
  bool bad = false;
};

/// Of a marked and a sound value, the marked one: no error may disappear.
inline Exact larger(Exact a, Exact b) {
  if (!a.fits() || !b.fits()) {
    return a.fits() ? b : a;
  }
  return b < a ? a : b;
}
inline Exact smaller(Exact a, Exact b) {
  if (!a.fits() || !b.fits()) {
    return a.fits() ? b : a;
  }
  return a < b ? a : b;
}

} // namespace sinter::cost

#endif // SINTER_PASSES_COST_PICOSECONDS_H
