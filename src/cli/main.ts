#!/usr/bin/env node
/** The command line's entry: parses, runs a command, and turns what was thrown into an exit code. */
import { CommanderError } from 'commander';
import { fail } from './fail.js';
import { onClosedPipe } from './output.js';
import { buildProgram } from './program.js';

// `nanogpt runs | head -1`: whoever read has seen enough.
onClosedPipe(() => process.exit(0));

try {
  const program = buildProgram();
  if (process.argv.length <= 2) program.outputHelp();
  else await program.parseAsync();
} catch (error) {
  // commander has already printed what was wrong with the usage, or the help that was asked for.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else fail(error);
}
