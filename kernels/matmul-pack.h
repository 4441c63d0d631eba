/*
 * Packing for the matrix product: a panel of an operand, copied to the order in which the
 * micro-kernel reads it: for each p the panel's `width` numbers side by side.
 * Included by matmul.c alone.
 */
#ifndef NANOGPT_MATMUL_PACK_H
#define NANOGPT_MATMUL_PACK_H

#include "transpose.h"

static inline void copy_floats(float *to, const float *from, int64_t n) {
    for (int64_t i = 0; i < n; i++) to[i] = from[i];
}

/*
 * Packs from rows that already lie as wanted (row p holds the panel's numbers for p): a copy.
 * `step` >= width is the distance between the packed rows. What lies between is never used: it is
 * whatever is near, or zero.
 *
 * Whole vectors are moved, past the end of a row, as long as there is more of the panel behind it
 * to read from and to write over; the last rows go number by number.
 */
static void pack_copy(float *to, int64_t step, const float *from, int64_t ld, int64_t width,
                      int64_t depth) {
    const int64_t vectors = (width + LANES - 1) / LANES, reach = vectors * LANES;
    const float *last_from = from + (depth - 1) * ld + width - reach;
    const float *last_to = to + depth * step - reach;
    int64_t p = 0;
    if (vectors == 1) {
        for (; p < depth && from <= last_from && to <= last_to; p++, from += ld, to += step) {
            vstore(to, vload(from));
        }
    } else if (vectors == 2) {
        for (; p < depth && from <= last_from && to <= last_to; p++, from += ld, to += step) {
            vfloat x = vload(from), y = vload(from + LANES);
            vstore(to, x);
            vstore(to + LANES, y);
        }
    }
    for (; p < depth; p++, from += ld, to += step) {
        if (vectors == 1) vstore_part(to, vload_part(from, width, 0), width);
        else copy_floats(to, from, width);
        for (int64_t i = width; i < step; i++) to[i] = 0;
    }
}

/* Rows that are packed side by side before the next ones: they stay in the first-level cache, each line of which
   is then read once from further off, even where rows are a multiple of a page apart. */
#define SIDE_BY_SIDE 16

/* Packs `panels` panels of the same rows p, next to one another and `width` numbers each (the first `longer` of one
   more). */
static void pack_side_by_side(float *to, const float *from, int64_t ld, int64_t width, int64_t longer,
                              int64_t panels, int64_t depth) {
    for (int64_t p = 0; p < depth; p += SIDE_BY_SIDE) {
        int64_t lines = depth - p < SIDE_BY_SIDE ? depth - p : SIDE_BY_SIDE;
        const float *next = from + p * ld;
        float *panel = to;
        for (int64_t r = 0; r < panels; r++) {
            int64_t own = width + (r < longer);
            pack_copy(panel + p * own, own, next, ld, own, lines);
            next += own;
            panel += own * depth;
        }
    }
}

/* Transposes a square at p, to `room` lanes of the packed rows p to p + LANES; `safe` of those have
   so much behind them that a whole vector may be stored, which the next row then covers. */
INLINE void pack_square(float *to, int64_t step, const float *from, int64_t ld, int64_t rows,
                        int64_t room, int64_t safe) {
    vfloat r[LANES];
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++) r[i] = i < rows ? vload(from + i * ld) : vset(0);
    transpose_square(r);
    if (safe >= LANES) {
#pragma GCC unroll 16
        for (int i = 0; i < LANES; i++) vstore(to + i * step, r[i]);
        return;
    }
    float square[LANES * LANES];
    for (int i = 0; i < LANES; i++) vstore(square + i * LANES, r[i]);
    for (int i = 0; i < LANES; i++) copy_floats(to + i * step, square + i * LANES, room);
}

/* Transposes `rows` <= LANES rows, p = 0 to depth, to the first `room` lanes of the packed rows. */
static void pack_strip(float *to, int64_t step, const float *from, int64_t ld, int64_t rows,
                       int64_t depth, int64_t room) {
    if (depth < LANES) {
        for (int64_t p = 0; p < depth; p++) {
            for (int64_t i = 0; i < room; i++) to[p * step + i] = i < rows ? from[i * ld + p] : 0;
        }
        return;
    }
    /* Rows before this one have room for a whole vector. */
    const int64_t end = room == LANES ? depth : room == step ? depth - (LANES - 1) / step : 0;
    for (int64_t p = 0; p < depth; p += LANES) {
        if (p > depth - LANES) p = depth - LANES; /* the last square overlaps the one before */
        if (rows == LANES) pack_square(to + p * step, step, from + p, ld, LANES, room, end - p);
        else pack_square(to + p * step, step, from + p, ld, rows, room, end - p);
    }
}

/* Packs from rows that run along p (row i holds number i of the panel for all p): transposes. */
static void pack_transpose(float *to, int64_t step, const float *from, int64_t ld, int64_t width,
                           int64_t depth) {
    for (int64_t i = 0; i < step; i += LANES) {
        int64_t room = step - i < LANES ? step - i : LANES;
        int64_t rows = width - i < room ? width - i : room;
        pack_strip(to + i, step, from + i * ld, ld, rows < 0 ? 0 : rows, depth, room);
    }
}

static inline void pack_panel(float *to, int64_t step, const float *from, int64_t ld,
                              int64_t width, int64_t depth, int along_p) {
    if (along_p) pack_transpose(to, step, from, ld, width, depth);
    else pack_copy(to, step, from, ld, width, depth);
}

#endif
