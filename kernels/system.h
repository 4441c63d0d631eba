/*
 * What the kernels ask of the system that they run on: memory, and what the thread pool is made of.
 * system.c has it of POSIX, wasm/system.c of WebAssembly.
 */
#ifndef NANOGPT_SYSTEM_H
#define NANOGPT_SYSTEM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#if !defined(__wasm__)
#include <pthread.h>
#endif

/* ── Memory ── */

#define CACHE_LINE 64

/* Pages that the system has besides the usual ones; 0: none. */
#if defined(__linux__)
#define HUGE_PAGE ((size_t)2 << 20)
#else
#define HUGE_PAGE ((size_t)0)
#endif
/* Blocks from here on are asked to be of such pages. */
#define HUGE_FROM ((size_t)4 << 20)

/* At least `bytes`, aligned to a cache line. NULL when memory is out. */
void *system_alloc(size_t bytes);
void system_free(void *block);

/* A kernel cannot go on for want of so much working memory: ends the process, or in WebAssembly the call. */
_Noreturn void system_out_of_memory(size_t bytes);

/* Has `free_all` called when the thread that is here ends. Asked for by any thread, with the same function. */
void system_at_thread_end(void (*free_all)(void));

/* ── Waiting ── */

/* One thread at a time. A static one is free. */
struct mutex {
#if defined(__wasm__)
    _Atomic int state; /* 0 free, 1 held */
#else
    pthread_mutex_t lock;
#endif
};

/* Where threads sleep until something has happened. A static one is empty. */
struct gate {
    _Atomic int sleepers;
#if defined(__wasm__)
    _Atomic int calls; /* how often sleepers were called */
#else
    pthread_mutex_t lock;
    pthread_cond_t called;
#endif
};

#if defined(__wasm__)
#define MUTEX {0}
#define GATE {0, 0}
#else
#define MUTEX {PTHREAD_MUTEX_INITIALIZER}
#define GATE {0, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER}
#endif

void mutex_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);

/* Sleeps until `happened(argument)`; returns at once when it is so already. */
void gate_wait(struct gate *g, int (*happened)(int64_t), int64_t argument);
/* To be called after what others may be waiting for has happened. */
void gate_call(struct gate *g);

/* Waiting for what comes within microseconds, as the next operation of a training step does. */
struct spin {
    int pauses;
    int64_t deadline; /* 0: not set yet */
};

/* Pauses once; false when it has been going on for a tenth of a millisecond: time to sleep. */
int keep_spinning(struct spin *spin);

/* ── Threads ── */

/* How many can run at once. */
int system_cores(void);
/* Starts threads that call parallel_work(number, from 1 on), so that `count` run, of which `running` do already.
   Returns how many do. */
int system_start_threads(int running, int count);
/* Waits for the end of all that were started. Where it cannot be waited for, those that are not wanted sleep on. */
#if defined(__wasm__)
#define SYSTEM_JOINS 0
#else
#define SYSTEM_JOINS 1
#endif
void system_join_threads(int running);

/* ── What the system calls in its turn (parallel.c) ── */

/* A worker's life: does tasks until the pool stops. */
void parallel_work(int thread);
/* Ends the workers. */
void parallel_stop(void);
/* To be called in a process that was forked off. */
void parallel_after_fork(void);
/*
 * For system_out_of_memory, where the call that is going on can be left in the middle: a worker gives up its task
 * (the job's caller is told, when all others are done, and runs out of memory itself), a caller its job.
 */
void parallel_abandon(size_t bytes);

#endif
