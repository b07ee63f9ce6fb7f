// RUN: sinter-opt %s --codegen-print-kernels -o /dev/null | FileCheck %s --match-full-lines --strict-whitespace

// Ids from the limit on are not read.

func.func @f(%l: tensor<1x20000xbf16>) {
  %y = decoder.argmax %l below 19999 : tensor<1x20000xbf16>
  return
}

//      CHECK:// decoder.argmax: 1x20000xbf16 -> 1xi32
// CHECK-NEXT:// family argmax, warps = 32
// CHECK-EMPTY:
// CHECK-NEXT:constexpr u32 kVocabulary = 20000;
// CHECK-NEXT:constexpr u32 kLimit = 19999;
// CHECK-EMPTY:
// CHECK-NEXT:SINTER_KERNEL(argmax_kernel, 1024, 1,
// CHECK-NEXT:              (In<bf16> logits, Out<i32> ids)) {
// CHECK-NEXT:  allowConsumers();
// CHECK-NEXT:  waitForProducers();
// CHECK-NEXT:  const i64 first = static_cast<i64>(blockIndex()) * kVocabulary;
// CHECK-NEXT:  const i32 id = argMaxRow<kLimit, 8, 32>(logits, first);
// CHECK-NEXT:  if (threadIndex() == 0) {
// CHECK-NEXT:    store(ids, blockIndex(), id);
// CHECK-NEXT:  }
// CHECK-NEXT:}
