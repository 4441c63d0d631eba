/*
 * Looking through values: the first that is not finite, a histogram, the greatest of each row.
 */
#include "kernels.h"
#include "parallel.h"
#include "vector.h"

/* ── The first NaN or infinity ── */

struct finite_job {
    const float *x;
    int64_t first; /* so far; INT64_MAX for none */
};

/* Its exponent's bits are all set. */
static int64_t find_non_finite(const float *x, int64_t begin, int64_t end) {
    enum { PIECE = 16 * LANES };
    const int32_t exponent = 0x7f800000;
    int64_t i = begin;
    for (; i + PIECE <= end; i += PIECE) {
        vint found = {0};
        for (int k = 0; k < PIECE; k += LANES) {
            found |= ((vint)vload(x + i + k) & exponent) == exponent;
        }
        if (vany(found)) break;
    }
    for (; i < end; i++) {
        if (!isfinite(x[i])) return i;
    }
    return INT64_MAX;
}

static void finite_range(void *context, int64_t begin, int64_t end, int thread) {
    struct finite_job *job = context;
    (void)thread;
    int64_t first = __atomic_load_n(&job->first, __ATOMIC_RELAXED);
    if (first < begin) return;
    int64_t found = find_non_finite(job->x, begin, end);
    while (found < first && !__atomic_compare_exchange_n(&job->first, &first, found, 0,
                                                         __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}

int64_t first_non_finite(const float *x, int64_t count) {
    struct finite_job job = {x, INT64_MAX};
    parallel_ranges(count, 2 * GRAIN, finite_range, &job);
    return job.first == INT64_MAX ? -1 : job.first;
}

/* ── Histogram ── */

struct histogram_job {
    int32_t *counts; /* for each thread its own */
    const float *x;
    double low, high, scale;
    int64_t bins;
};

static void histogram_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct histogram_job *job = context;
    int32_t *counts = job->counts + thread * job->bins;
    for (int64_t i = begin; i < end; i++) {
        double x = job->x[i];
        if (!(x >= job->low && x <= job->high)) continue; /* NaN neither */
        int64_t bin = (int64_t)((x - job->low) * job->scale);
        counts[bin < job->bins ? bin : job->bins - 1]++;
    }
}

void histogram_count(int32_t *counts, const float *x, int64_t count, double low, double high,
                     int64_t bins) {
    int64_t threads = parallel_threads();
    size_t size = (size_t)(threads * bins) * sizeof *counts;
    struct histogram_job job = {scratch_memory(size), x, low, high, (double)bins / (high - low), bins};
    memset(job.counts, 0, size);
    parallel_ranges(count, GRAIN, histogram_range, &job);
    for (int64_t b = 0; b < bins; b++) {
        counts[b] = 0;
        for (int64_t t = 0; t < threads; t++) counts[b] += job.counts[t * bins + b];
    }
}

/* ── The k greatest, or least, of each row ── */

/*
 * A heap of the best k so far, the worst of them on top: what is no better than that is passed over,
 * a vector at a time. `rank` orders as integers what `before` says: greater values first, NaN the
 * greatest, both zeros equal, then by index.
 */
struct candidate {
    int32_t rank, index;
};

static int32_t rank_of(float x) {
    int32_t bits;
    if (x != x) return INT32_MAX;
    x += 0.0f; /* -0 becomes 0 */
    memcpy(&bits, &x, sizeof bits);
    return bits ^ (bits >> 31 & 0x7fffffff);
}

/* Of the least, NaN comes last: it is still the greatest. */
static int32_t rank_in(float x, bool largest) { return largest ? rank_of(x) : ~rank_of(x); }

static int before(struct candidate a, struct candidate b) {
    return a.rank > b.rank || (a.rank == b.rank && a.index < b.index);
}

/* Puts `c` into the heap of n from the top down, where there is a gap. */
static void sift_down(struct candidate *heap, int64_t n, int64_t at, struct candidate c) {
    for (int64_t child = 2 * at + 1; child < n; child = 2 * at + 1) {
        if (child + 1 < n && before(heap[child], heap[child + 1])) child++;
        if (!before(c, heap[child])) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = c;
}

static void topk_row(float *values, int32_t *indices, const float *x, int64_t cols, int64_t k,
                     bool largest, struct candidate *heap) {
    for (int64_t i = 0; i < k; i++) {
        heap[i] = (struct candidate){rank_in(x[i], largest), (int32_t)i};
    }
    for (int64_t i = k / 2; i-- > 0;) sift_down(heap, k, i, heap[i]);
    int64_t i = k;
    while (i < cols) {
        if (i + LANES <= cols) {
            /* Only what is better than the worst can get in: later ones lose ties. */
            vfloat v = vload(x + i), worst = vset(x[heap[0].index]);
            vint better = largest ? (v > worst) | (v != v) : (v < worst) | (worst != worst);
            if (!vany(better)) {
                i += LANES;
                continue;
            }
        }
        int64_t end = i + LANES < cols ? i + LANES : cols;
        for (; i < end; i++) {
            int32_t rank = rank_in(x[i], largest);
            if (rank > heap[0].rank) sift_down(heap, k, 0, (struct candidate){rank, (int32_t)i});
        }
    }
    /* The worst leaves the heap first, and goes last. */
    for (int64_t n = k; n > 0; n--) {
        indices[n - 1] = heap[0].index;
        values[n - 1] = x[heap[0].index];
        sift_down(heap, n - 1, 0, heap[n - 1]);
    }
}

struct topk_job {
    float *values;
    int32_t *indices;
    const float *x;
    struct candidate *heaps;
    int64_t cols, k;
    bool largest;
};

static void topk_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct topk_job *job = context;
    for (int64_t r = begin; r < end; r++) {
        topk_row(job->values + r * job->k, job->indices + r * job->k, job->x + r * job->cols,
                 job->cols, job->k, job->largest, job->heaps + thread * job->k);
    }
}

void topk_rows(float *values, int32_t *indices, const float *x, int64_t rows, int64_t cols,
               int64_t k, bool largest) {
    if (k == 0) return;
    size_t size = (size_t)(parallel_threads() * k) * sizeof(struct candidate);
    struct topk_job job = {values, indices, x, scratch_memory(size), cols, k, largest};
    int64_t grain = cols < GRAIN ? GRAIN / cols : 1;
    parallel_ranges(rows, grain, topk_range, &job);
}
