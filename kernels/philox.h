/*
 * Philox4x32-10, a counter-based generator (Salmon et al., "Parallel random numbers: as easy as 1, 2,
 * 3", SC 2011): element i is made of word i mod 4 of block position + i / 4, whoever computes it.
 * src/util/random.ts has the same convention.
 */
#ifndef NANOGPT_PHILOX_H
#define NANOGPT_PHILOX_H

#include "vector.h"

typedef uint64_t vlong __attribute__((vector_size(LANES * 4)));
#define LONGS (LANES / 2) /* blocks made at once */

#define LOW_WORD 0xffffffffu

struct key {
    uint64_t seed, stream, position;
};

/* The integers come as doubles, in which they are exact up to 2^53. */
static inline struct key key_of(double seed, double stream, double position) {
    return (struct key){(uint64_t)seed, (uint64_t)stream, (uint64_t)position};
}

/* `blocks` is rounded up to a multiple of LONGS. Each lane has one block; the counter's words stand in the
   low halves of 64-bit lanes. */
static inline void philox(uint32_t *words, struct key key, uint64_t block, int64_t blocks) {
    vlong lane;
    for (int i = 0; i < LONGS; i++) lane[i] = (uint64_t)i;
    for (int64_t b = 0; b < blocks; b += LONGS) {
        vlong number = lane + (block + (uint64_t)b);
        vlong c0 = number & LOW_WORD, c1 = number >> 32;
        vlong c2 = (vlong){0} + (key.stream & LOW_WORD), c3 = (vlong){0} + (key.stream >> 32);
        uint32_t k0 = (uint32_t)key.seed, k1 = (uint32_t)(key.seed >> 32);
        for (int round = 0; round < 10; round++) {
            vlong product0 = c0 * 0xd2511f53u, product1 = c2 * 0xcd9e8d57u;
            c0 = (product1 >> 32) ^ c1 ^ k0;
            c1 = product1 & LOW_WORD;
            c2 = (product0 >> 32) ^ c3 ^ k1;
            c3 = product0 & LOW_WORD;
            k0 += 0x9e3779b9u;
            k1 += 0xbb67ae85u;
        }
        /* Two words to a lane, then lane by lane in turn: the blocks in order. */
        vlong first = c0 | c1 << 32, second = c2 | c3 << 32;
        uint64_t pairs[2 * LONGS];
        for (int i = 0; i < LONGS; i++) {
            pairs[2 * i] = first[i];
            pairs[2 * i + 1] = second[i];
        }
        memcpy(words + 4 * b, pairs, sizeof pairs);
    }
}

/* u < p, for u the top 24 bits of a word over 2^24, is word >> 8 < this, in integers. */
static inline int32_t drop_threshold(double p) { return (int32_t)ceil(p * 0x1p24); }

#endif
