/*
 * What activations are made of, alone and in gated units.
 */
#ifndef NANOGPT_ACTIVATION_H
#define NANOGPT_ACTIVATION_H

#include "vector-math.h"

/* The argument of tanh in the approximate GELU, twice; and half its derivative. */
#define GELU_SCALE 1.59576912f /* 2 sqrt(2 / pi) */
INLINE vfloat gelu_argument(vfloat x) { return x * (GELU_SCALE * (1.0f + 0.044715f * (x * x))); }

/* 0.5 (1 + tanh(u)) is sigmoid(2 u), which keeps its accuracy where tanh nears -1. */
INLINE vfloat gelu_tanh_slope_at(vfloat x) {
    x = vat_most(vat_least(x, vset(-30)), vset(30)); /* 0 and 1 long before; x^3 could overflow */
    vfloat s = vsigmoid(gelu_argument(x));
    vfloat inner = GELU_SCALE * (1.0f + 0.134145f * (x * x));
    return s + x * (s * (1.0f - s)) * inner;
}

/* x > 0 ? x : 0, but NaN stays. */
INLINE vfloat relu_at(vfloat x) { return vselect((x > 0.0f) | (x != x), x, vset(0)); }

#endif
