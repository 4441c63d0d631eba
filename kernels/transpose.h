/*
 * Turning squares of LANES x LANES numbers, in registers.
 */
#ifndef NANOGPT_TRANSPOSE_H
#define NANOGPT_TRANSPOSE_H

#include "vector.h"

#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (vint){__VA_ARGS__})
#endif

/* Exchanges blocks of D numbers between vectors X and Y: one step of a transposition (Eklundh). */
#if LANES == 16
#define LOW1(x, y) SHUFFLE(x, y, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30)
#define HIGH1(x, y) SHUFFLE(x, y, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31)
#define LOW2(x, y) SHUFFLE(x, y, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define HIGH2(x, y) SHUFFLE(x, y, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
#define LOW4(x, y) SHUFFLE(x, y, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27)
#define HIGH4(x, y) SHUFFLE(x, y, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31)
#define LOW8(x, y) SHUFFLE(x, y, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
#define HIGH8(x, y) SHUFFLE(x, y, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)
#elif LANES == 8
#define LOW1(x, y) SHUFFLE(x, y, 0, 8, 2, 10, 4, 12, 6, 14)
#define HIGH1(x, y) SHUFFLE(x, y, 1, 9, 3, 11, 5, 13, 7, 15)
#define LOW2(x, y) SHUFFLE(x, y, 0, 1, 8, 9, 4, 5, 12, 13)
#define HIGH2(x, y) SHUFFLE(x, y, 2, 3, 10, 11, 6, 7, 14, 15)
#define LOW4(x, y) SHUFFLE(x, y, 0, 1, 2, 3, 8, 9, 10, 11)
#define HIGH4(x, y) SHUFFLE(x, y, 4, 5, 6, 7, 12, 13, 14, 15)
#else
#define LOW1(x, y) SHUFFLE(x, y, 0, 4, 2, 6)
#define HIGH1(x, y) SHUFFLE(x, y, 1, 5, 3, 7)
#define LOW2(x, y) SHUFFLE(x, y, 0, 1, 4, 5)
#define HIGH2(x, y) SHUFFLE(x, y, 2, 3, 6, 7)
#endif

#define EXCHANGE(r, D)                                                                            \
    _Pragma("GCC unroll 16") for (int i = 0; i < LANES; i++) {                                    \
        if ((i & D) == 0) {                                                                       \
            vfloat x = (r)[i], y = (r)[i + D];                                                    \
            (r)[i] = LOW##D(x, y);                                                                \
            (r)[i + D] = HIGH##D(x, y);                                                           \
        }                                                                                         \
    }

/* Turns LANES vectors, the rows of a square, into its columns. */
INLINE void transpose_square(vfloat r[LANES]) {
    EXCHANGE(r, 1)
    EXCHANGE(r, 2)
#if LANES >= 8
    EXCHANGE(r, 4)
#endif
#if LANES >= 16
    EXCHANGE(r, 8)
#endif
}

#endif
