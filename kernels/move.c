/*
 * Moving words of four bytes: between the host's arrays and ours, filling, copying, and copying at
 * strides (permute, expand, slice, concat and their gradients).
 */
#include "kernels.h"
#include "parallel.h"
#include "strides.h"
#include "vector.h"

/* A square of this many elements each way, read and written, fits the first-level cache. */
#define TILE 64

void copy_in(int64_t to, const void *from, int64_t bytes) {
    memcpy((void *)(intptr_t)to, from, (size_t)bytes);
}

void copy_out(int64_t from, void *to, int64_t bytes) {
    memcpy(to, (const void *)(intptr_t)from, (size_t)bytes);
}

struct flat {
    uint32_t *out;
    const uint32_t *x;
    uint32_t bits;
};

static void fill_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct flat *job = context;
    (void)thread;
    if (job->bits == 0) {
        memset(job->out + begin, 0, (size_t)(end - begin) * 4);
        return;
    }
    for (int64_t i = begin; i < end; i++) job->out[i] = job->bits;
}

static void copy_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct flat *job = context;
    (void)thread;
    memcpy(job->out + begin, job->x + begin, (size_t)(end - begin) * 4);
}

void fill_words(uint32_t *out, int64_t count, uint32_t bits) {
    parallel_ranges(count, 2 * GRAIN, fill_range, &(struct flat){out, NULL, bits});
}

void copy_words(uint32_t *out, const uint32_t *x, int64_t count) {
    if (out == x) return;
    parallel_ranges(count, 2 * GRAIN, copy_range, &(struct flat){out, x, 0});
}

/* ── Copying at strides ── */

/*
 * What is walked: `layout` (operand 0 the output, 1 the input), its dimensions in the output's
 * order of memory. A unit of work is a piece of the innermost dimension or, when transposing, a
 * tile of the innermost and of `across`, the dimension in which the input is consecutive.
 */
struct strided {
    float *out;
    const float *x;
    struct layout layout; /* without the dimensions of a tile */
    int64_t inner, step_out, step_x;
    int64_t across, across_out; /* transposing: its size and the output's stride */
    int64_t pieces_inner, pieces_across, piece;
    int accumulate;
};

static void copy_run(float *out, const float *x, int64_t count, int accumulate) {
    if (!accumulate) {
        memcpy(out, x, (size_t)count * sizeof *x);
        return;
    }
    for (int64_t i = 0; i < count; i++) out[i] += x[i];
}

/*
 * A square of LANES elements each way, transposed in registers. Step by step, the halves, quarters
 * and so on that lie off the diagonal change places.
 */
static void transpose_square(float *out, int64_t step_out, const float *x, int64_t step_x,
                             int accumulate) {
    const vint lane = LANE_NUMBERS;
    vfloat row[LANES];
    for (int i = 0; i < LANES; i++) row[i] = vload(x + i * step_x);
#define EXCHANGE(distance)                                                                         \
    for (int i = 0; i < LANES; i++) {                                                              \
        if (i & (distance)) continue;                                                              \
        vfloat a = row[i], b = row[i | (distance)];                                                \
        vint upper = (lane & (distance)) != 0;                                                     \
        row[i] = vselect(upper, vswap(b, distance), a);                                            \
        row[i | (distance)] = vselect(upper, b, vswap(a, distance));                               \
    }
    EXCHANGE(1)
    EXCHANGE(2)
#if LANES >= 8
    EXCHANGE(4)
#endif
#if LANES >= 16
    EXCHANGE(8)
#endif
#undef EXCHANGE
    for (int i = 0; i < LANES; i++) {
        float *to = out + i * step_out;
        vstore(to, accumulate ? vload(to) + row[i] : row[i]);
    }
}

/* out[j + i * across_out] (+)= x[i + j * step_x] */
static void copy_tile(const struct strided *job, float *out, const float *x, int64_t inner,
                      int64_t across) {
    int64_t whole_i = across - across % LANES, whole_j = inner - inner % LANES;
    for (int64_t i = 0; i < whole_i; i += LANES) {
        for (int64_t j = 0; j < whole_j; j += LANES) {
            transpose_square(out + j + i * job->across_out, job->across_out,
                             x + i + j * job->step_x, job->step_x, job->accumulate);
        }
    }
    for (int64_t i = 0; i < across; i++) {
        float *to = out + i * job->across_out;
        for (int64_t j = i < whole_i ? whole_j : 0; j < inner; j++) {
            float value = x[i + j * job->step_x];
            to[j] = job->accumulate ? to[j] + value : value;
        }
    }
}

static void strided_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct strided *job = context;
    int64_t pieces = job->pieces_inner * job->pieces_across;
    struct cursor c = cursor_at(&job->layout, job->layout.ndim, begin / pieces);
    int64_t piece = begin % pieces;
    (void)thread;
    for (int64_t unit = begin; unit < end; unit++) {
        int64_t j = piece % job->pieces_inner * job->piece;
        int64_t n = job->inner - j < job->piece ? job->inner - j : job->piece;
        float *out = job->out + c.offset[0] + j * job->step_out;
        const float *x = job->x + c.offset[1] + j * job->step_x;
        if (job->across > 0) {
            int64_t i = piece / job->pieces_inner * job->piece;
            int64_t m = job->across - i < job->piece ? job->across - i : job->piece;
            copy_tile(job, out + i * job->across_out, x + i, n, m);
        } else if (job->step_out == 1 && job->step_x == 1) {
            copy_run(out, x, n, job->accumulate);
        } else if (job->accumulate) {
            for (int64_t k = 0; k < n; k++) out[k * job->step_out] += x[k * job->step_x];
        } else {
            for (int64_t k = 0; k < n; k++) out[k * job->step_out] = x[k * job->step_x];
        }
        if (++piece == pieces) {
            piece = 0;
            cursor_next(&job->layout, job->layout.ndim, &c);
        }
    }
}

/* No stride of the output is 0 here (or nothing accumulates), so that units are independent. */
static void copy_independent(float *out, const float *x, const struct layout *given,
                             int accumulate) {
    /* The output's order of memory: its strides descending. Insertion sort, stable. */
    struct layout sorted = *given;
    for (int d = 1; d < sorted.ndim; d++) {
        for (int e = d; e > 0 && sorted.stride[0][e] > sorted.stride[0][e - 1]; e--) {
            int64_t *lists[] = {sorted.size, sorted.stride[0], sorted.stride[1]};
            for (int k = 0; k < 3; k++) {
                int64_t held = lists[k][e];
                lists[k][e] = lists[k][e - 1];
                lists[k][e - 1] = held;
            }
        }
    }
    struct layout l = layout_join(&sorted);
    int last = --l.ndim;
    struct strided job = {.out = out,
                          .x = x,
                          .inner = l.size[last],
                          .step_out = l.stride[0][last],
                          .step_x = l.stride[1][last],
                          .pieces_across = 1,
                          .piece = GRAIN,
                          .accumulate = accumulate};
    int across = -1;
    for (int d = 0; d < last; d++) {
        if (l.stride[1][d] == 1 && l.size[d] > 1) across = d;
    }
    if (across >= 0 && job.step_out == 1 && job.step_x > 1) {
        job.across = l.size[across];
        job.across_out = l.stride[0][across];
        job.piece = TILE;
        job.pieces_across = (job.across + TILE - 1) / TILE;
        for (int d = across; d + 1 < last; d++) {
            l.size[d] = l.size[d + 1];
            for (int k = 0; k < 2; k++) l.stride[k][d] = l.stride[k][d + 1];
        }
        l.ndim--;
    }
    job.layout = l;
    job.pieces_inner = (job.inner + job.piece - 1) / job.piece;
    int64_t units = layout_count(&l, l.ndim) * job.pieces_inner * job.pieces_across;
    int64_t unit_size = job.across > 0 ? TILE * TILE : job.inner < GRAIN ? job.inner : GRAIN;
    parallel_ranges(units, (GRAIN + unit_size - 1) / unit_size, strided_range, &job);
}

void copy_strided(float *out, const float *x, int ndim, const double *layout, bool accumulate) {
    /* Dimensions in which everything falls on one place are added up one step after another. */
    struct layout independent = {0}, repeated = {0};
    for (int d = 0; d < ndim; d++) {
        int64_t size = (int64_t)layout[d], stride_out = (int64_t)layout[ndim + d];
        if (size == 0) return;
        layout_add(accumulate && stride_out == 0 ? &repeated : &independent, size, stride_out,
                   (int64_t)layout[2 * ndim + d]);
    }
    struct layout steps = layout_join(&repeated);
    int64_t count = layout_count(&steps, steps.ndim);
    struct cursor c = {0};
    for (int64_t i = 0; i < count; i++) {
        copy_independent(out, x + c.offset[1], &independent, accumulate);
        cursor_next(&steps, steps.ndim, &c);
    }
}
