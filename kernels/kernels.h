/*
 * Everything that the library offers but for the matrix product (matmul.h) and the thread pool
 * (parallel.h). What each computes, to the letter, is said in src/backend/interface/; here is only
 * what C adds: arrays are flat, float32 unless int32_t, need no alignment, and do not overlap unless
 * they are the same ("in place"). Sizes are not checked again. Any thread may call; the pool works for
 * one at a time.
 */
#ifndef NANOGPT_KERNELS_H
#define NANOGPT_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Before a parameter's name: it may be null. */
#define OPTIONAL

/*
 * A digest of every signature and enumeration below, in matmul.h and in parallel.h, which build.mjs
 * defines: JavaScript calls no library whose interface is not the one it was compiled with.
 */
#ifndef NANOGPT_ABI
#error "build with kernels/build.mjs"
#endif
int nanogpt_abi(void);

/*
 * Elements to a task where each costs about as much as moving it. Below it, nothing is handed to
 * other threads. Fixed, so that results do not depend on their number.
 */
#define GRAIN 32768

/* Tensors of more dimensions are refused before. */
#define MAX_DIMS 8

/* ── Memory (memory.c) ── */

/* 64-byte aligned; 0 when memory is out. */
int64_t memory_alloc(int64_t bytes);
/* 1, or 0 when `address` is not that of a block in use. */
int memory_free(int64_t address);
/* Frees `count` blocks, whose addresses are whole numbers. How many of them were in use. */
int64_t memory_free_all(const double *addresses, int64_t count);
/* Gives what is pooled back to the system. Returns how many bytes that was. */
int64_t memory_trim(void);
/* No more than so many bytes are handed out at once; 0: as many as the system gives. */
void memory_limit(int64_t bytes);
/* out: bytes in use, bytes pooled, peak of bytes in use, buffers in use. */
void memory_report(double *out);
/* Where a host array lies, so that it can be passed as a number. */
int64_t memory_address(const void *array);
/* At least `bytes` of working memory for one kernel's call, of the calling thread; its next call may move it. */
void *scratch_memory(size_t bytes);

/* ── Moving (move.c) ── */

void copy_in(int64_t to, const void *from, int64_t bytes);
void copy_out(int64_t from, void *to, int64_t bytes);
/* `bits` is the element, float32 or int32. */
void fill_words(uint32_t *out, int64_t count, uint32_t bits);
void copy_words(uint32_t *out, const uint32_t *x, int64_t count);
/* layout: shape, strides of out, strides of x, `ndim` numbers each. */
void copy_strided(float *out, const float *x, int ndim, const double *layout, bool accumulate);

/* ── Element-wise (elementwise.c, broadcast.c) ── */

enum unary_op {
    NEG, ABS, EXP, LOG, SQRT, SQUARE, TANH, SIGMOID, RELU, LEAKY_RELU, GELU, GELU_TANH, SILU, SIN, COS,
    ERF, LOG1P, EXPM1, SOFTPLUS, RSQRT, RECIPROCAL, POW, SIGN, FLOOR, CEIL, ROUND, CLAMP_MIN, CLAMP_MAX,
    RELU_SQUARED
};
/* From EQ on, what is written is int32. */
enum binary_op { ADD, SUB, MUL, DIV, POWER, MAXIMUM, MINIMUM, EQ, NE, LT, LE, GT, GE };
enum integer_op {
    INT_ADD, INT_SUB, INT_MUL, INT_FLOOR_DIVIDE, INT_REMAINDER, INT_MAXIMUM, INT_MINIMUM, INT_AND,
    INT_OR, INT_XOR, INT_EQ, INT_NE, INT_LT, INT_LE, INT_GT, INT_GE
};

void unary_forward(int op, float *out, const float *x, int64_t count, float parameter);
void unary_backward(int op, float *dx, const float *dy, const float *x, const float *y,
                    int64_t count, float parameter);
void binary_forward(int op, float *out, const float *a, const float *b, int64_t count);
/* layout: shape, strides of a, strides of b, `ndim` numbers each. */
void binary_strided(int op, float *out, const float *a, const float *b, int ndim,
                    const double *layout);
void integer_strided(int op, int32_t *out, const int32_t *a, const int32_t *b, int ndim,
                     const double *layout);
/* layout: shape, strides of mask, strides of x. */
void copy_where(float *out, const int32_t *mask, const float *x, int ndim, const double *layout);
void affine_forward(float *out, const float *x, int64_t count, float scale, float shift);
void add_scaled(float *out, const float *x, int64_t count, float scale);
void scale_by(float *out, const float *x, const float *scale, int64_t count);
void float_to_int(int32_t *out, const float *x, int64_t count);
void int_to_float(float *out, const int32_t *x, int64_t count);

/* ── Random numbers (random.c) ── */

void random_uniform(float *out, int64_t count, double low, double high, double seed, double stream,
                    double position);
void random_normal(float *out, int64_t count, double mean, double std, double seed, double stream,
                   double position);
void dropout_forward(float *out, const float *x, int64_t count, double p, double seed,
                     double stream, double position);

/* ── Reductions (reduce.c) ── */

enum reduce_op { SUM, MEAN, MAX };

void reduce_middle(int op, float *out, const float *x, int64_t outer, int64_t count, int64_t inner);
void variance_middle(float *out, float *mean, const float *x, int64_t outer, int64_t count,
                     int64_t inner, double correction);
void max_backward(float *dx, const float *dy, const float *x, const float *y, int64_t outer,
                  int64_t count, int64_t inner);
double sum_of_squares(const float *x, int64_t count);
/* Of one block, in one task. */
double block_sum_of_squares(const float *x, int64_t count);

/* ── Scans (scan.c) ── */

void cumulative_sum(float *out, const float *x, int64_t outer, int64_t count, int64_t inner,
                    bool reverse);
void product_middle(float *out, const float *x, int64_t outer, int64_t count, int64_t inner);
void product_backward(float *dx, const float *dy, const float *x, int64_t outer, int64_t count,
                      int64_t inner);
enum integer_reduce_op { REDUCE_SUM, REDUCE_MAX, REDUCE_MIN };
void integer_reduce(int op, int32_t *out, const int32_t *x, int64_t outer, int64_t count,
                    int64_t inner);

/* ── Looking and choosing (select.c) ── */

int64_t first_non_finite(const float *x, int64_t count);
void histogram_count(int32_t *counts, const float *x, int64_t count, double low, double high,
                     int64_t bins);
void topk_rows(float *values, int32_t *indices, const float *x, int64_t rows, int64_t cols,
               int64_t k, bool largest);

/* ── Statistics (statistics.c) ── */

/* out: mean, standard deviation, least, greatest, norm. counts: zeros, NaN, infinities, 2 * 256 bins. */
void value_statistics(float *out, int32_t *counts, const float *x, const float *OPTIONAL minus,
                      int64_t rows, int64_t cols, int64_t stride, float scale);
void count_between(int32_t *counts, const float *x, int64_t rows, int64_t cols, float low, float high);

/* ── Softmax and cross-entropy (softmax.c, cross-entropy.c, row-parts.c) ── */

void softmax_forward(float *out, const float *x, int64_t rows, int64_t cols, bool log);
void softmax_backward(float *dx, const float *dy, const float *y, int64_t rows, int64_t cols,
                      bool log);
int64_t cross_entropy_forward(float *losses, float *lse, const float *logits, int64_t ld,
                              const int32_t *targets, int64_t rows, int64_t cols, double smoothing,
                              int64_t ignore_index);
void mean_loss(float *out, const float *losses, const int32_t *targets, int64_t rows,
               int64_t ignore_index);
/* Part p of a row is its columns from bounds[p] to bounds[p + 1]. x = exp(x - the part's maximum), in place; sums (rows,
   parts, 2): that maximum, and the sum of these. */
void exp_parts(float *x, float *sums, int64_t ld, const int32_t *bounds, int64_t rows, int64_t parts);
/* x *= factors (rows, parts). */
void scale_parts(float *x, int64_t ld, const float *factors, const int32_t *bounds, int64_t rows,
                 int64_t parts);
/* lse: the maximum, and log sum exp(x - maximum), of each row. */
void cross_entropy_backward(float *dlogits, const float *logits, int64_t ld, const float *lse,
                            const int32_t *targets, int64_t rows, int64_t cols, int64_t column0,
                            int64_t vocab, double smoothing, int64_t ignore_index,
                            const float *dloss, const float *count);

/* ── Attention (attention.c, attention-backward.c) ── */

/*
 * As AttentionSize has it, packed by the caller: whole numbers, exact as doubles, but for scale, softcap
 * (0: none) and dropout. Steps between the batch's items, positions and heads count elements.
 */
struct attention_size {
    double batch, heads, kv_heads, queries, keys, width, window, scale, softcap;
    double dropout, seed, stream, position;
    double q_batch, q_time, q_head, k_batch, k_time, k_head;
    double v_batch, v_time, v_head, out_batch, out_time, out_head;
};

void attention_forward(float *out, float *lse, const float *q, const float *k, const float *v,
                       const struct attention_size *size);
void attention_backward(float *OPTIONAL dq, float *OPTIONAL dk, float *OPTIONAL dv,
                        const float *dout, const float *q, const float *k, const float *v,
                        const float *out, const float *lse, const struct attention_size *size);

/* ── Rotary positions (rotary.c) ── */

void rotary_turn(float *out, const float *x, const float *table, int64_t batch, int64_t time,
                 int64_t heads, int64_t turned, int64_t width, int64_t dims, bool interleaved,
                 bool back);

/* ── Gated units (gated.c) ── */

enum gated_op { GATE_LINEAR, GATE_SIGMOID, GATE_RELU, GATE_GELU, GATE_GELU_TANH, GATE_SILU };

/* `ld`: between the rows of gate, up and their gradients. */
void gated_forward(int op, float *out, const float *gate, const float *up, int64_t rows,
                   int64_t cols, int64_t ld);
void gated_backward(int op, float *dgate, float *dup, const float *dy, const float *gate,
                    const float *up, int64_t rows, int64_t cols, int64_t ld);

/* ── Normalisation (layer-norm.c, batch-norm.c) ── */

void layernorm_forward(float *out, float *mean, float *rstd, const float *x,
                       const float *OPTIONAL weight, const float *OPTIONAL bias, int64_t rows,
                       int64_t cols, double eps, bool centred);
void layernorm_backward(float *OPTIONAL dx, float *OPTIONAL dweight, float *OPTIONAL dbias,
                        const float *dy, const float *x, const float *mean, const float *rstd,
                        const float *OPTIONAL weight, int64_t rows, int64_t cols, bool centred);
void batchnorm_forward(float *out, float *mean, float *variance, const float *x,
                       const float *OPTIONAL weight, const float *OPTIONAL bias, int64_t parts,
                       int64_t rows, int64_t channels, double eps, bool given);
void batchnorm_backward(float *OPTIONAL dx, float *OPTIONAL dweight, float *OPTIONAL dbias,
                        const float *dy, const float *x, const float *mean, const float *variance,
                        const float *OPTIONAL weight, int64_t parts, int64_t rows, int64_t channels,
                        double eps, bool given);

/* ── Embedding (embedding.c) ── */

int64_t gather_rows(float *out, const float *weight, const int32_t *ids, int64_t count,
                    int64_t vocab, int64_t width);
int64_t sum_rows_by_id(int32_t *rows, float *values, const float *dy, const int32_t *ids,
                       int64_t count, int64_t width);
void add_rows(float *out, const int32_t *rows, const float *values, int64_t row_count,
              int64_t width);

/* ── Choosing by index (index.c) ── */

int64_t take_middle(float *out, const float *x, const int32_t *ids, int64_t outer, int64_t size,
                    int64_t count, int64_t inner, bool shared);
int64_t put_middle(float *out, const float *x, const int32_t *ids, int64_t outer, int64_t size,
                   int64_t count, int64_t inner, bool shared, bool accumulate);

/* ── The machine (peak.c) ── */

/* Does `tasks` stretches of multiply-adds between registers, of some microseconds each, and returns how
   many multiply-adds that were. */
double peak_multiply_adds(int64_t tasks);

/* Copies `count` elements, or where `from` is null only writes them, or where `to` is null only reads them. */
void peak_stream(float *to, const float *from, int64_t count);

/* ── Optimizers (optim.c) ── */

/*
 * One parameter, as the caller packs it: a row of ten doubles (an address below 2^53 fits exactly).
 * `rows` 0: a dense gradient. `state1`, `state2` 0: none.
 */
struct update_row {
    double param, grad, count, rows, row_count, width, lr, weight_decay, state1, state2;
};

void sgd_step(const struct update_row *table, int64_t updates, double grad_scale, double momentum,
              double dampening, bool nesterov, bool first);
void adamw_step(const struct update_row *table, int64_t updates, double grad_scale, double beta1,
                double beta2, double eps, double step);
double gradient_sum_of_squares(const struct update_row *table, int64_t updates);

#endif
