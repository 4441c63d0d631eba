/*
 * Elementary functions on vectors.
 *
 * The polynomials are minimax fits made for this file (Remez exchange in 40 digits, then rounded to
 * float); the ways of reducing an argument are the classical ones that each function names. Errors
 * are measured against the C library's double functions over every 97th of all floats, in units in
 * the last place of the float result; where a result is subnormal its spacing counts. NaN stays NaN.
 */
#ifndef NANOGPT_VECTOR_MATH_H
#define NANOGPT_VECTOR_MATH_H

#include "vector.h"

/* Cody and Waite's splitting of ln 2: the first part has 9 bits, so that n times it is exact. */
#define LN2_HIGH 0.693359375f
#define LN2_LOW -2.12194440e-4f
#define LOG2_E 1.44269504f

/* Adding and subtracting 1.5 * 2^23 rounds to an integer, which then stands in the low bits. */
#define ROUND_MAGIC 12582912.0f

/* 2^n for -126 <= n <= 127. */
INLINE vfloat vpower_of_two(vint n) { return (vfloat)((vuint)(n + 127) << 23); }

/* n = round(x / ln 2). */
INLINE vint vround_over_ln2(vfloat x, vfloat *n) {
    vfloat shifted = x * LOG2_E + ROUND_MAGIC;
    *n = shifted - ROUND_MAGIC;
    return (vint)((vuint)shifted - (vuint)vset(ROUND_MAGIC));
}

/* exp(r) 2^n for |r| <= ln2 / 2; `exponent` is n as an integer. */
INLINE vfloat vexp_reduced(vfloat r, vfloat n, vint exponent) {
    (void)n, (void)exponent; /* one of them */
    /* exp(r) = 1 + r + r^2 P(r): relative error 2^-28 */
    vfloat p = r * 1.381462673e-3f + 8.368710056e-3f;
    p = p * r + 4.166838527e-2f;
    p = p * r + 1.666652113e-1f;
    p = p * r + 4.999999404e-1f;
    p = p * (r * r) + r + 1.0f;
#if defined(__AVX512F__)
    return (vfloat)_mm512_scalef_ps((__m512)p, (__m512)n);
#else
    /* In two steps: 2^exponent itself may be beyond a float where the result is not. */
    vint half = exponent >> 1;
    return p * vpower_of_two(half) * vpower_of_two(exponent - half);
#endif
}

/* exp(x). Error at most 0.98 ulp. Overflows to infinity, underflows through the subnormals to 0. */
INLINE vfloat vexp(vfloat x) {
    x = vat_most(vat_least(x, vset(-104)), vset(89)); /* beyond, the result is 0 or infinity anyway */
    vfloat n;
    vint exponent = vround_over_ln2(x, &n);
    vfloat r = x - n * LN2_HIGH;
    return vexp_reduced(r - n * LN2_LOW, n, exponent);
}

/* exp(high + low) for -120 < high <= 0 and a small low: an argument better known than one float. */
INLINE vfloat vexp_of_sum(vfloat high, vfloat low) {
    vfloat n;
    vint exponent = vround_over_ln2(high + low, &n);
    vfloat r = high - n * LN2_HIGH;
    return vexp_reduced(r - n * LN2_LOW + low, n, exponent);
}

/*
 * ln(x). Error at most 0.78 ulp. ln 0 = -infinity, of what is negative NaN.
 * x = 2^e (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)); ln(1 + f) = f - f^2 / 2 + f^3 P(f).
 */
INLINE vfloat vlog(vfloat x) {
    vint subnormal = x < 1.17549435e-38f;
    vfloat scaled = vselect(subnormal, x * 8388608.0f, x);
    vint bits = (vint)((vuint)scaled - 0x3f3504f3u); /* less the bits of sqrt(1/2) */
    vint exponent = bits >> 23;
    vfloat f = (vfloat)((bits & 0x7fffff) + 0x3f3504f3) - 1.0f;
    vfloat e = __builtin_convertvector(exponent - (subnormal & 23), vfloat);
    /* relative error of the whole 2^-30 */
    vfloat p = f * 6.915576011e-2f - 1.178994626e-1f;
    p = p * f + 1.187295690e-1f;
    p = p * f - 1.238432229e-1f;
    p = p * f + 1.421865672e-1f;
    p = p * f - 1.666925251e-1f;
    p = p * f + 2.000222653e-1f;
    p = p * f - 2.499998659e-1f;
    p = p * f + 3.333331048e-1f;
    vfloat square = f * f;
    vfloat small = p * (f * square) + e * LN2_LOW - 0.5f * square;
    vfloat r = e * LN2_HIGH + (f + small);
    r = vselect(x < INFINITY, r, x); /* infinity and NaN as they are */
    r = vselect(x == 0.0f, vset(-INFINITY), r);
    return vselect(x < 0.0f, vset(NAN), r);
}

/*
 * tanh(x). Error at most 2.5 ulp. With t = exp(2|x|) - 1: tanh |x| = t / (t + 2), which loses
 * nothing near 0, where t is made as exp(r) - 1 without ever adding the 1.
 */
INLINE vfloat vtanh(vfloat x) {
    vfloat y = vat_most(vabs(x) * 2.0f, vset(20)); /* tanh 10 rounds to 1 */
    vfloat n;
    vfloat scale = vpower_of_two(vround_over_ln2(y, &n) & 63);
    vfloat r = y - n * LN2_HIGH;
    r = r - n * LN2_LOW;
    /* exp(r) - 1 = r + r^2 P(r): relative error 2^-26 */
    vfloat p = r * 1.394644030e-3f + 8.366577327e-3f;
    p = p * r + 4.166628048e-2f;
    p = p * r + 1.666654348e-1f;
    p = p * r + 5.000000000e-1f;
    p = p * (r * r) + r;
    vfloat t = scale * p + (scale - 1.0f);
    return vcopysign(t / (t + 2.0f), x);
}

/* 1 / (1 + exp(-x)). Error at most 2.3 ulp. From exp(-|x|), which cannot overflow. */
INLINE vfloat vsigmoid(vfloat x) {
    vfloat e = vexp(-vabs(x));
    return vselect(x < 0.0f, e, vset(1.0f)) / (1.0f + e);
}

/*
 * The standard normal's distribution function and density at x. Error of the first at most 3.8 ulp.
 *
 * For z = |x|, the tail is 1 - cdf(z) = exp(-z^2 / 2) R(z) with R (Mills' ratio over sqrt(2 pi))
 * smooth: (z + 1.5) R(z) is a polynomial in t = (z - 1.5) / (z + 1.5), an argument in the manner
 * of Shepherd and Laframboise (1981); with 1.5 it is flat where z is small. z^2 is made in two
 * parts, so that exp gets it exactly.
 */
INLINE vfloat vnormal_cdf(vfloat x, vfloat *density) {
    vfloat z = vat_most(vabs(x), vset(14.5f)); /* the tail there is below all subnormals */
    vfloat high = (vfloat)((vint)z & (int32_t)0xfffff000); /* 12 bits: its square is exact */
    vfloat low = z - high;
    vfloat e = vexp_of_sum(-0.5f * high * high, -0.5f * low * (z + high));
    vfloat inverse = 1.0f / (z + 1.5f);
    vfloat t = (z - 1.5f) * inverse;
    /* relative error 2^-27 */
    vfloat p = t * 1.444846421e-04f + 4.578220251e-04f;
    p = p * t + 2.636156278e-04f;
    p = p * t - 1.027546474e-03f;
    p = p * t - 2.719896613e-03f;
    p = p * t - 2.443375764e-03f;
    p = p * t + 3.991188016e-03f;
    p = p * t + 1.764283888e-02f;
    p = p * t + 1.789610833e-02f;
    p = p * t - 5.749569833e-02f;
    p = p * t - 1.950994581e-01f;
    p = p * t + 6.173419952e-01f;
    vfloat tail = e * (p * inverse);
    *density = e * 0.398942280f; /* 1 / sqrt(2 pi) */
    return vselect(x < 0.0f, tail, 1.0f - tail);
}

/*
 * erf(x). Error at most 2.6 ulp. Up to 1 an odd polynomial; beyond, 1 less twice the normal's tail.
 */
INLINE vfloat verf(vfloat x) {
    vfloat density, size = vabs(x);
    vfloat far = 1.0f - 2.0f * vnormal_cdf(size * -1.41421356f, &density);
    vfloat t = vat_most(x * x, vset(1));
    /* erf(x) / x: relative error 2^-34 */
    vfloat p = t * -9.667044651e-06f + 1.126595889e-04f;
    p = p * t - 8.484080317e-04f;
    p = p * t + 5.221031606e-03f;
    p = p * t - 2.686543018e-02f;
    p = p * t + 1.128378212e-01f;
    p = p * t - 3.761263788e-01f;
    p = p * t + 1.128379226e+00f;
    return vselect(size > 1.0f, vcopysign(far, x), x * p);
}

/*
 * ln(1 + x). Error at most 1.5 ulp. What rounding 1 + x took off is given back to first order, as in
 * the HP-15C (Kahan 1982).
 */
INLINE vfloat vlog1p(vfloat x) {
    vfloat u = 1.0f + x;
    vfloat y = vlog(u);
    vfloat lost = (x - (u - 1.0f)) / u;
    return vselect((u > 0.0f) & (u < INFINITY), y + lost, y);
}

/* exp(x) - 1. Error at most 1.7 ulp. As in vtanh, exp(r) - 1 is made without ever adding the 1. */
INLINE vfloat vexpm1(vfloat x) {
    vfloat y = vat_most(vat_least(x, vset(-20)), vset(89)); /* -1 long before; infinity */
    vfloat n;
    vint exponent = vround_over_ln2(y, &n);
    vfloat half = vpower_of_two(exponent - 1); /* 2^n itself may overflow where the result does not */
    vfloat r = y - n * LN2_HIGH;
    r = r - n * LN2_LOW;
    /* exp(r) - 1 = r + r^2 P(r): relative error 2^-26 */
    vfloat p = r * 1.394644030e-3f + 8.366577327e-3f;
    p = p * r + 4.166628048e-2f;
    p = p * r + 1.666654348e-1f;
    p = p * r + 5.000000000e-1f;
    p = p * (r * r) + r;
    return vcopysign(2.0f * (half * p + (half - 0.5f)), x);
}

/* ln(1 + exp(x)). Error at most 1.9 ulp. */
INLINE vfloat vsoftplus(vfloat x) {
    vfloat positive = vselect((x > 0.0f) | (x != x), x, vset(0));
    return positive + vlog1p(vexp(-vabs(x)));
}

/*
 * sin(x), or cos(x) when `quarters` is 1. Error at most 1.5 ulp. The multiple of pi / 2 is taken off in
 * doubles, in two parts of which the first has 33 bits; beyond a million the C library does it all.
 */
INLINE vfloat vsine(vfloat x, int quarters) {
    if (vany(vabs(x) > 1e6f)) {
        for (int i = 0; i < LANES; i++) x[i] = quarters ? cosf(x[i]) : sinf(x[i]);
        return x;
    }
    float value[LANES], rest[LANES];
    int32_t quarter[LANES];
    memcpy(value, &x, sizeof x);
    for (int i = 0; i < LANES; i++) {
        double shifted = value[i] * 0.63661977236758134 + 6755399441055744.0; /* 1.5 * 2^52 */
        double n = shifted - 6755399441055744.0;
        rest[i] = (float)((value[i] - n * 1.5707963267341256) - n * 6.0771005065061922e-11);
        quarter[i] = n == n ? (int32_t)n : 0;
    }
    vfloat r = vload(rest), t = r * r;
    vint q = vload_int(quarter) + quarters;
    /* relative error 2^-35 of sin(r), 2^-29 of cos(r) */
    vfloat s = t * 2.724686965e-06f - 1.984006376e-04f;
    s = s * t + 8.333331905e-03f;
    s = s * t - 1.666666716e-01f;
    s = s * t * r + r;
    vfloat c = t * 2.454541936e-05f - 1.388829085e-03f;
    c = c * t + 4.166666418e-02f;
    c = c * (t * t) - 0.5f * t + 1.0f;
    vfloat result = vselect((q & 1) != 0, c, s);
    return (vfloat)((vint)result ^ ((q & 2) << 30));
}

/* a^b, as the C library has it: a product with a rounded logarithm would lose digits. */
INLINE vfloat vpow(vfloat a, vfloat b) {
    for (int i = 0; i < LANES; i++) a[i] = powf(a[i], b[i]);
    return a;
}

/*
 * cos(2 pi u) and sin(2 pi u) for u in [0, 1): turns, so that taking off quarters is exact.
 * Absolute error at most 9.3e-8.
 */
INLINE vfloat vcos_sin_turns(vfloat u, vfloat *sine) {
    vfloat shifted = u * 4.0f + ROUND_MAGIC;
    vint quarter = (vint)shifted;
    vfloat f = u - 0.25f * (shifted - ROUND_MAGIC); /* [-1/8, 1/8] */
    vfloat q = f * f;
    /* absolute errors 2^-28 and 2^-34 */
    vfloat s = q * -7.540206909e+1f + 8.159255219e+1f;
    s = s * q - 4.134166336e+1f;
    s = s * q * f + f * 6.283185482e+0f;
    vfloat c = q * 5.922040558e+1f - 8.544285583e+1f;
    c = c * q + 6.493931580e+1f;
    c = c * q - 1.973920822e+1f;
    c = c * q + 1.0f;
    vint odd = (quarter & 1) != 0;
    vint negative_cos = ((quarter + 1) & 2) << 30, negative_sin = (quarter & 2) << 30;
    *sine = (vfloat)((vint)vselect(odd, c, s) ^ negative_sin);
    return (vfloat)((vint)vselect(odd, s, c) ^ negative_cos);
}

#endif
