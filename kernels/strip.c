/*
 * Products of strips (strip.h), a tile of the result in registers at a time, and the ways between rows
 * and strips.
 */
#include "strip.h"

#include "transpose.h"

/* The largest tile: its sums, a row of b and one broadcast number fill the register file. */
#if LANES == 16
#define TILE_ROWS 14
#elif defined(__wasm__)
#define TILE_ROWS 4 /* 8 of 16: engines keep no more in registers beside the products, measured in V8 */
#elif LANES == 8 || !defined(__aarch64__)
#define TILE_ROWS 6
#else
#define TILE_ROWS 8
#endif
#define TILE_VECTORS 2

INLINE void tile(const int rows, const int vectors, const enum side side, int64_t k, const float *a,
                 int64_t jump, const float *b, float *out, int add) {
    vfloat sum[TILE_ROWS][TILE_VECTORS];
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) sum[i][v] = vset(0);
    }
    for (; k > 0; k -= WIDE, a += jump, b += WIDE * WIDE) {
        const float *from = a, *end = b + (k < WIDE ? k : WIDE) * WIDE;
        for (const float *at = b; at < end; at += WIDE, from += side == BY_ROWS ? 1 : WIDE) {
            vfloat row[TILE_VECTORS];
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++) row[v] = vload(at + v * LANES);
#pragma GCC unroll 16
            for (int i = 0; i < rows; i++) {
                vfloat x = vset(from[side == BY_ROWS ? i * WIDE : i]);
#pragma GCC unroll 2
                for (int v = 0; v < vectors; v++) sum[i][v] = vmultiply_add(x, row[v], sum[i][v]);
            }
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++, out += WIDE) {
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) {
            vfloat before = add ? vload(out + v * LANES) : vset(0);
            vstore(out + v * LANES, add ? before + sum[i][v] : sum[i][v]);
        }
    }
}

typedef void (*tile_function)(int64_t k, const float *a, int64_t jump, const float *b, float *out,
                              int add);

#define TILE(ROWS, VECTORS, SIDE)                                                                 \
    static void tile_##ROWS##x##VECTORS##_##SIDE(int64_t k, const float *a, int64_t jump,         \
                                                 const float *b, float *out, int add) {           \
        tile(ROWS, VECTORS, SIDE, k, a, jump, b, out, add);                                       \
    }
#define TILES(ROWS)                                                                               \
    TILE(ROWS, 1, BY_ROWS) TILE(ROWS, 2, BY_ROWS) TILE(ROWS, 1, BY_COLUMNS)                       \
    TILE(ROWS, 2, BY_COLUMNS)

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

#define PAIR(ROWS, SIDE) {tile_##ROWS##x1_##SIDE, tile_##ROWS##x2_##SIDE}
#define ENTRY(ROWS) {PAIR(ROWS, BY_ROWS), PAIR(ROWS, BY_COLUMNS)}
/* tiles[rows - 1][side][vectors - 1] */
static const tile_function tiles[TILE_ROWS][2][TILE_VECTORS] = {
    ENTRY(1), ENTRY(2), ENTRY(3), ENTRY(4),
#if TILE_ROWS > 4
    ENTRY(5), ENTRY(6),
#endif
#if TILE_ROWS > 6
    ENTRY(7), ENTRY(8),
#endif
#if TILE_ROWS > 8
    ENTRY(9), ENTRY(10), ENTRY(11), ENTRY(12), ENTRY(13), ENTRY(14),
#endif
};

INLINE void product(enum side side, int64_t m, int64_t k, const float *a, int64_t jump,
                    const float *b, float *out, int64_t columns, int add) {
    if (m <= 0) return;
    /* Panels of rows as even as can be, so that no tile is a thin rest. */
    int64_t panels = (m + TILE_ROWS - 1) / TILE_ROWS;
    int64_t base = m / panels, longer = m - base * panels;
    if (side == BY_COLUMNS) jump = WIDE * WIDE;
    for (int64_t c = 0; c < columns; c += TILE_VECTORS * LANES) {
        int vectors = columns - c > LANES ? 2 : 1;
        int64_t row = 0;
        for (int64_t panel = 0; panel < panels; panel++) {
            int64_t rows = base + (panel < longer);
            const float *from = a + (side == BY_ROWS ? row * WIDE : row);
            tiles[rows - 1][side][vectors - 1](k, from, jump, b + c, out + row * WIDE + c, add);
            row += rows;
        }
    }
}

void strip_product(enum side side, int64_t m, int64_t k, const float *a, int64_t jump,
                   const float *b, float *out, int64_t columns) {
    product(side, m, k, a, jump, b, out, columns, 1);
}

void strip_product_fresh(enum side side, int64_t m, int64_t k, const float *a, int64_t jump,
                         const float *b, float *out, int64_t columns) {
    product(side, m, k, a, jump, b, out, columns, 0);
}

/* ── Between rows and strips ── */

/* The next vector of a row that ends after `left` floats: 0 past its end. */
INLINE vfloat load_row(const float *p, int64_t left) {
    return left >= LANES ? vload(p) : vload_part(p, left, 0);
}

INLINE void store_row(float *p, vfloat v, int64_t left) {
    if (left >= LANES) vstore(p, v);
    else vstore_part(p, v, left);
}

/* Row by row, as memory likes it. With `check`, what is returned says whether all are finite. */
INLINE int copy_rows(float *to, int64_t rows, const float *from, int64_t ld, int64_t n,
                     int64_t width, int check) {
    vfloat zero[WIDE / LANES] = {{0}};
    for (int64_t i = 0; i < n; i++, from += ld, to += WIDE) {
        for (int64_t d = 0; d < width; d += WIDE) {
            const float *x = from + d;
            float *strip = to + d * rows;
            int64_t left = width - d;
            for (int v = 0; v < WIDE / LANES && v * LANES < left; v++) {
                vfloat value = load_row(x + v * LANES, left - v * LANES);
                if (check) zero[v] += value * 0.0f; /* NaN from the first that is not finite */
                vstore(strip + v * LANES, value);
            }
        }
    }
    vint wrong = {0};
    for (int v = 0; v < WIDE / LANES; v++) wrong |= zero[v] != 0.0f;
    return !vany(wrong);
}

void strips_from_rows(float *to, int64_t rows, const float *from, int64_t ld, int64_t n,
                      int64_t width) {
    copy_rows(to, rows, from, ld, n, width, 0);
}

int strips_from_rows_checked(float *to, int64_t rows, const float *from, int64_t ld, int64_t n,
                             int64_t width) {
    return copy_rows(to, rows, from, ld, n, width, 1);
}

/* row (width) (+)= scale * its strips. */
INLINE void row_from_strips(float *to, const float *from, int64_t rows, int64_t width, float scale,
                            int add) {
    for (int64_t d = 0; d < width; d += LANES) {
        vfloat v = scale * vload(from + d / WIDE * rows * WIDE + d % WIDE);
        store_row(to + d, add ? load_row(to + d, width - d) + v : v, width - d);
    }
}

void rows_from_strips(float *to, int64_t ld, const float *from, int64_t rows, int64_t n,
                      int64_t width, float scale, int add) {
    for (int64_t i = 0; i < n; i++) {
        if (add) row_from_strips(to + i * ld, from + i * WIDE, rows, width, scale, 1);
        else row_from_strips(to + i * ld, from + i * WIDE, rows, width, scale, 0);
    }
}

/* A square of at most LANES x LANES; `whole`: no less. */
INLINE void square_from_rows(float *to, const float *from, int64_t ld, int64_t n, int64_t width,
                             float scale, int whole) {
    vfloat r[LANES];
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++) {
        if (whole) r[i] = scale * vload(from + i * ld);
        else r[i] = i < n ? scale * load_row(from + i * ld, width) : vset(0);
    }
    transpose_square(r);
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++) {
        if (whole || i < width) vstore(to + i * WIDE, r[i]);
    }
}

INLINE void rows_from_square(float *to, int64_t ld, const float *from, int64_t n, int64_t width,
                             vfloat scale, int whole) {
    vfloat r[LANES];
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++) {
        r[i] = whole || i < width ? scale * vload(from + i * WIDE) : vset(0);
    }
    transpose_square(r);
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++) {
        if (whole) vstore(to + i * ld, r[i]);
        else if (i < n) store_row(to + i * ld, r[i], width);
    }
}

void strip_from_rows(float *to, const float *from, int64_t ld, int64_t n, int64_t width,
                     float scale) {
    for (int64_t c = 0; c < n; c += LANES) {
        for (int64_t d = 0; d < width; d += LANES) {
            const float *square = from + c * ld + d;
            if (n - c >= LANES && width - d >= LANES) {
                square_from_rows(to + d * WIDE + c, square, ld, LANES, LANES, scale, 1);
            } else {
                square_from_rows(to + d * WIDE + c, square, ld, n - c, width - d, scale, 0);
            }
        }
    }
}

void rows_from_strip(float *to, int64_t ld, const float *from, int64_t n, int64_t width,
                     const float *factor) {
    for (int64_t c = 0; c < n; c += LANES) {
        vfloat scale = vload(factor + c);
        for (int64_t d = 0; d < width; d += LANES) {
            float *square = to + c * ld + d;
            if (n - c >= LANES && width - d >= LANES) {
                rows_from_square(square, ld, from + d * WIDE + c, LANES, LANES, scale, 1);
            } else {
                rows_from_square(square, ld, from + d * WIDE + c, n - c, width - d, scale, 0);
            }
        }
    }
}
