/*
 * A system BLAS in place of our own matrix product: Accelerate on macOS, any library with
 * cblas_sgemm elsewhere. Loaded while running, so that nothing depends on one being there.
 */
#define _GNU_SOURCE
#include "matmul.h"
#include "parallel.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112 };

typedef void (*sgemm_function)(int order, int trans_a, int trans_b, int m, int n, int k,
                               float alpha, const float *a, int lda, const float *b, int ldb,
                               float beta, float *c, int ldc);
typedef void (*set_threads_function)(int threads);

static struct {
    sgemm_function sgemm; /* NULL: our own kernel */
    set_threads_function set_threads;
    int threads; /* last given to set_threads */
    char *name;
} blas;

static void use(sgemm_function sgemm, set_threads_function set_threads, char *name) {
    free(blas.name);
    blas.sgemm = sgemm;
    blas.set_threads = set_threads;
    blas.threads = 0;
    blas.name = name;
}

/* Object pointers and function pointers have the same form wherever there is dlsym. */
static sgemm_function find_sgemm(void *library) {
    sgemm_function f;
    void *symbol = dlsym(library, "cblas_sgemm");
    memcpy(&f, &symbol, sizeof f);
    return f;
}

static set_threads_function find_set_threads(void *library) {
    static const char *const names[] = {"openblas_set_num_threads", "bli_thread_set_num_threads"};
    set_threads_function f = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !f; i++) {
        void *symbol = dlsym(library, names[i]);
        memcpy(&f, &symbol, sizeof f);
    }
    return f;
}

/* OpenBLAS built for 64-bit integers may carry the plain names; ints would crash it. */
static int has_wide_integers(void *library) {
    const char *(*get_config)(void);
    void *symbol = dlsym(library, "openblas_get_config");
    if (!symbol) return 0;
    memcpy(&get_config, &symbol, sizeof get_config);
    return strstr(get_config(), "USE64BITINT") != NULL;
}

int matmul_use_blas(const char *path) {
    if (!path || !*path) {
        use(NULL, NULL, NULL);
        return 1;
    }
    /* OpenBLAS's idle threads go on asking for the processor for a tenth of a second, at our pool's
       expense. 2^16 cycles will do. It reads this once, when it is loaded. */
    setenv("OPENBLAS_THREAD_TIMEOUT", "16", 0);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) return 0;
    sgemm_function sgemm = find_sgemm(library);
    char *name = sgemm && !has_wide_integers(library) ? strdup(path) : NULL;
    if (!name) {
        dlclose(library);
        return 0;
    }
    /* The library stays loaded for good: its own threads may be running in it. */
    use(sgemm, find_set_threads(library), name);
    return 1;
}

const char *matmul_engine(void) { return blas.name ? blas.name : "nanogpt"; }

#if defined(__APPLE__)
__attribute__((constructor)) static void use_accelerate(void) {
    if (matmul_use_blas("/System/Library/Frameworks/Accelerate.framework/Accelerate")) {
        char *name = strdup("Accelerate");
        if (name) use(blas.sgemm, blas.set_threads, name);
    }
}
#endif

static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

/* cblas refuses a row distance below the row's length, even where there is one row alone. */
static int row_distance(int64_t ld, int64_t length) { return (int)most(most(ld, length), 1); }

int blas_product(const struct product *p) {
    if (!blas.sgemm) return 0;
    int64_t largest = most(most(p->m, p->n), p->k);
    largest = most(largest, most(most(p->lda, p->ldb), p->ldo));
    int64_t width_a = p->trans_a ? p->m : p->k, height_a = p->trans_a ? p->k : p->m;
    int64_t width_b = p->trans_b ? p->k : p->n, height_b = p->trans_b ? p->n : p->k;
    /* Too large for its ints; or rows that overlap, which only ours can read. */
    if (largest > INT_MAX || (p->lda < width_a && height_a > 1) ||
        (p->ldb < width_b && height_b > 1) || (p->ldo < p->n && p->m > 1) || p->k == 0) {
        return 0;
    }
    if (blas.set_threads && blas.threads != parallel_threads()) {
        blas.threads = parallel_threads();
        blas.set_threads(blas.threads);
    }
    if (p->bias) {
        for (int64_t i = 0; i < p->m; i++) {
            float *row = p->out + i * p->ldo;
            if (p->accumulate) {
                for (int64_t j = 0; j < p->n; j++) row[j] += p->bias[j];
            } else {
                memcpy(row, p->bias, (size_t)p->n * sizeof *row);
            }
        }
    }
    blas.sgemm(ROW_MAJOR, p->trans_a ? TRANS : NO_TRANS, p->trans_b ? TRANS : NO_TRANS, (int)p->m,
               (int)p->n, (int)p->k, p->alpha, p->a, row_distance(p->lda, width_a), p->b,
               row_distance(p->ldb, width_b), p->accumulate || p->bias ? 1.0f : 0.0f, p->out,
               row_distance(p->ldo, p->n));
    return 1;
}
