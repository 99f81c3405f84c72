import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { redact } from '../redact.ts';

const STDERR_BYTES = 2000;

/**
 * A connection that is an ssh process (`ssh -W`): its standard input and output are the two directions. Nothing listens on
 * this host for others to find, and when this process dies, by whatever signal, ssh reads the end of its input and leaves.
 * To destroy the stream ends ssh with all it started. What ssh says goes into the stream's error.
 */
export function dialBySsh(argv: readonly string[], node: string): Duplex {
  const [command = '', ...args] = argv;
  const child = spawn(command, args, { detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-STDERR_BYTES);
  });
  const stream = new Duplex({
    read: () => void child.stdout.resume(),
    write: (chunk: Buffer, _encoding, done) => void child.stdin.write(chunk, done),
    final: (done) => void child.stdin.end(done),
    destroy: (error, done) => {
      killGroup(child.pid);
      done(error);
    },
  });
  child.stdout.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) child.stdout.pause();
  });
  // A broken pipe shows as ssh's end.
  child.stdin.on('error', () => {});
  child.on('error', (error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'ssh is not installed on this host' : error.message;
    stream.destroy(new Error(why));
  });
  child.on('close', (code) => {
    if (code === 0) return void stream.push(null);
    const why = redact(said.trim().split('\n').at(-1) ?? '', 200);
    const how = code === null ? 'ssh was killed by a signal' : `ssh ended with exit code ${code}`;
    stream.destroy(new Error(`${node}: ${why === '' ? how : why}`));
  });
  return stream;
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
