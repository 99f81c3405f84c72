#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

// Stripping the types of some fifty files on every start takes three quarters of it. Kept in our own cache: the default
// place under /tmp could be filled by anybody with code that root would run.
const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
enableCompileCache(join(cache, 'control-plane-recovery', 'compiled'));

const { runCommandLine } = await import('./command-line.ts');
const { processIo } = await import('./process-io.ts');

process.exitCode = await runCommandLine(process.argv.slice(2), processIo());
