/*
 * Element-wise functions of two operands that are broadcast, or otherwise read at strides.
 *
 * The output is contiguous, so it is cut into ranges as if it were flat. Along the innermost
 * dimension an operand is either consecutive or one single value in nearly all cases; those have
 * vector loops, what is left (a transposed operand) is read element by element.
 */
#include "kernels.h"
#include "parallel.h"
#include "strides.h"
#include "vector.h"

struct operands {
    const float *a, *b;
    int64_t step_a, step_b;
};

typedef void (*run_function)(float *out, struct operands x, int64_t count);

/* One operand's next vector: consecutive values, or the same one LANES times. */
INLINE vfloat next(const float *p, int64_t i, int one) { return one ? vset(*p) : vload(p + i); }
INLINE vfloat next_part(const float *p, int64_t i, int64_t n, int one) {
    return one ? vset(*p) : vload_part(p + i, n, 1);
}

#define LOOP(operator, one_a, one_b)                                                               \
    do {                                                                                           \
        int64_t i = 0;                                                                             \
        for (; i + LANES <= count; i += LANES) {                                                   \
            vstore(out + i, next(x.a, i, one_a) operator next(x.b, i, one_b));                     \
        }                                                                                          \
        int64_t n = count - i;                                                                     \
        if (n > 0) {                                                                               \
            vfloat a = next_part(x.a, i, n, one_a), b = next_part(x.b, i, n, one_b);               \
            vstore_part(out + i, a operator b, n);                                                 \
        }                                                                                          \
    } while (0)

#define RUN(name, operator)                                                                        \
    static void name(float *out, struct operands x, int64_t count) {                               \
        if (x.step_a == 1 && x.step_b == 1) {                                                      \
            LOOP(operator, 0, 0);                                                                  \
        } else if (x.step_a == 1 && x.step_b == 0) {                                               \
            LOOP(operator, 0, 1);                                                                  \
        } else if (x.step_a == 0 && x.step_b == 1) {                                               \
            LOOP(operator, 1, 0);                                                                  \
        } else {                                                                                   \
            for (int64_t i = 0; i < count; i++) {                                                  \
                out[i] = x.a[i * x.step_a] operator x.b[i * x.step_b];                             \
            }                                                                                      \
        }                                                                                          \
    }

RUN(run_add, +)
RUN(run_sub, -)
RUN(run_mul, *)
RUN(run_div, /)

struct job {
    run_function run;
    float *out;
    const float *a, *b;
    struct layout layout;
};

static void broadcast_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct job *job = context;
    const struct layout *l = &job->layout;
    int last = l->ndim - 1;
    int64_t inner = l->size[last], step_a = l->stride[0][last], step_b = l->stride[1][last];
    struct cursor row = cursor_at(l, last, begin / inner);
    int64_t column = begin % inner;
    (void)thread;
    while (begin < end) {
        int64_t n = inner - column < end - begin ? inner - column : end - begin;
        struct operands x = {job->a + row.offset[0] + column * step_a,
                             job->b + row.offset[1] + column * step_b, step_a, step_b};
        job->run(job->out + begin, x, n);
        begin += n;
        column = 0;
        cursor_next(l, last, &row);
    }
}

void binary_strided(int op, float *out, const float *a, const float *b, int ndim,
                    const double *layout) {
    static const run_function runs[] = {
        [ADD] = run_add, [SUB] = run_sub, [MUL] = run_mul, [DIV] = run_div};
    struct layout given = {0};
    for (int d = 0; d < ndim; d++) {
        layout_add(&given, (int64_t)layout[d], (int64_t)layout[ndim + d],
                   (int64_t)layout[2 * ndim + d]);
    }
    struct job job = {runs[op], out, a, b, layout_join(&given)};
    int64_t count = layout_count(&job.layout, job.layout.ndim);
    parallel_ranges(count, GRAIN, broadcast_range, &job);
}
