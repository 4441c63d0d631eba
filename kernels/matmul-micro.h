/*
 * The micro-kernel of the matrix product: a tile of the result, small enough to live in registers,
 * gathers one outer product after another (Goto & van de Geijn, "Anatomy of High-Performance Matrix
 * Multiplication", ACM TOMS 34(3), 2008; Van Zee & van de Geijn, "BLIS", ACM TOMS 41(3), 2015).
 *
 * The tile is `rows` high and `vectors` vectors wide. Both are constants in each of the functions
 * below, so that the compiler unrolls the loops over them and keeps every sum in a register.
 * Included by matmul.c alone.
 */
#ifndef NANOGPT_MATMUL_MICRO_H
#define NANOGPT_MATMUL_MICRO_H

#include "vector.h"

/* The largest tile: its sums, one row of b and one broadcast number fill the register file. */
#if LANES == 16
#define TILE_ROWS 14 /* 28 sums of 32 registers */
#elif defined(__wasm__)
#define TILE_ROWS 4 /* 8 of 16: engines keep no more in registers beside the products, measured in V8 */
#elif LANES == 8 || !defined(__aarch64__)
#define TILE_ROWS 6 /* 12 of 16 */
#else
#define TILE_ROWS 8 /* 16 of 32, and two rows of a tile's b in flight */
#endif
#define TILE_VECTORS 2
#define TILE_COLUMNS (TILE_VECTORS * LANES)

/* Where a tile goes, and what is added on the way. */
struct finish {
    float *out;
    int64_t ldo;
    float alpha;
    int add;           /* add to what is there */
    const float *bias; /* for this tile's columns, or NULL */
};

/*
 * Memory to be asked for while a tile is being computed, one line with each p: PREFETCH_RUN lines
 * `step` bytes apart, then as many `jump` bytes further on, and so forth.
 */
#define PREFETCH_RUN 32
struct prefetch {
    const char *next;
    int64_t step, jump;
};

/* Rows that are reached from one pointer: at 0, 1 and 2 times a distance, which addresses can say by themselves. */
#define FROM_ONE 3
#define POINTERS ((TILE_ROWS + FROM_ONE - 1) / FROM_ONE)

/*
 * tile = alpha · Σ_p a[p·step_a + i] · b[p·step_b + j] (+ tile) (+ bias), for p in [0, k);
 * with `by_row`, a[i·step_a + p] in place of a[p·step_a + i].
 */
INLINE void tile_body(const int rows, const int vectors, const int by_row, int64_t k, const float *a,
                      int64_t step_a, const float *b, int64_t step_b, const struct finish *f,
                      struct prefetch ahead) {
    vfloat sum[TILE_ROWS][TILE_VECTORS];
    const float *from[POINTERS];
#pragma GCC unroll 8
    for (int i = 0; i < POINTERS; i++) from[i] = by_row ? a + i * FROM_ONE * step_a : a;
    /* The tile's own memory, so that it is at hand when the sums are. */
    for (int i = 0; i < rows; i++) {
        for (int v = 0; v < vectors; v++) __builtin_prefetch(f->out + i * f->ldo + v * LANES, 1, 3);
        __builtin_prefetch(f->out + i * f->ldo + vectors * LANES - 1, 1, 3);
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) sum[i][v] = vset(0);
    }
    for (int64_t left = k; left > 0; left -= PREFETCH_RUN) {
        const char *next = ahead.next;
        ahead.next += ahead.jump;
        for (int64_t p = left < PREFETCH_RUN ? left : PREFETCH_RUN; p > 0; p--) {
            vfloat row[TILE_VECTORS];
            __builtin_prefetch(next, 0, 2);
            next += ahead.step;
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) row[v] = vload(b + v * LANES);
#pragma GCC unroll 16
            for (int i = 0; i < rows; i++) {
                vfloat x = vset(by_row ? from[i / FROM_ONE][i % FROM_ONE * step_a] : a[i]);
#pragma GCC unroll 4
                for (int v = 0; v < vectors; v++) sum[i][v] = vmultiply_add(x, row[v], sum[i][v]);
            }
            if (by_row) {
#pragma GCC unroll 8
                for (int i = 0; i < (rows + FROM_ONE - 1) / FROM_ONE; i++) from[i]++;
            } else {
                a += step_a;
            }
            b += step_b;
        }
    }
    vfloat alpha = vset(f->alpha);
    vfloat base[TILE_VECTORS];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) base[v] = f->bias ? vload(f->bias + v * LANES) : vset(0);
    float *out = f->out;
    if (f->add) {
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++, out += f->ldo) {
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) {
                vstore(out + v * LANES, alpha * sum[i][v] + (vload(out + v * LANES) + base[v]));
            }
        }
    } else {
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++, out += f->ldo) {
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) vstore(out + v * LANES, alpha * sum[i][v] + base[v]);
        }
    }
}

typedef void (*tile_function)(int64_t k, const float *a, int64_t step_a, const float *b,
                              int64_t step_b, const struct finish *f, struct prefetch ahead);

#define TILE(NAME, ROWS, VECTORS, BY_ROW)                                                          \
    static void NAME##ROWS##x##VECTORS(int64_t k, const float *a, int64_t step_a, const float *b, \
                                       int64_t step_b, const struct finish *f,                    \
                                       struct prefetch ahead) {                                   \
        tile_body(ROWS, VECTORS, BY_ROW, k, a, step_a, b, step_b, f, ahead);                      \
    }
/* Reading a row by row is worth while where a tile has many rows: with 6 it is no faster than packing, with the 4 of
   WebAssembly slower. */
#if LANES == 16
#define BY_ROW 1
#define TILES(ROWS)                                 \
    TILE(tile_, ROWS, 1, 0) TILE(tile_, ROWS, 2, 0) \
    TILE(tile_by_row_, ROWS, 1, 1) TILE(tile_by_row_, ROWS, 2, 1)
#else
#define BY_ROW 0
#define TILES(ROWS) TILE(tile_, ROWS, 1, 0) TILE(tile_, ROWS, 2, 0)
#endif

TILES(1) TILES(2) TILES(3) TILES(4)
#if TILE_ROWS > 4
TILES(5) TILES(6)
#endif
#if TILE_ROWS > 6
TILES(7) TILES(8)
#endif
#if TILE_ROWS > 8
TILES(9) TILES(10) TILES(11) TILES(12) TILES(13) TILES(14)
#endif

#define ENTRY(NAME, ROWS) {NAME##ROWS##x1, NAME##ROWS##x2}
#define FOUR(NAME) ENTRY(NAME, 1), ENTRY(NAME, 2), ENTRY(NAME, 3), ENTRY(NAME, 4)
#define SIX(NAME) FOUR(NAME), ENTRY(NAME, 5), ENTRY(NAME, 6)
#define EIGHT(NAME) SIX(NAME), ENTRY(NAME, 7), ENTRY(NAME, 8)
#define FOURTEEN(NAME)                                                               \
    EIGHT(NAME), ENTRY(NAME, 9), ENTRY(NAME, 10), ENTRY(NAME, 11), ENTRY(NAME, 12),  \
        ENTRY(NAME, 13), ENTRY(NAME, 14)
/* tiles[by_row][rows - 1][vectors - 1] */
static const tile_function tiles[1 + BY_ROW][TILE_ROWS][TILE_VECTORS] = {
#if TILE_ROWS == 14
    {FOURTEEN(tile_)}, {FOURTEEN(tile_by_row_)},
#elif TILE_ROWS == 8
    {EIGHT(tile_)},
#elif TILE_ROWS == 6
    {SIX(tile_)},
#else
    {FOUR(tile_)},
#endif
};

#endif
