/*
 * Choosing by index along the middle of (outer, size, inner), and putting back.
 *
 * Words are moved as they are, whatever they hold. An item of `ids` stands for a row of `inner` words
 * when the ids are shared by all outer and inner positions, else for one word.
 */
#include "kernels.h"
#include "parallel.h"
#include "vector.h"

struct job {
    float *out;
    const float *x;
    const int32_t *ids;
    int64_t size, count, inner;
    bool shared, accumulate;
};

/* The position of the first id outside [0, size), or -1. */
static int64_t first_outside(const int32_t *ids, int64_t n, int64_t size) {
    for (int64_t i = 0; i < n; i++) {
        if (ids[i] < 0 || ids[i] >= size) return i;
    }
    return -1;
}

/* Units are (outer, count): rows of the result. */
static void take_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct job *job = context;
    int64_t inner = job->inner;
    (void)thread;
    for (int64_t unit = begin; unit < end; unit++) {
        int64_t o = unit / job->count, k = unit % job->count;
        const float *x = job->x + o * job->size * inner;
        float *out = job->out + unit * inner;
        if (job->shared) {
            memcpy(out, x + job->ids[k] * inner, (size_t)inner * sizeof *out);
            continue;
        }
        const int32_t *ids = job->ids + unit * inner;
        for (int64_t i = 0; i < inner; i++) memcpy(out + i, x + ids[i] * inner + i, sizeof *out);
    }
}

int64_t take_middle(float *out, const float *x, const int32_t *ids, int64_t outer, int64_t size,
                    int64_t count, int64_t inner, bool shared) {
    int64_t outside = first_outside(ids, shared ? count : outer * count * inner, size);
    if (outside >= 0) return outside;
    struct job job = {out, x, ids, size, count, inner, shared, false};
    int64_t grain = inner < GRAIN ? GRAIN / (inner > 0 ? inner : 1) : 1;
    parallel_ranges(outer * count, grain, take_range, &job);
    return -1;
}

/* Units are `outer`: what falls on one place comes in the order of the ids. */
static void put_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct job *job = context;
    int64_t inner = job->inner;
    (void)thread;
    for (int64_t o = begin; o < end; o++) {
        float *out = job->out + o * job->size * inner;
        for (int64_t k = 0; k < job->count; k++) {
            int64_t row = o * job->count + k;
            const float *x = job->x + row * inner;
            const int32_t *ids = job->ids + (job->shared ? k : row * inner);
            if (!job->accumulate) {
                for (int64_t i = 0; i < inner; i++) {
                    memcpy(out + ids[job->shared ? 0 : i] * inner + i, x + i, sizeof *x);
                }
            } else if (job->shared) {
                float *to = out + ids[0] * inner;
                for (int64_t i = 0; i < inner; i++) to[i] += x[i];
            } else {
                for (int64_t i = 0; i < inner; i++) out[ids[i] * inner + i] += x[i];
            }
        }
    }
}

int64_t put_middle(float *out, const float *x, const int32_t *ids, int64_t outer, int64_t size,
                   int64_t count, int64_t inner, bool shared, bool accumulate) {
    int64_t outside = first_outside(ids, shared ? count : outer * count * inner, size);
    if (outside >= 0) return outside;
    struct job job = {out, x, ids, size, count, inner, shared, accumulate};
    int64_t each = count * inner;
    parallel_ranges(outer, each < GRAIN ? GRAIN / (each > 0 ? each : 1) : 1, put_range, &job);
    return -1;
}
