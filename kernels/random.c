/*
 * Random tensors from Philox4x32-10 (philox.h).
 */
#include "kernels.h"
#include "parallel.h"
#include "philox.h"
#include "vector-math.h"

/* Blocks made at a time. */
#define BLOCKS 256
#define ELEMENTS (4 * BLOCKS)

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

static void make_dropout(float *out, const float *x, const uint32_t *words,
                         const struct job *job) {
    int32_t threshold = drop_threshold(job->b);
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
