/** Which options the commands have that show runs and what was found: tables, pages, reports, studies. */
import { type Command, Option } from 'commander';
import { count } from './arguments.js';
import { json } from './shared-options.js';

export function addRuns(program: Command): void {
  program
    .command('runs')
    .description('list all runs')
    .option('--in <folder>', 'folder that holds the runs', 'runs')
    .addOption(json())
    .action(async (options) => (await import('./runs.js')).showRuns(options));
}

export function addLab(program: Command): void {
  program
    .command('lab')
    .description('open a local page over the runs: curves, what is inside, samples')
    .option('--in <folder>', 'folder that holds the runs', 'runs')
    .addOption(
      new Option('--port <n>', 'port on 127.0.0.1; 0: any that is free')
        .argParser(count(0))
        .default(8787),
    )
    .action(async (options) => (await import('./lab.js')).lab(options));
}

export function addReport(program: Command): void {
  program
    .command('report')
    .description('write curves, settings and the inside of runs as one page, or as pictures')
    .argument('<runs...>', 'runs: their names or folders')
    .option('--out <file>', 'one HTML page that needs no other file and no network')
    .option('--svg <folder>', 'a picture for each chart')
    .option('--png <folder>', 'the same as pixels')
    .option(
      '--tensors <pattern>',
      "with --svg or --png: histograms of these tensors too, e.g. 'activation:hidden.*'",
    )
    .option('--dark', 'with --svg or --png: on a dark ground')
    .addOption(json())
    .addHelpText(
      'after',
      `
Examples:
  nanogpt report mlp-chars-20260101-1200 --out report.html
  nanogpt report runs/plain runs/deeper --svg pictures`,
    )
    .action(async (runs, options) => (await import('./report.js')).report(runs, options));
}

export function addStudy(program: Command): void {
  program
    .command('study')
    .description(
      'list the studies with their verdicts, or run one: a claim, with seeds and intervals',
    )
    .argument('[study]', "a study's name, or a file whose default export is one")
    .option('--quick', 'fewer steps and seeds: minutes, and no verdict that counts')
    .option('--tiny', 'a few steps: only to see that it works')
    .addOption(
      new Option('--seeds <n>', 'seeds 0 to n − 1 (default: as it says)').argParser(count(1)),
    )
    .addOption(
      new Option(
        '--workers <n>',
        'runs side by side, on one thread each; 0: one by one on all threads (default: as many as cores)',
      ).argParser(count(0)),
    )
    .option(
      '--out <folder>',
      'where page, pictures and results go (default: docs/studies, and with --quick nowhere)',
    )
    .option('--redraw', 'run nothing: write the page anew from the results that are there')
    .addOption(json())
    .addHelpText(
      'after',
      `
Examples:
  nanogpt study                            all of them, with their verdicts
  nanogpt study gumbel --quick             a look at one
  nanogpt study dead-neurons --seeds 10    in full, and more seeds than it asks for

Finished runs are kept: stopped by Ctrl-C, the same command goes on where it was.`,
    )
    .action(async (name, options) => (await import('./study.js')).study(name, options));
}

export function addPlayground(program: Command): void {
  program
    .command('playground')
    .description('open a local page that trains a model in the browser')
    .addOption(
      new Option('--port <n>', 'port on 127.0.0.1; 0: any that is free')
        .argParser(count(0))
        .default(8788),
    )
    .option('--out <folder>', 'write the page into a new folder instead, for any static host')
    .action(async (options) => (await import('./playground.js')).playground(options));
}
