/*
 * Random tensors from Philox4x32-10, a counter-based generator (Salmon et al., "Parallel random
 * numbers: as easy as 1, 2, 3", SC 2011): element i is made of word i mod 4 of block
 * position + i / 4, whoever computes it. src/util/random.ts has the same convention.
 */
#include "kernels.h"
#include "parallel.h"
#include "vector-math.h"

/* Blocks made at a time. */
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
static void philox(uint32_t *words, struct key key, uint64_t block, int64_t blocks) {
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

enum kind { UNIFORM, NORMAL, DROPOUT };

struct job {
    enum kind kind;
    float *out;
    const float *x;
    double a, b; /* low and range; mean and std; scale, and p */
    struct key key;
    float most; /* what a uniform number may be */
};

/*
 * The top 24 bits, as many as a float holds exactly, make a number in [0, 1). Rounding could make the
 * upper bound of what is just below it.
 */
static void make_uniform(float *out, const uint32_t *words, const struct job *job) {
    for (int i = 0; i < ELEMENTS; i++) {
        float value = (float)(job->a + job->b * ((int32_t)(words[i] >> 8) * 0x1p-24));
        out[i] = value > job->most ? job->most : value;
    }
}

/* Box and Muller 1958: two words are a radius and an angle, taken apart by cosine and sine. */
static void make_normal(float *out, const uint32_t *words, const struct job *job) {
    float mean = (float)job->a, std = (float)job->b;
    float u1[ELEMENTS / 2], u2[ELEMENTS / 2];
    for (int i = 0; i < ELEMENTS / 2; i++) {
        u1[i] = (float)((int32_t)(words[2 * i] >> 8) + 1) * 0x1p-24f;
        u2[i] = (float)(int32_t)(words[2 * i + 1] >> 8) * 0x1p-24f;
    }
    for (int i = 0; i < ELEMENTS / 2; i += LANES) {
        vfloat sine, radius = std * vsqrt(-2.0f * vlog(vload(u1 + i)));
        vfloat cosine = vcos_sin_turns(vload(u2 + i), &sine);
        vstore(u1 + i, mean + radius * cosine);
        vstore(u2 + i, mean + radius * sine);
    }
    for (int i = 0; i < ELEMENTS / 2; i++) {
        out[2 * i] = u1[i];
        out[2 * i + 1] = u2[i];
    }
}

/* u < p is word >> 8 < ceil(p 2^24), in integers. */
static void make_dropout(float *out, const float *x, const uint32_t *words,
                         const struct job *job) {
    int32_t threshold = (int32_t)ceil(job->b * 0x1p24);
    vfloat scale = vset((float)job->a);
    for (int i = 0; i < ELEMENTS; i += LANES) {
        vuint word;
        memcpy(&word, words + i, sizeof word);
        vint dropped = (vint)(word >> 8) < threshold;
        vstore(out + i, vselect(dropped, vset(0), vload(x + i) * scale));
    }
}

/* Elements begin .. end, in pieces of ELEMENTS; begin is a multiple of 4. */
static void random_range(void *context, int64_t begin, int64_t end, int thread) {
    const struct job *job = context;
    (void)thread;
    for (int64_t i = begin; i < end; i += ELEMENTS) {
        /* The last piece is made whole, aside, and as much of it kept as is wanted. */
        uint32_t words[ELEMENTS] = {0};
        float result[ELEMENTS], input[ELEMENTS] = {0};
        int64_t n = end - i < ELEMENTS ? end - i : ELEMENTS;
        philox(words, job->key, job->key.position + (uint64_t)i / 4, (n + 3) / 4);
        float *out = n < ELEMENTS ? result : job->out + i;
        if (job->kind == UNIFORM) make_uniform(out, words, job);
        if (job->kind == NORMAL) make_normal(out, words, job);
        if (job->kind == DROPOUT) {
            const float *x = job->x + i;
            if (n < ELEMENTS) x = memcpy(input, x, (size_t)n * sizeof *x);
            make_dropout(out, x, words, job);
        }
        if (n < ELEMENTS) memcpy(job->out + i, result, (size_t)n * sizeof *result);
    }
}

/* Costs more than moving the elements: smaller tasks. */
static void run(struct job job, int64_t count) {
    parallel_ranges(count, 8 * ELEMENTS, random_range, &job);
}

void random_uniform(float *out, int64_t count, double low, double high, double seed, double stream,
                    double position) {
    float most = (float)high;
    if (low < high && most >= high) most = nextafterf(most, -INFINITY);
    run((struct job){UNIFORM, out, NULL, low, high - low, key_of(seed, stream, position), most},
        count);
}

void random_normal(float *out, int64_t count, double mean, double std, double seed, double stream,
                   double position) {
    run((struct job){NORMAL, out, NULL, mean, std, key_of(seed, stream, position), 0}, count);
}

void dropout_forward(float *out, const float *x, int64_t count, double p, double seed,
                     double stream, double position) {
    run((struct job){DROPOUT, out, x, 1 / (1 - p), p, key_of(seed, stream, position), 0}, count);
}
