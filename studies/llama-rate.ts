import { type Cells, defineStudy } from 'nanogpt/study';
import { FROM_A_TABLE, SWITCHES, switched } from './lib/switches.js';

const NETS: Record<string, Record<string, unknown>> = {
  GPT: {},
  Llama: { norm: 'rms', position: 'rotary', activation: 'swiglu' },
};
const higher = (cell: Cells, net: string) =>
  cell({ net, rate: 3e-3 }).validation! - cell({ net, rate: 1e-3 }).validation!;
const llama = (cell: Cells, rate: number) =>
  cell({ net: 'Llama', rate }).validation! - cell({ net: 'GPT', rate }).validation!;

export default defineStudy({
  name: 'llama-rate',
  title: 'The rate and the architecture',
  topic: 'optimisation',
  claim:
    'Three times nanoGPT’s rate lowers the loss of a small GPT, and of the same net with Llama’s changes as well.',
  source: 'Practitioners’ lore: small nets bear high rates.',
  refuted: 'a net that the higher rate does not help',
  factors: { net: Object.keys(NETS), rate: [1e-3, 3e-3] },
  ...SWITCHES,
  run: ({ net, rate }, context) =>
    switched(
      { ...NETS[net as string]!, lr: rate as number, minLr: (rate as number) / 10 },
      context,
    ),
  checks: [
    ...Object.keys(NETS).map((net) => ({
      says: `3e-3 less 1e-3, ${net}`,
      of: (cell: Cells) => higher(cell, net),
      holds: 'below' as const,
      line: 0,
      unit: 'nats',
    })),
    ...[1e-3, 3e-3].map((rate) => ({
      says: `Llama less GPT at ${rate}`,
      of: (cell: Cells) => llama(cell, rate),
      holds: 'below' as const,
      line: 0,
      unit: 'nats',
      aside: true as const,
    })),
  ],
  charts: [
    {
      kind: 'dots',
      measure: 'validation',
      title: 'Validation loss of gpt/char by net and rate',
    },
  ],
  discussion: (
    r,
  ) => `2,000 steps of gpt/char's size. The higher rate moves GPT's loss by ${r.check(0)}, which is more than any one change of
its architecture does; it moves Llama's, already lower, by ${r.check(1)}. So a comparison of two nets at one rate compares their rates, too:
Llama's lead is ${r.check(2)} at the lower rate and ${r.check(3)} at the higher.

${FROM_A_TABLE} The five of GPT at 3e-3
were made again as well, in [another](modern.md).`,
});
