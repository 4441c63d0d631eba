/*
 * Functions of two operands, for arrays of one shape (elementwise.c) and for such as are broadcast
 * (broadcast.c).
 */
#ifndef NANOGPT_BINARY_H
#define NANOGPT_BINARY_H

#include "kernels.h"
#include "vector-math.h"

/* A comparison's mask as 1 and 0: the result's words are int32. */
INLINE vfloat vtruth(vint mask) { return (vfloat)(mask & 1); }

/* Code, name, value. */
#define EACH_BINARY(DO)                                                                            \
    DO(ADD, add, a + b)                                                                            \
    DO(SUB, sub, a - b)                                                                            \
    DO(MUL, mul, a *b)                                                                             \
    DO(DIV, div, a / b)                                                                            \
    DO(POWER, power, vpow(a, b))                                                                   \
    DO(MAXIMUM, maximum, vmax(a, b))                                                               \
    DO(MINIMUM, minimum, vmin(a, b))                                                               \
    DO(EQ, eq, vtruth(a == b))                                                                     \
    DO(NE, ne, vtruth(a != b))                                                                     \
    DO(LT, lt, vtruth(a < b))                                                                      \
    DO(LE, le, vtruth(a <= b))                                                                     \
    DO(GT, gt, vtruth(a > b))                                                                      \
    DO(GE, ge, vtruth(a >= b))

#endif
