/*
 * What the forward and the backward of attention share: sizes, what a block of queries sees of a block
 * of keys, and which weights are dropped.
 *
 * Queries are taken WIDE at a time and stand side by side in vectors, one to a lane; keys are taken
 * KEYS at a time. The scores of such a pair of blocks, keys down and queries across, stay in the
 * first-level cache: maxima and sums over keys go lane by lane, and no score is ever written to memory.
 */
#ifndef NANOGPT_ATTENTION_H
#define NANOGPT_ATTENTION_H

#include "kernels.h"
#include "philox.h"
#include "strip.h"
#include "vector-math.h"

#define KEYS 64
/* Numbers of a head times pairs of a query and a key from which on heads are worth sharing out: some microseconds. */
#define SHARED_PAIRS (INT64_C(1) << 14)
/* Queries that one task keeps at hand: keys are laid out once for all of them. */
#define SPAN 256

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
static inline int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

/* How far apart the batch's items, the positions and the heads of a tensor lie. */
struct steps {
    int64_t batch, time, head;
};

/* `struct attention_size` in whole numbers. */
struct attention {
    int64_t batch, heads, kv_heads, queries, keys, width, window;
    int64_t offset;                 /* the first query's position among the keys */
    int64_t strips;                 /* that a head is cut into */
    float scale, softcap;           /* softcap 0: none */
    int32_t threshold;              /* for `word >> 8`: below it, a weight is dropped */
    float kept;                     /* what a weight that is not dropped is multiplied by */
    struct key key;
    struct steps q, k, v, out;
};

struct attention attention_of(const struct attention_size *size);

/* Floats of `rows` rows of a head in strips. */
static inline int64_t strip_floats(const struct attention *x, int64_t rows) {
    return x->strips * rows * WIDE;
}

/* What a block of queries sees of a block of keys. */
struct view {
    int64_t first; /* the position of lane 0, counted from the block's first key */
    int64_t lanes; /* queries in the block */
    int64_t keys;  /* keys in the block */
    int64_t window;
    int whole; /* every query sees every key */
};

struct view view_of(const struct attention *x, int64_t query, int64_t lanes, int64_t key);

/* The keys that lanes from `lane` on see begin here; those up to `lane` see end here. */
static inline int64_t seen_from(const struct view *w, int64_t lane) {
    return least(w->keys, most(0, w->first + lane - w->window + 1));
}
static inline int64_t seen_to(const struct view *w, int64_t lane) {
    return least(w->keys, most(0, w->first + lane + 1));
}

/* Lanes that are worked on at once: all where nothing is masked, else one vector, for each of which
   the keys that none of its lanes sees are left out. */
static inline int64_t lanes_at_once(const struct view *w) {
    return w->whole ? round_up(w->lanes, LANES) : LANES;
}

/* The keys [from, to) that one vector's lanes have to do with, and [all_from, all_to), which each sees. */
struct range {
    int64_t lane, from, to, all_from, all_to;
};

static inline struct range range_of(const struct view *w, int64_t lane, int64_t from, int64_t to) {
    return (struct range){lane, from, to, seen_from(w, lane + LANES - 1), seen_to(w, lane)};
}

static inline int is_masked(const struct range *r, int64_t j) {
    return j < r->all_from || j >= r->all_to;
}

/* Which lanes from `lane` on see key j of the block. */
INLINE vint lanes_that_see(const struct view *w, int64_t lane, int64_t j) {
    vint position = (vint)LANE_NUMBERS + (int32_t)(w->first + lane - j); /* less the key's */
    return (position >= 0) & (position < (int32_t)w->window);
}

/*
 * For `lanes` <= LANES rows of the weights from number `row` of (B, H, Tq) on, keys [from, to) from
 * `key` on: factor[j * LANES + lane] is 0 where the weight is dropped. Rounds outwards within [0, KEYS).
 */
void dropout_factors(const struct attention *x, float *factor, int64_t row, int64_t lanes,
                     int64_t key, int64_t from, int64_t to);

/* tanh(s / softcap): the score that counts is softcap times that. */
INLINE vfloat attention_cap(const struct attention *x, vfloat s) { return vtanh(s / x->softcap); }

#endif
