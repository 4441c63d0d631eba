/*
 * The machine's vectors, through the vector extensions that gcc and clang share, so that the same
 * lines serve AVX-512, AVX2, SSE, NEON and WebAssembly. LANES floats at a time. Intrinsics stand in this file
 * alone, for the few things that the extensions cannot say and that were measured to matter (choosing,
 * minimum and maximum, multiply-adds, ends of rows; of AVX-512 scaling by a power of two); beside each is what the
 * others do.
 *
 * Addresses need not be aligned. The end of an array that does not fill a vector goes through a
 * padded one (vload_part, vstore_part), so that its elements get the same bits as all others.
 */
#ifndef NANOGPT_VECTOR_H
#define NANOGPT_VECTOR_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#if defined(__AVX512F__)
#define LANES 16
#define LANE_NUMBERS {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
#elif defined(__AVX__)
#define LANES 8 /* of AVX alone, with or without AVX2 */
#define LANE_NUMBERS {0, 1, 2, 3, 4, 5, 6, 7}
#else
#define LANES 4
#define LANE_NUMBERS {0, 1, 2, 3}
#endif

/* gcc warns that passing vectors by value depends on the target's flags. All of it is inlined. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

#define INLINE static inline __attribute__((always_inline))

typedef float vfloat __attribute__((vector_size(LANES * 4)));
typedef int32_t vint __attribute__((vector_size(LANES * 4)));
typedef uint32_t vuint __attribute__((vector_size(LANES * 4)));

/* Half as many floats, and the doubles that they convert to. */
typedef float vhalf __attribute__((vector_size(LANES * 2)));
typedef double vdouble __attribute__((vector_size(LANES * 4)));

INLINE vfloat vload(const float *p) { vfloat v; memcpy(&v, p, sizeof v); return v; }
INLINE void vstore(float *p, vfloat v) { memcpy(p, &v, sizeof v); }
/* x - 0 is x for every x; 0 + x would turn -0 into 0, and cost an addition. */
INLINE vfloat vset(float x) { return x - (vfloat){0}; }

INLINE vint vload_int(const int32_t *p) { vint v; memcpy(&v, p, sizeof v); return v; }

/* a * b + c, rounded once where the machine can: for products, whose speed depends on one instruction for it, and where
   the same numbers must get the same bits wherever they lie. Left to itself the compiler does so here and not there: not
   where the multiplication has been moved past a branch; and of relaxed SIMD never. */
INLINE vfloat vmultiply_add(vfloat a, vfloat b, vfloat c) {
#if defined(__AVX512F__)
    return (vfloat)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif LANES == 8 && defined(__FMA__)
    return (vfloat)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__aarch64__)
    return (vfloat)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#elif defined(__wasm_relaxed_simd__)
    return (vfloat)__builtin_wasm_relaxed_madd_f32x4(a, b, c);
#else
    return a * b + c;
#endif
}

#if LANES == 8
/* The first n lanes. */
INLINE __m256i vfirst_lanes(int64_t n) {
    static const int32_t mask[2 * LANES] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(mask + LANES - n));
}
#endif

/* n < LANES elements; the rest of the vector is `pad`. */
INLINE vfloat vload_part(const float *p, int64_t n, float pad) {
#if defined(__AVX512F__)
    return (vfloat)_mm512_mask_loadu_ps((__m512)vset(pad), (__mmask16)((1u << n) - 1), p);
#elif LANES == 8
    __m256i mask = vfirst_lanes(n);
    return (vfloat)_mm256_blendv_ps((__m256)vset(pad), _mm256_maskload_ps(p, mask), (__m256)mask);
#else
    vfloat v = vset(pad);
    memcpy(&v, p, (size_t)n * sizeof *p);
    return v;
#endif
}

INLINE void vstore_part(float *p, vfloat v, int64_t n) {
#if defined(__AVX512F__)
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
#elif LANES == 8
    _mm256_maskstore_ps(p, vfirst_lanes(n), (__m256)v);
#else
    memcpy(p, &v, (size_t)n * sizeof *p);
#endif
}

/* LANES / 2 floats, as doubles. */
INLINE vdouble vload_double(const float *p) {
    vhalf v;
    memcpy(&v, p, sizeof v);
    return __builtin_convertvector(v, vdouble);
}

/* mask ? a : b, lane by lane; a mask is a comparison's result. */
INLINE vfloat vselect(vint mask, vfloat a, vfloat b) {
#if LANES == 8
    return (vfloat)_mm256_blendv_ps((__m256)b, (__m256)a, (__m256)mask);
#else
    return (vfloat)((mask & (vint)a) | (~mask & (vint)b));
#endif
}

/* The smaller (greater) of x and a bound that is not NaN; NaN when x is NaN. The instructions give the second of two
   where either is NaN, and where both are equal. */
INLINE vfloat vat_most(vfloat x, vfloat bound) {
#if defined(__AVX512F__)
    return (vfloat)_mm512_min_ps((__m512)bound, (__m512)x);
#elif LANES == 8
    return (vfloat)_mm256_min_ps((__m256)bound, (__m256)x);
#elif defined(__wasm__)
    return (vfloat)__builtin_wasm_pmin_f32x4(x, bound); /* WebAssembly's has the first for these */
#else
    return vselect(x > bound, bound, x);
#endif
}

INLINE vfloat vat_least(vfloat x, vfloat bound) {
#if defined(__AVX512F__)
    return (vfloat)_mm512_max_ps((__m512)bound, (__m512)x);
#elif LANES == 8
    return (vfloat)_mm256_max_ps((__m256)bound, (__m256)x);
#elif defined(__wasm__)
    return (vfloat)__builtin_wasm_pmax_f32x4(x, bound);
#else
    return vselect(x < bound, bound, x);
#endif
}

/* The greater, the smaller; NaN when either is NaN. */
INLINE vfloat vmax(vfloat a, vfloat b) { return vselect((a > b) | (a != a), a, b); }
INLINE vfloat vmin(vfloat a, vfloat b) { return vselect((a < b) | (a != a), a, b); }

INLINE vfloat vabs(vfloat x) { return (vfloat)((vint)x & 0x7fffffff); }
INLINE vfloat vcopysign(vfloat magnitude, vfloat sign) {
    return (vfloat)((vint)magnitude | ((vint)sign & (int32_t)0x80000000));
}

INLINE vfloat vsqrt(vfloat x) {
    for (int i = 0; i < LANES; i++) x[i] = sqrtf(x[i]); /* one instruction, see -fno-math-errno */
    return x;
}

/* Down, up, and to the nearest, ties to even; each an instruction where there is one. */
INLINE vfloat vfloor(vfloat x) {
    for (int i = 0; i < LANES; i++) x[i] = floorf(x[i]);
    return x;
}
INLINE vfloat vceil(vfloat x) {
    for (int i = 0; i < LANES; i++) x[i] = ceilf(x[i]);
    return x;
}
INLINE vfloat vround(vfloat x) {
    for (int i = 0; i < LANES; i++) x[i] = rintf(x[i]);
    return x;
}

INLINE int vany(vint mask) {
    uint64_t words[sizeof mask / 8], any = 0;
    memcpy(words, &mask, sizeof mask);
    for (size_t i = 0; i < sizeof mask / 8; i++) any |= words[i];
    return any != 0;
}

/* Lane i gets what lane i ^ distance had. */
INLINE vfloat vswap(vfloat v, int distance) {
#if defined(__GNUC__) && !defined(__clang__)
    return __builtin_shuffle(v, (vint)LANE_NUMBERS ^ distance);
#else
    vfloat r;
    for (int i = 0; i < LANES; i++) r[i] = v[i ^ distance];
    return r;
#endif
}

/* The sum of all lanes, pair by pair. */
INLINE float vsum(vfloat v) {
    for (int distance = LANES / 2; distance > 0; distance /= 2) v += vswap(v, distance);
    return v[0];
}

INLINE double vsum_double(vdouble v) {
    double lane[LANES / 2];
    memcpy(lane, &v, sizeof v);
    for (int width = LANES / 4; width > 0; width /= 2) {
        for (int i = 0; i < width; i++) lane[i] += lane[i + width];
    }
    return lane[0];
}

/* The greatest lane, NaN if there is one. */
INLINE float vgreatest(vfloat v) {
    for (int distance = LANES / 2; distance > 0; distance /= 2) v = vmax(v, vswap(v, distance));
    return v[0];
}

#endif
