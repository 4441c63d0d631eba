/*
 * The thread pool behind parallel.h, of what the system offers (system.h).
 *
 * A job's tasks are dealt out in stretches, one to a thread, each in a box of its own: a thread takes the tasks of
 * its box, and when that is empty those that others have not come to. So the same part of a tensor is worked on
 * by the same thread from one operation to the next, and is found in its cache; and what a thread has to read of a
 * job, and writes, is one line of memory.
 *
 * A box's word, `claim`, holds the job's number (upper half) and how many tasks are left (lower half). A
 * thread takes a task by moving that word from {job, i} to {job, i - 1}. A box is filled only when nothing is left
 * in it, so that a latecomer which still remembers an old job can never take a task of it, nor of another
 * than the one whose fields it has read: its exchange fails.
 */
#include "parallel.h"

#include "system.h"

#define LEFT UINT64_C(0xffffffff)
#define MOST_TASKS (INT64_C(1) << 31)
/* Ranges that parallel_items makes for each thread: some are left to be taken over from one that is held up. */
#define RANGES_EACH 4

struct box {
    _Alignas(128) _Atomic uint64_t claim;
    _Atomic(parallel_task) task;
    _Atomic(void *) context;
    _Atomic int64_t end; /* one past the last task of the stretch */
};

static struct {
    struct box boxes[MAX_THREADS];
    uint32_t job;                          /* the number of the last one */
    _Alignas(128) _Atomic int64_t pending; /* tasks not yet finished */
    _Alignas(128) _Atomic int threads;     /* threads wanted, the caller's included; 0: not asked yet */
    struct gate work;
    struct gate done;
    _Atomic int stopping;
    _Atomic size_t failed; /* bytes that a task could not get to work in; 0: all is well */
    struct mutex jobs;     /* held by the thread whose job is running */
    int running;           /* workers started */
} pool = {.jobs = MUTEX, .work = GATE, .done = GATE};

/* Tasks of the job at hand that this thread has finished, and nobody was told of. */
static _Thread_local int64_t finished;
/* What this thread is doing: nothing, tasks of a job, or the same as its caller. */
static _Thread_local enum { IDLE, WORKING, LEADING } role;

static uint32_t job_of(uint64_t claim) { return (uint32_t)(claim >> 32); }

static uint64_t claim_at(int thread) {
    return atomic_load_explicit(&pool.boxes[thread].claim, memory_order_acquire);
}

static void tell_finished(void) {
    int64_t count = finished;
    finished = 0;
    if (count > 0 && atomic_fetch_sub(&pool.pending, count) == count) gate_call(&pool.done);
}

/* Takes tasks out of the box until none of the job is left. */
static void empty_box(struct box *box, uint32_t job, int thread) {
    uint64_t claim = atomic_load_explicit(&box->claim, memory_order_acquire);
    while (job_of(claim) == job && (claim & LEFT) > 0) {
        parallel_task task = atomic_load_explicit(&box->task, memory_order_relaxed);
        void *context = atomic_load_explicit(&box->context, memory_order_relaxed);
        int64_t end = atomic_load_explicit(&box->end, memory_order_relaxed);
        if (!atomic_compare_exchange_weak(&box->claim, &claim, claim - 1)) continue;
        task(context, end - (int64_t)(claim & LEFT), thread);
        finished++;
        claim = atomic_load_explicit(&box->claim, memory_order_acquire);
    }
}

/* Takes tasks of the job that this thread has a share of until none is left: first its own. */
static void run_tasks(int thread) {
    uint32_t job = job_of(claim_at(thread));
    int threads = atomic_load_explicit(&pool.threads, memory_order_relaxed);
    for (int i = 0; i < threads; i++) {
        empty_box(&pool.boxes[(thread + i) % threads], job, thread);
    }
    tell_finished();
}

/* A worker, and the job that it was last busy with, as one number. */
static int64_t seen_by(int thread, uint32_t job) { return ((int64_t)thread << 32) | job; }

/* True when there may be something to do for it. */
static int has_news(int64_t seen) {
    return atomic_load_explicit(&pool.stopping, memory_order_relaxed) ||
           job_of(claim_at((int)(seen >> 32))) != (uint32_t)seen;
}

void parallel_work(int thread) {
    uint32_t job = 0;
    while (!atomic_load(&pool.stopping)) {
        int64_t seen = seen_by(thread, job);
        struct spin spin = {0, 0};
        while (!has_news(seen) && keep_spinning(&spin)) {}
        if (!has_news(seen)) gate_wait(&pool.work, has_news, seen);
        job = job_of(claim_at(thread));
        role = WORKING;
        run_tasks(thread);
        role = IDLE;
    }
}

void parallel_stop(void) {
    if (pool.running == 0) return;
    atomic_store(&pool.stopping, 1);
    gate_call(&pool.work);
    system_join_threads(pool.running);
    pool.running = 0;
    atomic_store(&pool.stopping, 0);
}

/* A forked child has the caller alone: forget the workers, start new ones when they are wanted. */
void parallel_after_fork(void) {
    static const struct gate gate = GATE;
    static const struct mutex mutex = MUTEX;
    pool.running = 0;
    atomic_store(&pool.pending, 0);
    atomic_store(&pool.stopping, 0);
    pool.work = gate;
    pool.done = gate;
    pool.jobs = mutex;
}

static int at_most_all(int threads) { return threads < MAX_THREADS ? threads : MAX_THREADS; }

static int wanted_threads(void) {
    if (atomic_load(&pool.threads) == 0) atomic_store(&pool.threads, at_most_all(system_cores()));
    return atomic_load(&pool.threads);
}

static int all_finished(int64_t unused) {
    (void)unused;
    return atomic_load(&pool.pending) <= 0;
}

static void wait_for_workers(void) {
    struct spin spin = {0, 0};
    while (!all_finished(0) && keep_spinning(&spin)) {}
    if (!all_finished(0)) gate_wait(&pool.done, all_finished, 0);
}

/* A job is over: others may have theirs. What went wrong in it is told. */
static void end_jobs(void) {
    size_t failed = atomic_exchange(&pool.failed, 0);
    role = IDLE;
    mutex_unlock(&pool.jobs);
    if (failed) system_out_of_memory(failed);
}

/* The first of a thread's stretch of `count` tasks; of few tasks the caller has the first. */
static int64_t dealt(int64_t count, int thread, int threads) {
    return (count * thread + threads - 1) / threads;
}

static void run_job(int64_t first, int64_t count, int threads, parallel_task task, void *context) {
    atomic_store_explicit(&pool.pending, count, memory_order_relaxed);
    uint64_t job = (uint64_t)++pool.job << 32;
    for (int t = threads - 1; t >= 0; t--) { /* the others' first, so that they begin */
        struct box *box = &pool.boxes[t];
        int64_t begin = dealt(count, t, threads), end = dealt(count, t + 1, threads);
        atomic_store_explicit(&box->task, task, memory_order_relaxed);
        atomic_store_explicit(&box->context, context, memory_order_relaxed);
        atomic_store_explicit(&box->end, first + end, memory_order_relaxed);
        atomic_store_explicit(&box->claim, job | (uint64_t)(end - begin), memory_order_release);
    }
    atomic_thread_fence(memory_order_seq_cst); /* who goes to sleep now has seen the boxes */
    gate_call(&pool.work);
    run_tasks(0);
    wait_for_workers();
}

void parallel_for(int64_t n, parallel_task task, void *context) {
    if (n <= 0) return;
    mutex_lock(&pool.jobs);
    int threads = wanted_threads();
    role = LEADING;
    if (n > 1 && pool.running + 1 < threads) {
        pool.running = system_start_threads(pool.running, threads - 1);
        threads = pool.running + 1; /* fewer than wanted where the system refuses more */
        atomic_store(&pool.threads, threads);
    }
    if (n == 1 || threads == 1) {
        for (int64_t i = 0; i < n; i++) task(context, i, 0);
    } else {
        for (int64_t first = 0; first < n; first += MOST_TASKS) {
            int64_t left = n - first;
            run_job(first, left < MOST_TASKS ? left : MOST_TASKS, threads, task, context);
        }
    }
    end_jobs();
}

void parallel_alone(int64_t n, parallel_task task, void *context) {
    for (int64_t i = 0; i < n; i++) task(context, i, 0);
}

/* The job at hand ends with the tasks that are being done. */
static void abandon_job(void) {
    int threads = atomic_load(&pool.threads);
    for (int t = 0; t < threads; t++) {
        struct box *box = &pool.boxes[t];
        uint64_t claim = atomic_load(&box->claim);
        while (!atomic_compare_exchange_weak(&box->claim, &claim, claim & ~LEFT)) {}
        finished += (int64_t)(claim & LEFT);
    }
    tell_finished();
    wait_for_workers();
}

void parallel_abandon(size_t bytes) {
    if (role == IDLE) return;
    finished++; /* the task that is given up */
    if (role == WORKING) {
        atomic_store(&pool.failed, bytes);
        tell_finished();
    } else {
        if (atomic_load(&pool.pending) > 0) abandon_job(); /* else the caller does it all alone */
        finished = 0;
        atomic_store(&pool.failed, 0);
        mutex_unlock(&pool.jobs);
    }
    role = IDLE;
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

void parallel_items(int64_t n, int64_t unit, int64_t least, parallel_range range, void *context) {
    int64_t most = (int64_t)wanted_threads() * RANGES_EACH;
    int64_t grain = (n + most - 1) / most;
    if (grain < least) grain = least;
    parallel_ranges(n, (grain + unit - 1) / unit * unit, range, context);
}

int parallel_set_threads(int threads) {
    mutex_lock(&pool.jobs);
    threads = at_most_all(threads < 1 ? system_cores() : threads);
    if (SYSTEM_JOINS && threads != pool.running + 1) parallel_stop();
    atomic_store(&pool.threads, threads);
    mutex_unlock(&pool.jobs);
    return threads;
}

int parallel_threads(void) {
    mutex_lock(&pool.jobs);
    int threads = wanted_threads();
    mutex_unlock(&pool.jobs);
    return threads;
}
