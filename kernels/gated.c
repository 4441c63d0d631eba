/*
 * Gated linear units: one half, made an activation, times the other; and both gradients.
 */
#include "activation.h"
#include "kernels.h"
#include "parallel.h"

struct job {
    void (*range)(const struct job *job, int64_t begin, int64_t end);
    float *out, *dgate, *dup;
    const float *dy, *gate, *up;
    int64_t cols, ld;
};

/* An activation and its slope. */
struct value {
    vfloat y, slope;
};

INLINE struct value linear(vfloat x) { return (struct value){x, vset(1)}; }
INLINE struct value sigmoid(vfloat x) {
    vfloat s = vsigmoid(x);
    return (struct value){s, s * (1.0f - s)};
}
INLINE struct value relu(vfloat x) {
    return (struct value){relu_at(x), vselect(x > 0.0f, vset(1), vset(0))};
}
INLINE struct value gelu(vfloat x) {
    vfloat density, cdf = vnormal_cdf(x, &density);
    return (struct value){x * cdf, cdf + x * density};
}
INLINE struct value gelu_tanh(vfloat x) {
    return (struct value){x * vsigmoid(gelu_argument(x)), gelu_tanh_slope_at(x)};
}
INLINE struct value silu(vfloat x) {
    vfloat s = vsigmoid(x), y = x * s;
    return (struct value){y, s + y * (1.0f - s)};
}

typedef struct value (*activation)(vfloat x);

INLINE vfloat load(const float *p, int64_t left) {
    return left >= LANES ? vload(p) : vload_part(p, left, 0);
}

INLINE void store(float *p, vfloat v, int64_t left) {
    if (left >= LANES) vstore(p, v);
    else vstore_part(p, v, left);
}

INLINE void forward_rows(const struct job *job, int64_t begin, int64_t end, activation f) {
    for (int64_t r = begin; r < end; r++) {
        const float *gate = job->gate + r * job->ld, *up = job->up + r * job->ld;
        float *out = job->out + r * job->cols;
        for (int64_t i = 0; i < job->cols; i += LANES) {
            int64_t left = job->cols - i;
            store(out + i, f(load(gate + i, left)).y * load(up + i, left), left);
        }
    }
}

INLINE void backward_rows(const struct job *job, int64_t begin, int64_t end, activation f) {
    for (int64_t r = begin; r < end; r++) {
        int64_t row = r * job->ld;
        const float *dy = job->dy + r * job->cols;
        for (int64_t i = 0; i < job->cols; i += LANES) {
            int64_t left = job->cols - i;
            struct value v = f(load(job->gate + row + i, left));
            vfloat d = load(dy + i, left), up = load(job->up + row + i, left);
            store(job->dgate + row + i, d * up * v.slope, left);
            store(job->dup + row + i, d * v.y, left);
        }
    }
}

#define EACH_GATE(DO)                                                                              \
    DO(GATE_LINEAR, linear)                                                                        \
    DO(GATE_SIGMOID, sigmoid)                                                                      \
    DO(GATE_RELU, relu)                                                                            \
    DO(GATE_GELU, gelu)                                                                            \
    DO(GATE_GELU_TANH, gelu_tanh)                                                                  \
    DO(GATE_SILU, silu)

#define RANGES(op, name)                                                                           \
    static void name##_forward(const struct job *job, int64_t begin, int64_t end) {                \
        forward_rows(job, begin, end, name);                                                       \
    }                                                                                              \
    static void name##_backward(const struct job *job, int64_t begin, int64_t end) {               \
        backward_rows(job, begin, end, name);                                                      \
    }
EACH_GATE(RANGES)

static const struct {
    void (*forward)(const struct job *job, int64_t begin, int64_t end);
    void (*backward)(const struct job *job, int64_t begin, int64_t end);
} gates[] = {
#define ROW(op, name) [op] = {name##_forward, name##_backward},
    EACH_GATE(ROW)
#undef ROW
};

static void run_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct job *job = context;
    (void)thread;
    job->range(job, begin, end);
}

static void run(struct job job, int64_t rows) {
    parallel_ranges(rows, job.cols > 0 ? 1 + GRAIN / 4 / job.cols : GRAIN, run_range, &job);
}

void gated_forward(int op, float *out, const float *gate, const float *up, int64_t rows,
                   int64_t cols, int64_t ld) {
    run((struct job){.range = gates[op].forward, .out = out, .gate = gate, .up = up, .cols = cols,
                     .ld = ld},
        rows);
}

void gated_backward(int op, float *dgate, float *dup, const float *dy, const float *gate,
                    const float *up, int64_t rows, int64_t cols, int64_t ld) {
    run((struct job){.range = gates[op].backward, .dgate = dgate, .dup = dup, .dy = dy,
                     .gate = gate, .up = up, .cols = cols, .ld = ld},
        rows);
}
