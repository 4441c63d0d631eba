/*
 * The thread pool behind parallel.h, of what the system offers (system.h).
 *
 * One word, `claim`, holds the job's number (upper half) and its next task (lower half). A thread
 * takes a task by moving that word from {job, i} to {job, i + 1}, so that a latecomer which still
 * remembers an old job can never take a task of it, nor read a newer job's fields by mistake: the
 * word is closed before the fields change and opened after.
 */
#include "parallel.h"

#include "system.h"

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
    _Atomic int threads;          /* threads wanted, the caller's included; 0: not asked yet */
    _Alignas(128) struct gate work;
    _Alignas(128) struct gate done;
    _Atomic int stopping;
    _Atomic size_t failed; /* bytes that a task could not get to work in; 0: all is well */
    struct mutex jobs;     /* held by the thread whose job is running */
    int running;           /* workers started */
} pool = {.claim = CLOSED, .jobs = MUTEX, .work = GATE, .done = GATE};

/* Tasks of the job at hand that this thread has finished, and nobody was told of. */
static _Thread_local int64_t finished;
/* What this thread is doing: nothing, tasks of a job, or the same as its caller. */
static _Thread_local enum { IDLE, WORKING, LEADING } role;

static uint32_t job_of(uint64_t claim) { return (uint32_t)(claim >> 32); }

static void tell_finished(void) {
    int64_t count = finished;
    finished = 0;
    if (count > 0 && atomic_fetch_sub(&pool.pending, count) == count) gate_call(&pool.done);
}

/* Takes tasks of the open job until none is left. */
static void run_tasks(int thread) {
    uint64_t claim = atomic_load(&pool.claim);
    uint32_t job = job_of(claim);
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
    tell_finished();
}

/* True when there may be something to do for a worker that was last busy with job `seen`. */
static int has_news(int64_t seen) {
    return atomic_load(&pool.stopping) || job_of(atomic_load(&pool.claim)) != (uint32_t)seen;
}

void parallel_work(int thread) {
    uint32_t seen = 0;
    while (!atomic_load(&pool.stopping)) {
        struct spin spin = {0, 0};
        while (!has_news(seen) && keep_spinning(&spin)) {}
        if (!has_news(seen)) gate_wait(&pool.work, has_news, seen);
        uint64_t claim = atomic_load(&pool.claim);
        if ((claim & CLOSED) == CLOSED) continue; /* being written: look again */
        seen = job_of(claim);
        if (thread >= atomic_load(&pool.threads)) continue; /* started when more were wanted */
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
    atomic_store(&pool.claim, CLOSED);
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

static void run_job(int64_t first, int64_t count, parallel_task task, void *context) {
    uint64_t job = (uint64_t)(job_of(atomic_load(&pool.claim)) + 1u) << 32;
    atomic_store(&pool.claim, job | CLOSED);
    atomic_store(&pool.task, task);
    atomic_store(&pool.context, context);
    atomic_store(&pool.first, first);
    atomic_store(&pool.count, count);
    atomic_store(&pool.pending, count);
    atomic_store(&pool.claim, job);
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
            run_job(first, left < MOST_TASKS ? left : MOST_TASKS, task, context);
        }
    }
    end_jobs();
}

/* The job at hand ends with the tasks that are being done. */
static void abandon_job(void) {
    uint64_t claim = atomic_load(&pool.claim);
    while (!atomic_compare_exchange_weak(&pool.claim, &claim, claim | CLOSED)) {}
    int64_t left = atomic_load(&pool.count) - (int64_t)(claim & CLOSED);
    finished += left > 0 ? left : 0;
    tell_finished();
    wait_for_workers();
    /* An empty job, so that nobody waits for this one to be opened again. */
    atomic_store(&pool.count, 0);
    atomic_store(&pool.claim, (claim | CLOSED) + 1);
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
