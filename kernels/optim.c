/*
 * Optimizer steps over whole parameter sets: one call, one pass over memory.
 *
 * All parameters are cut into chunks of CHUNK elements, which the pool works through together, so
 * that many small parameters and one large one cost what their bytes cost. The gradient of an
 * embedding comes by rows; the rows that are not listed have a gradient of zero, which is not read
 * from anywhere.
 *
 * Multiply-adds are asked for by name: ranks update stretches of a parameter, so that an element which is in a
 * whole vector for one is among the last few for another, and must get the same bits.
 */
#include "kernels.h"
#include "parallel.h"
#include "vector.h"

#define CHUNK GRAIN

struct update {
    float *param, *state1, *state2;
    const float *grad;
    const int32_t *rows;
    int64_t count, row_count, width;
    float lr, weight_decay;
};

static void *pointer(double address) { return (void *)(intptr_t)(int64_t)address; }

static struct update unpack(const struct update_row *row) {
    return (struct update){
        .param = pointer(row->param),
        .state1 = pointer(row->state1),
        .state2 = pointer(row->state2),
        .grad = pointer(row->grad),
        .rows = pointer(row->rows),
        .count = (int64_t)row->count,
        .row_count = (int64_t)row->row_count,
        .width = (int64_t)row->width,
        .lr = (float)row->lr,
        .weight_decay = (float)row->weight_decay,
    };
}

/* What is the same for all parameters of a step. */
struct constants {
    float grad_scale;
    float momentum, keep; /* SGD; keep = 1 - dampening */
    int nesterov, first;
    float beta1, beta2, rest1, rest2, eps, rate, root_scale; /* AdamW */
};

/* Updates `count` elements of `u` from `at` on; `grad` is theirs, or NULL for zero. */
typedef void (*update_function)(const struct constants *c, const struct update *u, int64_t at,
                                const float *grad, int64_t count);

/* Without `function`: the sum of squares of the gradients. */
struct step {
    const struct update_row *table;
    int64_t updates, *first_chunk; /* of each parameter, and one past the last */
    struct constants constants;
    update_function function;
    int all_rows; /* rows without a gradient change even without momentum and decay */
    double *partial;
};

/* ── Cutting into chunks ── */

/* Whether only the rows that have a gradient are visited. */
static int by_listed_rows(const struct step *step, const struct update_row *row) {
    if (row->rows == 0) return 0;
    return !step->function || !(step->all_rows || row->state1 != 0 || row->weight_decay != 0);
}

static int64_t elements_to_visit(const struct step *step, const struct update_row *row) {
    return (int64_t)(by_listed_rows(step, row) ? row->row_count * row->width : row->count);
}

/* The rows of the gradient that lie in elements begin .. end of the parameter, zeros between. */
static void visit_all(const struct step *step, const struct update *u, int64_t begin, int64_t end) {
    int64_t low = 0, high = u->row_count; /* the first row that ends behind `begin` */
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if ((u->rows[middle] + (int64_t)1) * u->width <= begin) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (int64_t r = low; begin < end;) {
        int64_t start = r < u->row_count ? u->rows[r] * u->width : end, stop = start + u->width;
        const float *grad = NULL;
        if (start <= begin) {
            grad = u->grad + r * u->width + (begin - start);
            r++;
        } else {
            stop = start;
        }
        if (stop > end) stop = end;
        step->function(&step->constants, u, begin, grad, stop - begin);
        begin = stop;
    }
}

/* Elements begin .. end of the gradient, in the rows that they belong to. */
static void visit_listed(const struct step *step, const struct update *u, int64_t begin,
                         int64_t end) {
    while (begin < end) {
        int64_t r = begin / u->width, column = begin % u->width, n = u->width - column;
        if (n > end - begin) n = end - begin;
        step->function(&step->constants, u, u->rows[r] * u->width + column, u->grad + begin, n);
        begin += n;
    }
}

static void chunk_task(void *context, int64_t chunk, int thread) {
    const struct step *step = context;
    int64_t low = 0, high = step->updates; /* the parameter in which the chunk lies */
    (void)thread;
    while (high - low > 1) {
        int64_t middle = (low + high) / 2;
        if (step->first_chunk[middle] <= chunk) {
            low = middle;
        } else {
            high = middle;
        }
    }
    const struct update_row *row = step->table + low;
    struct update u = unpack(row);
    int64_t begin = (chunk - step->first_chunk[low]) * CHUNK;
    int64_t rest = elements_to_visit(step, row) - begin, n = rest < CHUNK ? rest : CHUNK;
    if (!step->function) {
        step->partial[chunk] = block_sum_of_squares(u.grad + begin, n);
    } else if (!u.rows) {
        step->function(&step->constants, &u, begin, u.grad + begin, n);
    } else if (by_listed_rows(step, row)) {
        visit_listed(step, &u, begin, begin + n);
    } else {
        visit_all(step, &u, begin, begin + n);
    }
}

/* Returns the number of chunks. */
static int64_t run_step(struct step *step) {
    int64_t chunks = 0, elements = 0, list = step->updates + 1;
    for (int64_t i = 0; i < step->updates; i++) {
        int64_t visited = elements_to_visit(step, step->table + i);
        elements += visited;
        chunks += (visited + CHUNK - 1) / CHUNK;
    }
    step->first_chunk = scratch_memory((size_t)list * sizeof(int64_t) +
                                       (size_t)chunks * sizeof(double));
    step->partial = (double *)(step->first_chunk + list);
    chunks = 0;
    for (int64_t i = 0; i < step->updates; i++) {
        step->first_chunk[i] = chunks;
        chunks += (elements_to_visit(step, step->table + i) + CHUNK - 1) / CHUNK;
    }
    step->first_chunk[step->updates] = chunks;
    if (elements > CHUNK) {
        parallel_for(chunks, chunk_task, step);
    } else { /* a small model: not worth waking anyone */
        for (int64_t chunk = 0; chunk < chunks; chunk++) chunk_task(step, chunk, 0);
    }
    return chunks;
}

/* ── SGD ── */

/* `n` elements at `i`, a whole vector or the last few. */
INLINE vfloat take(const float *p, int64_t i, int64_t n) {
    return n >= LANES ? vload(p + i) : vload_part(p + i, n, 0);
}

INLINE void put(float *p, int64_t i, int64_t n, vfloat v) {
    if (n >= LANES) {
        vstore(p + i, v);
    } else {
        vstore_part(p + i, v, n);
    }
}

INLINE void sgd_vector(const struct constants *c, const struct update *u, int64_t i, int64_t n,
                       vfloat g, int decay, int momentum) {
    vfloat p = take(u->param, i, n);
    g *= c->grad_scale;
    if (decay) g = vmultiply_add(vset(u->weight_decay), p, g);
    if (momentum) {
        vfloat m = g;
        if (!c->first) m = vmultiply_add(vset(c->momentum), take(u->state1, i, n), c->keep * g);
        put(u->state1, i, n, m);
        g = c->nesterov ? vmultiply_add(vset(c->momentum), m, g) : m;
    }
    put(u->param, i, n, vmultiply_add(vset(-u->lr), g, p));
}

INLINE void sgd_loop(const struct constants *c, const struct update *u, int64_t at,
                     const float *grad, int64_t count, int decay, int momentum) {
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        sgd_vector(c, u, at + i, LANES, grad ? vload(grad + i) : vset(0), decay, momentum);
    }
    int64_t n = count - i;
    if (n > 0) sgd_vector(c, u, at + i, n, grad ? vload_part(grad + i, n, 0) : vset(0), decay, momentum);
}

static void sgd_update(const struct constants *c, const struct update *u, int64_t at,
                       const float *grad, int64_t count) {
    if (u->state1) {
        sgd_loop(c, u, at, grad, count, u->weight_decay != 0, 1);
    } else if (u->weight_decay != 0) {
        sgd_loop(c, u, at, grad, count, 1, 0);
    } else if (grad) {
        sgd_loop(c, u, at, grad, count, 0, 0);
    }
}

void sgd_step(const struct update_row *table, int64_t updates, double grad_scale, double momentum,
              double dampening, bool nesterov, bool first) {
    struct step step = {.table = table, .updates = updates, .function = sgd_update};
    step.constants = (struct constants){.grad_scale = (float)grad_scale,
                                        .momentum = (float)momentum,
                                        .keep = (float)(1 - dampening),
                                        .nesterov = nesterov,
                                        .first = first};
    run_step(&step);
}

/* ── AdamW ── */

INLINE void adamw_vector(const struct constants *c, const struct update *u, int64_t i, int64_t n,
                         vfloat g) {
    vfloat p = take(u->param, i, n);
    g *= c->grad_scale;
    vfloat m = vmultiply_add(vset(c->beta1), take(u->state1, i, n), c->rest1 * g);
    vfloat v = vmultiply_add(vset(c->beta2), take(u->state2, i, n), c->rest2 * (g * g));
    put(u->state1, i, n, m);
    put(u->state2, i, n, v);
    p = vmultiply_add(vset(-u->lr * u->weight_decay), p, p);
    vfloat divisor = vmultiply_add(vsqrt(v), vset(c->root_scale), vset(c->eps));
    put(u->param, i, n, p - (u->lr * c->rate) * m / divisor);
}

static void adamw_update(const struct constants *c, const struct update *u, int64_t at,
                         const float *grad, int64_t count) {
    int64_t i = 0;
    if (grad) {
        for (; i + LANES <= count; i += LANES) adamw_vector(c, u, at + i, LANES, vload(grad + i));
        int64_t n = count - i;
        if (n > 0) adamw_vector(c, u, at + i, n, vload_part(grad + i, n, 0));
    } else {
        for (; i + LANES <= count; i += LANES) adamw_vector(c, u, at + i, LANES, vset(0));
        if (count - i > 0) adamw_vector(c, u, at + i, count - i, vset(0));
    }
}

void adamw_step(const struct update_row *table, int64_t updates, double grad_scale, double beta1,
                double beta2, double eps, double step_number) {
    struct step step = {.table = table, .updates = updates, .function = adamw_update, .all_rows = 1};
    /* m / (1 - beta1^step) and sqrt(v / (1 - beta2^step)), as factors */
    step.constants =
        (struct constants){.grad_scale = (float)grad_scale,
                           .beta1 = (float)beta1,
                           .beta2 = (float)beta2,
                           .rest1 = (float)(1 - beta1),
                           .rest2 = (float)(1 - beta2),
                           .eps = (float)eps,
                           .rate = (float)(1 / (1 - pow(beta1, step_number))),
                           .root_scale = (float)(1 / sqrt(1 - pow(beta2, step_number)))};
    run_step(&step);
}

/* ── Norm ── */

double gradient_sum_of_squares(const struct update_row *table, int64_t updates) {
    struct step step = {.table = table, .updates = updates};
    int64_t chunks = run_step(&step);
    double total = 0;
    for (int64_t i = 0; i < chunks; i++) total += step.partial[i];
    return total;
}
