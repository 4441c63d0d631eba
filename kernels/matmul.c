/*
 * The matrix product (see matmul.h): how a product is cut into blocks that fit the caches, who
 * packs what, and who computes which block. One block is matmul-block.h, its innermost loops
 * matmul-micro.h.
 *
 * Five ways:
 * - few: some rows times a matrix as it lies, without packing (matmul-few.h);
 * - alone: one thread, everything packed as it goes (small products, items of a batch);
 * - apart: each thread packs the smaller operand, and has a share of the other (matmul-apart.h);
 * - together: blocks of the result are tasks. What several of them need is packed first, once for
 *   all; what only one needs, it packs for itself, so that a wide matrix is read from memory once,
 *   panel by panel, between the computations;
 * - deep: few results, a long sum. Parts of the sum are tasks, added up in their order.
 *
 * Every cut along a sum depends on the shapes alone, never on the number of threads, so that the sums, and with
 * them the result's bits, are the same on any number. Where rows and columns are cut (the latter between vectors)
 * makes no difference to them.
 */
#include "matmul.h"

#include <string.h>

#include "matmul-apart.h"
#include "matmul-block.h"
#include "matmul-few.h"
#include "parallel.h"

/* The most depth of a block. A packed panel of b streams from the second-level cache; that of a
   (TILE_ROWS wide, 28 KiB) stays in the first. Measured: 512 is 5 to 10 % faster than 256. */
#define BLOCK_DEPTH 512
/* Panels of `a` that one task packs for itself: with BLOCK_DEPTH, a third of a 1 MiB cache. */
#define BLOCK_PANELS 12
/* Up to this many multiplications waking other threads costs more than they bring. */
#define SERIAL_WORK (INT64_C(1) << 19)
/* Rows that a task should have at least to be worth reading all of b for, and tasks that a thread should have. */
#define TASK_ROWS 64
#define TASKS_EACH 2
/* Multiplications that one task should have: some tens of microseconds. */
#define TASK_WORK (INT64_C(1) << 22)
/* Floats of `a` that are packed once for all tasks. */
#define SHARED_A (INT64_C(1) << 18)
/* Floats of `b` packed at a time for all tasks: a part of the last-level cache. */
#define SHARED_B (INT64_C(1) << 20)
/* A product with few results and a deep sum is cut along the sum, into this many parts at most. */
#define DEEP_PARTS 16
#define DEEP_RESULTS (INT64_C(1) << 16)
#define DEEP_DEPTH 4096

/* The depth of the blocks of a sum over k: as even as can be. */
static int64_t block_depth(int64_t k) {
    return least(k, round_up(ceil_div(k, ceil_div(k, BLOCK_DEPTH)), LANES));
}

/* Everything at once, on the thread that is here. */
static void compute_alone(const struct product *x) {
    int64_t depth = block_depth(x->k), panels = panel_count(x->m);
    int64_t block_rows = least(x->m, BLOCK_PANELS * TILE_ROWS);
    struct block y = {.last_column = x->n};
    y.own = scratch_floats(SCRATCH_OWN, own_floats(block_rows, depth));
    for (y.first_p = 0; y.first_p < x->k; y.first_p = y.last_p) {
        y.last_p = least(x->k, y.first_p + depth);
        y.first = y.first_p == 0;
        if (panels <= BLOCK_PANELS && y.last_p < x->k) {
            y.next_rows = x->m;
            y.next_p = y.last_p;
        } else {
            y.next_rows = 0;
        }
        for (y.first_panel = 0; y.first_panel < panels; y.first_panel = y.last_panel) {
            y.last_panel = least(panels, y.first_panel + BLOCK_PANELS);
            compute_block(x, &y);
        }
    }
}

/* ── Many threads ── */

/* A product, or the columns and the range of p that are in hand, cut into tasks. */
struct job {
    struct product x;
    float *packed_a, *packed_b; /* shared by all tasks; NULL: each packs what it needs */
    int64_t first_column, last_column, first_p, last_p;
    int64_t task_panels, task_columns; /* a task's share */
    int64_t task_rows;                 /* in place of panels, where it packs a itself */
    int64_t row_tasks, column_tasks;
    int64_t panels; /* of a, all */
    int64_t depth;  /* of a block */
};

static void pack_a_task(void *context, int64_t r, int thread) {
    (void)thread;
    const struct job *j = context;
    const struct product *x = &j->x;
    int64_t row = panel_at(x->m, r).row, rows = panel_at(x->m, r).rows;
    for (int64_t p = j->first_p; p < j->last_p; p += j->depth) {
        int64_t depth = least(j->depth, j->last_p - p);
        pack_a(x, j->packed_a + x->m * (p - j->first_p) + row * depth, row, rows, p, depth);
    }
}

/* Panels of b that are packed by one task. */
#define PANELS_OF_B 8

static void pack_b_task(void *context, int64_t task, int thread) {
    (void)thread;
    const struct job *j = context;
    int64_t first = j->first_column + task * PANELS_OF_B * TILE_COLUMNS;
    int64_t last = least(j->last_column, first + PANELS_OF_B * TILE_COLUMNS);
    int64_t width = round_up(j->last_column - j->first_column, TILE_COLUMNS);
    for (int64_t p = j->first_p; p < j->last_p; p += j->depth) {
        int64_t depth = least(j->depth, j->last_p - p);
        float *to = j->packed_b + width * (p - j->first_p) + (first - j->first_column) * depth;
        pack_panels_of_b(&j->x, to, first, last, p, depth);
    }
}

static void pack_task(void *context, int64_t task, int thread) {
    const struct job *j = context;
    int64_t panels = j->packed_a ? j->panels : 0;
    if (task < panels) pack_a_task(context, task, thread);
    else pack_b_task(context, task - panels, thread);
}

/* The block of the result that a task has, of `x`: the product, or the task's own rows of it. */
static struct block block_of(const struct job *j, int64_t task, struct product *x) {
    int64_t row_task = task / j->column_tasks;
    struct block y = {.first_column = j->first_column + task % j->column_tasks * j->task_columns};
    y.last_column = least(j->last_column, y.first_column + j->task_columns);
    if (j->packed_a) {
        y.first_panel = row_task * j->task_panels;
        y.last_panel = least(j->panels, y.first_panel + j->task_panels);
        return y;
    }
    int64_t first = row_task * j->task_rows, left = x->m - first;
    x->a += first * (x->trans_a ? 1 : x->lda);
    x->out += first * x->ldo;
    x->m = least(left, j->task_rows);
    y.last_panel = panel_count(x->m);
    y.next_row = x->m;
    y.next_rows = least(left - x->m, j->task_rows);
    y.next_p = j->first_p;
    return y;
}

static void compute_task(void *context, int64_t task, int thread) {
    (void)thread;
    const struct job *j = context;
    struct product x = j->x;
    struct block y = block_of(j, task, &x);
    int64_t width = round_up(j->last_column - j->first_column, TILE_COLUMNS);
    int64_t top = panel_begin(x.m, y.first_panel);
    y.own = scratch_floats(SCRATCH_OWN, own_floats(j->packed_a ? 0 : x.m, j->depth));
    for (int64_t p = j->first_p; p < j->last_p; p += j->depth) {
        int64_t depth = least(j->depth, j->last_p - p);
        y.first_p = p;
        y.last_p = p + depth;
        y.first = p == 0;
        if (j->packed_a) y.packed_a = j->packed_a + x.m * (p - j->first_p) + top * depth;
        if (j->packed_b) {
            y.packed_b = j->packed_b + width * (p - j->first_p) +
                         (y.first_column - j->first_column) * depth;
        }
        compute_block(&x, &y);
    }
}

/* Decides who packs what and how large the tasks are; then, piece by piece, packs and computes. */
static void compute_together(const struct product *x) {
    struct job j = {.x = *x, .panels = panel_count(x->m), .depth = block_depth(x->k)};
    int share_a = x->m * x->k <= SHARED_A;
    int share_b = !share_a || x->n < 16 * TILE_COLUMNS;
    int64_t columns = x->n, depth = x->k;
    if (share_b) { /* at a time: all columns if they fit, and as much depth as fits then */
        columns = least(round_up(x->n, TILE_COLUMNS), SHARED_B / BLOCK_DEPTH);
        depth = most(1, SHARED_B / columns / j.depth) * j.depth;
    }
    j.row_tasks = 1;
    if (share_a && share_b) {
        j.task_panels = ceil_div(j.panels, most(1, j.panels / 4));
        j.task_columns = TILE_COLUMNS;
        j.row_tasks = ceil_div(j.panels, j.task_panels);
    } else if (share_a) {
        j.task_panels = j.panels;
        j.task_columns = round_up(most(1, TASK_WORK / (x->m * x->k)), TILE_COLUMNS);
    } else {
        /* Each task packs its rows: the wider it is the better, if there are enough of them, and no thread is
           left with more than the others. */
        int64_t threads = parallel_threads();
        int64_t blocks = ceil_div(j.panels, BLOCK_PANELS), even = round_up(blocks, threads);
        j.row_tasks = x->m / even >= TASK_ROWS ? even : blocks;
        j.task_rows = ceil_div(x->m, j.row_tasks);
        j.row_tasks = ceil_div(x->m, j.task_rows);
        int64_t wide = ceil_div(columns, ceil_div(TASKS_EACH * threads, j.row_tasks));
        j.task_columns = most(256, round_up(wide, TILE_COLUMNS));
    }
    int64_t floats_a = share_a ? round_up(x->m * least(depth, x->k) + LANES, 64) : 0;
    int64_t floats_b = share_b ? columns * least(depth, x->k) : 0;
    float *shared = scratch_floats(SCRATCH_SHARED, floats_a + floats_b);
    if (share_a) j.packed_a = shared;
    if (share_b) j.packed_b = shared + floats_a;
    for (j.first_column = 0; j.first_column < x->n; j.first_column += columns) {
        j.last_column = least(x->n, j.first_column + columns);
        j.column_tasks = ceil_div(j.last_column - j.first_column, j.task_columns);
        for (j.first_p = 0; j.first_p < x->k; j.first_p += depth) {
            j.last_p = least(x->k, j.first_p + depth);
            int64_t wide = PANELS_OF_B * TILE_COLUMNS;
            int64_t tasks_b = share_b ? ceil_div(j.last_column - j.first_column, wide) : 0;
            parallel_for((share_a ? j.panels : 0) + tasks_b, pack_task, &j);
            parallel_for(j.row_tasks * j.column_tasks, compute_task, &j);
        }
    }
}

/* ── Few results, a deep sum ── */

struct deep_job {
    const struct product *x;
    float *sums; /* parts × m × n */
    int64_t parts;
};

static void deep_task(void *context, int64_t part, int thread) {
    (void)thread;
    const struct deep_job *d = context;
    struct product x = *d->x;
    int64_t begin = x.k * part / d->parts, end = x.k * (part + 1) / d->parts;
    x.a += begin * (x.trans_a ? x.lda : 1);
    x.b += begin * (x.trans_b ? 1 : x.ldb);
    x.k = end - begin;
    x.out = d->sums + part * x.m * x.n;
    x.ldo = x.n;
    x.bias = NULL;
    x.accumulate = 0;
    compute_alone(&x);
}

static void deep_sum_task(void *context, int64_t first, int64_t last, int thread) {
    (void)thread;
    const struct deep_job *d = context;
    const struct product *x = d->x;
    int64_t n = x->n, size = x->m * n;
    for (int64_t i = first; i < last; i++) {
        float *out = x->out + i * x->ldo, *sum = d->sums + i * n;
        for (int64_t part = 1; part < d->parts; part++) {
            const float *more = d->sums + part * size + i * n;
            for (int64_t j = 0; j < n; j++) sum[j] += more[j];
        }
        if (x->bias) for (int64_t j = 0; j < n; j++) sum[j] += x->bias[j];
        if (x->accumulate) for (int64_t j = 0; j < n; j++) sum[j] += out[j];
        copy_floats(out, sum, n);
    }
}

static void compute_deep(const struct product *x) {
    struct deep_job d = {.x = x, .parts = least(DEEP_PARTS, x->k / (DEEP_DEPTH / 4))};
    d.sums = scratch_floats(SCRATCH_SHARED, d.parts * x->m * x->n);
    parallel_for(d.parts, deep_task, &d);
    parallel_ranges(x->m, most(1, 4096 / x->n), deep_sum_task, &d);
}

/* ── The whole ── */

/* k = 0: an empty sum. */
static void fill_empty(const struct product *x) {
    for (int64_t i = 0; i < x->m; i++) {
        float *out = x->out + i * x->ldo;
        for (int64_t j = 0; j < x->n; j++) {
            out[j] = (x->accumulate ? out[j] : 0) + (x->bias ? x->bias[j] : 0);
        }
    }
}

static int64_t work_of(const struct product *x) { return x->m * x->n * x->k; }

static void compute(const struct product *x) {
    if (x->k == 0) fill_empty(x);
    else if (blas_product(x)) return;
    else if (is_few(x)) compute_few(x);
    else if (work_of(x) <= SERIAL_WORK) compute_alone(x);
    else if (x->m * x->n <= DEEP_RESULTS && x->k >= DEEP_DEPTH) compute_deep(x);
    /* One thread has nothing to share out, and packs b once where a has few rows. */
    else if (parallel_threads() == 1 && panel_count(x->m) <= BLOCK_PANELS) compute_alone(x);
    else if (!compute_apart(x, block_depth(x->k))) compute_together(x);
}

struct batch_job {
    struct product first;
    int64_t stride_a, stride_b, stride_out;
};

static struct product batch_item(const struct batch_job *b, int64_t i) {
    struct product x = b->first;
    x.a += i * b->stride_a;
    x.b += i * b->stride_b;
    x.out += i * b->stride_out;
    return x;
}

static void batch_range(void *context, int64_t begin, int64_t end, int thread) {
    (void)thread;
    for (int64_t i = begin; i < end; i++) {
        struct product x = batch_item(context, i);
        compute_alone(&x);
    }
}

void matmul(float *out, const float *a, const float *b, const float *bias, int64_t m, int64_t n,
            int64_t k, int64_t lda, int64_t ldb, int64_t ldo, bool trans_a, bool trans_b,
            float alpha, bool accumulate, int64_t batch, int64_t stride_a, int64_t stride_b, int64_t stride_out) {
    if (m <= 0 || n <= 0 || batch <= 0) return;
    if (k < 0) k = 0;
    struct product first = {out, a,   b,   bias,    m,       n,          k,
                            lda, ldb, ldo, trans_a, trans_b, accumulate, alpha};
    struct batch_job all = {first, stride_a, stride_b, stride_out};
    if (batch > 1 && stride_b == 0 && !trans_a && stride_a == m * lda && stride_out == m * ldo) {
        all.first.m *= batch; /* the items' rows lie one after the other: one taller product */
        batch = 1;
    }
    int64_t work = work_of(&all.first);
    int own = batch > 1 && k > 0 && strcmp(matmul_engine(), "nanogpt") == 0;
    if (own && work <= 4 * SERIAL_WORK) {
        int64_t grain = most(1, SERIAL_WORK / 4 / most(1, work));
        parallel_ranges(batch, work * batch <= SERIAL_WORK ? batch : grain, batch_range, &all);
        return;
    }
    for (int64_t i = 0; i < batch; i++) {
        struct product x = batch_item(&all, i);
        compute(&x);
    }
}
