/*
 * Few rows times a matrix that is stored as its rows (trans_b), such as a token's activations times a weight: as
 * many dot products. There is nothing to gain from packing, which would read and write the matrix once more
 * for every number that is used but once; the matrix is read as it lies, at the memory's speed.
 * Included by matmul.c alone.
 */
#ifndef NANOGPT_MATMUL_FEW_H
#define NANOGPT_MATMUL_FEW_H

#include "parallel.h"
#include "vector.h"

/* More rows than this use every number often enough for the packed way. */
#define FEW_ROWS 4
/* Columns in hand at a time, for rows in hand: enough independent sums to hide a sum's latency. */
#define FEW_COLUMNS 8
/* Numbers of the matrix that a task reads: some microseconds; fewer are read on the thread that is here. */
#define FEW_GRAIN (INT64_C(1) << 15)
#define FEW_SERIAL (INT64_C(1) << 17)

/* out[i][j] for `rows` rows of a and `columns` columns from `j` on; both are constants where it is called. */
INLINE void few_dots(const struct product *x, const int rows, const int columns, int64_t j) {
    const float *b = x->b + j * x->ldb;
    vfloat sum[FEW_ROWS][FEW_COLUMNS] = {{{0}}};
    int64_t p = 0, whole = x->k - x->k % LANES;
    for (; p < whole; p += LANES) {
        vfloat column[FEW_COLUMNS];
#pragma GCC unroll 8
        for (int c = 0; c < columns; c++) column[c] = vload(b + c * x->ldb + p);
#pragma GCC unroll 4
        for (int i = 0; i < rows; i++) {
            vfloat a = vload(x->a + i * x->lda + p);
#pragma GCC unroll 8
            for (int c = 0; c < columns; c++) sum[i][c] = vmultiply_add(a, column[c], sum[i][c]);
        }
    }
    if (p < x->k) {
        for (int i = 0; i < rows; i++) {
            vfloat a = vload_part(x->a + i * x->lda + p, x->k - p, 0);
            for (int c = 0; c < columns; c++) {
                sum[i][c] += a * vload_part(b + c * x->ldb + p, x->k - p, 0);
            }
        }
    }
    for (int i = 0; i < rows; i++) {
        float *out = x->out + i * x->ldo + j;
        for (int c = 0; c < columns; c++) {
            float y = x->alpha * vsum(sum[i][c]);
            if (x->accumulate) y += out[c];
            out[c] = x->bias ? y + x->bias[j + c] : y;
        }
    }
}

/* All columns from `first` to `last`, for a number of rows that is a constant where it is called. */
INLINE void few_columns(const struct product *x, const int rows, int64_t first, int64_t last) {
    const int columns = rows == 1 ? FEW_COLUMNS : rows == 2 ? 4 : 2;
    int64_t j = first;
    for (; j + columns <= last; j += columns) few_dots(x, rows, columns, j);
    for (; j < last; j++) few_dots(x, rows, 1, j);
}

static void few_task(void *context, int64_t first, int64_t last, int thread) {
    const struct product *x = context;
    (void)thread;
    if (x->m == 1) few_columns(x, 1, first, last);
    else if (x->m == 2) few_columns(x, 2, first, last);
    else if (x->m == 3) few_columns(x, 3, first, last);
    else few_columns(x, 4, first, last);
}

static int is_few(const struct product *x) { return x->m <= FEW_ROWS && x->trans_b && !x->trans_a; }

static void compute_few(const struct product *x) {
    int64_t grain = most(1, FEW_GRAIN / x->k / FEW_COLUMNS) * FEW_COLUMNS;
    parallel_ranges(x->n, x->n * x->k <= FEW_SERIAL ? x->n : grain, few_task, (void *)x);
}

#endif
