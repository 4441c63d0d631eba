/*
 * Normalisation of rows (layer, RMS), gain and shift included, and its gradients.
 */
#include "kernels.h"
#include "norm.h"
#include "parallel.h"

#define STREAMS 4              /* vectors side by side, for the latency of an addition */
#define STEP (STREAMS * LANES) /* elements that all of them take at once */

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

/* Rows that are worth a thread. */
static int64_t least_rows(int64_t cols) { return most(1, GRAIN / 4 / most(1, cols)); }

void layernorm_forward(float *out, float *mean, float *rstd, const float *x, const float *weight,
                       const float *bias, int64_t rows, int64_t cols, double eps, bool centred) {
    struct row_job job = {out, mean, rstd, x, weight, bias, cols, eps, centred};
    parallel_items(rows, 1, least_rows(cols), layernorm_range, &job);
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
                        int64_t cols, bool centred) {
    int64_t runs = (rows + RUN - 1) / RUN;
    struct row_gradient job = {dx,   dweight, dbias, dy,   x,      mean,
                               rstd, weight,  NULL,  cols, runs, centred};
    int parameters = dweight || dbias;
    if (parameters) job.partial = scratch_memory((size_t)(2 * runs * cols) * sizeof(float));
    parallel_items(rows, RUN, least_rows(cols), layernorm_backward_range, &job); /* whole runs */
    if (!parameters) return;
    int64_t grain = most(8 * LANES, GRAIN / most(1, runs) / (8 * LANES) * (8 * LANES));
    parallel_ranges(cols, grain, layernorm_parameters_range, &job);
}
