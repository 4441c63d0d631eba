/*
 * Normalisation of columns (batch), gain and shift included, and its gradients: x (parts, rows,
 * channels), statistics (parts, channels).
 */
#include "kernels.h"
#include "norm.h"
#include "parallel.h"

#define VECTORS 4                /* vectors of columns that are walked down together */
#define TILE (VECTORS * LANES)   /* columns to a task */
#define BLOCK 1024               /* rows to a task */

struct batch_job {
    float *out, *dweight, *dbias; /* out is dx in the backward */
    float *mean, *variance;
    const float *x, *dy, *weight, *bias;
    struct pair *partial; /* (parts, blocks, channels) */
    int64_t parts, rows, channels, blocks, tiles;
    double eps;
    int given, sums; /* sums: dweight or dbias is wanted, or what dx needs */
};

/* Rows of a block, the first of them `first`, in one part. */
struct block {
    int64_t part, first, rows;
    const struct batch_job *job;
};

/* Where a block's row begins, at a column. */
static int64_t place(const struct block *block, int64_t column) {
    const struct batch_job *job = block->job;
    return (block->part * job->rows + block->first) * job->channels + column;
}

/* Mean and squared deviations of k more values, taken in with those of n. Chan, Golub and LeVeque 1983. */
INLINE void take_in(struct pair *into, int64_t n, double mean, double squares, int64_t k) {
    double delta = mean - into->a, share = (double)k / (double)(n + k);
    into->a += delta * share;
    into->b += squares + delta * delta * (double)n * share;
}

/*
 * Means and sums of squared deviations down `vectors` vectors of columns. Each run is read twice, the
 * second time from cache: first for its mean, then for the deviations from it.
 */
INLINE void strip_moments(const struct block *block, int64_t column, int vectors, int64_t lanes,
                          struct pair *moments) {
    int64_t ld = block->job->channels;
    const float *x = block->job->x + place(block, column);
    for (int64_t r = 0; r < block->rows; r += RUN) {
        int64_t m = least(RUN, block->rows - r);
        vfloat base[VECTORS] = {{0}}, sum[VECTORS] = {{0}}, squares[VECTORS] = {{0}};
        for (int64_t i = r; i < r + m; i++) {
            for (int k = 0; k < vectors; k++) base[k] += load(x + i * ld + k * LANES, lanes, 0);
        }
        for (int k = 0; k < vectors; k++) base[k] *= vset(1 / (float)m);
        for (int64_t i = r; i < r + m; i++) {
            for (int k = 0; k < vectors; k++) {
                vfloat d = load(x + i * ld + k * LANES, lanes, 0) - base[k];
                sum[k] += d;
                squares[k] += d * d;
            }
        }
        for (int k = 0; k < vectors; k++) {
            for (int l = 0; l < LANES; l++) {
                double shift = sum[k][l] / (double)m, s = squares[k][l] - shift * sum[k][l];
                take_in(&moments[k * LANES + l], r, base[k][l] + shift, s < 0 ? 0 : s, m);
            }
        }
    }
}

/* Sums of dy, and of dy (x - mean). */
INLINE void strip_gradients(const struct block *block, int64_t column, int vectors, int64_t lanes,
                            struct pair *sums) {
    const struct batch_job *job = block->job;
    int64_t ld = job->channels, at = place(block, column);
    const float *x = job->x + at, *dy = job->dy + at;
    const float *means = job->mean + block->part * ld + column;
    vfloat mean[VECTORS];
    for (int k = 0; k < vectors; k++) mean[k] = load(means + k * LANES, lanes, 0);
    for (int64_t r = 0; r < block->rows; r += RUN) {
        int64_t end = least(block->rows, r + RUN);
        vfloat sum[VECTORS] = {{0}}, product[VECTORS] = {{0}};
        for (int64_t i = r; i < end; i++) {
            for (int k = 0; k < vectors; k++) {
                vfloat g = load(dy + i * ld + k * LANES, lanes, 0);
                sum[k] += g;
                product[k] += g * (load(x + i * ld + k * LANES, lanes, 0) - mean[k]);
            }
        }
        for (int k = 0; k < vectors; k++) {
            for (int l = 0; l < LANES; l++) {
                sums[k * LANES + l].a += sum[k][l];
                sums[k * LANES + l].b += product[k][l];
            }
        }
    }
}

static double rstd_of(const struct batch_job *job, int64_t statistic) {
    return 1 / sqrt((double)job->variance[statistic] + job->eps);
}

/* (x - mean) * scale + shift */
INLINE void strip_apply(const struct block *block, int64_t column, int vectors, int64_t lanes) {
    const struct batch_job *job = block->job;
    int64_t ld = job->channels, at = place(block, column), statistic = block->part * ld + column;
    vfloat mean[VECTORS], scale[VECTORS], shift[VECTORS];
    for (int k = 0; k < vectors; k++) {
        mean[k] = load(job->mean + statistic + k * LANES, lanes, 0);
        shift[k] = job->bias ? load(job->bias + column + k * LANES, lanes, 0) : vset(0);
        scale[k] = job->weight ? load(job->weight + column + k * LANES, lanes, 0) : vset(1);
        for (int64_t l = 0; l < lanes; l++) {
            scale[k][l] = (float)(scale[k][l] * rstd_of(job, statistic + k * LANES + l));
        }
    }
    for (int64_t r = 0; r < block->rows; r++) {
        for (int k = 0; k < vectors; k++) {
            int64_t i = at + r * ld + k * LANES;
            store(job->out + i, (load(job->x + i, lanes, 0) - mean[k]) * scale[k] + shift[k], lanes);
        }
    }
}

/* scale * (dy - mean of dy - (x - mean) * slope); with given statistics scale * dy. */
INLINE void strip_dx(const struct block *block, int64_t column, int vectors, int64_t lanes,
                     const struct pair *sums) {
    const struct batch_job *job = block->job;
    int64_t ld = job->channels, at = place(block, column), statistic = block->part * ld + column;
    vfloat mean[VECTORS], scale[VECTORS], mean_dy[VECTORS] = {{0}}, slope[VECTORS] = {{0}};
    for (int k = 0; k < vectors; k++) {
        mean[k] = load(job->mean + statistic + k * LANES, lanes, 0);
        scale[k] = job->weight ? load(job->weight + column + k * LANES, lanes, 0) : vset(1);
        for (int64_t l = 0; l < lanes; l++) {
            double rstd = rstd_of(job, statistic + k * LANES + l), n = (double)job->rows;
            scale[k][l] = (float)(scale[k][l] * rstd);
            if (job->given) continue;
            mean_dy[k][l] = (float)(sums[k * LANES + l].a / n);
            slope[k][l] = (float)(sums[k * LANES + l].b / n * rstd * rstd);
        }
    }
    for (int64_t r = 0; r < block->rows; r++) {
        for (int k = 0; k < vectors; k++) {
            int64_t i = at + r * ld + k * LANES;
            vfloat g = load(job->dy + i, lanes, 0);
            if (!job->given) g = g - mean_dy[k] - (load(job->x + i, lanes, 0) - mean[k]) * slope[k];
            store(job->out + i, scale[k] * g, lanes);
        }
    }
}

enum step { MOMENTS, GRADIENTS, APPLY, DX };

INLINE void strip(enum step step, const struct block *block, int64_t column, int vectors,
                  int64_t lanes, struct pair *pairs) {
    if (step == MOMENTS) strip_moments(block, column, vectors, lanes, pairs);
    if (step == GRADIENTS) strip_gradients(block, column, vectors, lanes, pairs);
    if (step == APPLY) strip_apply(block, column, vectors, lanes);
    if (step == DX) strip_dx(block, column, vectors, lanes, pairs);
}

/* One step over n <= TILE columns: all vectors together, or what there is of them one by one. */
INLINE void tile(enum step step, const struct block *block, int64_t column, int64_t n,
                 struct pair *pairs) {
    if (n == TILE) {
        strip(step, block, column, VECTORS, LANES, pairs);
        return;
    }
    int64_t c = 0;
    for (; c + LANES <= n; c += LANES) strip(step, block, column + c, 1, LANES, pairs + c);
    if (c < n) strip(step, block, column + c, 1, n - c, pairs + c);
}

static void write_statistics(const struct batch_job *job, int64_t statistic, struct pair moments) {
    job->mean[statistic] = (float)moments.a;
    job->variance[statistic] = (float)(moments.b / (double)job->rows);
}

static void batch_range(const struct batch_job *job, int64_t begin, int64_t end, enum step step) {
    for (int64_t unit = begin; unit < end; unit++) {
        /* (part, block of rows, tile of columns) */
        int64_t column = unit % job->tiles * TILE, number = unit / job->tiles % job->blocks;
        int64_t part = unit / job->tiles / job->blocks, first = number * BLOCK;
        struct block block = {part, first, least(BLOCK, job->rows - first), job};
        int64_t n = least(TILE, job->channels - column);
        int64_t statistic = part * job->channels + column;
        struct pair pairs[TILE] = {{0}};
        struct pair *kept = job->partial + (part * job->blocks + number) * job->channels + column;
        if (step == MOMENTS) {
            tile(MOMENTS, &block, column, n, pairs);
            if (job->blocks > 1) {
                memcpy(kept, pairs, (size_t)n * sizeof *kept);
                continue;
            }
            for (int64_t k = 0; k < n; k++) write_statistics(job, statistic + k, pairs[k]);
            tile(APPLY, &block, column, n, NULL);
        } else if (step == APPLY) {
            tile(APPLY, &block, column, n, pairs);
        } else if (step == GRADIENTS) {
            tile(GRADIENTS, &block, column, n, pairs);
            memcpy(kept, pairs, (size_t)n * sizeof *kept);
            if (job->blocks == 1 && job->out) tile(DX, &block, column, n, pairs);
        } else {
            /* The sums of all blocks of the part stand in its first. */
            const struct pair *all = job->partial + part * job->blocks * job->channels + column;
            if (!job->given) memcpy(pairs, all, (size_t)n * sizeof *all);
            tile(DX, &block, column, n, pairs);
        }
    }
}

static void moments_range(void *job, int64_t begin, int64_t end, int thread) {
    (void)thread;
    batch_range(job, begin, end, MOMENTS);
}
static void gradients_range(void *job, int64_t begin, int64_t end, int thread) {
    (void)thread;
    batch_range(job, begin, end, GRADIENTS);
}
static void apply_range(void *job, int64_t begin, int64_t end, int thread) {
    (void)thread;
    batch_range(job, begin, end, APPLY);
}
static void dx_range(void *job, int64_t begin, int64_t end, int thread) {
    (void)thread;
    batch_range(job, begin, end, DX);
}

static void run_batch(struct batch_job *job, parallel_range range) {
    int64_t size = least(job->rows, BLOCK) * least(job->channels, TILE);
    int64_t units = job->parts * job->blocks * job->tiles;
    parallel_ranges(units, most(1, GRAIN / most(1, size)), range, job);
}

/* Fills in how the work is cut, and asks for room for the partial sums. */
static void cut(struct batch_job *job, int partial) {
    job->blocks = most(1, (job->rows + BLOCK - 1) / BLOCK);
    job->tiles = (job->channels + TILE - 1) / TILE;
    if (!partial) return;
    int64_t count = job->parts * job->blocks * job->channels;
    job->partial = scratch_memory((size_t)count * sizeof(struct pair));
}

void batchnorm_forward(float *out, float *mean, float *variance, const float *x,
                       const float *weight, const float *bias, int64_t parts, int64_t rows,
                       int64_t channels, double eps, bool given) {
    struct batch_job job = {.out = out, .mean = mean, .variance = variance, .x = x,
                            .weight = weight, .bias = bias, .parts = parts, .rows = rows,
                            .channels = channels, .eps = eps, .given = given};
    if (parts * rows * channels == 0) return;
    cut(&job, !given);
    if (!given) {
        run_batch(&job, moments_range);
        if (job.blocks == 1) return; /* applied already, while the block was in cache */
        for (int64_t s = 0; s < parts * channels; s++) {
            const struct pair *p = job.partial + s / channels * job.blocks * channels + s % channels;
            struct pair all = *p;
            for (int64_t b = 1; b < job.blocks; b++) {
                int64_t more = least(BLOCK, rows - b * BLOCK);
                take_in(&all, b * BLOCK, p[b * channels].a, p[b * channels].b, more);
            }
            write_statistics(&job, s, all);
        }
    }
    run_batch(&job, apply_range);
}

void batchnorm_backward(float *dx, float *dweight, float *dbias, const float *dy, const float *x,
                        const float *mean, const float *variance, const float *weight,
                        int64_t parts, int64_t rows, int64_t channels, double eps, bool given) {
    struct batch_job job = {.out = dx, .dweight = dweight, .dbias = dbias, .mean = (float *)mean,
                            .variance = (float *)variance, .x = x, .dy = dy, .weight = weight,
                            .parts = parts, .rows = rows, .channels = channels, .eps = eps,
                            .given = given};
    cut(&job, 1);
    int sums = dweight || dbias || !given;
    if (sums && parts * rows > 0) run_batch(&job, gradients_range);
    if (sums) {
        for (int64_t c = 0; c < channels; c++) {
            double products = 0, total = 0;
            for (int64_t part = 0; part < parts && rows > 0; part++) {
                struct pair *p = job.partial + part * job.blocks * channels + c;
                for (int64_t b = 1; b < job.blocks; b++) {
                    p->a += p[b * channels].a;
                    p->b += p[b * channels].b;
                }
                products += p->b * rstd_of(&job, part * channels + c);
                total += p->a;
            }
            if (dweight) dweight[c] = (float)products;
            if (dbias) dbias[c] = (float)total;
        }
    }
    if (dx && (job.blocks > 1 || !sums)) run_batch(&job, dx_range);
}
