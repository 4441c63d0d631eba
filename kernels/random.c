/*
 * Random tensors from Philox4x32-10, a counter-based generator (Salmon et al., "Parallel random
 * numbers: as easy as 1, 2, 3", SC 2011): element i is made of word i mod 4 of block
 * position + i / 4, whoever computes it. src/util/random.ts has the same convention.
 */
#include "kernels.h"
#include "parallel.h"
#include "vector-math.h"

/* Blocks made at a time; words lie by their number in the block: words[w][b]. */
#define BLOCKS 256
#define ELEMENTS (4 * BLOCKS)

typedef uint64_t vlong __attribute__((vector_size(LANES * 4)));
#define LONGS (LANES / 2)

#define LOW_WORD 0xffffffffu

struct key {
    uint64_t seed, stream, position;
};

/* The integers come as doubles, in which they are exact up to 2^53. */
static struct key key_of(double seed, double stream, double position) {
    return (struct key){(uint64_t)seed, (uint64_t)stream, (uint64_t)position};
}

/* Each lane has one block; the counter's words stand in the low halves of 64-bit lanes. */
static void philox(uint32_t words[4][BLOCKS], struct key key, uint64_t block, int64_t blocks) {
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
        for (int i = 0; i < LONGS; i++) {
            words[0][b + i] = (uint32_t)c0[i];
            words[1][b + i] = (uint32_t)c1[i];
            words[2][b + i] = (uint32_t)c2[i];
            words[3][b + i] = (uint32_t)c3[i];
        }
    }
}

/* [0, 1): the top 24 bits, as many as a float holds exactly. */
INLINE float unit(uint32_t word) { return (float)(word >> 8) * 0x1p-24f; }

enum kind { UNIFORM, NORMAL, DROPOUT };

struct job {
    enum kind kind;
    float *out;
    const float *x;
    double a, b; /* low and range; mean and std; scale, and p */
    struct key key;
};

static void make_uniform(float *out, uint32_t words[4][BLOCKS], const struct job *job) {
    for (int w = 0; w < 4; w++) {
        for (int b = 0; b < BLOCKS; b++) {
            out[4 * b + w] = (float)(job->a + job->b * (double)unit(words[w][b]));
        }
    }
}

/* Box and Muller 1958: two words are a radius and an angle, taken apart by cosine and sine. */
static void make_normal(float *out, uint32_t words[4][BLOCKS], const struct job *job) {
    float mean = (float)job->a, std = (float)job->b;
    for (int w = 0; w < 4; w += 2) {
        for (int b = 0; b < BLOCKS; b += LANES) {
            vuint word1, word2;
            memcpy(&word1, &words[w][b], sizeof word1);
            memcpy(&word2, &words[w + 1][b], sizeof word2);
            vfloat u1 = __builtin_convertvector((vint)(word1 >> 8) + 1, vfloat) * 0x1p-24f;
            vfloat u2 = __builtin_convertvector((vint)(word2 >> 8), vfloat) * 0x1p-24f;
            vfloat sine, radius = std * vsqrt(-2.0f * vlog(u1));
            vfloat cosine = mean + radius * vcos_sin_turns(u2, &sine);
            sine = mean + radius * sine;
            for (int i = 0; i < LANES; i++) {
                out[4 * (b + i) + w] = cosine[i];
                out[4 * (b + i) + w + 1] = sine[i];
            }
        }
    }
}

/* u < p is word >> 8 < ceil(p 2^24), in integers. */
static void make_dropout(float *out, const float *x, uint32_t words[4][BLOCKS],
                         const struct job *job) {
    uint32_t threshold = (uint32_t)ceil(job->b * 0x1p24);
    float scale = (float)job->a;
    for (int b = 0; b < BLOCKS; b++) {
        for (int w = 0; w < 4; w++) {
            int i = 4 * b + w;
            out[i] = words[w][b] >> 8 < threshold ? 0.0f : x[i] * scale;
        }
    }
}

/* Elements begin .. end, in pieces of ELEMENTS; begin is a multiple of 4. */
static void random_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct job *job = context;
    (void)thread;
    for (int64_t i = begin; i < end; i += ELEMENTS) {
        uint32_t words[4][BLOCKS];
        float last[ELEMENTS], input[ELEMENTS];
        int64_t n = end - i < ELEMENTS ? end - i : ELEMENTS;
        philox(words, job->key, job->key.position + (uint64_t)i / 4, (n + 3) / 4);
        float *out = n < ELEMENTS ? last : job->out + i;
        if (n < ELEMENTS) { /* the rest is made of whatever is there, and not kept */
            int64_t made = ((n + 3) / 4 + LONGS - 1) / LONGS * LONGS;
            for (int w = 0; w < 4; w++) {
                memset(&words[w][made], 0, (size_t)(BLOCKS - made) * sizeof words[w][0]);
            }
        }
        if (job->kind == UNIFORM) make_uniform(out, words, job);
        if (job->kind == NORMAL) make_normal(out, words, job);
        if (job->kind == DROPOUT) {
            const float *x = job->x + i;
            if (n < ELEMENTS) {
                memcpy(input, x, (size_t)n * sizeof *x);
                memset(input + n, 0, (size_t)(ELEMENTS - n) * sizeof *x);
                x = input;
            }
            make_dropout(out, x, words, job);
        }
        if (n < ELEMENTS) memcpy(job->out + i, last, (size_t)n * sizeof *last);
    }
}

/* Costs more than moving the elements: smaller tasks. */
static void run(struct job job, int64_t count) {
    parallel_ranges(count, 8 * ELEMENTS, random_range, &job);
}

void random_uniform(float *out, int64_t count, double low, double high, double seed, double stream,
                    double position) {
    run((struct job){UNIFORM, out, NULL, low, high - low, key_of(seed, stream, position)}, count);
}

void random_normal(float *out, int64_t count, double mean, double std, double seed, double stream,
                   double position) {
    run((struct job){NORMAL, out, NULL, mean, std, key_of(seed, stream, position)}, count);
}

void dropout_forward(float *out, const float *x, int64_t count, double p, double seed,
                     double stream, double position) {
    run((struct job){DROPOUT, out, x, 1 / (1 - p), p, key_of(seed, stream, position)}, count);
}
