#!/usr/bin/env node
/** The command line's entry: parses, runs a command, and turns what was thrown into an exit code. */
import { CommanderError } from 'commander';
import { translateOptions } from './option-words.js';
import { onClosedPipe } from './output.js';
import { failTogether, leaveTheWord, leaveTogether } from './part.js';
import { buildProgram } from './program.js';

// `nanogpt runs | head -1`: whoever read has seen enough.
onClosedPipe(() => process.exit(0));

try {
  const program = buildProgram();
  if (process.argv.length <= 2) program.outputHelp();
  else {
    const args = await translateOptions(program, process.argv.slice(2), async (imports) => {
      if (imports.length > 0) await (await import('./imports.js')).importGiven(imports);
      return (await import('./settings.js')).settingKeys();
    });
    await program.parseAsync(args, { from: 'user' });
  }
} catch (error) {
  // commander has already printed what was wrong with the usage, or the help that was asked for.
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
    if (error.exitCode !== 0) await leaveTheWord();
  } else await failTogether(error, error instanceof Error && error.name === 'FoundElsewhere');
}
leaveTogether();
