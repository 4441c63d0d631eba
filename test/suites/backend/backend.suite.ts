/**
 * The suite that every backend has to pass: each method of the interface against the reference
 * backend in double precision.
 */
import { describe } from 'vitest';
import type { Backend } from '../../../src/backend/backend.js';
import { attentionSuite } from './attention.suite.js';
import { elementwiseSuite } from './elementwise.suite.js';
import { embeddingSuite } from './embedding.suite.js';
import { gatedSuite } from './gated.suite.js';
import { goldenSuite } from './goldens.suite.js';
import { matmulSuite } from './matmul.suite.js';
import { memorySuite } from './memory.suite.js';
import { moveSuite } from './move.suite.js';
import { normSuite } from './norm.suite.js';
import { optimSuite } from './optim.suite.js';
import { randomSuite } from './random.suite.js';
import { reduceSuite } from './reduce.suite.js';
import { scanSuite } from './scan.suite.js';
import { selectSuite } from './select.suite.js';
import { softmaxSuite } from './softmax.suite.js';
import { statisticsSuite } from './statistics.suite.js';

/** A case in milliseconds, on a busy machine: vitest's own 5 seconds are too few for a slow backend. */
const TIMEOUT = 60_000;

export function backendSuite(name: string, make: () => Backend<unknown>): void {
  describe(`the ${name} backend`, { timeout: TIMEOUT }, () => {
    const subject = make();
    memorySuite(subject);
    randomSuite(subject);
    matmulSuite(subject);
    elementwiseSuite(subject);
    moveSuite(subject);
    reduceSuite(subject);
    scanSuite(subject);
    selectSuite(subject);
    statisticsSuite(subject);
    softmaxSuite(subject);
    attentionSuite(subject);
    gatedSuite(subject);
    normSuite(subject);
    embeddingSuite(subject);
    optimSuite(subject);
    goldenSuite(subject);
  });
}
