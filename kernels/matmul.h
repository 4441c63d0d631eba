/*
 * The matrix product, in every transposition, with batches, bias and accumulation.
 */
#ifndef NANOGPT_MATMUL_H
#define NANOGPT_MATMUL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * out = alpha · op(a) · op(b) + (accumulate ? out : 0) + (bias ? bias : 0), for each batch item.
 *
 * op(a) is (m, k), op(b) is (k, n), out is (m, n), bias is (n) and is added to each row. All are
 * row-major; `lda`, `ldb` and `ldo` are the distances between the rows of the stored matrices, so
 * that a block of a larger matrix can be an operand. With trans_a, `a` is stored (k, m); with
 * trans_b, `b` is stored (n, k). Batch item i uses a + i·stride_a and so on; a stride of 0 shares
 * an operand among the items.
 *
 * `out` is not read unless `accumulate`, and must not overlap the operands. NaN and infinity
 * propagate as in the plain sum of products. The result's bits depend on the shapes and the values
 * alone, not on the number of threads (with a system BLAS: as far as that one keeps to it).
 */
void matmul(float *out, const float *a, const float *b, const float *bias, int64_t m, int64_t n,
            int64_t k, int64_t lda, int64_t ldb, int64_t ldo, bool trans_a, bool trans_b,
            float alpha, bool accumulate, int64_t batch, int64_t stride_a, int64_t stride_b, int64_t stride_out);

/*
 * Lets the shared library at `path`, which must have cblas_sgemm, compute the products from now on;
 * with NULL or "", our own kernel does again. Returns 1, or 0 when the library or the function is
 * not to be had (nothing changes then). On macOS, Accelerate is in place from the start.
 */
int matmul_use_blas(const char *path);

/* The path given to matmul_use_blas, "Accelerate", or "nanogpt" for our own kernel. */
const char *matmul_engine(void);

/* One product, as matmul's arguments give it; `out`, `a` and `b` are those of its batch item. */
struct product {
  float *out;
  const float *a, *b, *bias;
  int64_t m, n, k, lda, ldb, ldo;
  int trans_a, trans_b, accumulate;
  float alpha;
};

/* Computes `p` with the system BLAS, where one is in use and can take it; 0 otherwise. */
int blas_product(const struct product *p);

#endif
