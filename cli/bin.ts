#!/usr/bin/env node
import process from 'node:process';

// What the package calls `frameproof`. An older Node would fail on the first import of the command line, before that could say a word.
const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`frameproof: needs Node 22.18 or later, and this is ${process.version}\n`);
  process.exitCode = 2;
} else {
  await import('./main.ts');
}
