/** Commands that bring models in and out, and their options. */
import { type Command, Option } from 'commander';
import { count } from './arguments.js';
import { checkpoint, data, ema, json, threads } from './shared-options.js';

export function addImport(program: Command): void {
  program
    .command('import')
    .description('make a run of a published model, for sample, eval and train --init-from')
    .argument(
      '<model>',
      'a folder with config.json and safetensors, a .gguf, a .bin of llama2.c, or owner/name on the Hugging Face hub',
    )
    .requiredOption('--out <folder>', "the run's folder")
    .addOption(data())
    .option('--tokenizer <name>', 'for a model that comes without one')
    .addOption(
      new Option(
        '--block-size <n>',
        'the most tokens to see at once (default: its own, 1,024 at most)',
      ).argParser(count(1)),
    )
    .addOption(threads())
    .addOption(json())
    .addHelpText(
      'after',
      `
Families of config.json: gpt2, llama, mistral, qwen2, qwen3, smollm3, gpt_neox.

Examples:
  nanogpt import openai-community/gpt2 --out runs/gpt2
  nanogpt import stories15M.bin --tokenizer tokenizer.model --out runs/stories`,
    )
    .action(async (model, options) => (await import('./import.js')).importModel(model, options));
}

export function addExport(program: Command): void {
  program
    .command('export')
    .description('write a trained model, or what was measured of it, as other programs read it')
    .argument('<run>', 'a run: its name or folder')
    .option(
      '--format <format>',
      'safetensors (a folder as transformers has it) or gguf (a file for llama.cpp and Ollama)',
    )
    .option('--out <path>', 'with --format: the new folder or file')
    .option('--tensorboard <folder>', 'metrics and probes as event files, into <folder>/<run>')
    .option('--csv <folder>', 'metrics and probes as tables, into <folder>/<run>')
    .option('--dtype <type>', 'float32 (default), float16, bfloat16; gguf: q8_0 too')
    .addOption(checkpoint())
    .addOption(ema())
    .addOption(threads())
    .addOption(json())
    .addHelpText(
      'after',
      `
Examples:
  nanogpt export runs/llama --format gguf --out my.gguf
  nanogpt export runs/llama --format safetensors --dtype bfloat16 --out my-llama
  nanogpt export runs/llama --tensorboard boards && tensorboard --logdir boards`,
    )
    .action(async (run, options) => (await import('./export.js')).exportRun(run, options));
}
