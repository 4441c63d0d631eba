/*
 * Softmax over rows whose columns are cut into parts, in two passes: exponentials and sums of each part by itself; then,
 * once what all parts of a row say is known, a factor for each part.
 */
#include "kernels.h"
#include "parallel.h"
#include "rows.h"
#include "vector-math.h"

/* The greatest of a part, and sum exp(x - greatest). */
struct part_sum {
    float max, sum;
};

struct parts_job {
    float *x;
    struct part_sum *sums;
    const float *factors;
    const int32_t *bounds;
    int64_t ld, parts;
};

static struct part_sum exp_part(float *x, int64_t n) {
    float max = row_greatest(x, n);
    double sum = 0;
    for (int64_t i = 0; i < n; i += PIECE) {
        sum += piece_exp_sum(x + i, x + i, n - i < PIECE ? n - i : PIECE, max);
    }
    return (struct part_sum){max, (float)sum};
}

static void exp_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct parts_job *job = context;
    (void)thread;
    for (int64_t r = begin; r < end; r++) {
        float *row = job->x + r * job->ld;
        for (int64_t p = 0; p < job->parts; p++) {
            int64_t first = job->bounds[p], count = job->bounds[p + 1] - first;
            job->sums[r * job->parts + p] = exp_part(row + first, count);
        }
    }
}

static void scale_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct parts_job *job = context;
    (void)thread;
    for (int64_t r = begin; r < end; r++) {
        float *row = job->x + r * job->ld;
        for (int64_t p = 0; p < job->parts; p++) {
            float factor = job->factors[r * job->parts + p];
            int64_t end_column = job->bounds[p + 1];
            for (int64_t i = job->bounds[p]; i < end_column; i++) row[i] *= factor;
        }
    }
}

static int64_t columns_of(const struct parts_job *job) {
    return job->parts == 0 ? 0 : job->bounds[job->parts];
}

void exp_parts(float *x, float *sums, int64_t ld, const int32_t *bounds, int64_t rows, int64_t parts) {
    struct parts_job job = {
        .x = x, .sums = (struct part_sum *)sums, .bounds = bounds, .ld = ld, .parts = parts};
    parallel_ranges(rows, rows_per_task(columns_of(&job)), exp_range, &job);
}

void scale_parts(float *x, int64_t ld, const float *factors, const int32_t *bounds, int64_t rows,
                 int64_t parts) {
    struct parts_job job = {.x = x, .factors = factors, .bounds = bounds, .ld = ld, .parts = parts};
    parallel_ranges(rows, rows_per_task(columns_of(&job)), scale_range, &job);
}
