/*
 * What softmax and cross-entropy do with a row first: its maximum, and the logarithm of the sum of
 * its exponentials.
 */
#ifndef NANOGPT_ROWS_H
#define NANOGPT_ROWS_H

#include "kernels.h"
#include "vector-math.h"

/* Rows to a task, so that one has about 8192 exponentials to make. */
static inline int64_t rows_per_task(int64_t cols) {
    return cols >= 8192 ? 1 : 8192 / (cols > 0 ? cols : 1);
}

/*
 * The greatest value; -infinity of an empty row. NaN is passed over here: it comes back with the sum
 * of exponentials, which every user makes next.
 */
static inline float row_greatest(const float *x, int64_t n) {
    vfloat m[4];
    for (int s = 0; s < 4; s++) m[s] = vset(-INFINITY);
    int64_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        for (int s = 0; s < 4; s++) m[s] = vat_least(m[s], vload(x + i + s * LANES));
    }
    for (; i + LANES <= n; i += LANES) m[0] = vat_least(m[0], vload(x + i));
    if (i < n) m[1] = vat_least(m[1], vload_part(x + i, n - i, -INFINITY));
    return vgreatest(vat_least(vat_least(m[0], m[1]), vat_least(m[2], m[3])));
}

/* A piece of a row that fits the first-level cache, and is short enough to be summed in floats. */
#define PIECE 2048

/* Sum of exp(x - max) over at most PIECE values; with `out`, it gets the terms. */
INLINE double piece_exp_sum(float *out, const float *x, int64_t n, float max) {
    vfloat shift = vset(max), sum[2] = {{0}};
    int64_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
        for (int s = 0; s < 2; s++) {
            vfloat e = vexp(vload(x + i + s * LANES) - shift);
            if (out) vstore(out + i + s * LANES, e);
            sum[s] += e;
        }
    }
    for (; i < n; i += LANES) {
        int64_t part = n - i < LANES ? n - i : LANES;
        vfloat e = vexp(vload_part(x + i, part, -INFINITY) - shift);
        if (out) vstore_part(out + i, e, part);
        sum[0] += e;
    }
    return vsum(sum[0] + sum[1]);
}

/*
 * log of the sum of exp(x - max); and max. The row is read once: a piece has its maximum found, what
 * was summed before is scaled to it, and the piece is summed (Milakov and Gimelshein 2018, by
 * pieces).
 */
static inline double row_log_sum(const float *x, int64_t n, float *greatest) {
    float max = -INFINITY;
    double total = 0;
    for (int64_t i = 0; i < n; i += PIECE) {
        int64_t piece = n - i < PIECE ? n - i : PIECE;
        float piece_max = row_greatest(x + i, piece);
        if (piece_max > max) {
            if (total != 0) total *= exp((double)max - piece_max);
            max = piece_max;
        }
        if (max != -INFINITY) total += piece_exp_sum(NULL, x + i, piece, max);
    }
    *greatest = max;
    return max == -INFINITY ? NAN : log(total); /* there is no distribution over nothing */
}

#endif
