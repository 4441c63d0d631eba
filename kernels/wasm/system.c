/*
 * What the kernels ask of the system (system.h), of WebAssembly: one memory that all threads share, and one
 * instance of the module to a thread, with a stack and thread-local variables of its own. The host starts
 * the threads, each in a worker; only the host's own thread begins jobs and allocates.
 *
 * There is no BLAS to take our products either.
 */
#include "system.h"

#include <stdlib.h>

#include "matmul.h"

#define IMPORT(name) __attribute__((import_module("host"), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(#name)))

/* ── Memory: the C library's, which knows of one thread ── */

static struct mutex heap = MUTEX;

void *system_alloc(size_t bytes) {
    mutex_lock(&heap);
    void *block = aligned_alloc(CACHE_LINE, (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
    mutex_unlock(&heap);
    return block;
}

void system_free(void *block) {
    mutex_lock(&heap);
    free(block);
    mutex_unlock(&heap);
}

/* Throws: the calls of C that are going on end. */
IMPORT(outOfMemory) _Noreturn void host_out_of_memory(double bytes);

void system_out_of_memory(size_t bytes) {
    parallel_abandon(bytes);
    host_out_of_memory((double)bytes);
}

/* A worker ends with the whole memory. */
void system_at_thread_end(void (*free_all)(void)) { (void)free_all; }

/* ── Waiting ── */

#define FOREVER (-1)

static void sleep_while(_Atomic int *word, int value) {
    __builtin_wasm_memory_atomic_wait32((int *)word, value, FOREVER);
}

static void wake(_Atomic int *word, unsigned count) {
    __builtin_wasm_memory_atomic_notify((int *)word, count);
}

/* Unlike 0, and another in each thread: its address. */
static _Thread_local char self;

/* Held by the very thread that asks: a call that trapped never gave it back. Better a second trap than a wait for ever. */
void mutex_lock(struct mutex *m) {
    const int me = (int)(uintptr_t)&self;
    for (;;) {
        int holder = 0;
        if (atomic_compare_exchange_strong(&m->state, &holder, me)) return;
        if (holder == me) __builtin_trap();
        sleep_while(&m->state, holder);
    }
}

void mutex_unlock(struct mutex *m) {
    atomic_store(&m->state, 0);
    wake(&m->state, 1);
}

void gate_wait(struct gate *g, int (*happened)(int64_t), int64_t argument) {
    atomic_fetch_add(&g->sleepers, 1);
    for (;;) {
        int calls = atomic_load(&g->calls);
        if (happened(argument)) break;
        sleep_while(&g->calls, calls);
    }
    atomic_fetch_sub(&g->sleepers, 1);
}

void gate_call(struct gate *g) {
    if (atomic_load(&g->sleepers) == 0) return;
    atomic_fetch_add(&g->calls, 1);
    wake(&g->calls, UINT32_MAX);
}

/* Without a clock or an instruction to pause: looks of about two nanoseconds. */
#define SPINS 20000

int keep_spinning(struct spin *spin) { return ++spin->pauses < SPINS; }

/* ── Threads ── */

/* Until parallel_set_threads says more. */
int system_cores(void) { return 1; }

/* The host starts workers with numbers from `running` + 1 to `count`, and returns how many then run. */
IMPORT(startThreads) int host_start_threads(int running, int count);

/* Working memory of a thread, as much as most models ask for. */
#define THREAD_ROOM ((size_t)4 << 20)

/*
 * The heap grows before the threads begin, by what they will work in: when one of them makes it grow, an engine
 * tells the others when it comes to it, and until then their instructions that fill and copy trap beyond the old end.
 */
int system_start_threads(int running, int count) {
    if (count > running) system_free(system_alloc((size_t)(count - running) * THREAD_ROOM));
    return host_start_threads(running, count);
}

void system_join_threads(int running) { (void)running; }

/* Memory for good: a worker's stack and thread-local variables, the host's small tables. */
EXPORT(hostMemory) void *host_memory(int bytes) { return system_alloc((size_t)bytes); }

EXPORT(work) void work(int thread) { parallel_work(thread); }

/* What a worker calls whose task ended in an exception. */
EXPORT(giveUp) void give_up(void) { parallel_abandon(SIZE_MAX); }

/* ── BLAS ── */

int matmul_use_blas(const char *path) { return !path || !*path; }

const char *matmul_engine(void) { return "nanogpt"; }

int blas_product(const struct product *p) {
    (void)p;
    return 0;
}
