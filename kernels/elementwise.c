/*
 * Element-wise functions and their gradients, over contiguous arrays.
 *
 * Each function is one line of a table, on a vector; `map1` and `map2` make the loops. They are inlined with
 * the function a constant, so that there is one tight loop for each.
 */
#include "activation.h"
#include "binary.h"
#include "parallel.h"

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

/* Elements from which a share of them is worth a thread: of functions, of which each costs some, and of what
   memory alone costs. */
#define FUNCTION_GRAIN 8192
#define COPY_GRAIN 16384

static void run(struct job job, int64_t count, int64_t grain) {
    parallel_items(count, LANES, grain, run_range, &job);
}

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
#define UNARY(op, name, value, source, slope)                                                      \
    enum { name##_source = SOURCE_##source };                                                      \
    INLINE vfloat name##_value(vfloat x, vfloat p, vfloat q) {                                     \
        (void)p, (void)q;                                                                          \
        return value;                                                                              \
    }                                                                                              \
    INLINE vfloat name##_gradient(vfloat dy, vfloat source, vfloat p) {                            \
        (void)p, (void)source, (void)dy;                                                           \
        return slope;                                                                              \
    }                                                                                              \
    static void name##_forward(const struct job *job, int64_t begin, int64_t end) {                \
        map1(job, begin, end, name##_value);                                                       \
    }                                                                                              \
    static void name##_backward(const struct job *job, int64_t begin, int64_t end) {               \
        map2(job, begin, end, name##_gradient);                                                    \
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

/* -1, 0 or 1. */
INLINE vfloat sign_or_zero(vfloat x) {
    return vselect(x > 0.0f, vset(1), vselect(x < 0.0f, vset(-1), vset(0)));
}

/* The same; NaN of NaN. */
INLINE vfloat sign_of(vfloat x) { return vselect(x == x, sign_or_zero(x), x); }

INLINE vfloat sine_slope(vfloat x) { return vsine(x, 1); }
INLINE vfloat erf_slope(vfloat x) { return 1.12837917f * vexp(-(x * x)); }
/* p x^(p - 1), and 0 where p is 0, whatever x. */
INLINE vfloat pow_slope(vfloat x, vfloat p) {
    return vselect(p == 0.0f, vset(0), p * vpow(x, p - 1.0f));
}

/* Code, name, value, what the slope is made from, gradient. */
#define EACH_UNARY(DO)                                                                             \
    DO(NEG, neg, -x, x, -dy)                                                                       \
    DO(ABS, abs, vabs(x), x, dy *sign_of(x))                                                       \
    DO(EXP, exp, vexp(x), y, dy *y)                                                                \
    DO(LOG, log, vlog(x), x, dy / x)                                                               \
    DO(SQRT, sqrt, vsqrt(x), y, dy / (2.0f * y))                                                   \
    DO(SQUARE, square, x *x, x, dy *(2.0f * x))                                                    \
    DO(TANH, tanh, vtanh(x), y, dy *(1.0f - y * y))                                                \
    DO(SIGMOID, sigmoid, vsigmoid(x), y, dy *(y * (1.0f - y)))                                     \
    DO(RELU, relu, relu_at(x), x, vselect(x > 0.0f, dy, vset(0)))                                  \
    DO(LEAKY_RELU, leaky_relu, vselect(x > 0.0f, x, p *x), x, vselect(x > 0.0f, dy, p *dy))        \
    DO(GELU, gelu, gelu_at(x), x, dy *gelu_slope_at(x))                                            \
    DO(GELU_TANH, gelu_tanh, x *vsigmoid(gelu_argument(x)), x, dy *gelu_tanh_slope_at(x))          \
    DO(SILU, silu, x *vsigmoid(x), x, dy *silu_slope_at(x))                                        \
    DO(SIN, sin, vsine(x, 0), x, dy *sine_slope(x))                                                \
    DO(COS, cos, vsine(x, 1), x, -dy * vsine(x, 0))                                                \
    DO(ERF, erf, verf(x), x, dy *erf_slope(x))                                                     \
    DO(LOG1P, log1p, vlog1p(x), x, dy / (1.0f + x))                                                \
    DO(EXPM1, expm1, vexpm1(x), y, dy *(y + 1.0f))                                                 \
    DO(SOFTPLUS, softplus, vsoftplus(x), x, dy *vsigmoid(x))                                       \
    DO(RSQRT, rsqrt, 1.0f / vsqrt(x), y, -0.5f * (dy * y * y * y))                                 \
    DO(RECIPROCAL, reciprocal, 1.0f / x, y, -(dy * y * y))                                         \
    DO(POW, pow, vpow(x, p), x, dy *pow_slope(x, p))                                               \
    DO(SIGN, sign, sign_or_zero(x), x, (vset(0)))                                                  \
    DO(FLOOR, floor, vfloor(x), x, (vset(0)))                                                      \
    DO(CEIL, ceil, vceil(x), x, (vset(0)))                                                         \
    DO(ROUND, round, vround(x), x, (vset(0)))                                                      \
    DO(CLAMP_MIN, clamp_min, vselect(x < p, p, x), x, vselect(x >= p, dy, vset(0)))                \
    DO(CLAMP_MAX, clamp_max, vselect(x > p, p, x), x, vselect(x <= p, dy, vset(0)))                \
    DO(RELU_SQUARED, relu_squared, relu_at(x) *relu_at(x), x,                                      \
       vselect(x > 0.0f, dy *(2.0f * x), vset(0)))

EACH_UNARY(UNARY)

static const struct {
    void (*forward)(const struct job *job, int64_t begin, int64_t end);
    void (*backward)(const struct job *job, int64_t begin, int64_t end);
    int from_y;
} unary[] = {
#define ROW(op, name, value, source, slope)                                                        \
    [op] = {name##_forward, name##_backward, name##_source == SOURCE_y},
    EACH_UNARY(ROW)
#undef ROW
};

void unary_forward(int op, float *out, const float *x, int64_t count, float parameter) {
    run((struct job){unary[op].forward, out, x, NULL, parameter, 0}, count, FUNCTION_GRAIN);
}

void unary_backward(int op, float *dx, const float *dy, const float *x, const float *y,
                    int64_t count, float parameter) {
    const float *source = unary[op].from_y ? y : x;
    run((struct job){unary[op].backward, dx, dy, source, parameter, 0}, count, FUNCTION_GRAIN);
}

/* ── Two operands of one shape ── */

#define RANGE(op, name, value)                                                                     \
    INLINE vfloat name##_of_two(vfloat a, vfloat b, vfloat p) { return (void)p, value; }           \
    static void name##_range(const struct job *job, int64_t begin, int64_t end) {                  \
        map2(job, begin, end, name##_of_two);                                                      \
    }

EACH_BINARY(RANGE)

void binary_forward(int op, float *out, const float *a, const float *b, int64_t count) {
    static void (*const range[])(const struct job *, int64_t, int64_t) = {
#define ROW(op, name, value) [op] = name##_range,
        EACH_BINARY(ROW)
#undef ROW
    };
    run((struct job){range[op], out, a, b, 0, 0}, count, COPY_GRAIN);
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
    run((struct job){affine_range, out, x, NULL, scale, shift}, count, COPY_GRAIN);
}

void add_scaled(float *out, const float *x, int64_t count, float scale) {
    run((struct job){add_scaled_range, out, out, x, scale, 0}, count, COPY_GRAIN);
}

void scale_by(float *out, const float *x, const float *scale, int64_t count) {
    run((struct job){scale_range, out, x, NULL, *scale, 0}, count, COPY_GRAIN);
}

/* ── Conversions ── */

/* Towards zero; what does not fit becomes the nearest that does, and NaN 0. */
static void to_int_range(const struct job *job, int64_t begin, int64_t end) {
    int32_t *out = (int32_t *)job->out;
    for (int64_t i = begin; i < end; i++) {
        float x = job->a[i];
        out[i] = x >= 2147483648.0f    ? INT32_MAX
                 : x <= -2147483648.0f ? INT32_MIN
                 : x == x              ? (int32_t)x
                                       : 0;
    }
}

static void to_float_range(const struct job *job, int64_t begin, int64_t end) {
    const int32_t *x = (const int32_t *)job->a;
    for (int64_t i = begin; i < end; i++) job->out[i] = (float)x[i];
}

void float_to_int(int32_t *out, const float *x, int64_t count) {
    run((struct job){to_int_range, (float *)out, x, NULL, 0, 0}, count, COPY_GRAIN);
}

void int_to_float(float *out, const int32_t *x, int64_t count) {
    run((struct job){to_float_range, out, (const float *)x, NULL, 0, 0}, count, COPY_GRAIN);
}
