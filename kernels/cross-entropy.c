/*
 * Cross-entropy with label smoothing and an ignored index, row by row, and its gradient.
 */
#include "kernels.h"
#include "parallel.h"
#include "rows.h"
#include "vector-math.h"

/* log sum exp(x) in two parts: their sum would be rounded to the size of the maximum. */
struct log_sum {
    float max, log; /* log: of sum exp(x - max) */
};

struct forward_job {
    float *losses;
    struct log_sum *lse;
    const float *logits;
    int64_t ld, cols, ignore_index;
    const int32_t *targets;
    double smoothing;
};

static double row_sum(const float *x, int64_t n) {
    double total = 0;
    int64_t i = 0;
    while (i + LANES <= n) {
        vfloat sum = {0};
        for (int run = 0; run < 32 && i + LANES <= n; run++, i += LANES) sum += vload(x + i);
        total += vsum(sum);
    }
    for (; i < n; i++) total += x[i];
    return total;
}

static void forward_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct forward_job *job = context;
    (void)thread;
    for (int64_t r = begin; r < end; r++) {
        const float *x = job->logits + r * job->ld;
        int32_t target = job->targets[r];
        if (target == job->ignore_index) {
            job->losses[r] = 0;
            job->lse[r] = (struct log_sum){0, 0};
            continue;
        }
        float max;
        double log_sum = row_log_sum(x, job->cols, &max), lse = log_sum + max, s = job->smoothing;
        double loss = (1 - s) * (lse - x[target]);
        /* Not added when s = 0: a class masked with -infinity costs nothing then. */
        if (s != 0) loss += s * (lse - row_sum(x, job->cols) / (double)job->cols);
        job->lse[r] = (struct log_sum){max, (float)log_sum};
        job->losses[r] = (float)loss;
    }
}

int64_t cross_entropy_forward(float *losses, float *lse, const float *logits, int64_t ld,
                              const int32_t *targets, int64_t rows, int64_t cols, double smoothing,
                              int64_t ignore_index) {
    for (int64_t r = 0; r < rows; r++) {
        int32_t target = targets[r];
        if (target != ignore_index && (target < 0 || target >= cols)) return r;
    }
    struct forward_job job = {.losses = losses,
                              .lse = (struct log_sum *)lse,
                              .logits = logits,
                              .ld = ld,
                              .cols = cols,
                              .ignore_index = ignore_index,
                              .targets = targets,
                              .smoothing = smoothing};
    parallel_ranges(rows, rows_per_task(cols), forward_range, &job);
    return -1;
}

void mean_loss(float *out, const float *losses, const int32_t *targets, int64_t rows,
               int64_t ignore_index) {
    double total = 0;
    int64_t count = 0;
    for (int64_t r = 0; r < rows; r++) {
        if (targets[r] == ignore_index) continue;
        total += losses[r];
        count++;
    }
    out[0] = (float)(total / (double)count);
    out[1] = (float)count;
}

struct backward_job {
    float *dlogits;
    const float *logits;
    const struct log_sum *lse;
    int64_t ld, cols, column0, ignore_index;
    const int32_t *targets;
    float uniform, hit, scale; /* s / vocab, 1 - s, dloss / count */
};

static void backward_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct backward_job *job = context;
    int64_t cols = job->cols;
    vfloat uniform = vset(job->uniform), scale = vset(job->scale);
    (void)thread;
    for (int64_t r = begin; r < end; r++) {
        float *out = job->dlogits + r * job->ld;
        const float *x = job->logits + r * job->ld;
        if (job->targets[r] == job->ignore_index) {
            memset(out, 0, (size_t)cols * sizeof *out);
            continue;
        }
        struct log_sum lse = job->lse[r];
        vfloat max = vset(lse.max), log_sum = vset(lse.log);
        int64_t target = job->targets[r] - job->column0;
        int here = target >= 0 && target < cols;
        float target_logit = here ? x[target] : 0;
        int64_t i = 0;
        for (; i + LANES <= cols; i += LANES) {
            vstore(out + i, (vexp((vload(x + i) - max) - log_sum) - uniform) * scale);
        }
        if (i < cols) {
            vfloat v = vload_part(x + i, cols - i, 0);
            vstore_part(out + i, (vexp((v - max) - log_sum) - uniform) * scale, cols - i);
        }
        if (here) {
            double p = exp(((double)target_logit - lse.max) - lse.log);
            out[target] = (float)((p - job->hit - job->uniform) * job->scale);
        }
    }
}

void cross_entropy_backward(float *dlogits, const float *logits, int64_t ld, const float *lse,
                            const int32_t *targets, int64_t rows, int64_t cols, int64_t column0,
                            int64_t vocab, double smoothing, int64_t ignore_index,
                            const float *dloss, const float *count) {
    struct backward_job job = {.dlogits = dlogits,
                               .logits = logits,
                               .lse = (const struct log_sum *)lse,
                               .ld = ld,
                               .cols = cols,
                               .column0 = column0,
                               .ignore_index = ignore_index,
                               .targets = targets,
                               .uniform = (float)(smoothing / (double)vocab),
                               .hit = (float)(1 - smoothing),
                               .scale = *dloss / *count};
    parallel_ranges(rows, rows_per_task(cols), backward_range, &job);
}
