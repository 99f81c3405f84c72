/** What must never reach a log, an error or a history, whoever printed it. */
const unmistakable = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  // JSON Web Tokens: service account tokens, whole or cut off.
  /\beyJ[\w-]{8,}(\.[\w-]*){0,2}/g,
];
const secrets = [
  ...unmistakable,
  // Bootstrap tokens of kubeadm's form.
  /\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g,
  /\b(Bearer|Basic)\s+[\w~+/.=-]+/gi,
  /((?:token|password|client-key-data)"?\s*[:=]\s*"?)[^\s",}]+/gi,
  // Nothing that we report is one word of more than 200 characters: a body in base64.
  /[A-Za-z0-9+/=_-]{200,}/g,
];

// eslint-disable-next-line no-control-regex -- escape sequences of a terminal are what is looked for
const terminalSequences = /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|.)/g;
const controlCharacters = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** Text from elsewhere, fit to be shown: no credential, no control character, one line, at most `max` characters. */
export function redact(text: string, max = 400): string {
  return shorten(text, max, secrets);
}

function shorten(text: string, max: number, patterns: RegExp[]): string {
  let shown = text.slice(0, 100_000).replace(terminalSequences, '');
  for (const secret of patterns) shown = shown.replace(secret, (_, kept) => `${label(kept)}[redacted]`);
  shown = shown.replace(controlCharacters, ' ').replace(/ {2,}/g, ' ').trim();
  return shown.length > max ? `${shown.slice(0, max - 1)}…` : shown;
}

/** The name before a secret's value is worth keeping: `token: [redacted]`. */
function label(kept: unknown): string {
  return typeof kept === 'string' && /[:=]/.test(kept) ? kept : '';
}

/**
 * Text that something is compared with. Whatever would be altered to be shown is marked as altered, so that a name with a
 * control character or a space behind it never becomes equal to the one that is expected. Only what can be nothing but a secret
 * is taken out: `master.openshiftcluster` has the form of a bootstrap token, and is a node's name.
 */
export function verbatim(text: string, max = 400): string {
  const shown = shorten(text, max, unmistakable);
  return shown === text ? text : `(altered) ${shown}`;
}
