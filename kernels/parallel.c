/*
 * The thread pool behind parallel.h: portable pthreads and C11 atomics.
 *
 * One word, `claim`, holds the job's number (upper half) and its next task (lower half). A thread
 * takes a task by moving that word from {job, i} to {job, i + 1}, so that a latecomer which still
 * remembers an old job can never take a task of it, nor read a newer job's fields by mistake: the
 * word is closed before the fields change and opened after.
 */
#define _GNU_SOURCE
#include "parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

/* How long an idle worker, or a caller waiting for the last task, spins before it sleeps.
   Operations of a training step follow each other within microseconds; a wake-up costs fifty. */
#define SPIN_NANOSECONDS 40000
#define PAUSES_PER_CLOCK 16

/* The lower half of `claim` while a job is being written: above any task's number. */
#define CLOSED UINT64_C(0xffffffff)
#define MOST_TASKS (INT64_C(1) << 31)

static struct {
    /* Written for each job, read by every thread: lines of their own, away from the cold fields. */
    _Alignas(128) _Atomic uint64_t claim;
    _Alignas(128) _Atomic int64_t pending; /* tasks not yet finished */
    _Atomic(parallel_task) task;
    _Atomic(void *) context;
    _Atomic int64_t first, count; /* this job runs tasks first … first + count - 1 */
    _Alignas(128) _Atomic int sleepers;
    _Atomic int caller_sleeps;
    _Atomic int stopping;

    pthread_mutex_t jobs;  /* held by the thread whose job is running */
    pthread_mutex_t sleep; /* guards the two conditions */
    pthread_cond_t work, done;
    pthread_t workers[MAX_THREADS];
    int running; /* workers started */
    int threads; /* threads wanted, the caller's included; 0: not asked yet */
} pool = {
    .claim = CLOSED,
    .jobs = PTHREAD_MUTEX_INITIALIZER,
    .sleep = PTHREAD_MUTEX_INITIALIZER,
    .work = PTHREAD_COND_INITIALIZER,
    .done = PTHREAD_COND_INITIALIZER,
};

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

struct spin {
    int pauses;
    int64_t deadline; /* 0: not set yet */
};

/* Pauses once; false when it has been going on for SPIN_NANOSECONDS. */
static inline int keep_spinning(struct spin *spin) {
    cpu_pause();
    if (++spin->pauses % PAUSES_PER_CLOCK != 0) return 1;
    int64_t now = now_nanoseconds();
    if (spin->deadline == 0) spin->deadline = now + SPIN_NANOSECONDS;
    return now < spin->deadline;
}

static uint32_t job_of(uint64_t claim) { return (uint32_t)(claim >> 32); }

/* Takes tasks of the open job until none is left. */
static void run_tasks(int thread) {
    uint64_t claim = atomic_load(&pool.claim);
    uint32_t job = job_of(claim);
    int64_t finished = 0;
    for (;;) {
        parallel_task task = atomic_load(&pool.task);
        void *context = atomic_load(&pool.context);
        int64_t first = atomic_load(&pool.first);
        int64_t index = (int64_t)(claim & CLOSED);
        if (job_of(claim) != job || index >= atomic_load(&pool.count)) break;
        if (!atomic_compare_exchange_weak(&pool.claim, &claim, claim + 1)) continue;
        task(context, first + index, thread);
        finished++;
        claim = atomic_load(&pool.claim);
    }
    if (finished > 0 && atomic_fetch_sub(&pool.pending, finished) == finished &&
        atomic_load(&pool.caller_sleeps)) {
        pthread_mutex_lock(&pool.sleep);
        pthread_cond_signal(&pool.done);
        pthread_mutex_unlock(&pool.sleep);
    }
}

/* True when there may be something to do for a worker that was last busy with job `seen`. */
static int has_news(uint32_t seen) {
    return atomic_load(&pool.stopping) || job_of(atomic_load(&pool.claim)) != seen;
}

static void *work(void *argument) {
    int thread = (int)(intptr_t)argument;
    uint32_t seen = 0;
    while (!atomic_load(&pool.stopping)) {
        struct spin spin = {0};
        while (!has_news(seen) && keep_spinning(&spin)) {}
        if (!has_news(seen)) {
            pthread_mutex_lock(&pool.sleep);
            atomic_fetch_add(&pool.sleepers, 1);
            while (!has_news(seen)) pthread_cond_wait(&pool.work, &pool.sleep);
            atomic_fetch_sub(&pool.sleepers, 1);
            pthread_mutex_unlock(&pool.sleep);
        }
        uint64_t claim = atomic_load(&pool.claim);
        if ((claim & CLOSED) == CLOSED) continue; /* being written: look again */
        seen = job_of(claim);
        run_tasks(thread);
    }
    return NULL;
}

static void wake_workers(void) {
    if (atomic_load(&pool.sleepers) == 0) return;
    pthread_mutex_lock(&pool.sleep);
    pthread_cond_broadcast(&pool.work);
    pthread_mutex_unlock(&pool.sleep);
}

static void stop_workers(void) {
    if (pool.running == 0) return;
    pthread_mutex_lock(&pool.sleep);
    atomic_store(&pool.stopping, 1);
    pthread_cond_broadcast(&pool.work);
    pthread_mutex_unlock(&pool.sleep);
    for (int i = 0; i < pool.running; i++) pthread_join(pool.workers[i], NULL);
    pool.running = 0;
    atomic_store(&pool.stopping, 0);
}

/* A forked child has the caller alone: forget the workers, start new ones when they are wanted. */
static void after_fork(void) {
    pool.running = 0;
    atomic_store(&pool.claim, CLOSED);
    atomic_store(&pool.sleepers, 0);
    atomic_store(&pool.caller_sleeps, 0);
    atomic_store(&pool.stopping, 0);
    pthread_mutex_init(&pool.jobs, NULL);
    pthread_mutex_init(&pool.sleep, NULL);
    pthread_cond_init(&pool.work, NULL);
    pthread_cond_init(&pool.done, NULL);
}

/* Workers must not outlive the library's code, at exit or when it is unloaded. */
__attribute__((destructor)) static void at_exit(void) { stop_workers(); }

static int cores(void) {
    int n = (int)sysconf(_SC_NPROCESSORS_ONLN);
#if defined(__linux__)
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) n = CPU_COUNT(&allowed);
#endif
    return n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : n;
}

static int wanted_threads(void) {
    if (pool.threads == 0) pool.threads = cores();
    return pool.threads;
}

static void start_workers(int count) {
    static int registered;
    if (!registered) registered = pthread_atfork(NULL, NULL, after_fork) == 0;
    /* Signals are the main thread's business. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool.running < count) {
        void *thread = (void *)(intptr_t)(pool.running + 1);
        if (pthread_create(&pool.workers[pool.running], NULL, work, thread) != 0) break;
        pool.running++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pool.threads = pool.running + 1; /* fewer than wanted where the system refuses more */
}

static void wait_for_workers(void) {
    struct spin spin = {0};
    while (atomic_load(&pool.pending) > 0) {
        if (keep_spinning(&spin)) continue;
        pthread_mutex_lock(&pool.sleep);
        atomic_store(&pool.caller_sleeps, 1);
        while (atomic_load(&pool.pending) > 0) pthread_cond_wait(&pool.done, &pool.sleep);
        atomic_store(&pool.caller_sleeps, 0);
        pthread_mutex_unlock(&pool.sleep);
    }
}

static void run_job(int64_t first, int64_t count, parallel_task task, void *context) {
    uint64_t job = (uint64_t)(job_of(atomic_load(&pool.claim)) + 1u) << 32;
    atomic_store(&pool.claim, job | CLOSED);
    atomic_store(&pool.task, task);
    atomic_store(&pool.context, context);
    atomic_store(&pool.first, first);
    atomic_store(&pool.count, count);
    atomic_store(&pool.pending, count);
    atomic_store(&pool.claim, job);
    wake_workers();
    run_tasks(0);
    wait_for_workers();
}

void parallel_for(int64_t n, parallel_task task, void *context) {
    if (n <= 0) return;
    pthread_mutex_lock(&pool.jobs);
    int threads = wanted_threads();
    if (n == 1 || threads == 1) {
        for (int64_t i = 0; i < n; i++) task(context, i, 0);
    } else {
        if (pool.running + 1 < threads) start_workers(threads - 1);
        for (int64_t first = 0; first < n; first += MOST_TASKS) {
            int64_t left = n - first;
            run_job(first, left < MOST_TASKS ? left : MOST_TASKS, task, context);
        }
    }
    pthread_mutex_unlock(&pool.jobs);
}

struct ranges {
    int64_t n, grain;
    parallel_range range;
    void *context;
};

static void run_range(void *context, int64_t task, int thread) {
    const struct ranges *r = context;
    int64_t begin = task * r->grain;
    int64_t end = r->n - begin < r->grain ? r->n : begin + r->grain;
    r->range(r->context, begin, end, thread);
}

void parallel_ranges(int64_t n, int64_t grain, parallel_range range, void *context) {
    if (n <= 0) return;
    if (grain < 1) grain = 1;
    struct ranges r = {n, grain, range, context};
    parallel_for((n - 1) / grain + 1, run_range, &r);
}

int parallel_set_threads(int threads) {
    pthread_mutex_lock(&pool.jobs);
    if (threads < 1) threads = cores();
    if (threads > MAX_THREADS) threads = MAX_THREADS;
    if (threads != pool.running + 1) stop_workers();
    pool.threads = threads;
    pthread_mutex_unlock(&pool.jobs);
    return threads;
}

int parallel_threads(void) {
    pthread_mutex_lock(&pool.jobs);
    int threads = wanted_threads();
    pthread_mutex_unlock(&pool.jobs);
    return threads;
}
