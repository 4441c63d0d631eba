/*
 * What the kernels ask of the system (system.h), of POSIX: pthreads, and memory of huge pages.
 */
#define _GNU_SOURCE
#include "system.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "parallel.h"

/* ── Memory ── */

void *system_alloc(size_t bytes) {
    void *block = NULL;
    int huge = HUGE_PAGE > 0 && bytes >= HUGE_FROM;
    if (posix_memalign(&block, huge ? HUGE_PAGE : CACHE_LINE, bytes)) return NULL;
#ifdef MADV_HUGEPAGE
    if (huge) madvise(block, bytes, MADV_HUGEPAGE); /* fewer faults and TLB misses */
#endif
    return block;
}

void system_free(void *block) { free(block); }

void system_out_of_memory(size_t bytes) {
    fprintf(stderr, "nanogpt: out of memory: a kernel needs %zu bytes to work in\n", bytes);
    abort();
}

static pthread_key_t end_key;
static pthread_once_t end_once = PTHREAD_ONCE_INIT;
static void (*at_end)(void);

static void run_at_end(void *value) {
    (void)value;
    at_end();
}

static void make_end_key(void) { pthread_key_create(&end_key, run_at_end); }

void system_at_thread_end(void (*free_all)(void)) {
    at_end = free_all;
    pthread_once(&end_once, make_end_key);
    pthread_setspecific(end_key, &at_end);
}

/* ── Waiting ── */

/* How long an idle worker, or a caller waiting for the last task, spins before it sleeps.
   Operations of a training step follow each other within microseconds; a wake-up costs fifty. */
#define SPIN_NANOSECONDS 100000
#define PAUSES_PER_CLOCK 16

void mutex_lock(struct mutex *m) { pthread_mutex_lock(&m->lock); }
void mutex_unlock(struct mutex *m) { pthread_mutex_unlock(&m->lock); }

void gate_wait(struct gate *g, int (*happened)(int64_t), int64_t argument) {
    pthread_mutex_lock(&g->lock);
    atomic_fetch_add(&g->sleepers, 1);
    while (!happened(argument)) pthread_cond_wait(&g->called, &g->lock);
    atomic_fetch_sub(&g->sleepers, 1);
    pthread_mutex_unlock(&g->lock);
}

void gate_call(struct gate *g) {
    if (atomic_load(&g->sleepers) == 0) return;
    pthread_mutex_lock(&g->lock);
    pthread_cond_broadcast(&g->called);
    pthread_mutex_unlock(&g->lock);
}

static inline void cpu_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb"); /* as long as x86's pause; `yield` returns at once */
#endif
}

static int64_t now_nanoseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int keep_spinning(struct spin *spin) {
    cpu_pause();
    if (++spin->pauses % PAUSES_PER_CLOCK != 0) return 1;
    int64_t now = now_nanoseconds();
    if (spin->deadline == 0) spin->deadline = now + SPIN_NANOSECONDS;
    return now < spin->deadline;
}

/* ── Threads ── */

static pthread_t threads[MAX_THREADS];

int system_cores(void) {
    int n = (int)sysconf(_SC_NPROCESSORS_ONLN);
#if defined(__linux__)
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) n = CPU_COUNT(&allowed);
#endif
    return n < 1 ? 1 : n;
}

static void *run(void *number) {
    parallel_work((int)(intptr_t)number);
    return NULL;
}

int system_start_threads(int running, int count) {
    static int registered;
    if (!registered) registered = pthread_atfork(NULL, NULL, parallel_after_fork) == 0;
    /* Signals are the main thread's business. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (running < count) {
        void *number = (void *)(intptr_t)(running + 1);
        if (pthread_create(&threads[running], NULL, run, number) != 0) break;
        running++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return running;
}

void system_join_threads(int running) {
    for (int i = 0; i < running; i++) pthread_join(threads[i], NULL);
}

/* Threads must not outlive the library's code, at exit or when it is unloaded. */
__attribute__((destructor)) static void at_exit(void) { parallel_stop(); }
