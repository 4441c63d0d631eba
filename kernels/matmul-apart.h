/*
 * Products of which one operand fits beside a thread's other work in its second-level cache: each thread
 * packs that operand for itself, once, and goes through its share of the other. The threads have nothing to
 * wait for and read nothing that another has written; packing once more costs less. So it does for a wide result
 * whose a does not fit: each thread then packs a block's depth of a after the other.
 * Included by matmul.c alone.
 */
#ifndef NANOGPT_MATMUL_APART_H
#define NANOGPT_MATMUL_APART_H

#include <stdatomic.h>

#include "matmul-block.h"
#include "parallel.h"

/* Floats of the operand that each thread packs whole: half of a 1 MiB cache. */
#define APART_WHOLE (INT64_C(1) << 17)
/* Rows (or columns) that a thread should have at least for each time that it packs the other operand whole. */
#define APART_SHARE 32
/* Multiplications from which a share is worth a task: some microseconds. */
#define APART_WORK (INT64_C(1) << 18)
/* Numbers of the result, and of the other operand, up to which all that is going on stays in caches: beyond, it
   is better to go through memory in smaller pieces. */
#define APART_MOST (INT64_C(1) << 21)
/* Of a wide result: numbers of a from which on all that is faster than packing a once for all threads, floats of a
   block of it (read in order, it need not fit that cache), and columns that a thread should have. */
#define APART_A (INT64_C(1) << 18)
#define APART_BLOCK (INT64_C(1) << 19)
#define APART_WIDE 256
/* Tasks to a thread, so that there is something to take over from one that is held up. */
#define APART_TASKS 8
/* Panels of a transposed a that are packed at a time. */
#define APART_PANELS 12

struct apart_job {
    struct product x;
    uint64_t number;  /* tells the job from others */
    int by_rows;      /* tasks are rows, b is packed whole; else columns, and a */
    int64_t share;    /* rows or columns of a task */
    int64_t depth;    /* of a block */
    int64_t pass;     /* how much depth of a is packed at a time: that of a block, or all */
    int64_t first_p, last_p; /* the range of p in hand */
    int64_t b_floats; /* of b packed whole, or of a panel of it */
};

static _Atomic uint64_t apart_jobs;
/* The job for which this thread has packed its operand. */
static _Thread_local uint64_t apart_packed;

/* Rows from `first` to `last` of the result: b lies packed, a is packed as it comes. */
static void apart_rows(const struct apart_job *j, int64_t first, int64_t last, float *own) {
    const struct product *x = &j->x;
    const int64_t columns = round_up(x->n, TILE_COLUMNS);
    float *b = own, *a = own + j->b_floats;
    if (apart_packed != j->number) {
        for (int64_t p = 0; p < x->k; p += j->depth) {
            pack_panels_of_b(x, b + columns * p, 0, x->n, p, least(j->depth, x->k - p));
        }
        apart_packed = j->number;
    }
    /* Panels of a that are packed at a time: one stays in the first-level cache, transposed ones are read together. */
    const int64_t together = x->trans_a ? APART_PANELS : 1;
    const int in_place = is_in_place(x);
    struct product rows = *x;
    rows.m = last - first;
    rows.a += first * (x->trans_a ? 1 : x->lda);
    rows.out += first * x->ldo;
    for (int64_t p = 0; p < x->k; p += j->depth) {
        int64_t depth = least(j->depth, x->k - p), panels = panel_count(rows.m);
        struct block y = {.last_column = x->n, .first_p = p, .last_p = p + depth, .first = p == 0};
        y.packed_b = b + columns * p;
        if (in_place && x->trans_a) {
            y.last_panel = panels;
            compute_block(&rows, &y);
            continue;
        }
        struct panel top = panel_at(rows.m, 0);
        for (struct panel r = top; r.index < panels; r = next_panel(r)) {
            if (!in_place && r.index % together == 0) {
                top = r;
                pack_panels_of_a(&rows, a, r, least(panels, r.index + together), p, depth);
            }
            if (!in_place) y.packed_a = a + (r.row - top.row) * depth;
            y.first_panel = r.index;
            y.last_panel = r.index + 1;
            compute_block(&rows, &y);
        }
    }
}

/* Columns from `first` to `last`: a lies packed, a panel of b is packed at a time. */
static void apart_columns(const struct apart_job *j, int64_t first, int64_t last, float *own) {
    const struct product *x = &j->x;
    const int64_t panels = panel_count(x->m);
    float *a = own + j->b_floats;
    if (apart_packed != j->number) {
        for (int64_t p = j->first_p; p < j->last_p; p += j->depth) {
            int64_t depth = least(j->depth, j->last_p - p);
            pack_panels_of_a(x, a + x->m * (p - j->first_p), panel_at(x->m, 0), panels, p, depth);
        }
        apart_packed = j->number;
    }
    struct block y = {.first_column = first, .last_column = last, .last_panel = panels, .own = own};
    for (y.first_p = j->first_p; y.first_p < j->last_p; y.first_p = y.last_p) {
        y.last_p = least(j->last_p, y.first_p + j->depth);
        y.first = y.first_p == 0;
        y.packed_a = a + x->m * (y.first_p - j->first_p);
        compute_block(x, &y);
    }
}

static void apart_task(void *context, int64_t task, int thread) {
    const struct apart_job *j = context;
    const struct product *x = &j->x;
    int64_t all = j->by_rows ? x->m : x->n, first = task * j->share;
    int64_t last = least(all, first + j->share);
    int64_t rows = x->trans_a ? APART_PANELS * TILE_ROWS : TILE_ROWS;
    int64_t a_floats = (j->by_rows ? rows * j->depth : x->m * j->pass) + 2 * LANES;
    float *own = scratch_floats(SCRATCH_OWN, j->b_floats + a_floats);
    (void)thread;
    if (j->by_rows) apart_rows(j, first, last, own);
    else apart_columns(j, first, last, own);
}

/* Whether a product is of that kind; if so, computes it. */
static int compute_apart(const struct product *x, int64_t depth) {
    const int64_t threads = parallel_threads();
    struct apart_job j = {.x = *x, .by_rows = x->m >= x->n, .depth = depth};
    const int64_t all = j.by_rows ? x->m : x->n, other = j.by_rows ? x->n : x->m;
    if (other * x->k <= APART_WHOLE) {
        if (all < 2 * APART_SHARE || all * x->k > APART_MOST || x->m * x->n > APART_MOST) return 0;
        j.pass = x->k;
    } else {
        if (j.by_rows || all < threads * APART_WIDE) return 0;
        if (other * x->k <= APART_A || other * depth > APART_BLOCK) return 0;
        j.pass = depth;
    }
    /* As many shares as are worth it, if there is one for each thread a multiple of them; whole panels of columns. */
    int64_t shares = least(all / APART_SHARE, least(APART_TASKS * threads, x->m * x->n * x->k / APART_WORK));
    if (shares > threads) shares -= shares % threads;
    j.share = ceil_div(all, most(1, shares));
    if (!j.by_rows) j.share = round_up(j.share, TILE_COLUMNS);
    j.b_floats = round_up(j.by_rows ? round_up(x->n, TILE_COLUMNS) * j.pass : TILE_COLUMNS * depth, 64);
    for (j.first_p = 0; j.first_p < x->k; j.first_p = j.last_p) {
        j.last_p = least(x->k, j.first_p + j.pass);
        j.number = atomic_fetch_add(&apart_jobs, 1) + 1;
        parallel_for(ceil_div(all, j.share), apart_task, &j);
    }
    return 1;
}

#endif
