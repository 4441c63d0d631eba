/*
 * Strips: how attention lays out what it multiplies. A matrix is cut into strips of WIDE columns, a
 * strip's rows lie one after another, and so every stride is a constant.
 */
#ifndef NANOGPT_STRIP_H
#define NANOGPT_STRIP_H

#include "vector.h"

/* Columns of a strip: queries that are worked on together, or a part of a head. */
#define WIDE 32

/* How the left operand of a product lies: as a(i, p) = a[i * WIDE + p], or as a[p * WIDE + i]. */
enum side { BY_ROWS, BY_COLUMNS };

/*
 * out(i, j) += sum over p < k of a(i, p) b(p, j), for i < m and j < `columns`, a multiple of LANES and
 * at most WIDE. b and out are strips. By rows, k may exceed WIDE: a's next strip is `jump` floats on.
 * By columns, m is at most WIDE.
 */
void strip_product(enum side side, int64_t m, int64_t k, const float *a, int64_t jump,
                   const float *b, float *out, int64_t columns);
/* The same, without what was in `out`. */
void strip_product_fresh(enum side side, int64_t m, int64_t k, const float *a, int64_t jump,
                         const float *b, float *out, int64_t columns);

/* Copies n rows, `ld` apart, of `width` floats into strips of `rows` rows. */
void strips_from_rows(float *to, int64_t rows, const float *from, int64_t ld, int64_t n,
                      int64_t width);
/* The same; returns whether all of them are finite. */
int strips_from_rows_checked(float *to, int64_t rows, const float *from, int64_t ld, int64_t n,
                             int64_t width);
/* The way back: scale times the strips, added to what is there or in its place. */
void rows_from_strips(float *to, int64_t ld, const float *from, int64_t rows, int64_t n,
                      int64_t width, float scale, int add);
/* One strip of n <= WIDE columns, and `width` rows, from n rows: transposed, and scaled. Columns past
   n, up to a whole vector, are 0. */
void strip_from_rows(float *to, const float *from, int64_t ld, int64_t n, int64_t width,
                     float scale);
/* The way back, each column times a factor of its own. */
void rows_from_strip(float *to, int64_t ld, const float *from, int64_t n, int64_t width,
                     const float *factor);

#endif
