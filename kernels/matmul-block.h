/*
 * One block of a matrix product, on one thread: the panels that the operands are cut into, what is
 * packed and what is read where it lies, and the tiles one after the other.
 * Included by matmul.c alone.
 */
#ifndef NANOGPT_MATMUL_BLOCK_H
#define NANOGPT_MATMUL_BLOCK_H

#include "matmul-micro.h"
#include "matmul-pack.h"
#include "matmul.h"
#include "scratch.h"

/* Numbers of an operand that is not worth packing: what fits a first-level cache. */
#define SMALL_OPERAND 8192

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
static int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

static float *scratch_floats(enum scratch piece, int64_t floats) {
    return scratch_piece(piece, (size_t)floats * sizeof(float));
}

/* ── Panels ── */

/* The rows of the result are cut into panels as even as can be, so that no tile is a thin rest. */
static int64_t panel_count(int64_t m) { return ceil_div(m, TILE_ROWS); }

struct panel {
    int64_t index, row, rows;
    int64_t base, longer; /* the first `longer` panels have base + 1 rows, the others base */
};

static struct panel panel_at(int64_t m, int64_t index) {
    int64_t count = panel_count(m), base = m / count, longer = m - base * count;
    int64_t row = index * base + least(index, longer);
    return (struct panel){index, row, base + (index < longer), base, longer};
}

static struct panel next_panel(struct panel r) {
    r.row += r.rows;
    r.index++;
    r.rows = r.base + (r.index < r.longer);
    return r;
}

/* The first row of a panel; m for the one past the last. */
static int64_t panel_begin(int64_t m, int64_t index) { return panel_at(m, index).row; }

static void pack_a(const struct product *x, float *to, int64_t row, int64_t rows, int64_t p,
                   int64_t depth) {
    const float *from = x->trans_a ? x->a + p * x->lda + row : x->a + row * x->lda + p;
    pack_panel(to, rows, from, x->lda, rows, depth, !x->trans_a);
}

static void pack_b(const struct product *x, float *to, int64_t column, int64_t columns, int64_t p,
                   int64_t depth) {
    const float *from = x->trans_b ? x->b + column * x->ldb + p : x->b + p * x->ldb + column;
    pack_panel(to, TILE_COLUMNS, from, x->ldb, columns, depth, x->trans_b);
}

/* Packs panels of b, one after another, for columns from `first` to `last`. */
static void pack_panels_of_b(const struct product *x, float *to, int64_t first, int64_t last,
                             int64_t p, int64_t depth) {
    int64_t whole = x->trans_b ? 0 : (last - first) / TILE_COLUMNS, column = first;
    if (whole > 0) {
        pack_side_by_side(to, x->b + p * x->ldb + first, x->ldb, TILE_COLUMNS, 0, whole, depth);
        column += whole * TILE_COLUMNS;
    }
    for (; column < last; column += TILE_COLUMNS) {
        int64_t columns = least(TILE_COLUMNS, last - column);
        pack_b(x, to + (column - first) * depth, column, columns, p, depth);
    }
}

/* Packs panels of a, one after another, from `top` to the one before `last`. */
static void pack_panels_of_a(const struct product *x, float *to, struct panel top, int64_t last,
                             int64_t p, int64_t depth) {
    if (x->trans_a) {
        pack_side_by_side(to, x->a + p * x->lda + top.row, x->lda, top.base, top.longer - top.index,
                          last - top.index, depth);
        return;
    }
    for (struct panel r = top; r.index < last; r = next_panel(r)) {
        pack_a(x, to + (r.row - top.row) * depth, r.row, r.rows, p, depth);
    }
}

/*
 * What a panel will be packed from, cut into slices that can each be asked for while one tile of
 * `depth` is being computed. Nothing for a slice past the end.
 */
static struct prefetch slice_of(const float *from, int64_t ld, int64_t width, int64_t depth,
                                int along_p, int64_t slice) {
    const int64_t line = 64 / (int64_t)sizeof(float), step = ld * (int64_t)sizeof(float);
    if (along_p) { /* PREFETCH_RUN rows, and half of their length */
        const float *rows = from + slice / 2 * PREFETCH_RUN * ld;
        if (slice / 2 * PREFETCH_RUN >= width) return (struct prefetch){NULL, 0, 0};
        return (struct prefetch){(const char *)(rows + slice % 2 * (depth / 2)), step, 64};
    }
    if (width == 0 || slice * line >= width + line) return (struct prefetch){NULL, 0, 0};
    return (struct prefetch){(const char *)(from + slice * line), step, PREFETCH_RUN * step};
}

/* ── One block ── */

/* A block of the result: panels of rows, columns, and the range of p to be summed over. */
struct block {
    int64_t first_panel, last_panel; /* [first, last) */
    int64_t first_column, last_column;
    int64_t first_p, last_p; /* at most BLOCK_DEPTH */
    const float *packed_a;   /* the panels' own, one after the other, or NULL: pack here */
    const float *packed_b;   /* likewise, TILE_COLUMNS wide each */
    float *own;              /* room for what is packed here */
    int first;               /* the first range of p: nothing of this product is in `out` yet */
    /* What this thread will probably pack of `a` next (next_rows = 0: nothing). */
    int64_t next_row, next_rows, next_p;
};

static int64_t own_floats(int64_t rows, int64_t depth) {
    return round_up(rows * depth + LANES, 64) + depth * TILE_COLUMNS;
}

/* A tile at the right edge, through memory of its own: vectors would write past the last column. */
static void edge_tile(const struct product *x, const struct block *y, int64_t row, int64_t rows,
                      int64_t column, int64_t columns, int by_row, const float *a, int64_t step_a,
                      const float *b, int64_t step_b) {
    _Alignas(64) float tile[TILE_ROWS * TILE_COLUMNS];
    struct finish f = {tile, TILE_COLUMNS, x->alpha, 0, NULL};
    struct prefetch none = {(const char *)a, 0, 0};
    int64_t vectors = ceil_div(columns, LANES);
    tiles[by_row][rows - 1][vectors - 1](y->last_p - y->first_p, a, step_a, b, step_b, &f, none);
    int add = x->accumulate || !y->first;
    for (int64_t i = 0; i < rows; i++) {
        float *out = x->out + (row + i) * x->ldo + column;
        const float *t = tile + i * TILE_COLUMNS;
        if (y->first && x->bias) {
            const float *bias = x->bias + column;
            for (int64_t j = 0; j < columns; j++) out[j] = t[j] + ((add ? out[j] : 0) + bias[j]);
        } else if (add) {
            for (int64_t j = 0; j < columns; j++) out[j] += t[j];
        } else {
            copy_floats(out, t, columns);
        }
    }
}

/* What to ask for beside the tile of the block's panel `r`: the next panel of b, then next a. */
static struct prefetch prefetch_beside(const struct product *x, const struct block *y,
                                       int64_t column, int64_t r) {
    int64_t depth = y->last_p - y->first_p, panels = y->last_panel - y->first_panel;
    const int64_t for_b = 3;
    int64_t next = column + TILE_COLUMNS;
    if (r < for_b) {
        if (next >= y->last_column) return (struct prefetch){NULL, 0, 0};
        if (y->packed_b) {
            const float *b = y->packed_b + (next - y->first_column) * depth;
            return slice_of(b, TILE_COLUMNS, TILE_COLUMNS - LANES, depth, 0, r);
        }
        const float *b = x->trans_b ? x->b + next * x->ldb + y->first_p
                                    : x->b + y->first_p * x->ldb + next;
        return slice_of(b, x->ldb, TILE_COLUMNS, depth, x->trans_b, r);
    }
    int64_t slice = (column - y->first_column) / TILE_COLUMNS * (panels - for_b) + r - for_b;
    const float *a = x->trans_a ? x->a + y->next_p * x->lda + y->next_row
                                : x->a + y->next_row * x->lda + y->next_p;
    return slice_of(a, x->lda, y->next_rows, depth, !x->trans_a, slice);
}

/* An a that so few panels of columns need is read where it lies: that costs less than packing it. Transposed, at any
   distance of its rows (measured with 2 to 16 KiB; 12 % less at 4 panels, 3 at 8; with AVX2's smaller tile and cache a
   third more at 8 panels and 2 KiB, and no more at 4); row by row, unless rows are so far apart that a panel's compete
   for the same places in the first-level cache (a third slower at 4 KiB). */
#if LANES == 16
#define IN_PLACE_PANELS 16
#else
#define IN_PLACE_PANELS 4
#endif
#define WAY_BYTES 4096

static int is_in_place(const struct product *x) {
    const int64_t apart = x->lda * (int64_t)sizeof(float) % WAY_BYTES;
    if (x->n > IN_PLACE_PANELS * TILE_COLUMNS) return 0;
    return x->trans_a || (BY_ROW && apart >= 64 && apart <= WAY_BYTES - 64);
}

/* An operand of so few numbers is in the first-level cache anyway: read where it lies. */
static int is_small(int64_t width, int64_t depth) { return width * depth <= SMALL_OPERAND; }

/* Adds the block's share of the sums to the result, or starts it. */
static void compute_block(const struct product *x, const struct block *y) {
    const int64_t depth = y->last_p - y->first_p;
    const struct panel top = panel_at(x->m, y->first_panel);
    const int direct_a = !y->packed_a && (is_in_place(x) || (x->trans_a && is_small(x->m, depth)));
    const int by_row = direct_a && !x->trans_a;
    const int few_panels = y->last_panel - y->first_panel <= 2;
    const int direct_b = !y->packed_b && !x->trans_b && (few_panels || is_small(x->n, depth));
    const float *packed_a = y->packed_a;
    float *own_b = y->own;
    if (!packed_a && !direct_a) {
        int64_t end = panel_begin(x->m, y->last_panel);
        pack_panels_of_a(x, y->own, top, y->last_panel, y->first_p, depth);
        packed_a = y->own;
        own_b += round_up((end - top.row) * depth + LANES, 64);
    }
    struct finish f = {NULL, x->ldo, x->alpha, x->accumulate || !y->first, NULL};
    for (int64_t column = y->first_column; column < y->last_column; column += TILE_COLUMNS) {
        int64_t columns = least(TILE_COLUMNS, y->last_column - column);
        const float *b = own_b;
        int64_t step_b = TILE_COLUMNS;
        if (y->packed_b) {
            b = y->packed_b + (column - y->first_column) * depth;
        } else if (direct_b && columns % LANES == 0) {
            b = x->b + y->first_p * x->ldb + column;
            step_b = x->ldb;
        } else {
            pack_b(x, own_b, column, columns, y->first_p, depth);
        }
        f.bias = x->bias && y->first ? x->bias + column : NULL;
        for (struct panel r = top; r.index < y->last_panel; r = next_panel(r)) {
            const float *a = by_row     ? x->a + r.row * x->lda + y->first_p
                             : direct_a ? x->a + y->first_p * x->lda + r.row
                                        : packed_a + (r.row - top.row) * depth;
            int64_t step_a = direct_a ? x->lda : r.rows;
            if (columns % LANES != 0) {
                edge_tile(x, y, r.row, r.rows, column, columns, by_row, a, step_a, b, step_b);
                continue;
            }
            struct prefetch ahead = prefetch_beside(x, y, column, r.index - y->first_panel);
            if (!ahead.next) ahead.next = (const char *)a;
            f.out = x->out + r.row * x->ldo + column;
            tiles[by_row][r.rows - 1][columns / LANES - 1](depth, a, step_a, b, step_b, &f, ahead);
        }
    }
}

#endif
