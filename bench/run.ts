/**
 * All benchmarks, side by side with their peers in one run; the last line is JSON.
 *
 *     npm run bench                   all
 *     npm run bench -- matmul mlp     some
 */

import { availableParallelism } from 'node:os';
import { type AttentionResult, benchAttention, formatAttention } from './attention.js';
import {
  benchRanks,
  benchSums,
  findMpirun,
  formatRankSteps,
  formatSums,
  type RankSteps,
  type SumsReport,
} from './distributed.js';
import { benchGPT } from './gpt.js';
import { HIERARCHICAL, CASES as HIERARCHICAL_CASES } from './hierarchical.js';
import { formatMachine, type Machine, measureMachine } from './machine.js';
import { benchMatmul, formatMatmul, type MatmulReport } from './matmul.js';
import { CASES, MLP } from './mlp.js';
import { pythonWithTorch } from './peer.js';
import { benchProbes, formatProbes, type ProbesResult } from './probes.js';
import { benchTokenizers, formatTokenizers, type TokenizerReport } from './tokenizers.js';
import { benchTraining, type TrainingResult } from './training.js';
import { benchWasm, formatWasm, type WasmReport } from './wasm.js';
import { benchWaveNet } from './wavenet.js';

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;

function printTraining(result: TrainingResult): void {
  console.log(`\n${result.name}`);
  console.log(
    `  ours     ${result.ours.toFixed(3)} ms a step, peak memory ${megabytes(result.peakBytes)}`,
  );
  if (result.limit !== null && result.shareOfLimit !== null) {
    console.log(
      `  limit    ${result.limit.toFixed(3)} ms: ${percent(result.shareOfLimit)} of it reached`,
    );
  }
  printSampling(result);
  if (result.peer === null || result.ratio === null) return;
  console.log(
    `  PyTorch  ${result.peer.toFixed(3)} ms with ${result.peerSetting}, peak memory ${megabytes(result.peerPeakBytes!)}`,
  );
  console.log(
    `  ratio    ${result.ratio.toFixed(2)} times PyTorch's speed, ${(result.peakBytes / result.peerPeakBytes!).toFixed(2)} of its memory; losses equal to ${result.lossDifference!.toExponential(1)}`,
  );
}

function printSampling({ sampling }: TrainingResult): void {
  if (!sampling) return;
  const { ours, peer, ratio, shareOfLimit } = sampling;
  const share = shareOfLimit === null ? '' : `, ${percent(shareOfLimit)} of what reading allows`;
  const peers =
    peer === null || ratio === null
      ? ''
      : `; PyTorch ${peer.toFixed(2)} ms, ${ratio.toFixed(1)} times its speed`;
  console.log(`  writing  ${ours.toFixed(3)} ms a token${share}${peers}`);
}

const wanted = process.argv.slice(2);
const wants = (name: string) => wanted.length === 0 || wanted.includes(name);

const machine: Machine = measureMachine(availableParallelism());
console.log(formatMachine(machine));

const python = pythonWithTorch();
if (!python) console.log('PyTorch is not installed (python3-torch): measured without it');

const mlp: TrainingResult[] = [];
if (wants('mlp')) {
  for (const c of CASES) {
    const result = await benchTraining(c, MLP, machine, python);
    printTraining(result);
    mlp.push(result);
  }
}

const hierarchical: TrainingResult[] = [];
if (wants('hierarchical')) {
  for (const c of HIERARCHICAL_CASES) {
    const result = await benchTraining(c, HIERARCHICAL, machine, python);
    printTraining(result);
    hierarchical.push(result);
  }
}

const wavenet: TrainingResult[] = [];
if (wants('wavenet')) {
  for await (const result of benchWaveNet(machine, python)) {
    printTraining(result);
    wavenet.push(result);
  }
}

const gpt: TrainingResult[] = [];
if (wants('gpt')) {
  for await (const result of benchGPT(machine, python)) {
    printTraining(result);
    gpt.push(result);
  }
}

const attention: AttentionResult[] = [];
if (wants('attention')) {
  for await (const result of benchAttention(machine.threads, python)) {
    console.log(`\n${formatAttention(result)}`);
    attention.push(result);
  }
}

let matmul: MatmulReport[] = [];
if (wants('matmul')) {
  matmul = await benchMatmul({ threads: machine.threads });
  for (const report of matmul) console.log(`\n${formatMatmul(report)}`);
  if (matmul.length === 0)
    console.log('\nOpenBLAS is not installed (libopenblas0-pthread): skipped');
}

let probes: ProbesResult[] = [];
if (wants('probes')) {
  probes = await benchProbes();
  console.log(`\n${formatProbes(probes)}`);
}

const wasm: WasmReport[] = [];
if (wants('wasm')) {
  for await (const report of benchWasm(machine.threads)) {
    console.log(`\n${formatWasm(report)}`);
    wasm.push(report);
  }
}

let sums: SumsReport | null = null;
const ranks: RankSteps[] = [];
const mpirun = wants('distributed') ? findMpirun() : null;
if (mpirun) {
  sums = await benchSums(mpirun, python);
  console.log(`\n${formatSums(sums)}`);
  for await (const report of benchRanks(mpirun)) {
    console.log(formatRankSteps(report, sums));
    ranks.push(report);
  }
} else if (wants('distributed')) {
  console.log('\nno launcher of MPI (mpirun) is installed: several ranks skipped');
}

let tokenizers: TokenizerReport[] = [];
if (wants('tokenizers')) {
  tokenizers = benchTokenizers();
  console.log();
  for (const report of tokenizers) console.log(formatTokenizers(report));
  if (tokenizers.length === 0)
    console.log('spm_train (sentencepiece) or tinyshakespeare.txt is not there: skipped');
}

console.log(
  JSON.stringify({
    machine,
    mlp,
    hierarchical,
    wavenet,
    gpt,
    attention,
    matmul,
    probes,
    wasm,
    tokenizers,
    sums,
    ranks,
  }),
);
