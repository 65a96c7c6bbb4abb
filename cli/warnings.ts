import process from 'node:process';

/** Stripping types is how subjects in TypeScript are read; that Node calls it experimental is no news for a user of this command. */
export function showRealWarnings(): void {
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (!(warning.name === 'ExperimentalWarning' && /[sS]trip/.test(warning.message))) process.stderr.write(`${warning.name}: ${warning.message}\n`);
  });
}
