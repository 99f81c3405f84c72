import { valueOf } from '../reading.ts';
import { includesHost } from './addresses.ts';
import { allCertsSecret, certificateSecrets } from './names.ts';
import type { CertificateFacts, EtcdMaster } from './observation.ts';

/** One certificate that would not serve this node as it stands now. */
export interface CertificateFault {
  /** The secret's name, whichever of the two places it stands in. */
  name: string;
  where: 'secret' | 'all-certs';
  kind: 'missing' | 'unparsable' | 'stale' | 'expired';
  fact: string;
}

/**
 * Everything that is wrong with the node's three certificates, in their own secrets and inside `etcd-all-certs`. Both are
 * looked at: the pods mount the second, and in mid-roll-out the two were seen to differ for ever.
 */
export function certificateFaults(
  master: Pick<EtcdMaster, 'name' | 'node' | 'certificates'>,
  at: string,
): CertificateFault[] {
  const seen = valueOf(master.certificates);
  const addresses = valueOf(master.node)?.internalIps;
  if (!seen || !addresses) return [];
  const names = certificateSecrets(master.name);
  const faultsIn = (found: CertificateFacts[], where: CertificateFault['where']) =>
    names.flatMap((name) => faultOf(name, found, { where, addresses, at }) ?? []);
  return [...faultsIn(seen.secrets, 'secret'), ...faultsIn(seen.inAllCerts, 'all-certs')];
}

interface Judging {
  where: CertificateFault['where'];
  addresses: string[];
  at: string;
}

function faultOf(name: string, found: CertificateFacts[], judging: Judging): CertificateFault | undefined {
  const { where, addresses, at } = judging;
  const certificate = found.find((one) => one.name === name) ?? { name, state: 'missing' as const };
  const place = where === 'secret' ? `secret ${name}` : `${name} in ${allCertsSecret}`;
  const fault = (kind: CertificateFault['kind'], what: string): CertificateFault => ({
    name,
    where,
    kind,
    fact: `${place} ${what}`,
  });
  if (certificate.state !== 'present') return fault(certificate.state, `is ${certificate.state}`);
  const lacking = addresses.filter((address) => !includesHost(certificate.addresses, address));
  if (lacking.length > 0) {
    return fault('stale', `is for ${certificate.addresses.join(', ')}, not for ${lacking.join(', ')}`);
  }
  const valid =
    Date.parse(certificate.notBefore) <= Date.parse(at) && Date.parse(at) < Date.parse(certificate.notAfter);
  return valid
    ? undefined
    : fault('expired', `is valid from ${certificate.notBefore} to ${certificate.notAfter}`);
}
