/*
 * The most that this machine can do: multiply-adds from registers to registers, as many independent sums as
 * hide their latency, and bytes from and to memory. Limits to measure kernels against, which do not depend
 * on them.
 */
#include "kernels.h"
#include "parallel.h"
#include "vector.h"

#include <string.h>

#if LANES == 16 || defined(__aarch64__)
#define SUMS 24 /* of 32 registers */
#else
#define SUMS 12 /* of 16 */
#endif
/* Some microseconds, so that a thread that comes late costs little. */
#define ROUNDS 1000

static void run_task(void *context, int64_t task, int thread) {
    float *result = context;
    vfloat sum[SUMS], factor = vset(0.999f), more = vset(0.001f + (float)task * 1e-9f);
    (void)thread;
    for (int i = 0; i < SUMS; i++) sum[i] = vset((float)i);
    for (int round = 0; round < ROUNDS; round++) {
#pragma GCC unroll 24
        for (int i = 0; i < SUMS; i++) sum[i] = vmultiply_add(sum[i], factor, more);
    }
    vfloat total = {0};
    for (int i = 0; i < SUMS; i++) total += sum[i];
    result[task] = vsum(total); /* so that nobody leaves it out */
}

double peak_multiply_adds(int64_t tasks) {
    float *results = scratch_memory((size_t)tasks * sizeof(float));
    parallel_for(tasks, run_task, results);
    return (double)tasks * ROUNDS * SUMS * LANES;
}

/* A thread's share at a time: some tens of microseconds. */
#define STRETCH (INT64_C(1) << 18)

struct stream {
    float *to;
    const float *from;
    int64_t count;
    float *sums;
};

static void stream_task(void *context, int64_t task, int thread) {
    const struct stream *s = context;
    int64_t begin = task * STRETCH;
    int64_t end = begin + STRETCH < s->count ? begin + STRETCH : s->count;
    (void)thread;
    if (s->from && s->to) {
        memcpy(s->to + begin, s->from + begin, (size_t)(end - begin) * sizeof(float));
    } else if (s->to) {
        memset(s->to + begin, 0, (size_t)(end - begin) * sizeof(float));
    } else {
        vfloat sum[8] = {{0}};
        for (int64_t i = begin; i + 8 * LANES <= end; i += 8 * LANES) {
#pragma GCC unroll 8
            for (int k = 0; k < 8; k++) sum[k] += vload(s->from + i + k * LANES);
        }
        for (int k = 1; k < 8; k++) sum[0] += sum[k];
        s->sums[task] = vsum(sum[0]);
    }
}

void peak_stream(float *to, const float *from, int64_t count) {
    int64_t tasks = (count + STRETCH - 1) / STRETCH;
    float *sums = scratch_memory((size_t)tasks * sizeof(float) + 1);
    struct stream s = {to, from, count, sums};
    parallel_for(tasks, stream_task, &s);
}
