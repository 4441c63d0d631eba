/*
 * Softmax and log-softmax over rows, and their gradients.
 */
#include "kernels.h"
#include "parallel.h"
#include "rows.h"
#include "vector-math.h"

struct job {
    float *out;
    const float *x, *y;
    int64_t cols;
    int log;
};

/* exp(x - max) / sum, with the numerators kept in `out` in between. */
static void softmax_row(float *out, const float *x, int64_t n) {
    float max = row_greatest(x, n);
    double total = 0;
    for (int64_t i = 0; i < n; i += PIECE) {
        total += piece_exp_sum(out + i, x + i, n - i < PIECE ? n - i : PIECE, max);
    }
    vfloat factor = vset((float)(1 / total));
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) vstore(out + i, vload(out + i) * factor);
    for (; i < n; i++) out[i] *= factor[0];
}

static void log_softmax_row(float *out, const float *x, int64_t n) {
    float max;
    /* x - (max + log sum) in two steps: the sum alone would be rounded to the size of max. */
    vfloat log_sum = vset((float)row_log_sum(x, n, &max)), shift = vset(max);
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) vstore(out + i, (vload(x + i) - shift) - log_sum);
    for (; i < n; i++) out[i] = (x[i] - max) - log_sum[0];
}

static void softmax_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct job *job = context;
    (void)thread;
    for (int64_t r = begin; r < end; r++) {
        float *out = job->out + r * job->cols;
        const float *x = job->x + r * job->cols;
        if (job->log) {
            log_softmax_row(out, x, job->cols);
        } else {
            softmax_row(out, x, job->cols);
        }
    }
}

/* sum of dy * y, or of dy */
INLINE float row_sum_of_products(const float *dy, const float *y, int64_t n, int log) {
    double total = 0;
    int64_t i = 0;
    while (i < n) {
        vfloat sum[2] = {{0}};
        int64_t end = n - i < 64 * LANES ? n : i + 64 * LANES;
        for (; i + 2 * LANES <= end; i += 2 * LANES) {
            for (int s = 0; s < 2; s++) {
                vfloat v = vload(dy + i + s * LANES);
                sum[s] += log ? v : v * vload(y + i + s * LANES);
            }
        }
        for (; i < end; i += LANES) {
            int64_t part = end - i < LANES ? end - i : LANES;
            vfloat v = vload_part(dy + i, part, 0);
            sum[0] += log ? v : v * vload_part(y + i, part, 0);
        }
        i = end;
        total += vsum(sum[0] + sum[1]);
    }
    return (float)total;
}

INLINE void backward_row(float *dx, const float *dy, const float *y, int64_t n, int log) {
    vfloat total = vset(row_sum_of_products(dy, y, n, log));
    for (int64_t i = 0; i < n; i += LANES) {
        int64_t part = n - i;
        int whole = part >= LANES;
        vfloat d = whole ? vload(dy + i) : vload_part(dy + i, part, 0);
        vfloat v = whole ? vload(y + i) : vload_part(y + i, part, 0);
        vfloat r = log ? d - vexp(v) * total : v * (d - total);
        if (whole) {
            vstore(dx + i, r);
        } else {
            vstore_part(dx + i, r, part);
        }
    }
}

static void backward_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct job *job = context;
    (void)thread;
    for (int64_t r = begin; r < end; r++) {
        int64_t at = r * job->cols;
        if (job->log) {
            backward_row(job->out + at, job->x + at, job->y + at, job->cols, 1);
        } else {
            backward_row(job->out + at, job->x + at, job->y + at, job->cols, 0);
        }
    }
}

void softmax_forward(float *out, const float *x, int64_t rows, int64_t cols, bool log) {
    struct job job = {out, x, NULL, cols, log};
    parallel_ranges(rows, rows_per_task(cols), softmax_range, &job);
}

void softmax_backward(float *dx, const float *dy, const float *y, int64_t rows, int64_t cols,
                      bool log) {
    struct job job = {dx, dy, y, cols, log};
    parallel_ranges(rows, rows_per_task(cols), backward_range, &job);
}
