/** The process that opens models: what goes wrong in it, or takes all of its memory, leaves the Lab standing. */
import path from 'node:path';
import { RunDirectory, readRunConfig } from '../../runs/index.js';
import { flopsPerToken, modelDefinition } from '../../train/index.js';
import { UserError } from '../../util/errors.js';
import { oneLine } from '../../util/one-line.js';
import { requireOwn } from '../contained.js';
import { gatherReport } from '../report/gather.js';
import { reportPage } from '../report/page.js';
import { embeddingOf } from './embedding.js';
import { ProbeCache } from './inside.js';
import { insightOf } from './insight.js';
import type { PiecesReply, Reply, Request, Wish } from './messages.js';
import { OpenModels } from './models.js';
import { pieceOf, writeSample } from './sample.js';
import { treeOf } from './tree.js';
import { yardsticksOf } from './yardsticks.js';

/**
 * Answers the Lab until it goes away.
 *
 * @param prepare called with a run's folder before it is opened.
 */
export function serveExplorer(prepare: (folder: string) => Promise<void>): void {
  const models = new OpenModels(prepare);
  const probes = new ProbeCache();
  const running = new Map<number, AbortController>();
  const send = (reply: Reply) => process.send?.(reply);
  process.on('disconnect', () => process.exit(0));
  process.on('message', async (request: Request) => {
    const { id } = request;
    if ('cancel' in request) return running.get(id)?.abort();
    const controller = new AbortController();
    running.set(id, controller);
    try {
      await answer(
        request.wish,
        { models, probes, prepare },
        (part) => send({ id, part }),
        controller.signal,
      );
      send({ id, end: true });
    } catch (error) {
      if (error instanceof UserError) send({ id, problem: oneLine(error.message) });
      else
        send({
          id,
          problem: 'a fault in the Lab; the terminal says more.',
          fault: String((error as Error)?.stack ?? error),
        });
    } finally {
      running.delete(id);
    }
  });
}

interface Means {
  readonly models: OpenModels;
  readonly probes: ProbeCache;
  readonly prepare: (folder: string) => Promise<void>;
}

async function answer(
  wish: Wish,
  { models, probes, prepare }: Means,
  send: (part: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  if (wish.kind === 'report') {
    const folders = wish.names.map((name) => path.join(wish.folder, name));
    for (const folder of folders) requireOwn(folder);
    return send(reportPage(await gatherReport(folders, prepare), wish.web));
  }
  requireOwn(wish.folder);
  switch (wish.kind) {
    case 'sample':
      return models.use(wish, (opened) => writeSample(opened, wish, send, signal));
    case 'tree':
      return models.use(wish, async ({ model, checkpoint }) => {
        const { blockSize, receptiveField, target } = model;
        send({
          step: checkpoint.state.step,
          root: treeOf(model),
          blockSize,
          receptiveField,
          target,
        });
      });
    case 'insight':
      return models.use(wish, async (opened) => send(insightOf(opened, wish.prompt)));
    case 'embedding':
      return models.use(wish, async (opened) => send(embeddingOf(opened)));
    case 'inside':
      return send(probes.inside(wish.folder, readRunConfig(wish.folder).training.clipNorm));
    case 'tensors':
      return send(probes.tensors(wish.folder, wish.pattern));
    case 'pieces':
      return send(await piecesOf(wish.folder, wish.text));
    case 'yardsticks':
      return send(await yardsticksOf(wish.folder));
    case 'flops': {
      await prepare(wish.folder);
      const config = readRunConfig(wish.folder);
      return send(flopsPerToken(config, config.vocabSize, modelDefinition(config.model)));
    }
  }
}

async function piecesOf(folder: string, text: string): Promise<PiecesReply> {
  using run = RunDirectory.open(folder);
  const tokenizer = await run.tokenizer();
  const pieces = Array.from(tokenizer.encode(text), (id) => pieceOf(tokenizer, id));
  return {
    name: tokenizer.name,
    vocabSize: tokenizer.vocabSize,
    pieces,
    bytes: Buffer.byteLength(text),
  };
}
