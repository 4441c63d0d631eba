/*
 * Element-wise functions of two operands that are broadcast, or otherwise read at strides.
 *
 * The output is contiguous, so it is cut into ranges as if it were flat. Along the innermost
 * dimension an operand is either consecutive or one single value in nearly all cases; those have
 * vector loops, what is left (a transposed operand) is read element by element.
 */
#include "binary.h"
#include "parallel.h"
#include "strides.h"

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

#define LOOP(value, one_a, one_b)                                                                  \
    do {                                                                                           \
        int64_t i = 0;                                                                             \
        for (; i + LANES <= count; i += LANES) {                                                   \
            vfloat a = next(x.a, i, one_a), b = next(x.b, i, one_b);                               \
            vstore(out + i, value);                                                                \
        }                                                                                          \
        int64_t n = count - i;                                                                     \
        if (n > 0) {                                                                               \
            vfloat a = next_part(x.a, i, n, one_a), b = next_part(x.b, i, n, one_b);               \
            vstore_part(out + i, value, n);                                                        \
        }                                                                                          \
    } while (0)

#define RUN(op, name, value)                                                                       \
    static void run_##name(float *out, struct operands x, int64_t count) {                         \
        if (x.step_a == 1 && x.step_b == 1) {                                                      \
            LOOP(value, 0, 0);                                                                     \
        } else if (x.step_a == 1 && x.step_b == 0) {                                               \
            LOOP(value, 0, 1);                                                                     \
        } else if (x.step_a == 0 && x.step_b == 1) {                                               \
            LOOP(value, 1, 0);                                                                     \
        } else {                                                                                   \
            for (int64_t i = 0; i < count; i++) {                                                  \
                vfloat a = vset(x.a[i * x.step_a]), b = vset(x.b[i * x.step_b]);                   \
                vstore_part(out + i, value, 1);                                                    \
            }                                                                                      \
        }                                                                                          \
    }

EACH_BINARY(RUN)

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

static void run_broadcast(run_function run, float *out, const float *a, const float *b, int ndim,
                          const double *layout) {
    struct layout given = {0};
    for (int d = 0; d < ndim; d++) {
        layout_add(&given, (int64_t)layout[d], (int64_t)layout[ndim + d],
                   (int64_t)layout[2 * ndim + d]);
    }
    struct job job = {run, out, a, b, layout_join(&given)};
    int64_t count = layout_count(&job.layout, job.layout.ndim);
    parallel_items(count, LANES, GRAIN / 2, broadcast_range, &job);
}

void binary_strided(int op, float *out, const float *a, const float *b, int ndim,
                    const double *layout) {
    static const run_function runs[] = {
#define ROW(op, name, value) [op] = run_##name,
        EACH_BINARY(ROW)
#undef ROW
    };
    run_broadcast(runs[op], out, a, b, ndim, layout);
}

/* ── Integers ── */

/* Words as they are, unsigned so that what overflows wraps. */
INLINE uint32_t word(const float *x, int64_t i) {
    uint32_t bits;
    memcpy(&bits, x + i, sizeof bits);
    return bits;
}

/* Towards minus infinity, as Python; 0 for a divisor of 0, which the caller refuses. */
INLINE int32_t floor_divide(int32_t a, int32_t b) {
    if (b == 0) return 0;
    if (b == -1) return (int32_t)(0u - (uint32_t)a); /* the least integer has no opposite */
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

/* Code, name, value of the int32 a and b and of the same words x and y, unsigned. */
#define EACH_INTEGER(DO)                                                                           \
    DO(INT_ADD, add, x + y)                                                                        \
    DO(INT_SUB, sub, x - y)                                                                        \
    DO(INT_MUL, mul, x *y)                                                                         \
    DO(INT_FLOOR_DIVIDE, floor_divide, floor_divide(a, b))                                         \
    DO(INT_REMAINDER, remainder, x - y * (uint32_t)floor_divide(a, b))                             \
    DO(INT_MAXIMUM, maximum, a > b ? a : b)                                                        \
    DO(INT_MINIMUM, minimum, a < b ? a : b)                                                        \
    DO(INT_AND, and, x & y)                                                                        \
    DO(INT_OR, or, x | y)                                                                          \
    DO(INT_XOR, xor, x ^ y)                                                                        \
    DO(INT_EQ, eq, a == b)                                                                         \
    DO(INT_NE, ne, a != b)                                                                         \
    DO(INT_LT, lt, a < b)                                                                          \
    DO(INT_LE, le, a <= b)                                                                         \
    DO(INT_GT, gt, a > b)                                                                          \
    DO(INT_GE, ge, a >= b)

#define RUN_INTEGER(op, name, value)                                                               \
    static void int_##name(float *out, struct operands p, int64_t count) {                         \
        for (int64_t i = 0; i < count; i++) {                                                      \
            uint32_t x = word(p.a, i * p.step_a), y = word(p.b, i * p.step_b);                     \
            int32_t a = (int32_t)x, b = (int32_t)y;                                                \
            (void)a, (void)b;                                                                      \
            uint32_t result = (uint32_t)(value);                                                   \
            memcpy(out + i, &result, sizeof result);                                               \
        }                                                                                          \
    }

EACH_INTEGER(RUN_INTEGER)

void integer_strided(int op, int32_t *out, const int32_t *a, const int32_t *b, int ndim,
                     const double *layout) {
    static const run_function runs[] = {
#define ROW(op, name, value) [op] = int_##name,
        EACH_INTEGER(ROW)
#undef ROW
    };
    run_broadcast(runs[op], (float *)out, (const float *)a, (const float *)b, ndim, layout);
}

/* ── Choosing by a mask ── */

/* Here a is the mask. */
static void run_where(float *out, struct operands x, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        uint32_t kept = word(out, i), other = word(x.b, i * x.step_b);
        uint32_t result = word(x.a, i * x.step_a) ? other : kept;
        memcpy(out + i, &result, sizeof result);
    }
}

void copy_where(float *out, const int32_t *mask, const float *x, int ndim, const double *layout) {
    run_broadcast(run_where, out, (const float *)mask, x, ndim, layout);
}
