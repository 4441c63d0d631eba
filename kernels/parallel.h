/*
 * The thread pool. One pool for the whole process; the calling thread takes part in every job.
 *
 * Idle workers spin for a tenth of a millisecond (the usual gap between two operations of a
 * training step), then sleep, so that an idle process burns no core.
 *
 * Determinism: a job is cut into `n` numbered tasks by the caller, sums never by the thread count. Which
 * thread runs a task may differ from run to run; what a task computes may not.
 */
#ifndef NANOGPT_PARALLEL_H
#define NANOGPT_PARALLEL_H

#include <stdint.h>

/* The most threads a pool may have; per-thread scratch is sized by it. */
#define MAX_THREADS 256

/* One task: `task` in [0, n), `thread` in [0, parallel_threads()) for per-thread scratch memory. */
typedef void (*parallel_task)(void *context, int64_t task, int thread);

/* Runs `n` tasks and returns when all are done. With n <= 1, or one thread, runs them right here.
   Each thread has a stretch of them, the same of as many tasks each time, and helps others with theirs when it is
   done, so uneven ones balance. Not reentrant: a task must not call parallel_for. */
void parallel_for(int64_t n, parallel_task task, void *context);

/* The same for so little that sharing it out would cost more: on the thread that is here alone. */
void parallel_alone(int64_t n, parallel_task task, void *context);

/* Cuts [0, n) into ranges of `grain` items (the last may be shorter) and runs them as tasks.
   `grain` must not depend on the thread count when the ranges' results are summed. */
typedef void (*parallel_range)(void *context, int64_t begin, int64_t end, int thread);
void parallel_ranges(int64_t n, int64_t grain, parallel_range range, void *context);

/* The same for items whose results do not depend on the range that they come in: ranges of at least `least` items,
   a multiple of `unit`, as many as the threads have use for. */
void parallel_items(int64_t n, int64_t unit, int64_t least, parallel_range range, void *context);

/* Sets the number of threads, the caller's included (1: no workers). Returns the number in force. */
int parallel_set_threads(int threads);
int parallel_threads(void);

#endif
