/*
 * What probes ask of a tensor in one pass: moments, extremes, counts of what is special, and a histogram
 * whose bins are the same for every tensor.
 *
 * Blocks of GRAIN values, each summed in double precision, are put together in order, so that the result does
 * not depend on the number of threads. A bin's number comes out of a float's bits: two an octave, the upper
 * one from the root of 2 on (src/util/log-bins.ts).
 */
#include "kernels.h"
#include "parallel.h"
#include "vector.h"

#define ROOT2_FRACTION 0x3504f4 /* the fraction of sqrt(2), rounded up */
#define FIRST_BIN (-128)
#define BINS 256  /* of each sign */
#define SPECIAL 3 /* zeros, NaN and infinities are counted before the bins */
#define SLOTS (SPECIAL + 2 * BINS)
#define CHUNK 256 /* values that are looked at together */
#define TABLES 4  /* that are counted in in turn: neighbours often fall into one bin, whose count must be written before it is read */

struct sums {
    double sum, squares;
    float min, max;
    int32_t slots[SLOTS];
};

struct job {
    const float *x, *minus;
    int64_t cols, stride;
    float scale;
    struct sums *blocks;
};

/* Where each of CHUNK values is counted. */
static void slots_of(int32_t *slot, const float *values) {
    const vint zero = {0};
    for (int i = 0; i < CHUNK; i += LANES) {
        vint bits = (vint)vload(values + i), magnitude = bits & 0x7fffffff;
        vint bin = 2 * ((magnitude >> 23) - 127) - ((magnitude & 0x7fffff) >= ROOT2_FRACTION) - FIRST_BIN;
        bin &= ~(bin < zero); /* at least 0 */
        vint last = zero + (BINS - 1), over = bin > last;
        bin = (over & last) | (~over & bin);
        vint negative = bits < zero;
        bin += SPECIAL + (~negative & BINS);
        vint is_zero = magnitude == zero, is_inf = magnitude == 0x7f800000, is_nan = magnitude > 0x7f800000;
        bin = (is_nan & 1) | (is_inf & 2) | (~(is_zero | is_nan | is_inf) & bin);
        memcpy(slot + i, &bin, sizeof bin);
    }
}

/* At most CHUNK values, the rest made NaN so that they count for nothing, and taken off the NaNs. */
static void take(struct sums *s, int32_t (*tables)[SLOTS], float *values, int n) {
    enum { DOUBLES = LANES / 2 };
    int32_t slot[CHUNK];
    for (int i = n; i < CHUNK; i++) values[i] = NAN;
    slots_of(slot, values);
    for (int i = 0; i < CHUNK; i += TABLES) {
        for (int t = 0; t < TABLES; t++) tables[t][slot[i + t]]++;
    }
    tables[0][1] -= CHUNK - n;
    vfloat least = vset(s->min), greatest = vset(s->max);
    for (int i = 0; i < CHUNK; i += LANES) {
        vfloat v = vload(values + i);
        vint finite = ((vint)v & 0x7fffffff) < 0x7f800000;
        /* Not vmin and vmax, which would let a NaN through at a cost. */
        least = vselect(finite & (v < least), v, least);
        greatest = vselect(finite & (v > greatest), v, greatest);
        vstore(values + i, vselect(finite, v, vset(0)));
    }
    for (int i = 0; i < LANES; i++) {
        if (least[i] < s->min) s->min = least[i];
        if (greatest[i] > s->max) s->max = greatest[i];
    }
    vdouble sum[2] = {{0}}, squares[2] = {{0}};
    for (int i = 0; i < CHUNK; i += 2 * DOUBLES) {
        for (int k = 0; k < 2; k++) {
            vdouble v = vload_double(values + i + k * DOUBLES);
            sum[k] += v;
            squares[k] += v * v;
        }
    }
    s->sum += vsum_double(sum[0] + sum[1]);
    s->squares += vsum_double(squares[0] + squares[1]);
}

static void statistics_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct job *job = context;
    struct sums *s = job->blocks + begin / GRAIN;
    float values[CHUNK];
    int32_t tables[TABLES][SLOTS] = {{0}};
    int64_t row = begin / job->cols, col = begin % job->cols;
    (void)thread;
    *s = (struct sums){.min = INFINITY, .max = -INFINITY};
    while (begin < end) {
        int n = 0;
        while (n < CHUNK && begin < end) { /* from as many rows as it takes */
            int64_t count = job->cols - col;
            if (count > CHUNK - n) count = CHUNK - n;
            if (count > end - begin) count = end - begin;
            const float *x = job->x + row * job->stride + col;
            if (job->minus != NULL) {
                const float *minus = job->minus + begin;
                for (int64_t i = 0; i < count; i++) values[n + i] = x[i] - minus[i];
            } else {
                for (int64_t i = 0; i < count; i++) values[n + i] = x[i] * job->scale;
            }
            n += (int)count;
            begin += count;
            col += count;
            if (col == job->cols) {
                col = 0;
                row++;
            }
        }
        take(s, tables, values, n);
    }
    for (int i = 0; i < SLOTS; i++) {
        for (int t = 0; t < TABLES; t++) s->slots[i] += tables[t][i];
    }
}

void value_statistics(float *out, int32_t *counts, const float *x, const float *minus,
                      int64_t rows, int64_t cols, int64_t stride, float scale) {
    int64_t count = rows * cols, blocks = (count + GRAIN - 1) / GRAIN;
    if (stride == cols) cols = count;
    struct job job = {x, minus, cols > 0 ? cols : 1, stride, scale,
                      scratch_memory((size_t)(blocks + 1) * sizeof(struct sums))};
    parallel_ranges(count, GRAIN, statistics_range, &job);
    double sum = 0, squares = 0;
    float min = INFINITY, max = -INFINITY;
    memset(counts, 0, SLOTS * sizeof *counts);
    for (int64_t b = 0; b < blocks; b++) {
        const struct sums *s = job.blocks + b;
        sum += s->sum;
        squares += s->squares;
        if (s->min < min) min = s->min;
        if (s->max > max) max = s->max;
        for (int i = 0; i < SLOTS; i++) counts[i] += s->slots[i];
    }
    double finite = (double)(count - counts[1] - counts[2]), mean = sum / finite;
    double variance = squares / finite - mean * mean;
    out[0] = (float)mean;
    out[1] = (float)sqrt(variance < 0 ? 0 : variance);
    out[2] = finite > 0 ? min : NAN;
    out[3] = finite > 0 ? max : NAN;
    out[4] = (float)sqrt(squares);
}

/* ── How many of each column lie in an interval ── */

#define COLUMNS 64 /* to a task */

struct between_job {
    int32_t *counts;
    const float *x;
    int64_t rows, cols;
    float low, high;
};

/* Units are tiles of columns. */
static void between_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct between_job *job = context;
    (void)thread;
    for (int64_t tile = begin; tile < end; tile++) {
        int64_t first = tile * COLUMNS, n = job->cols - first;
        int32_t counts[COLUMNS] = {0};
        if (n > COLUMNS) n = COLUMNS;
        for (int64_t r = 0; r < job->rows; r++) {
            const float *x = job->x + r * job->cols + first;
            for (int64_t k = 0; k < n; k++) counts[k] += (x[k] > job->low) & (x[k] < job->high);
        }
        memcpy(job->counts + first, counts, (size_t)n * sizeof *counts);
    }
}

void count_between(int32_t *counts, const float *x, int64_t rows, int64_t cols, float low, float high) {
    struct between_job job = {counts, x, rows, cols, low, high};
    int64_t each = rows * COLUMNS;
    parallel_ranges((cols + COLUMNS - 1) / COLUMNS, each < GRAIN ? GRAIN / (each > 0 ? each : 1) : 1,
                    between_range, &job);
}
