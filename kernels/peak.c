/*
 * The most multiply-adds that the processor can do: from registers to registers, as many independent
 * sums as hide their latency. A limit to measure kernels against, which does not depend on them.
 */
#include "kernels.h"
#include "parallel.h"
#include "vector.h"

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
        for (int i = 0; i < SUMS; i++) sum[i] = sum[i] * factor + more;
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
