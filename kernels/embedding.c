/*
 * Looking up rows of a table, and the gradient of that, which touches only the rows that were used.
 */
#include "kernels.h"
#include "parallel.h"
#include "vector.h"

/* dy rows that are added up in floats before they go to doubles. */
#define RUN 64
#define COLUMNS (8 * LANES)

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* Rows that are worth a thread. */
static int64_t row_grain(int64_t width) { return 1 + GRAIN / 2 / (width > 0 ? width : 1); }

struct job {
    float *out;
    const float *x;
    const int32_t *ids;
    int64_t width;
};

static void gather_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct job *job = context;
    size_t bytes = (size_t)job->width * sizeof *job->out;
    (void)thread;
    for (int64_t i = begin; i < end; i++) {
        memcpy(job->out + i * job->width, job->x + job->ids[i] * job->width, bytes);
    }
}

int64_t gather_rows(float *out, const float *weight, const int32_t *ids, int64_t count,
                    int64_t vocab, int64_t width) {
    for (int64_t i = 0; i < count; i++) {
        if (ids[i] < 0 || ids[i] >= vocab) return i;
    }
    parallel_items(count, 1, row_grain(width), gather_range, &(struct job){out, weight, ids, width});
    return -1;
}

static void add_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct job *job = context;
    (void)thread;
    for (int64_t i = begin; i < end; i++) {
        float *out = job->out + job->ids[i] * job->width;
        const float *x = job->x + i * job->width;
        for (int64_t j = 0; j < job->width; j++) out[j] += x[j];
    }
}

void add_rows(float *out, const int32_t *rows, const float *values, int64_t row_count,
              int64_t width) {
    struct job job = {out, values, rows, width};
    parallel_ranges(row_count, row_grain(width), add_range, &job);
}

/* ── Sums of the rows with one id ── */

/*
 * Sorts (id, position) by id, keeping the order of positions: radix sort, least digit first, with
 * digits of 11 bits, as many as the greatest id has. `spare` is as long as `pairs`; the result is in
 * the one that is returned.
 */
struct pair {
    uint32_t id, position;
};

static struct pair *sort_by_id(struct pair *pairs, struct pair *spare, int64_t count,
                               uint32_t greatest) {
    enum { BITS = 11, DIGITS = 1 << BITS };
    for (int shift = 0; shift < 32 && greatest >> shift; shift += BITS) {
        int64_t place[DIGITS] = {0}, at = 0;
        for (int64_t i = 0; i < count; i++) place[pairs[i].id >> shift & (DIGITS - 1)]++;
        for (int d = 0; d < DIGITS; d++) {
            int64_t size = place[d];
            place[d] = at;
            at += size;
        }
        for (int64_t i = 0; i < count; i++) {
            spare[place[pairs[i].id >> shift & (DIGITS - 1)]++] = pairs[i];
        }
        struct pair *sorted = spare;
        spare = pairs;
        pairs = sorted;
    }
    return pairs;
}

struct sum_job {
    float *values;
    const float *dy;
    const struct pair *pairs;
    const int64_t *start; /* of each distinct id's pairs, and one past the last */
    int64_t width;
};

/* out = the sum of the rows of dy at `pairs`, n <= COLUMNS columns of them. */
static void sum_columns(float *out, const float *dy, int64_t width, const struct pair *pairs,
                        int64_t count, int64_t n) {
    double total[COLUMNS] = {0};
    for (int64_t i = 0; i < count; i += RUN) {
        int64_t end = least(count, i + RUN);
        float sum[COLUMNS] = {0};
        for (int64_t r = i; r < end; r++) {
            const float *row = dy + (int64_t)pairs[r].position * width;
            for (int64_t k = 0; k < n; k++) sum[k] += row[k];
        }
        for (int64_t k = 0; k < n; k++) total[k] += sum[k];
    }
    for (int64_t k = 0; k < n; k++) out[k] = (float)total[k];
}

static void sum_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct sum_job *job = context;
    int64_t width = job->width;
    (void)thread;
    for (int64_t i = begin; i < end; i++) {
        const struct pair *pairs = job->pairs + job->start[i];
        int64_t count = job->start[i + 1] - job->start[i];
        float *out = job->values + i * width;
        if (count == 1) {
            memcpy(out, job->dy + (int64_t)pairs->position * width, (size_t)width * sizeof *out);
            continue;
        }
        for (int64_t k = 0; k < width; k += COLUMNS) {
            sum_columns(out + k, job->dy + k, width, pairs, count, least(COLUMNS, width - k));
        }
    }
}

int64_t sum_rows_by_id(int32_t *rows, float *values, const float *dy, const int32_t *ids,
                       int64_t count, int64_t width) {
    size_t list = (size_t)count * sizeof(struct pair);
    char *scratch = scratch_memory(2 * list + (size_t)(count + 1) * sizeof(int64_t));
    struct pair *pairs = (struct pair *)scratch, *spare = (struct pair *)(scratch + list);
    int64_t *start = (int64_t *)(scratch + 2 * list);
    uint32_t greatest = 0;
    for (int64_t i = 0; i < count; i++) {
        pairs[i] = (struct pair){(uint32_t)ids[i], (uint32_t)i};
        if (pairs[i].id > greatest) greatest = pairs[i].id;
    }
    pairs = sort_by_id(pairs, spare, count, greatest);
    int64_t distinct = 0;
    for (int64_t i = 0; i < count; i++) {
        if (i > 0 && pairs[i].id == pairs[i - 1].id) continue;
        start[distinct] = i;
        rows[distinct++] = (int32_t)pairs[i].id;
    }
    start[distinct] = count;
    struct sum_job job = {values, dy, pairs, start, width};
    /* By the average size of a sum. */
    int64_t elements = count * width;
    int64_t grain = elements > GRAIN ? distinct * GRAIN / elements : distinct;
    parallel_ranges(distinct, grain > 0 ? grain : 1, sum_range, &job);
    return distinct;
}
