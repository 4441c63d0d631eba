/*
 * Rotary positions: pairs of a head's numbers turned by an angle that grows with the position.
 */
#include "kernels.h"
#include "parallel.h"
#include "vector.h"

struct job {
    float *out;
    const float *x, *table;
    int64_t time, heads, turned, width, dims;
    bool interleaved, back;
};

INLINE vfloat load(const float *p, int64_t left) {
    return left >= LANES ? vload(p) : vload_part(p, left, 0);
}

INLINE void store(float *p, vfloat v, int64_t left) {
    if (left >= LANES) vstore(p, v);
    else vstore_part(p, v, left);
}

/* out = x cos + partner sin, the sine with the sign that its place in the pair gives it; turning back,
   with the other. */
INLINE vfloat turn(vfloat x, vfloat partner, vfloat cosine, vfloat sine, bool back) {
    return x * cosine + partner * (back ? -sine : sine);
}

/* Neighbours are pairs: dims is even, and so is LANES. */
static void turn_neighbours(const struct job *job, float *out, const float *x, const float *table) {
    for (int64_t i = 0; i < job->dims; i += LANES) {
        int64_t left = job->dims - i;
        vfloat v = load(x + i, left), cosine = load(table + i, left);
        vfloat sine = load(table + job->dims + i, left);
        store(out + i, turn(v, vswap(v, 1), cosine, sine, job->back), left);
    }
}

/* A number and the one half of dims further on are a pair. */
static void turn_halves(const struct job *job, float *out, const float *x, const float *table) {
    int64_t half = job->dims / 2;
    const float *cosines = table, *sines = table + job->dims;
    for (int64_t i = 0; i < half; i += LANES) {
        int64_t left = half - i;
        vfloat a = load(x + i, left), b = load(x + half + i, left);
        vfloat first = turn(a, b, load(cosines + i, left), load(sines + i, left), job->back);
        vfloat second = turn(b, a, load(cosines + half + i, left), load(sines + half + i, left),
                             job->back);
        store(out + i, first, left);
        store(out + half + i, second, left);
    }
}

/* Positions begin to end of all batch items. */
static void turn_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct job *job = context;
    (void)thread;
    for (int64_t row = begin; row < end; row++) {
        const float *table = job->table + row % job->time * 2 * job->dims;
        for (int64_t h = 0; h < job->heads; h++) {
            int64_t at = (row * job->heads + h) * job->width, kept = job->dims;
            if (h >= job->turned) kept = 0;
            else if (job->interleaved) turn_neighbours(job, job->out + at, job->x + at, table);
            else turn_halves(job, job->out + at, job->x + at, table);
            if (job->out == job->x) continue;
            memcpy(job->out + at + kept, job->x + at + kept,
                   (size_t)(job->width - kept) * sizeof(float));
        }
    }
}

void rotary_turn(float *out, const float *x, const float *table, int64_t batch, int64_t time,
                 int64_t heads, int64_t turned, int64_t width, int64_t dims, bool interleaved,
                 bool back) {
    struct job job = {out, x, table, time, heads, turned, width, dims, interleaved, back};
    int64_t line = heads * width;
    parallel_ranges(batch * time, line > 0 ? 1 + GRAIN / line : GRAIN, turn_range, &job);
}
