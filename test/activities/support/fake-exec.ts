import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** `exec` of a kubelet as the API server hands it on: this shell text is what runs, with the streams of the WebSocket. */
export function execInShell(shell: string): (request: IncomingMessage, socket: Duplex) => void {
  return (request, socket) => {
    accept(request, socket);
    const child = spawn('/bin/bash', ['-c', shell], { stdio: ['pipe', 'pipe', 'pipe'] });
    const send = (channel: number, data: Buffer | string) => {
      if (socket.writable) socket.write(frame(Buffer.concat([Buffer.from([channel]), Buffer.from(data)])));
    };
    readFrames(socket, ([channel, ...data]) => {
      if (channel === 0) child.stdin.write(Buffer.from(data));
    });
    // The connection may go before its process does, and the other way round.
    socket.on('error', () => {});
    child.stdin.on('error', () => {});
    socket.on('close', () => child.kill('SIGKILL'));
    child.stdout.on('data', (data: Buffer) => send(1, data));
    child.stderr.on('data', (data: Buffer) => send(2, data));
    child.on('close', (code) => send(3, JSON.stringify(statusOf(code))));
  };
}

/** As the API server answers when the kubelet does not let it in. */
export function refuseExec(status: number): (request: IncomingMessage, socket: Duplex) => void {
  return (_request, socket) => socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
}

function accept({ headers }: IncomingMessage, socket: Duplex): void {
  const key = createHash('sha1').update(`${headers['sec-websocket-key']}${GUID}`).digest('base64');
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${key}`,
    // What API servers before 1.30 speak; newer ones do too.
    'Sec-WebSocket-Protocol: v4.channel.k8s.io',
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
}

function statusOf(code: number | null): object {
  if (code === 0) return { kind: 'Status', status: 'Success' };
  const causes = code === null ? [] : [{ reason: 'ExitCode', message: String(code) }];
  const message = `command terminated with exit code ${code}`;
  return { kind: 'Status', status: 'Failure', message, details: { causes } };
}

/** One unmasked binary frame. */
function frame(data: Buffer): Buffer {
  const head = Buffer.alloc(10);
  head[0] = 0x82;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(data.length), 2);
  return Buffer.concat([head, data]);
}

function readFrames(socket: Duplex, take: (data: Buffer) => void): void {
  let pending = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      const read = firstFrame(pending);
      if (!read) return;
      pending = pending.subarray(read.end);
      if (read.opcode === 2) take(read.data);
      // The other side has said good-bye.
      if (read.opcode === 8) socket.end();
    }
  });
}

/** A client's frames are masked. */
function firstFrame(bytes: Buffer): { opcode: number; data: Buffer; end: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes[1]! & 0x7f;
  const extra = short === 127 ? 8 : short === 126 ? 2 : 0;
  const at = 2 + extra + 4;
  if (bytes.length < at) return undefined;
  const length = extra === 8 ? Number(bytes.readBigUInt64BE(2)) : extra === 2 ? bytes.readUInt16BE(2) : short;
  if (bytes.length < at + length) return undefined;
  const mask = bytes.subarray(at - 4, at);
  const data = Buffer.from(bytes.subarray(at, at + length).map((byte, index) => byte ^ mask[index % 4]!));
  return { opcode: bytes[0]! & 0x0f, data, end: at + length };
}
