/*
 * What both normalisations need: ends of rows, and pairs of sums.
 *
 * Sums are cut by the sizes alone: floats over a run of RUN rows (or RUN vectors of one), doubles
 * beyond, blocks in order. The bits therefore do not depend on the number of threads.
 */
#ifndef NANOGPT_NORM_H
#define NANOGPT_NORM_H

#include "vector.h"

#define RUN 32 /* terms that one float accumulates before it goes to a double */

struct pair {
    double a, b;
};

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

/* Whole vectors, or n < LANES elements and padding. */
INLINE vfloat load(const float *p, int64_t n, float pad) {
    return n >= LANES ? vload(p) : vload_part(p, n, pad);
}

INLINE void store(float *p, vfloat v, int64_t n) {
    if (n >= LANES) {
        vstore(p, v);
    } else {
        vstore_part(p, v, n);
    }
}

#endif
