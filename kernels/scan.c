/*
 * Running sums, and products with their gradient, over the middle of (outer, count, inner); and
 * reductions of integers. In the order of the elements, a column to a task, so that the bits depend on nothing
 * else. Columns that lie side by side are walked row by row, COLUMNS at a time.
 */
#include "kernels.h"
#include "parallel.h"
#include "vector.h"

#define COLUMNS 64

struct job {
    float *out;
    const float *x, *dy;
    int64_t count, inner, tiles;
    bool reverse;
    int op;
    double *scratch; /* for each thread a column */
};

/* A task's columns: `x` and `out` at the first row, n <= COLUMNS of them. */
struct columns {
    float *out;
    const float *x, *dy;
    int64_t n;
};

static struct columns columns_of(const struct job *job, int64_t unit, bool reduced) {
    int64_t o = unit / job->tiles, column = unit % job->tiles * COLUMNS;
    int64_t first = o * job->count * job->inner + column, result = o * job->inner + column;
    int64_t left = job->inner - column;
    return (struct columns){job->out + (reduced ? result : first), job->x + first,
                            job->dy ? job->dy + result : NULL, left < COLUMNS ? left : COLUMNS};
}

static void run(parallel_range range, struct job job, int64_t outer) {
    job.tiles = (job.inner + COLUMNS - 1) / COLUMNS;
    int64_t size = job.count * (job.inner < COLUMNS ? job.inner : COLUMNS);
    parallel_ranges(outer * job.tiles, size < GRAIN ? GRAIN / (size > 0 ? size : 1) : 1, range, &job);
}

static void sum_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct job *job = context;
    int64_t inner = job->inner, count = job->count;
    (void)thread;
    for (int64_t unit = begin; unit < end; unit++) {
        struct columns c = columns_of(job, unit, false);
        double total[COLUMNS] = {0};
        for (int64_t i = 0; i < count; i++) {
            int64_t row = (job->reverse ? count - 1 - i : i) * inner;
            for (int64_t k = 0; k < c.n; k++) c.out[row + k] = (float)(total[k] += c.x[row + k]);
        }
    }
}

void cumulative_sum(float *out, const float *x, int64_t outer, int64_t count, int64_t inner,
                    bool reverse) {
    run(sum_range, (struct job){.out = out, .x = x, .count = count, .inner = inner, .reverse = reverse},
        outer);
}

static void product_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct job *job = context;
    (void)thread;
    for (int64_t unit = begin; unit < end; unit++) {
        struct columns c = columns_of(job, unit, true);
        double product[COLUMNS];
        for (int64_t k = 0; k < c.n; k++) product[k] = 1;
        for (int64_t i = 0; i < job->count; i++) {
            for (int64_t k = 0; k < c.n; k++) product[k] *= c.x[i * job->inner + k];
        }
        for (int64_t k = 0; k < c.n; k++) c.out[k] = (float)product[k];
    }
}

void product_middle(float *out, const float *x, int64_t outer, int64_t count, int64_t inner) {
    run(product_range, (struct job){.out = out, .x = x, .count = count, .inner = inner}, outer);
}

/*
 * dx = dy times the product of all others: of those before, made on the way down, and of those
 * after, on the way up. Nothing is divided, so that zeros need no special case.
 */
static void gradient_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct job *job = context;
    int64_t inner = job->inner;
    double *products = job->scratch + thread * job->count;
    for (int64_t unit = begin; unit < end; unit++) {
        struct columns c = columns_of(job, unit, false);
        for (int64_t k = 0; k < c.n; k++) {
            double before = c.dy[k], after = 1;
            for (int64_t i = 0; i < job->count; i++) {
                products[i] = before;
                before *= c.x[i * inner + k];
            }
            for (int64_t i = job->count; i-- > 0;) {
                c.out[i * inner + k] = (float)(products[i] * after);
                after *= c.x[i * inner + k];
            }
        }
    }
}

void product_backward(float *dx, const float *dy, const float *x, int64_t outer, int64_t count,
                      int64_t inner) {
    size_t size = (size_t)(parallel_threads() * count) * sizeof(double);
    run(gradient_range,
        (struct job){.out = dx, .x = x, .dy = dy, .count = count, .inner = inner,
                     .scratch = scratch_memory(size)},
        outer);
}

static uint32_t integer_of_two(int op, uint32_t a, uint32_t b) {
    if (op == REDUCE_SUM) return a + b; /* what overflows wraps */
    return (op == REDUCE_MAX) == ((int32_t)a > (int32_t)b) ? a : b;
}

static void integer_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct job *job = context;
    (void)thread;
    for (int64_t unit = begin; unit < end; unit++) {
        struct columns c = columns_of(job, unit, true);
        const int32_t *x = (const int32_t *)c.x;
        uint32_t total[COLUMNS];
        for (int64_t k = 0; k < c.n; k++) {
            total[k] = job->op == REDUCE_SUM ? 0 : job->op == REDUCE_MAX ? (uint32_t)INT32_MIN : INT32_MAX;
        }
        for (int64_t i = 0; i < job->count; i++) {
            for (int64_t k = 0; k < c.n; k++) {
                total[k] = integer_of_two(job->op, total[k], (uint32_t)x[i * job->inner + k]);
            }
        }
        memcpy(c.out, total, (size_t)c.n * sizeof *total);
    }
}

void integer_reduce(int op, int32_t *out, const int32_t *x, int64_t outer, int64_t count,
                    int64_t inner) {
    run(integer_range,
        (struct job){.op = op, .out = (float *)out, .x = (const float *)x, .count = count, .inner = inner},
        outer);
}
