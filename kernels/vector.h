/*
 * The machine's vectors, through the vector extensions that gcc and clang share: no intrinsics, so
 * the same lines serve AVX-512, AVX2, SSE and NEON. LANES floats at a time.
 */
#ifndef NANOGPT_VECTOR_H
#define NANOGPT_VECTOR_H

#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX__)
#define LANES 8
#else
#define LANES 4
#endif

typedef float vfloat __attribute__((vector_size(LANES * 4)));
typedef int32_t vint __attribute__((vector_size(LANES * 4)));

static inline vfloat vload(const float *p) { vfloat v; memcpy(&v, p, sizeof v); return v; }
static inline void vstore(float *p, vfloat v) { memcpy(p, &v, sizeof v); }
static inline vfloat vset(float x) { return (vfloat){0} + x; }

#endif
