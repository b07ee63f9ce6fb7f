//===- tiles.cuh - Tiles of bf16 for the tensor cores ---------------------===//
//
// Collectives of a warp (sm_80 and later). Lane l has row or column g = l / 4
// and the pair of elements t = 2 * (l % 4), t + 1 (PTX ISA, mma.m16n8k16):
//
//   TileA, 16 rows x 16 deep   words: (g, t) (g + 8, t) (g, t + 8)
//                              (g + 8, t + 8)
//   TileB, 16 deep x 8 columns words: (t, g) (t + 8, g)
//   TileD, 16 rows x 8 columns sums: (g, t) (g, t + 1) (g + 8, t)
//                              (g + 8, t + 1)
//
// A word has two bf16, the lower index in its lower half. The sums are fp32; in
// which order, and with how many bits kept between them, a tensor core adds is
// not specified: the host adds in ascending depth by fma, so the two faces
// agree within rounding, not in bits.
//
// CopyQueue<Most> moves 16 bytes at a time from global to shared memory while
// the thread goes on. What was put in is there only after wait<Open>() with all
// but the last Open groups closed, and for other threads after a barrier; until
// then the host leaves NaN.
//
//===----------------------------------------------------------------------===//

struct TileA {
  u32 words[4];
};
struct TileB {
  u32 words[2];
};
struct TileD {
  float sums[4];
};

/// Two floats, rounded to bf16, as a word; `low` has the lower index.
DEVICE u32 packWord(float low, float high) {
#if defined(__CUDACC__)
  u32 word;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(high), "f"(low));
  return word;
#else
  return toBf16(low).bits | static_cast<u32>(toBf16(high).bits) << 16;
#endif
}

#if defined(__CUDACC__)

/// d[n] += a * b[n].
template <int N>
DEVICE void multiplyTiles(TileD (&d)[N], TileA a, const TileB (&b)[N]) {
#pragma unroll
  for (int n = 0; n < N; ++n) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[n].sums[0]), "+f"(d[n].sums[1]), "+f"(d[n].sums[2]),
          "+f"(d[n].sums[3])
        : "r"(a.words[0]), "r"(a.words[1]), "r"(a.words[2]), "r"(a.words[3]),
          "r"(b[n].words[0]), "r"(b[n].words[1]));
  }
}

/// Word m of a lane is its pair of the 8 x 8 matrix m, whose row r begins at
/// the element that lane 8 * m + r names: pair (g, t), or, transposed, elements
/// (t, g) and (t + 1, g). Rows begin at multiples of 16 bytes.
template <bool Transposed>
DEVICE TileA loadMatrices(Shared<bf16> x, i64 row) {
  const u32 address = static_cast<u32>(__cvta_generic_to_shared(x.data + row));
  TileA r;
  if constexpr (Transposed) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 "
                 "{%0, %1, %2, %3}, [%4];"
                 : "=r"(r.words[0]), "=r"(r.words[1]), "=r"(r.words[2]),
                   "=r"(r.words[3])
                 : "r"(address)
                 : "memory");
  } else {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 "
                 "{%0, %1, %2, %3}, [%4];"
                 : "=r"(r.words[0]), "=r"(r.words[1]), "=r"(r.words[2]),
                   "=r"(r.words[3])
                 : "r"(address)
                 : "memory");
  }
  return r;
}

template <int Most>
struct CopyQueue {
  /// 8 elements; zeros, and no access, unless `wanted`.
  MEMBER void put(bool wanted, Shared<bf16> to, i64 i, In<bf16> from, i64 j) {
    asm volatile(
        "cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(
            static_cast<u32>(__cvta_generic_to_shared(to.data + i))),
        "l"(__cvta_generic_to_global(wanted ? from.data + j : from.data)),
        "r"(wanted ? 16 : 0)
        : "memory");
  }
  MEMBER void close() { asm volatile("cp.async.commit_group;" ::: "memory"); }
  template <int Open>
  MEMBER void wait() {
    asm volatile("cp.async.wait_group %0;" ::"n"(Open) : "memory");
  }
};

#else

DEVICE float halfOf(u32 word, int k) {
  return asFloat(k == 0 ? word << 16 : word & 0xffff0000u);
}

/// Deposits: 4 words of a, then 2 words of b and 4 sums of each n.
static void combineTiles(const u32 *deposits, u32 *results, u32 words) {
  const auto word = [&](u32 w, int lane) { return deposits[w * 32 + lane]; };
  float a[16][16];
  float b[16][8];
  for (int lane = 0; lane < 32; ++lane) {
    for (int w = 0; w < 4; ++w) {
      for (int k = 0; k < 2; ++k) {
        a[lane / 4 + w % 2 * 8][lane % 4 * 2 + w / 2 * 8 + k] =
            halfOf(word(w, lane), k);
      }
    }
  }
  for (u32 at = 4; at < words; at += 6) {
    for (int lane = 0; lane < 32; ++lane) {
      for (int w = 0; w < 2; ++w) {
        for (int k = 0; k < 2; ++k) {
          b[lane % 4 * 2 + w * 8 + k][lane / 4] = halfOf(word(at + w, lane), k);
        }
      }
    }
    for (int row = 0; row < 16; ++row) {
      float sums[8];
      for (int column = 0; column < 8; ++column) {
        sums[column] = asFloat(
            word(at + 2 + row / 8 * 2 + column % 2, row % 8 * 4 + column / 2));
      }
      for (int depth = 0; depth < 16; ++depth) {
        for (int column = 0; column < 8; ++column) {
          sums[column] = fmaF(a[row][depth], b[depth][column], sums[column]);
        }
      }
      for (int column = 0; column < 8; ++column) {
        results[((at - 4) / 6 * 4 + row / 8 * 2 + column % 2) * 32 +
                row % 8 * 4 + column / 2] = asBits(sums[column]);
      }
    }
  }
}

template <int N>
DEVICE void multiplyTiles(TileD (&d)[N], TileA a, const TileB (&b)[N],
                          SINTER_LINE) {
  constexpr int most = 10; ///< a collective has at most 64 words
  for (int first = 0; first < N; first += most) {
    const int count = N - first < most ? N - first : most;
    u32 in[4 + 6 * most];
    __builtin_memcpy(in, a.words, sizeof(a.words));
    for (int n = 0; n < count; ++n) {
      __builtin_memcpy(in + 4 + 6 * n, b[first + n].words, 8);
      __builtin_memcpy(in + 6 + 6 * n, d[first + n].sums, 16);
    }
    const u32 *results = collective(combineTiles, in, 4 + 6 * count, line);
    const u32 lane = worker()->threadIndex & 31;
    for (int n = 0; n < count; ++n) {
      for (int k = 0; k < 4; ++k) {
        d[first + n].sums[k] = asFloat(results[(4 * n + k) * 32 + lane]);
      }
    }
  }
}

/// Word m of lane 8 * m + r: nothing but an exchange of what each lane read.
template <bool Transposed>
static void combineMatrices(const u32 *deposits, u32 *results, u32) {
  for (int m = 0; m < 4; ++m) {
    for (int lane = 0; lane < 32; ++lane) {
      const int g = lane / 4;
      const int t = lane % 4;
      if constexpr (Transposed) {
        const auto half = [&](int row) {
          return deposits[g / 2 * 32 + 8 * m + row] >> (g % 2 * 16) & 0xffffu;
        };
        results[m * 32 + lane] = half(2 * t) | half(2 * t + 1) << 16;
      } else {
        results[m * 32 + lane] = deposits[t * 32 + 8 * m + g];
      }
    }
  }
}
template <bool Transposed>
DEVICE TileA loadMatrices(Shared<bf16> x, i64 row, SINTER_LINE) {
  const auto mine = bitsAs<Vec<u32, 4>>(loadVec<8>(x, row, line));
  const u32 *results =
      collective(combineMatrices<Transposed>, mine.elements, 4, line);
  const u32 lane = worker()->threadIndex & 31;
  return {results[lane], results[32 + lane], results[64 + lane],
          results[96 + lane]};
}

template <int Most>
struct CopyQueue {
  struct Copy {
    Shared<bf16> to;
    i64 at;
    Vec<bf16, 8> value;
    int group;
  };
  Copy copies[Most];
  int count = 0;
  int group = 0;

  MEMBER void put(bool wanted, Shared<bf16> to, i64 i, In<bf16> from, i64 j,
                  SINTER_LINE) {
    Vec<bf16, 8> nothing;
    for (int k = 0; k < 8; ++k) {
      nothing.set(k, bf16{0x7fc0});
    }
    storeVec(to, i, nothing, line);
    if (count == Most) {
      __builtin_trap();
    }
    copies[count++] = {
        to, i, wanted ? loadVec<8>(from, j, line) : Vec<bf16, 8>{}, group};
  }
  MEMBER void close() { ++group; }
  template <int Open>
  MEMBER void wait(SINTER_LINE) {
    int kept = 0;
    for (int k = 0; k < count; ++k) {
      if (copies[k].group < group - Open) {
        storeVec(copies[k].to, copies[k].at, copies[k].value, line);
      } else {
        copies[kept++] = copies[k];
      }
    }
    count = kept;
  }
};

#endif
