/*
 * Reductions over the middle of (outer, count, inner), and over everything.
 *
 * Sums are made in three steps that depend on the sizes alone, so that the bits do not depend on the
 * number of threads: floats in vectors over a short run (RUN elements to a lane), doubles over a
 * block of BLOCK elements, and the blocks in order, in double precision.
 */
#include "kernels.h"
#include "parallel.h"
#include "vector.h"

#define RUN 32                    /* elements that one float accumulates before it goes to a double */
#define STREAMS 4                 /* vectors side by side, for the latency of an addition */
#define STEP (STREAMS * LANES)    /* elements that all of them take at once */
#define BLOCK 16384               /* elements to a task when rows are long */
#define ROWS 1024                 /* rows to a task when columns are long */
#define COLUMNS (8 * LANES)       /* columns that are accumulated in registers */

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

/* ── Rows: inner = 1 ── */

/* Of x - mean, and of its square, when `centred`; else of x alone. A maximum is in `sum`. */
struct sums {
    double sum, squares;
};

INLINE struct sums row_sums(const float *x, int64_t count, int centred, float mean) {
    struct sums total = {0, 0};
    vfloat middle = vset(mean);
    int64_t i = 0;
    while (i < count) {
        vfloat sum[STREAMS] = {{0}}, squares[STREAMS] = {{0}};
        int64_t end = least(count, i + RUN * STEP);
        for (; i + STEP <= end; i += STEP) {
            for (int s = 0; s < STREAMS; s++) {
                vfloat v = vload(x + i + s * LANES);
                if (centred) v -= middle;
                sum[s] += v;
                if (centred) squares[s] += v * v;
            }
        }
        for (; i + LANES <= end; i += LANES) {
            vfloat v = vload(x + i);
            if (centred) v -= middle;
            sum[0] += v;
            if (centred) squares[0] += v * v;
        }
        if (i < end) {
            vfloat v = vload_part(x + i, end - i, centred ? mean : 0.0f);
            if (centred) v -= middle;
            sum[1] += v;
            if (centred) squares[1] += v * v;
            i = end;
        }
        total.sum += vsum((sum[0] + sum[1]) + (sum[2] + sum[3]));
        if (centred) total.squares += vsum((squares[0] + squares[1]) + (squares[2] + squares[3]));
    }
    return total;
}

static float row_max(const float *x, int64_t count) {
    vfloat m[STREAMS];
    for (int s = 0; s < STREAMS; s++) m[s] = vset(-INFINITY);
    int64_t i = 0;
    for (; i + STEP <= count; i += STEP) {
        for (int s = 0; s < STREAMS; s++) m[s] = vmax(m[s], vload(x + i + s * LANES));
    }
    for (; i + LANES <= count; i += LANES) m[0] = vmax(m[0], vload(x + i));
    if (i < count) m[1] = vmax(m[1], vload_part(x + i, count - i, -INFINITY));
    return vgreatest(vmax(vmax(m[0], m[1]), vmax(m[2], m[3])));
}

enum pass { PASS_SUM, PASS_MEAN, PASS_MAX, PASS_VARIANCE };

struct job {
    enum pass pass;
    float *out;
    const float *x, *mean;
    double *partial; /* (outer, blocks, inner) pairs; not used when there is one block */
    int64_t count, inner, blocks, tiles;
    double divisor;
};

/* From all of a result's sums to the result. */
INLINE float finish(const struct job *job, struct sums s) {
    double n = (double)job->count;
    if (job->pass == PASS_MEAN) return (float)(s.sum / n);
    if (job->pass != PASS_VARIANCE) return (float)s.sum;
    /* Rounding the mean to float moved it; the sum of the deviations tells by how much, and is taken
       off again (Chan, Golub and LeVeque 1983, the corrected two-pass algorithm). */
    double squares = job->count > 0 ? s.squares - s.sum * s.sum / n : 0;
    return (float)((squares < 0 ? 0 : squares) / job->divisor);
}

static void row_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct job *job = context;
    (void)thread;
    for (int64_t unit = begin; unit < end; unit++) {
        int64_t row = unit / job->blocks, first = unit % job->blocks * BLOCK;
        const float *x = job->x + row * job->count + first;
        int64_t n = least(BLOCK, job->count - first);
        struct sums s = job->pass == PASS_MAX        ? (struct sums){row_max(x, n), 0}
                        : job->pass == PASS_VARIANCE ? row_sums(x, n, 1, job->mean[row])
                                                     : row_sums(x, n, 0, 0);
        if (job->blocks == 1) {
            job->out[row] = finish(job, s);
        } else {
            memcpy(job->partial + 2 * unit, &s, sizeof s);
        }
    }
}

/* ── Columns: inner > 1 ── */

/* Rows of `x`, `inner` apart, over n <= COLUMNS columns. */
INLINE void column_sums(const float *x, int64_t rows, int64_t inner, int64_t n, int centred,
                        const float *mean, struct sums *out) {
    enum { VECTORS = COLUMNS / LANES };
    double total[2][COLUMNS] = {{0}};
    float means[COLUMNS] = {0};
    if (centred) memcpy(means, mean, (size_t)n * sizeof *mean);
    for (int64_t r = 0; r < rows; r += RUN) {
        int64_t end = least(rows, r + RUN);
        if (n == COLUMNS) {
            vfloat sum[VECTORS] = {{0}}, squares[VECTORS] = {{0}};
            for (int64_t i = r; i < end; i++) {
                for (int k = 0; k < VECTORS; k++) {
                    vfloat v = vload(x + i * inner + k * LANES);
                    if (centred) v -= vload(means + k * LANES);
                    sum[k] += v;
                    if (centred) squares[k] += v * v;
                }
            }
            for (int k = 0; k < VECTORS; k++) {
                for (int i = 0; i < LANES; i++) {
                    total[0][k * LANES + i] += sum[k][i];
                    if (centred) total[1][k * LANES + i] += squares[k][i];
                }
            }
        } else {
            float sum[COLUMNS] = {0}, squares[COLUMNS] = {0};
            for (int64_t i = r; i < end; i++) {
                for (int64_t k = 0; k < n; k++) {
                    float v = x[i * inner + k];
                    if (centred) v -= means[k];
                    sum[k] += v;
                    if (centred) squares[k] += v * v;
                }
            }
            for (int64_t k = 0; k < n; k++) {
                total[0][k] += sum[k];
                if (centred) total[1][k] += squares[k];
            }
        }
    }
    for (int64_t k = 0; k < n; k++) out[k] = (struct sums){total[0][k], total[1][k]};
}

static void column_max(const float *x, int64_t rows, int64_t inner, int64_t n, struct sums *out) {
    float m[COLUMNS];
    for (int64_t k = 0; k < n; k++) m[k] = -INFINITY;
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t k = 0; k < n; k++) {
            float v = x[r * inner + k];
            m[k] = v > m[k] || v != v ? v : m[k];
        }
    }
    for (int64_t k = 0; k < n; k++) out[k] = (struct sums){m[k], 0};
}

static void column_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct job *job = context;
    (void)thread;
    for (int64_t unit = begin; unit < end; unit++) {
        /* (outer, block of rows, tile of columns) */
        int64_t tile = unit % job->tiles, block = unit / job->tiles % job->blocks;
        int64_t o = unit / job->tiles / job->blocks;
        int64_t column = tile * COLUMNS, n = least(COLUMNS, job->inner - column);
        int64_t row = block * ROWS, rows = least(ROWS, job->count - row);
        const float *x = job->x + (o * job->count + row) * job->inner + column;
        int64_t result = o * job->inner + column;
        struct sums s[COLUMNS];
        if (job->pass == PASS_MAX) {
            column_max(x, rows, job->inner, n, s);
        } else if (job->pass == PASS_VARIANCE) {
            column_sums(x, rows, job->inner, n, 1, job->mean + result, s);
        } else {
            column_sums(x, rows, job->inner, n, 0, NULL, s);
        }
        if (job->blocks == 1) {
            for (int64_t k = 0; k < n; k++) job->out[result + k] = finish(job, s[k]);
        } else {
            double *partial = job->partial + 2 * ((o * job->blocks + block) * job->inner + column);
            memcpy(partial, s, (size_t)n * sizeof *s);
        }
    }
}

/* ── Both ── */

static void reduce_pass(enum pass pass, float *out, const float *x, const float *mean,
                        int64_t outer, int64_t count, int64_t inner, double divisor) {
    int by_rows = inner == 1;
    int64_t block = by_rows ? BLOCK : ROWS;
    int64_t blocks = most(1, (count + block - 1) / block), tiles = (inner + COLUMNS - 1) / COLUMNS;
    struct job job = {pass, out, x, mean, NULL, count, inner, blocks, tiles, divisor};
    if (blocks > 1) job.partial = scratch_memory((size_t)(outer * blocks * inner) * sizeof(struct sums));
    int64_t units = outer * blocks * (by_rows ? 1 : tiles);
    int64_t size = least(count, block) * (by_rows ? 1 : least(inner, COLUMNS));
    parallel_ranges(units, most(1, GRAIN / most(1, size)), by_rows ? row_range : column_range, &job);
    if (blocks == 1) return;
    for (int64_t result = 0; result < outer * inner; result++) {
        const double *p = job.partial + 2 * (result / inner * blocks * inner + result % inner);
        struct sums total = {p[0], p[1]};
        for (int64_t b = 1; b < blocks; b++) {
            double value = p[2 * b * inner];
            if (pass == PASS_MAX) {
                total.sum = value > total.sum || value != value ? value : total.sum;
            } else {
                total.sum += value;
                total.squares += p[2 * b * inner + 1];
            }
        }
        out[result] = finish(&job, total);
    }
}

void reduce_middle(int op, float *out, const float *x, int64_t outer, int64_t count,
                   int64_t inner) {
    enum pass pass = op == MAX ? PASS_MAX : op == MEAN ? PASS_MEAN : PASS_SUM;
    reduce_pass(pass, out, x, NULL, outer, count, inner, 1);
}

void variance_middle(float *out, float *mean, const float *x, int64_t outer, int64_t count,
                     int64_t inner, double correction) {
    reduce_pass(PASS_MEAN, mean, x, NULL, outer, count, inner, 1);
    double divisor = (double)count > correction ? (double)count - correction : 0;
    reduce_pass(PASS_VARIANCE, out, x, mean, outer, count, inner, divisor);
}

/* ── Gradient of the maximum ── */

struct max_job {
    float *dx;
    const float *dy, *x, *y;
    int64_t count, inner;
};

static void max_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct max_job *job = context;
    int64_t count = job->count, inner = job->inner;
    (void)thread;
    for (int64_t result = begin; result < end; result++) {
        int64_t first = result / inner * count * inner + result % inner;
        const float *x = job->x + first;
        float *dx = job->dx + first, greatest = job->y[result];
        int64_t equal = 0;
        for (int64_t c = 0; c < count; c++) equal += x[c * inner] == greatest;
        /* With NaN nothing is equal, and all of the gradient is NaN. */
        float dy = equal > 0 ? job->dy[result] : NAN;
        float share = dy / (float)equal, others = dy * 0.0f;
        for (int64_t c = 0; c < count; c++) dx[c * inner] = x[c * inner] == greatest ? share : others;
    }
}

void max_backward(float *dx, const float *dy, const float *x, const float *y, int64_t outer,
                  int64_t count, int64_t inner) {
    struct max_job job = {dx, dy, x, y, count, inner};
    parallel_ranges(outer * inner, most(1, GRAIN / most(1, count)), max_range, &job);
}

/* ── Sum of squares ── */

double block_sum_of_squares(const float *x, int64_t count) {
    enum { STREAM_COUNT = 8, DOUBLES = LANES / 2 };
    vdouble sum[STREAM_COUNT] = {{0}};
    int64_t i = 0;
    for (; i + STREAM_COUNT * DOUBLES <= count; i += STREAM_COUNT * DOUBLES) {
        for (int s = 0; s < STREAM_COUNT; s++) {
            vdouble v = vload_double(x + i + s * DOUBLES);
            sum[s] += v * v;
        }
    }
    double total = 0;
    for (; i < count; i++) total += (double)x[i] * x[i];
    for (int s = 0; s < STREAM_COUNT / 2; s++) sum[s] += sum[s + STREAM_COUNT / 2];
    return vsum_double((sum[0] + sum[2]) + (sum[1] + sum[3])) + total;
}

struct squares_job {
    const float *x;
    double *partial;
};

static void squares_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct squares_job *job = context;
    (void)thread;
    job->partial[begin / GRAIN] = block_sum_of_squares(job->x + begin, end - begin);
}

double sum_of_squares(const float *x, int64_t count) {
    int64_t blocks = (count + GRAIN - 1) / GRAIN;
    struct squares_job job = {x, scratch_memory((size_t)blocks * sizeof(double))};
    parallel_ranges(count, GRAIN, squares_range, &job);
    double total = 0;
    for (int64_t b = 0; b < blocks; b++) total += job.partial[b];
    return total;
}
