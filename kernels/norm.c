/*
 * Normalisation: of rows (layer, RMS) and of columns (batch), gain and shift included.
 *
 * Sums are cut by the sizes alone: floats over a run of RUN rows (or RUN vectors of one), doubles
 * beyond, blocks in order. The bits therefore do not depend on the number of threads.
 */
#include "kernels.h"
#include "parallel.h"
#include "vector.h"

#define RUN 32                 /* terms that one float accumulates before it goes to a double */
#define STREAMS 4              /* vectors side by side, for the latency of an addition */
#define STEP (STREAMS * LANES) /* elements that all of them take at once */

struct pair {
    double a, b;
};

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

/* Whole vectors, or n < LANES elements and padding. */
INLINE vfloat load(const float *p, int64_t n, float pad) {
    return n >= LANES ? vload(p) : vload_part(p, n, pad);
}

INLINE void store(float *p, vfloat v, int64_t n) {
    if (n >= LANES) {
        vstore(p, v);
    } else {
        vstore_part(p, v, n);
    }
}

/* ── Rows ── */

/* What is summed over a row. GRADIENT: g = dy * weight, and g times the normalised x. */
enum term { PLAIN, CENTRED, GRADIENT };

struct row {
    const float *x, *dy, *weight;
    float mean, rstd;
};

INLINE vfloat weighted(const struct row *row, int64_t i, int64_t n, vfloat dy) {
    return row->weight ? dy * load(row->weight + i, n, 0) : dy;
}

INLINE void add_terms(enum term kind, const struct row *row, int64_t i, int64_t n, vfloat *a,
                      vfloat *b) {
    vfloat x = load(row->x + i, n, row->mean);
    if (kind == PLAIN) {
        *a += x;
        return;
    }
    vfloat d = x - vset(row->mean);
    if (kind == CENTRED) {
        *a += d;
        *b += d * d;
        return;
    }
    vfloat g = weighted(row, i, n, load(row->dy + i, n, 0));
    *a += g;
    *b += g * (d * vset(row->rstd));
}

INLINE struct pair row_sums(enum term kind, const struct row *row, int64_t n) {
    struct pair total = {0, 0};
    for (int64_t i = 0; i < n;) {
        vfloat a[STREAMS] = {{0}}, b[STREAMS] = {{0}};
        int64_t end = least(n, i + RUN * STEP);
        for (; i + STEP <= end; i += STEP) {
            for (int s = 0; s < STREAMS; s++) {
                add_terms(kind, row, i + s * LANES, LANES, &a[s], &b[s]);
            }
        }
        for (; i < end; i += LANES) add_terms(kind, row, i, least(LANES, end - i), &a[0], &b[0]);
        total.a += vsum((a[0] + a[1]) + (a[2] + a[3]));
        total.b += vsum((b[0] + b[1]) + (b[2] + b[3]));
    }
    return total;
}

struct row_job {
    float *out, *mean, *rstd;
    const float *x, *weight, *bias;
    int64_t cols;
    double eps;
    int centred;
};

static void layernorm_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct row_job *job = context;
    int64_t n = job->cols;
    (void)thread;
    for (int64_t r = begin; r < end; r++) {
        struct row row = {job->x + r * n, NULL, NULL, 0, 0};
        if (job->centred) row.mean = (float)(row_sums(PLAIN, &row, n).a / (double)n);
        struct pair s = row_sums(CENTRED, &row, n);
        /* Rounding the mean to float moved it; what that added to the squares is taken off again
           (Chan, Golub and LeVeque 1983). */
        double squares = job->centred ? s.b - s.a * s.a / (double)n : s.b;
        double variance = (squares < 0 ? 0 : squares) / (double)n;
        row.rstd = (float)(1 / sqrt(variance + job->eps));
        if (job->centred) job->mean[r] = row.mean;
        job->rstd[r] = row.rstd;
        vfloat mean = vset(row.mean), rstd = vset(row.rstd);
        float *out = job->out + r * n;
        for (int64_t i = 0; i < n; i += LANES) {
            int64_t part = n - i;
            vfloat v = (load(row.x + i, part, 0) - mean) * rstd;
            if (job->weight) v *= load(job->weight + i, part, 0);
            if (job->bias) v += load(job->bias + i, part, 0);
            store(out + i, v, part);
        }
    }
}

/* Rows to a task, a whole number of runs. */
static int64_t rows_to_task(int64_t cols) { return RUN * most(1, GRAIN / RUN / most(1, cols)); }

void layernorm_forward(float *out, float *mean, float *rstd, const float *x, const float *weight,
                       const float *bias, int64_t rows, int64_t cols, double eps, int centred) {
    struct row_job job = {out, mean, rstd, x, weight, bias, cols, eps, centred};
    parallel_ranges(rows, rows_to_task(cols), layernorm_range, &job);
}

struct row_gradient {
    float *dx, *dweight, *dbias;
    const float *dy, *x, *mean, *rstd, *weight;
    float *partial; /* (runs, 2, cols): what each run of rows adds to dweight and dbias */
    int64_t cols, runs;
    int centred;
};

INLINE void add_to(float *sum, vfloat v, int64_t n, int first) {
    store(sum, first ? v : load(sum, n, 0) + v, n);
}

static void layernorm_backward_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct row_gradient *job = context;
    int64_t n = job->cols;
    (void)thread;
    for (int64_t r = begin; r < end; r++) {
        float centre = job->centred ? job->mean[r] : 0;
        struct row row = {job->x + r * n, job->dy + r * n, job->weight, centre, job->rstd[r]};
        struct pair s = {0, 0};
        if (job->dx) s = row_sums(GRADIENT, &row, n);
        vfloat mean = vset(row.mean), rstd = vset(row.rstd);
        vfloat mean_g = vset(job->centred ? (float)(s.a / (double)n) : 0);
        vfloat mean_gx = vset((float)(s.b / (double)n));
        float *dweight = job->partial ? job->partial + r / RUN * 2 * n : NULL;
        int first = r % RUN == 0;
        for (int64_t i = 0; i < n; i += LANES) {
            int64_t part = n - i;
            vfloat dy = load(row.dy + i, part, 0);
            vfloat normalised = (load(row.x + i, part, 0) - mean) * rstd;
            if (job->dx) {
                vfloat g = weighted(&row, i, part, dy);
                store(job->dx + r * n + i, rstd * (g - mean_g - normalised * mean_gx), part);
            }
            if (dweight) {
                add_to(dweight + i, dy * normalised, part, first);
                add_to(dweight + n + i, dy, part, first);
            }
        }
    }
}

/* The runs' sums, in order, for columns begin to end. */
static void layernorm_parameters_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct row_gradient *job = context;
    (void)thread;
    float *out[2] = {job->dweight, job->dbias};
    for (int which = 0; which < 2; which++) {
        if (!out[which]) continue;
        for (int64_t c = begin; c < end; c += 8 * LANES) {
            double total[8 * LANES] = {0};
            int64_t n = least(8 * LANES, end - c);
            for (int64_t run = 0; run < job->runs; run++) {
                const float *partial = job->partial + (2 * run + which) * job->cols + c;
                for (int64_t k = 0; k < n; k++) total[k] += partial[k];
            }
            for (int64_t k = 0; k < n; k++) out[which][c + k] = (float)total[k];
        }
    }
}

void layernorm_backward(float *dx, float *dweight, float *dbias, const float *dy, const float *x,
                        const float *mean, const float *rstd, const float *weight, int64_t rows,
                        int64_t cols, int centred) {
    int64_t runs = (rows + RUN - 1) / RUN;
    struct row_gradient job = {dx,   dweight, dbias, dy,   x,      mean,
                               rstd, weight,  NULL,  cols, runs, centred};
    int parameters = dweight || dbias;
    if (parameters) job.partial = scratch_memory((size_t)(2 * runs * cols) * sizeof(float));
    parallel_ranges(rows, rows_to_task(cols), layernorm_backward_range, &job);
    if (!parameters) return;
    int64_t grain = most(8 * LANES, GRAIN / most(1, runs) / (8 * LANES) * (8 * LANES));
    parallel_ranges(cols, grain, layernorm_parameters_range, &job);
}

/* ── Columns: x (parts, rows, channels), statistics (parts, channels) ── */

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
                       int64_t channels, double eps, int given) {
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
                        int64_t parts, int64_t rows, int64_t channels, double eps, int given) {
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
