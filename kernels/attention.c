/*
 * Causal attention, forward: out = softmax(scale q k', masked) v, without the matrix of weights
 * (Milakov and Gimelshein 2018, "Online normalizer calculation for softmax"; Dao et al. 2022,
 * "FlashAttention").
 *
 * A task has a span of queries of one head and goes through the keys block by block. For each query it
 * keeps the greatest score so far, the sum of exponentials, and the sum of values weighted by them; a
 * new maximum scales what was summed before. Blocks of keys begin at multiples of KEYS whatever the
 * queries, so that a query's bits do not depend on which others are computed with it.
 */
#include "attention.h"

#include "parallel.h"
#include "transpose.h"

struct attention attention_of(const struct attention_size *s) {
    struct attention x = {
        .batch = (int64_t)s->batch,
        .heads = (int64_t)s->heads,
        .kv_heads = (int64_t)s->kv_heads,
        .queries = (int64_t)s->queries,
        .keys = (int64_t)s->keys,
        .width = (int64_t)s->width,
        .window = (int64_t)(s->window < s->keys ? s->window : s->keys),
        .scale = (float)s->scale,
        .softcap = (float)s->softcap,
        .threshold = drop_threshold(s->dropout),
        .kept = (float)(1 / (1 - s->dropout)),
        .key = key_of(s->seed, s->stream, s->position),
        .q = {(int64_t)s->q_batch, (int64_t)s->q_time, (int64_t)s->q_head},
        .k = {(int64_t)s->k_batch, (int64_t)s->k_time, (int64_t)s->k_head},
        .v = {(int64_t)s->v_batch, (int64_t)s->v_time, (int64_t)s->v_head},
        .out = {(int64_t)s->out_batch, (int64_t)s->out_time, (int64_t)s->out_head},
    };
    x.offset = x.keys - x.queries;
    x.strips = ceil_div(x.width, WIDE);
    return x;
}

struct view view_of(const struct attention *x, int64_t query, int64_t lanes, int64_t key) {
    struct view w = {
        .first = x->offset + query - key,
        .lanes = lanes,
        .keys = least(KEYS, x->keys - key),
        .window = x->window,
    };
    w.whole = w.first + 1 >= w.keys && w.first + lanes - w.window <= 0;
    return w;
}

void dropout_factors(const struct attention *x, float *factor, int64_t row, int64_t lanes,
                     int64_t key, int64_t from, int64_t to) {
    /* Room for KEYS words from any word of a block on, in as many blocks as are made at once. */
    uint32_t words[KEYS + 4 * LONGS];
    _Alignas(64) float rows[LANES][KEYS];
    vfloat kept = vset(x->kept);
    from -= from % LANES;
    to = round_up(to, LANES);
    for (int64_t i = 0; i < lanes; i++) {
        uint64_t first = (uint64_t)(row + i) * (uint64_t)x->keys + (uint64_t)(key + from);
        int64_t skip = (int64_t)(first % 4);
        philox(words, x->key, x->key.position + first / 4, ceil_div(skip + to - from, 4));
        for (int64_t j = from; j < to; j += LANES) {
            vuint word;
            memcpy(&word, words + skip + j - from, sizeof word);
            vstore(rows[i] + j, vselect((vint)(word >> 8) < x->threshold, vset(0), kept));
        }
    }
    for (int64_t j = from; j < to; j += LANES) {
        vfloat r[LANES];
#pragma GCC unroll 16
        for (int i = 0; i < LANES; i++) r[i] = i < lanes ? vload(rows[i] + j) : vset(0);
        transpose_square(r);
#pragma GCC unroll 16
        for (int i = 0; i < LANES; i++) vstore(factor + (j + i) * LANES, r[i]);
    }
}

struct forward {
    struct attention x;
    float *out, *lse;
    const float *q, *k, *v;
    int64_t spans;
    float *memory; /* for each thread `floats` of them */
    int64_t floats;
};

/* A task's memory. Of each block of queries: the queries (width, WIDE), the sums of values (width,
   WIDE), maxima and sums of exponentials. Of the block of keys at hand: keys and values in strips,
   scores. */
struct desk {
    float *q, *out, *max, *sum, *k, *v, *s, *factor;
};

static int64_t desk_floats(const struct attention *x) {
    return 2 * SPAN * x->width + 2 * SPAN + 2 * strip_floats(x, KEYS) + KEYS * (WIDE + LANES);
}

static struct desk desk_at(const struct attention *x, float *memory) {
    struct desk d = {.q = memory};
    d.out = d.q + SPAN * x->width;
    d.max = d.out + SPAN * x->width;
    d.sum = d.max + SPAN;
    d.k = d.sum + SPAN;
    d.v = d.k + strip_floats(x, KEYS);
    d.s = d.v + strip_floats(x, KEYS);
    d.factor = d.s + KEYS * WIDE;
    return d;
}

/* Scores made ready: capped, and -infinity where they are masked. Returns the greatest of each lane. */
static vfloat prepare_scores(const struct attention *x, const struct view *w, float *s,
                             const struct range *r) {
    vfloat max[4];
    for (int m = 0; m < 4; m++) max[m] = vset(-INFINITY);
    for (int64_t j = r->from; j < r->to; j++) {
        vfloat v = vload(s + j * WIDE);
        int masked = is_masked(r, j);
        if (x->softcap != 0) v = x->softcap * attention_cap(x, v);
        if (masked) v = vselect(lanes_that_see(w, r->lane, j), v, vset(-INFINITY));
        if (x->softcap != 0 || masked) vstore(s + j * WIDE, v);
        /* NaN is passed over: it comes back with the sum of exponentials. */
        max[j & 3] = vat_least(max[j & 3], v);
    }
    return vat_least(vat_least(max[0], max[1]), vat_least(max[2], max[3]));
}

/* Turns one vector's scores into exponentials, less the greatest score so far. */
static void exponentials(const struct attention *x, const struct view *w, float *s,
                         const struct range *r, float *max, float *sum, float *out) {
    vfloat before = vload(max), greatest = prepare_scores(x, w, s, r);
    greatest = vat_least(before, greatest);
    /* Where all scores are -infinity so far, the exponentials are 0 and not NaN. */
    vfloat shift = vselect(greatest == -INFINITY, vset(0), greatest);
    vfloat total = {0};
    for (int64_t j = r->from; j < r->to; j++) {
        vfloat e = vexp(vload(s + j * WIDE) - shift);
        total += e;
        vstore(s + j * WIDE, e);
    }
    vfloat scale = vexp(before - shift);
    vstore(max, greatest);
    vstore(sum, vload(sum) * scale + total);
    if (!vany((scale != 1.0f) & (before != -INFINITY))) return;
    for (int64_t d = 0; d < x->width; d++) vstore(out + d * WIDE, vload(out + d * WIDE) * scale);
}

/* The sum of values where some are not finite: what a query does not see is left out, as 0 * infinity
   is NaN. The rest has the bits that the product gives. */
static void careful_product(const struct attention *x, const struct view *w, const float *v,
                            const float *s, int64_t lane, int64_t from, int64_t to, float *out) {
    for (int64_t d = 0; d < x->width; d++) {
        const float *strip = v + d / WIDE * KEYS * WIDE + d % WIDE;
        vfloat sum = {0};
        for (int64_t j = from; j < to; j++) {
            vfloat more = sum + vset(strip[j * WIDE]) * vload(s + j * WIDE);
            sum = vselect(lanes_that_see(w, lane, j), more, sum);
        }
        vstore(out + d * WIDE, vload(out + d * WIDE) + sum);
    }
}

/* One block of queries, from number `query` on, at one block of keys. `row`: of query 0's weights. */
static void attend(const struct attention *x, const struct desk *at, int64_t block, int64_t query,
                   int64_t lanes, int64_t key, int64_t row, int finite) {
    struct view w = view_of(x, query, lanes, key);
    int64_t columns = lanes_at_once(&w);
    float *q = at->q + block * x->width * WIDE, *out = at->out + block * x->width * WIDE;
    for (int64_t c = 0; c < lanes; c += columns) {
        int64_t from = seen_from(&w, c), to = seen_to(&w, least(c + columns, lanes) - 1);
        if (from >= to) continue;
        strip_product_fresh(BY_ROWS, to - from, x->width, at->k + from * WIDE, KEYS * WIDE, q + c,
                            at->s + from * WIDE + c, columns);
        for (int64_t l = c; l < c + columns; l += LANES) {
            int64_t at_lane = block * WIDE + l;
            struct range r = range_of(&w, l, from, to);
            exponentials(x, &w, at->s + l, &r, at->max + at_lane, at->sum + at_lane, out + l);
            if (x->threshold == 0) continue;
            dropout_factors(x, at->factor, row + query + l, least(LANES, lanes - l), key, from, to);
            for (int64_t j = from; j < to; j++) {
                float *s = at->s + j * WIDE + l;
                vstore(s, vload(s) * vload(at->factor + j * LANES));
            }
        }
        if (!finite && !w.whole) {
            careful_product(x, &w, at->v, at->s + c, c, from, to, out + c);
            continue;
        }
        for (int64_t d = 0; d < x->width; d += WIDE) {
            strip_product(BY_COLUMNS, least(WIDE, x->width - d), to - from,
                          at->v + d * KEYS + from * WIDE, 0, at->s + from * WIDE + c,
                          out + d * WIDE + c, columns);
        }
    }
}

static void forward_task(void *context, int64_t task, int thread) {
    const struct forward *job = context;
    const struct attention *x = &job->x;
    /* The last span sees most: first, so that no thread is left with it. */
    int64_t pairs = x->batch * x->heads, pair = task % pairs;
    int64_t b = pair / x->heads, h = pair % x->heads, kv = h / (x->heads / x->kv_heads);
    int64_t first = (job->spans - 1 - task / pairs) * SPAN, n = least(SPAN, x->queries - first);
    const float *q = job->q + b * x->q.batch + h * x->q.head + first * x->q.time;
    const float *k = job->k + b * x->k.batch + kv * x->k.head;
    const float *v = job->v + b * x->v.batch + kv * x->v.head;
    float *out = job->out + b * x->out.batch + h * x->out.head + first * x->out.time;
    struct desk at = desk_at(x, job->memory + thread * job->floats);
    for (int64_t i = 0; i < n; i += WIDE) {
        strip_from_rows(at.q + i * x->width, q + i * x->q.time, x->q.time, least(WIDE, n - i),
                        x->width, x->scale);
    }
    memset(at.out, 0, (size_t)(round_up(n, WIDE) * x->width) * sizeof(float));
    for (int64_t i = 0; i < round_up(n, WIDE); i++) {
        at.max[i] = -INFINITY;
        at.sum[i] = 0;
    }
    int64_t from = most(0, x->offset + first - x->window + 1), to = x->offset + first + n;
    for (int64_t key = from - from % KEYS; key < to; key += KEYS) {
        int64_t keys = least(KEYS, x->keys - key);
        strips_from_rows(at.k, KEYS, k + key * x->k.time, x->k.time, keys, x->width);
        int finite = strips_from_rows_checked(at.v, KEYS, v + key * x->v.time, x->v.time, keys,
                                              x->width);
        for (int64_t i = 0; i < n; i += WIDE) {
            attend(x, &at, i / WIDE, first + i, least(WIDE, n - i), key, pair * x->queries, finite);
        }
    }
    for (int64_t i = 0; i < n; i += WIDE) {
        float *max = at.max + i, inverse[WIDE], logs[WIDE];
        int64_t lanes = least(WIDE, n - i);
        for (int l = 0; l < WIDE; l += LANES) {
            vfloat sum = vload(at.sum + i + l);
            vstore(inverse + l, 1.0f / sum);
            vstore(logs + l, vlog(sum));
        }
        rows_from_strip(out + i * x->out.time, x->out.time, at.out + i * x->width, lanes, x->width,
                        inverse);
        float *lse = job->lse + 2 * (pair * x->queries + first + i);
        for (int64_t l = 0; l < lanes; l++) {
            lse[2 * l] = max[l];
            lse[2 * l + 1] = logs[l];
        }
    }
}

void attention_forward(float *out, float *lse, const float *q, const float *k, const float *v,
                       const struct attention_size *size) {
    struct forward job = {attention_of(size), out, lse, q, k, v, 0, NULL, 0};
    job.spans = ceil_div(job.x.queries, SPAN);
    job.floats = round_up(desk_floats(&job.x), 64);
    job.memory = scratch_memory((size_t)(parallel_threads() * job.floats) * sizeof(float));
    const int64_t tasks = job.spans * job.x.batch * job.x.heads;
    const int64_t work = job.x.batch * job.x.heads * job.x.queries * job.x.keys * job.x.width;
    if (work <= SHARED_PAIRS) parallel_alone(tasks, forward_task, &job);
    else parallel_for(tasks, forward_task, &job);
}
