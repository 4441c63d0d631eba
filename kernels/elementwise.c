/*
 * Element-wise functions and their gradients, over contiguous arrays.
 *
 * Each function is written once, on a vector; `map1` and `map2` make the loops. They are inlined with
 * the function a constant, so that there is one tight loop for each.
 */
#include "kernels.h"
#include "parallel.h"
#include "vector-math.h"

/* What one call works on; the ranges of it are the pool's tasks. */
struct job {
    void (*range)(const struct job *job, int64_t begin, int64_t end);
    float *out;
    const float *a, *b;
    float p, q;
};

typedef vfloat (*function1)(vfloat a, vfloat p, vfloat q);
typedef vfloat (*function2)(vfloat a, vfloat b, vfloat p);

static void run_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct job *job = context;
    (void)thread;
    job->range(job, begin, end);
}

static void run(struct job job, int64_t count) { parallel_ranges(count, GRAIN, run_range, &job); }

INLINE void map1(const struct job *job, int64_t i, int64_t end, function1 f) {
    const float *a = job->a;
    float *out = job->out;
    vfloat p = vset(job->p), q = vset(job->q);
    for (; i + LANES <= end; i += LANES) vstore(out + i, f(vload(a + i), p, q));
    if (i < end) vstore_part(out + i, f(vload_part(a + i, end - i, 1), p, q), end - i);
}

INLINE void map2(const struct job *job, int64_t i, int64_t end, function2 f) {
    const float *a = job->a, *b = job->b;
    float *out = job->out;
    vfloat p = vset(job->p);
    for (; i + LANES <= end; i += LANES) vstore(out + i, f(vload(a + i), vload(b + i), p));
    if (i < end) {
        int64_t n = end - i;
        vstore_part(out + i, f(vload_part(a + i, n, 1), vload_part(b + i, n, 1), p), n);
    }
}

/* ── y = f(x), and dx = dy f'(x) from x or y, whichever is the shorter way ── */

/* `source` is what the slope is made from. */
#define SOURCE_x 0
#define SOURCE_y 1
#define UNARY(name, value, source, slope)                                                          \
    enum { name##_source = SOURCE_##source };                                                      \
    INLINE vfloat name##_value(vfloat x, vfloat p, vfloat q) {                                     \
        (void)p, (void)q;                                                                          \
        return value;                                                                              \
    }                                                                                              \
    INLINE vfloat name##_gradient(vfloat dy, vfloat source, vfloat p) {                            \
        (void)p, (void)source;                                                                     \
        return slope;                                                                              \
    }                                                                                              \
    static void name##_forward(const struct job *job, int64_t begin, int64_t end) {                \
        map1(job, begin, end, name##_value);                                                       \
    }                                                                                              \
    static void name##_backward(const struct job *job, int64_t begin, int64_t end) {               \
        map2(job, begin, end, name##_gradient);                                                    \
    }

/* The argument of tanh in the approximate GELU, twice; and half its derivative. */
#define GELU_SCALE 1.59576912f /* 2 sqrt(2 / pi) */
INLINE vfloat gelu_argument(vfloat x) { return x * (GELU_SCALE * (1.0f + 0.044715f * (x * x))); }

/* 0.5 (1 + tanh(u)) is sigmoid(2 u), which keeps its accuracy where tanh nears -1. */
INLINE vfloat gelu_tanh_slope_at(vfloat x) {
    x = vat_most(vat_least(x, vset(-30)), vset(30)); /* 0 and 1 long before; x^3 could overflow */
    vfloat s = vsigmoid(gelu_argument(x));
    vfloat inner = GELU_SCALE * (1.0f + 0.134145f * (x * x));
    return s + x * (s * (1.0f - s)) * inner;
}

INLINE vfloat gelu_at(vfloat x) {
    vfloat density;
    return x * vnormal_cdf(x, &density);
}

INLINE vfloat gelu_slope_at(vfloat x) {
    vfloat density, cdf = vnormal_cdf(x, &density);
    return cdf + x * density;
}

INLINE vfloat silu_slope_at(vfloat x) {
    vfloat s = vsigmoid(x);
    return s + x * (s * (1.0f - s));
}

/* -1, 0 or 1; NaN of NaN. */
INLINE vfloat sign_of(vfloat x) {
    vfloat sign = vselect(x > 0.0f, vset(1), vselect(x < 0.0f, vset(-1), vset(0)));
    return vselect(x == x, sign, x);
}

/* x > 0 ? x : 0, but NaN stays. */
INLINE vfloat relu_at(vfloat x) { return vselect((x > 0.0f) | (x != x), x, vset(0)); }

UNARY(neg, -x, x, -dy)
UNARY(abs, vabs(x), x, dy *sign_of(x))
UNARY(exp, vexp(x), y, dy *y)
UNARY(log, vlog(x), x, dy / x)
UNARY(sqrt, vsqrt(x), y, dy / (2.0f * y))
UNARY(square, x *x, x, dy *(2.0f * x))
UNARY(tanh, vtanh(x), y, dy *(1.0f - y * y))
UNARY(sigmoid, vsigmoid(x), y, dy *(y * (1.0f - y)))
UNARY(relu, relu_at(x), x, vselect(x > 0.0f, dy, vset(0)))
UNARY(leaky_relu, vselect(x > 0.0f, x, p *x), x, vselect(x > 0.0f, dy, p *dy))
UNARY(gelu, gelu_at(x), x, dy *gelu_slope_at(x))
UNARY(gelu_tanh, x *vsigmoid(gelu_argument(x)), x, dy *gelu_tanh_slope_at(x))
UNARY(silu, x *vsigmoid(x), x, dy *silu_slope_at(x))


static const struct {
    void (*forward)(const struct job *job, int64_t begin, int64_t end);
    void (*backward)(const struct job *job, int64_t begin, int64_t end);
    int from_y;
} unary[] = {
#define ROW(op, name) [op] = {name##_forward, name##_backward, name##_source == SOURCE_y}
    ROW(NEG, neg),         ROW(ABS, abs),   ROW(EXP, exp),
    ROW(LOG, log),         ROW(SQRT, sqrt), ROW(SQUARE, square),
    ROW(TANH, tanh),       ROW(SIGMOID, sigmoid), ROW(RELU, relu),
    ROW(LEAKY_RELU, leaky_relu), ROW(GELU, gelu), ROW(GELU_TANH, gelu_tanh),
    ROW(SILU, silu),
#undef ROW
};

void unary_forward(int op, float *out, const float *x, int64_t count, float parameter) {
    run((struct job){unary[op].forward, out, x, NULL, parameter, 0}, count);
}

void unary_backward(int op, float *dx, const float *dy, const float *x, const float *y,
                    int64_t count, float parameter) {
    const float *source = unary[op].from_y ? y : x;
    run((struct job){unary[op].backward, dx, dy, source, parameter, 0}, count);
}

/* ── Two operands of one shape ── */

#define BINARY(name, operator)                                                                     \
    INLINE vfloat name##_value(vfloat a, vfloat b, vfloat p) {                                     \
        (void)p;                                                                                   \
        return a operator b;                                                                       \
    }                                                                                              \
    static void name##_range(const struct job *job, int64_t begin, int64_t end) {                  \
        map2(job, begin, end, name##_value);                                                       \
    }

BINARY(add, +)
BINARY(sub, -)
BINARY(mul, *)
BINARY(div, /)

void binary_forward(int op, float *out, const float *a, const float *b, int64_t count) {
    static void (*const range[])(const struct job *, int64_t, int64_t) = {
        [ADD] = add_range, [SUB] = sub_range, [MUL] = mul_range, [DIV] = div_range};
    run((struct job){range[op], out, a, b, 0, 0}, count);
}

/* ── With factors ── */

INLINE vfloat affine_value(vfloat x, vfloat scale, vfloat shift) { return scale * x + shift; }
INLINE vfloat scale_value(vfloat x, vfloat scale, vfloat q) { return (void)q, scale * x; }
INLINE vfloat add_scaled_value(vfloat out, vfloat x, vfloat scale) { return out + scale * x; }

static void affine_range(const struct job *job, int64_t begin, int64_t end) {
    map1(job, begin, end, affine_value);
}

static void scale_range(const struct job *job, int64_t begin, int64_t end) {
    map1(job, begin, end, scale_value);
}

static void add_scaled_range(const struct job *job, int64_t begin, int64_t end) {
    map2(job, begin, end, add_scaled_value);
}

void affine_forward(float *out, const float *x, int64_t count, float scale, float shift) {
    run((struct job){affine_range, out, x, NULL, scale, shift}, count);
}

void add_scaled(float *out, const float *x, int64_t count, float scale) {
    run((struct job){add_scaled_range, out, out, x, scale, 0}, count);
}

void scale_by(float *out, const float *x, const float *scale, int64_t count) {
    run((struct job){scale_range, out, x, NULL, *scale, 0}, count);
}
