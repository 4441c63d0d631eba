/*
 * The gradients of causal attention. The weights are made again, block by block, from queries, keys and
 * the saved logarithm of each query's sum (Dao et al. 2022): with p the weights, g = dout v' and
 * delta = sum of dout * out over a head,
 *
 *     dv = p' dout,   ds = p (g - delta),   dq = scale ds k,   dk = scale ds' q.
 *
 * A task has the keys of one head, or a part of them where there are few heads: then each part has a
 * dq of its own, which are added up in order at the end.
 */
#include "attention.h"

#include "parallel.h"

/* With fewer pairs of batch item and head than this, keys are cut into parts of at least PART_KEYS. */
#define MANY_PAIRS 16
#define PART_KEYS 256
#define MOST_PARTS 8

struct backward {
    struct attention x;
    float *dq, *dk, *dv;
    const float *dout, *q, *k, *v, *out, *lse;
    int64_t parts;
    float *partial; /* (parts, B, H, Tq, width): each part's dq; NULL with one part */
    float *memory;
    int64_t floats;
};

/*
 * A task's memory. Of each block of queries: queries and dout, as they are in strips and transposed,
 * the transposed dq, and maxima, logarithms and deltas. Of the block of keys: keys, values and their
 * gradients in strips, scores, and what becomes of g.
 */
struct desk {
    float *q_rows, *dout_rows, *q, *dout, *dq, *max, *log, *delta;
    float *k, *v, *dk, *dv, *s, *g, *factor;
};

static int64_t desk_floats(const struct attention *x) {
    return 2 * strip_floats(x, SPAN) + 3 * SPAN * x->width + 3 * SPAN + 4 * strip_floats(x, KEYS) +
           KEYS * (2 * WIDE + LANES);
}

static struct desk desk_at(const struct attention *x, float *memory) {
    struct desk d;
    float **const parts[] = {&d.q_rows, &d.dout_rows, &d.q,  &d.dout, &d.dq, &d.max, &d.log, &d.delta,
                             &d.k,      &d.v,         &d.dk, &d.dv,   &d.s,  &d.g,   &d.factor};
    int64_t rows = strip_floats(x, SPAN), turned = SPAN * x->width, keys = strip_floats(x, KEYS);
    const int64_t floats[] = {rows, rows, turned, turned, turned, SPAN,        SPAN,        SPAN,
                              keys, keys, keys,   keys,   KEYS * WIDE, KEYS * WIDE, KEYS * LANES};
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++) {
        *parts[i] = memory;
        memory += floats[i];
    }
    return d;
}

/* One vector's scores and g become weights (dropped ones 0) and ds. */
static void slopes(const struct attention *x, const struct view *w, const struct desk *at,
                   const struct range *r, int64_t block) {
    int64_t lane = r->lane, l = block * WIDE + lane;
    vfloat max = vload(at->max + l), log = vload(at->log + l), delta = vload(at->delta + l);
    for (int64_t j = r->from; j < r->to; j++) {
        float *s = at->s + j * WIDE + lane, *g = at->g + j * WIDE + lane;
        vfloat score = vload(s), dp = vload(g), bend = vset(1);
        if (x->softcap != 0) {
            vfloat t = attention_cap(x, score);
            score = x->softcap * t;
            bend = 1.0f - t * t;
        }
        vfloat p = vexp((score - max) - log);
        vfloat kept = p;
        if (x->threshold != 0) {
            vfloat factor = vload(at->factor + j * LANES);
            kept = p * factor;
            dp *= factor;
        }
        vfloat ds = p * (dp - delta) * bend;
        if (is_masked(r, j)) {
            vint seen = lanes_that_see(w, lane, j);
            kept = vselect(seen, kept, vset(0));
            ds = vselect(seen, ds, vset(0));
        }
        vstore(s, kept);
        vstore(g, ds);
    }
}

/* Zeroes rows [from, to) of one vector's column. */
static void clear_lanes(float *s, int64_t from, int64_t to) {
    for (int64_t j = from; j < to; j++) vstore(s + j * WIDE, vset(0));
}

/* acc (keys, width) += weights (keys, queries) rows (queries, width), for keys [from, to). */
static void add_to_keys(const struct attention *x, const struct view *w, float *acc,
                        const float *weights, const float *rows, int64_t from, int64_t to) {
    /* Where there is a mask, few keys at a time, each with those queries alone that see any of them. */
    int64_t step = w->whole ? KEYS : LANES;
    for (int64_t j = from; j < to; j += step) {
        int64_t n = least(step, to - j);
        int64_t first = most(0, j - w->first);
        int64_t last = least(w->lanes, j + n - 1 - w->first + w->window);
        for (int64_t d = 0; d < x->width; d += WIDE) {
            strip_product(BY_ROWS, n, last - first, weights + j * WIDE + first, WIDE * KEYS,
                          rows + d * WIDE + first * WIDE, acc + d * KEYS + j * WIDE,
                          least(WIDE, round_up(x->width - d, LANES)));
        }
    }
}

/* One block of queries at one block of keys. `row`: of query 0's weights. */
static void attend_back(const struct backward *job, const struct desk *at, int64_t block,
                        int64_t query, int64_t lanes, int64_t key, int64_t row) {
    const struct attention *x = &job->x;
    struct view w = view_of(x, query, lanes, key);
    int64_t columns = lanes_at_once(&w), turned = block * x->width * WIDE;
    int64_t begin = seen_from(&w, 0), end = seen_to(&w, lanes - 1);
    if (begin >= end) return;
    for (int64_t c = 0; c < lanes; c += columns) {
        int64_t from = seen_from(&w, c), to = seen_to(&w, least(c + columns, lanes) - 1);
        if (from > to) from = to;
        float *s = at->s + from * WIDE + c, *g = at->g + from * WIDE + c;
        strip_product_fresh(BY_ROWS, to - from, x->width, at->k + from * WIDE, KEYS * WIDE,
                            at->q + turned + c, s, columns);
        strip_product_fresh(BY_ROWS, to - from, x->width, at->v + from * WIDE, KEYS * WIDE,
                            at->dout + turned + c, g, columns);
        for (int64_t l = c; l < c + columns; l += LANES) {
            if (x->threshold != 0 && from < to) {
                dropout_factors(x, at->factor, row + query + l, least(LANES, lanes - l), key, from,
                                to);
            }
            struct range r = range_of(&w, l, from, to);
            slopes(x, &w, at, &r, block);
            for (int half = 0; half < 2; half++) {
                clear_lanes((half ? at->g : at->s) + l, begin, from);
                clear_lanes((half ? at->g : at->s) + l, to, end);
            }
        }
        if (!job->dq) continue;
        for (int64_t d = 0; d < x->width; d += WIDE) {
            strip_product(BY_COLUMNS, least(WIDE, x->width - d), to - from,
                          at->k + d * KEYS + from * WIDE, 0, g, at->dq + turned + d * WIDE + c,
                          columns);
        }
    }
    int64_t rows = block * strip_floats(x, WIDE);
    if (job->dv) add_to_keys(x, &w, at->dv, at->s, at->dout_rows + rows, begin, end);
    if (job->dk) add_to_keys(x, &w, at->dk, at->g, at->q_rows + rows, begin, end);
}

static float dot(const float *a, const float *b, int64_t n) {
    vfloat sum = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) sum += vload(a + i) * vload(b + i);
    if (i < n) sum += vload_part(a + i, n - i, 0) * vload_part(b + i, n - i, 0);
    return vsum(sum);
}

/* Queries `first` to first + n of a head, laid out. */
static void lay_out(const struct backward *job, const struct desk *at, int64_t b, int64_t h,
                    int64_t first, int64_t n) {
    const struct attention *x = &job->x;
    const float *q = job->q + b * x->q.batch + h * x->q.head + first * x->q.time;
    int64_t start = b * x->out.batch + h * x->out.head + first * x->out.time;
    const float *dout = job->dout + start, *out = job->out + start;
    const float *lse = job->lse + 2 * ((b * x->heads + h) * x->queries + first);
    for (int64_t i = 0; i < n; i += WIDE) {
        int64_t lanes = least(WIDE, n - i), rows = i * x->strips * WIDE;
        const float *q_block = q + i * x->q.time, *dout_block = dout + i * x->out.time;
        strip_from_rows(at->q + i * x->width, q_block, x->q.time, lanes, x->width, x->scale);
        strip_from_rows(at->dout + i * x->width, dout_block, x->out.time, lanes, x->width, 1);
        strips_from_rows(at->q_rows + rows, WIDE, q_block, x->q.time, lanes, x->width);
        strips_from_rows(at->dout_rows + rows, WIDE, dout_block, x->out.time, lanes, x->width);
    }
    for (int64_t i = 0; i < round_up(n, WIDE); i++) {
        at->max[i] = i < n ? lse[2 * i] : 0;
        at->log[i] = i < n ? lse[2 * i + 1] : 0;
        at->delta[i] =
            i < n ? dot(dout + i * x->out.time, out + i * x->out.time, x->width) : 0;
    }
    memset(at->dq, 0, (size_t)(round_up(n, WIDE) * x->width) * sizeof(float));
}

/* All of a task's keys at one span of a head's queries. */
static void backward_span(const struct backward *job, const struct desk *at, int64_t b, int64_t h,
                          int64_t first, int64_t n, int64_t begin, int64_t end) {
    const struct attention *x = &job->x;
    int64_t kv = h / (x->heads / x->kv_heads);
    int64_t k_start = b * x->k.batch + kv * x->k.head, v_start = b * x->v.batch + kv * x->v.head;
    int64_t seen = most(0, x->offset + first - x->window + 1);
    begin = most(begin, seen - seen % KEYS);
    end = least(end, x->offset + first + n);
    if (begin < end) lay_out(job, at, b, h, first, n);
    for (int64_t key = begin; key < end; key += KEYS) {
        int64_t keys = least(KEYS, x->keys - key);
        int64_t k = k_start + key * x->k.time, v = v_start + key * x->v.time;
        strips_from_rows(at->k, KEYS, job->k + k, x->k.time, keys, x->width);
        strips_from_rows(at->v, KEYS, job->v + v, x->v.time, keys, x->width);
        for (int64_t strip = 0; strip < x->strips; strip++) {
            memset(at->dk + strip * KEYS * WIDE, 0, (size_t)(keys * WIDE) * sizeof(float));
            memset(at->dv + strip * KEYS * WIDE, 0, (size_t)(keys * WIDE) * sizeof(float));
        }
        for (int64_t i = 0; i < n; i += WIDE) {
            attend_back(job, at, i / WIDE, first + i, least(WIDE, n - i), key,
                        (b * x->heads + h) * x->queries);
        }
        /* The first to see a key's block is the head's first span that reaches it. */
        int add = h % (x->heads / x->kv_heads) != 0 || (first > 0 && x->offset + first > key);
        if (job->dk) {
            rows_from_strips(job->dk + k, x->k.time, at->dk, KEYS, keys, x->width, x->scale, add);
        }
        if (job->dv) {
            rows_from_strips(job->dv + v, x->v.time, at->dv, KEYS, keys, x->width, 1, add);
        }
    }
}

static void zero_rows(float *to, int64_t ld, int64_t n, int64_t width) {
    for (int64_t i = 0; i < n; i++) memset(to + i * ld, 0, (size_t)width * sizeof(float));
}

static void backward_task(void *context, int64_t task, int thread) {
    const struct backward *job = context;
    const struct attention *x = &job->x;
    int64_t pairs = x->batch * x->kv_heads, part = task / pairs;
    int64_t b = task % pairs / x->kv_heads, kv = task % x->kv_heads, group = x->heads / x->kv_heads;
    int64_t blocks = ceil_div(x->keys, KEYS);
    int64_t begin = blocks * part / job->parts * KEYS;
    int64_t end = least(x->keys, blocks * (part + 1) / job->parts * KEYS);
    struct desk at = desk_at(x, job->memory + thread * job->floats);
    int64_t k = b * x->k.batch + kv * x->k.head + begin * x->k.time;
    int64_t v = b * x->v.batch + kv * x->v.head + begin * x->v.time;
    /* Keys before the first query's window are never met. */
    int64_t seen = most(0, x->offset - x->window + 1), unseen = least(end, seen - seen % KEYS) - begin;
    if (job->dk) zero_rows(job->dk + k, x->k.time, unseen, x->width);
    if (job->dv) zero_rows(job->dv + v, x->v.time, unseen, x->width);
    float scale[WIDE];
    for (int l = 0; l < WIDE; l++) scale[l] = x->scale;
    for (int64_t h = kv * group; h < (kv + 1) * group; h++) {
        for (int64_t first = 0; first < x->queries; first += SPAN) {
            int64_t n = least(SPAN, x->queries - first);
            float *dq = NULL;
            int64_t ld = x->width;
            if (job->partial) {
                int64_t row = ((part * x->batch + b) * x->heads + h) * x->queries + first;
                dq = job->partial + row * x->width;
            } else if (job->dq) {
                dq = job->dq + b * x->q.batch + h * x->q.head + first * x->q.time;
                ld = x->q.time;
            }
            if (x->offset + first + n <= begin || x->offset + first - x->window + 1 >= end) {
                if (dq) zero_rows(dq, ld, n, x->width);
                continue;
            }
            backward_span(job, &at, b, h, first, n, begin, end);
            for (int64_t i = 0; dq && i < n; i += WIDE) {
                rows_from_strip(dq + i * ld, ld, at.dq + i * x->width, least(WIDE, n - i), x->width,
                                scale);
            }
        }
    }
}

/* Rows begin to end of (B, H, Tq): the parts' dq, in order. */
static void add_parts(void *context, int64_t begin, int64_t end, int thread) {
    const struct backward *job = context;
    const struct attention *x = &job->x;
    int64_t all = x->batch * x->heads * x->queries * x->width;
    (void)thread;
    for (int64_t row = begin; row < end; row++) {
        int64_t i = row % x->queries, h = row / x->queries % x->heads;
        int64_t b = row / x->queries / x->heads;
        float *dq = job->dq + b * x->q.batch + h * x->q.head + i * x->q.time;
        const float *from = job->partial + row * x->width;
        for (int64_t d = 0; d < x->width; d++) {
            float sum = from[d];
            for (int64_t part = 1; part < job->parts; part++) sum += from[part * all + d];
            dq[d] = sum;
        }
    }
}

void attention_backward(float *dq, float *dk, float *dv, const float *dout, const float *q,
                        const float *k, const float *v, const float *out, const float *lse,
                        const struct attention_size *size) {
    struct backward job = {.x = attention_of(size), .dq = dq, .dk = dk, .dv = dv, .dout = dout,
                           .q = q, .k = k, .v = v, .out = out, .lse = lse, .parts = 1};
    const struct attention *x = &job.x;
    int64_t pairs = x->batch * x->kv_heads, rows = x->batch * x->heads * x->queries;
    if (pairs < MANY_PAIRS) {
        job.parts = most(1, least(ceil_div(MANY_PAIRS, pairs), x->keys / PART_KEYS));
        job.parts = least(job.parts, MOST_PARTS);
    }
    job.floats = round_up(desk_floats(x), 64);
    int64_t desks = parallel_threads() * job.floats;
    int64_t partial = dq && job.parts > 1 ? job.parts * rows * x->width : 0;
    job.memory = scratch_memory((size_t)(desks + partial) * sizeof(float));
    if (partial > 0) job.partial = job.memory + desks;
    parallel_for(job.parts * pairs, backward_task, &job);
    if (partial > 0) parallel_ranges(rows, most(1, GRAIN / (x->width * job.parts)), add_parts, &job);
}
