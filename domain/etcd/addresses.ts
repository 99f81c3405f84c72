/** One spelling for one address: brackets off, IPv6 in its short form. What is no address stays as it is. */
export function canonicalHost(host: string): string {
  const bare = host
    .trim()
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
  // Nearly all of them, and a decision asks for hundreds.
  if (/^\d+\.\d+\.\d+\.\d+$/.test(bare)) return bare;
  const candidate = `https://${bare.includes(':') ? `[${bare}]` : bare}`;
  if (bare === '' || !URL.canParse(candidate)) return bare;
  return new URL(candidate).hostname.replace(/^\[|\]$/g, '');
}

/** The host of a URL, in that spelling; empty when it is none. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? canonicalHost(new URL(url).hostname) : '';
}

export function hostsOf(urls: string[]): string[] {
  return urls.map(hostOf).filter((host) => host !== '');
}

export function includesHost(addresses: string[], host: string): boolean {
  return addresses.some((address) => canonicalHost(address) === canonicalHost(host));
}

export function peerUrl(address: string): string {
  const host = canonicalHost(address);
  return `https://${host.includes(':') ? `[${host}]` : host}:2380`;
}

/**
 * Which of a node's addresses takes the place of `old`: the first of the same family. On a dual-stack cluster the other family
 * never was the member's, and taking it for a change of address marks every healthy master as broken.
 */
export function successorOf(old: string, addresses: string[]): string | undefined {
  const hosts = addresses.map(canonicalHost);
  return hosts.find((host) => isV6(host) === isV6(canonicalHost(old))) ?? hosts[0];
}

function isV6(address: string): boolean {
  return address.includes(':');
}
