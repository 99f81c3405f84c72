import type { Lab } from '../handle.ts';

/** Writes a file for root alone, whole or not at all. */
export async function writeSecret(lab: Lab, node: string, path: string, content: string): Promise<void> {
  const script = 'umask 077; cat > "$1.new" && mv -fT "$1.new" "$1"';
  const { code, stderr } = await lab.sh(node, ['sh', '-c', script, 'sh', path], { input: content });
  if (code !== 0) throw new Error(`${node}: cannot write ${path}: ${stderr.trim()}`);
}

/** The file's text, or undefined when it is not there. */
export async function readText(lab: Lab, node: string, path: string): Promise<string | undefined> {
  const { code, stdout } = await lab.sh(node, ['cat', path]);
  return code === 0 ? stdout : undefined;
}

/** What the kubelet has said since that moment, over all its starts. */
export async function kubeletJournal(lab: Lab, node: string, since: Date): Promise<string> {
  const seconds = Math.floor(since.getTime() / 1000);
  const { stdout } = await lab.sh(node, ['journalctl', '-u', 'kubelet', `--since=@${seconds}`, '-o', 'cat']);
  return stdout;
}
