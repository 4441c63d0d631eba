/*
 * The machine's vectors, through the vector extensions that gcc and clang share: no intrinsics, so
 * the same lines serve AVX-512, AVX2, SSE and NEON. LANES floats at a time.
 *
 * Addresses need not be aligned. The end of an array that does not fill a vector goes through a
 * padded one (vload_part, vstore_part), so that its elements get the same bits as all others.
 */
#ifndef NANOGPT_VECTOR_H
#define NANOGPT_VECTOR_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX__)
#define LANES 8
#else
#define LANES 4
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

/* n < LANES elements; the rest of the vector is `pad`. */
INLINE vfloat vload_part(const float *p, int64_t n, float pad) {
    vfloat v = vset(pad);
    memcpy(&v, p, (size_t)n * sizeof *p);
    return v;
}

INLINE void vstore_part(float *p, vfloat v, int64_t n) { memcpy(p, &v, (size_t)n * sizeof *p); }

/* Four consecutive floats of p, or rather LANES / 2 of them, as doubles. */
INLINE vdouble vload_double(const float *p) {
    vhalf v;
    memcpy(&v, p, sizeof v);
    return __builtin_convertvector(v, vdouble);
}

/* mask ? a : b, lane by lane; a mask is a comparison's result. */
INLINE vfloat vselect(vint mask, vfloat a, vfloat b) {
    return (vfloat)((mask & (vint)a) | (~mask & (vint)b));
}

/* The smaller (greater); NaN when x is NaN. `bound` is not NaN. */
INLINE vfloat vat_most(vfloat x, float bound) { return vselect(x > bound, vset(bound), x); }
INLINE vfloat vat_least(vfloat x, float bound) { return vselect(x < bound, vset(bound), x); }

/* The greater; NaN when either is NaN. */
INLINE vfloat vmax(vfloat a, vfloat b) { return vselect((a > b) | (a != a), a, b); }

INLINE vfloat vabs(vfloat x) { return (vfloat)((vint)x & 0x7fffffff); }
INLINE vfloat vcopysign(vfloat magnitude, vfloat sign) {
    return (vfloat)((vint)magnitude | ((vint)sign & (int32_t)0x80000000));
}

INLINE vfloat vsqrt(vfloat x) {
    vfloat r;
    for (int i = 0; i < LANES; i++) r[i] = sqrtf(x[i]); /* one instruction, see -fno-math-errno */
    return r;
}

INLINE int vany(vint mask) {
    uint64_t words[sizeof mask / 8], any = 0;
    memcpy(words, &mask, sizeof mask);
    for (size_t i = 0; i < sizeof mask / 8; i++) any |= words[i];
    return any != 0;
}

/* Sums of all lanes, pair by pair. */
INLINE double vsum(vfloat v) {
    double lane[LANES];
    for (int i = 0; i < LANES; i++) lane[i] = v[i];
    for (int width = LANES / 2; width > 0; width /= 2) {
        for (int i = 0; i < width; i++) lane[i] += lane[i + width];
    }
    return lane[0];
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
    float m = v[0];
    for (int i = 1; i < LANES; i++) m = v[i] > m || v[i] != v[i] ? v[i] : m;
    return m;
}

#endif
