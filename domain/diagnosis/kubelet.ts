import type { KubeletEvidence, MasterObservation, Observation } from '../control-plane.ts';
import type { Finding } from '../finding.ts';
import type { Classification } from '../kubelet/classify.ts';
import { mirrorGaps } from '../kubelet/mirror-pods.ts';
import { isTemporary } from '../kubelet/leftovers.ts';
import { valueOf, type Reading } from '../reading.ts';
import { sentenceCase } from '../input.ts';
import { pageOf } from './page.ts';

/** The kubelet of each master, and what follows from it for its Node and its mirror pods. */
export function kubeletFindings(observation: Observation, classes: Classification[]): Finding[] {
  return observation.masters.flatMap((master) => {
    const seen = classes.find(({ node }) => node === master.name);
    const fault = seen && faultOf(master, seen);
    return [...(fault ? [fault] : []), ...adminFindings(master)];
  });
}

function faultOf(master: MasterObservation, seen: Classification): Finding | undefined {
  switch (seen.standing) {
    case 'healthy':
      return undefined;
    case 'lost':
    case 'latent':
      return authenticationFinding(master, seen);
    case 'stopped':
      return found(seen, { code: 'KubeletStopped', severity: 'critical' });
    case 'ailing':
      return ailingFinding(master, seen);
    case 'unknown':
      return unknownFinding(master, seen);
  }
}

/** C5 is the incident this project began with, and the class that the runbook mends. */
function authenticationFinding({ kubelet }: MasterObservation, seen: Classification): Finding {
  if (seen.standing === 'lost' && seen.class === 'C5') {
    return {
      ...found(seen, { code: 'KubeletClientCredentialLost', severity: 'critical' }),
      sentence: `${sentenceCase(seen.sentence)}: it cannot speak for its node, nor ask for a new certificate.`,
      remedy: { runbook: 'KubeletAuthRecovery', target: seen.node },
    };
  }
  const severity = seen.standing === 'lost' ? 'critical' : 'warning';
  const finding = found(seen, { code: 'KubeletAuthenticationFault', severity });
  const sentence = `${sentenceCase(seen.sentence)} (class ${seen.class ?? 'unknown'}).`;
  if (!isLeftHalfWay(seen, kubelet)) return { ...finding, sentence };
  return { ...finding, sentence, remedy: { runbook: 'KubeletAuthRecovery', target: seen.node } };
}

/** With the temporary credential of a run that was killed: the next run goes on from there. */
function isLeftHalfWay(
  { standing, class: kind }: Classification,
  kubelet: Reading<KubeletEvidence>,
): boolean {
  const isWaiting = standing === 'lost' && (kind === 'C1' || kind === 'C4');
  return isWaiting && kubelet.known && isTemporary(kubelet.value.bootstrap);
}

function ailingFinding({ node, kubelet, mirrorPods }: MasterObservation, seen: Classification): Finding {
  if (valueOf(node)?.ready !== 'True') return found(seen, { code: 'NodeNotReady', severity: 'critical' });
  const missing = kubelet.known && mirrorPods.known && mirrorGaps(kubelet.value, mirrorPods.value).length > 0;
  return found(seen, { code: missing ? 'MirrorPodMissing' : 'NodeNotReady', severity: 'warning' });
}

/** With the API gone nothing can be said about a kubelet that was seen; one that was not seen is out of reach. */
function unknownFinding({ kubelet, node }: MasterObservation, seen: Classification): Finding | undefined {
  const ready = valueOf(node)?.ready;
  if (!kubelet.known) {
    return found(seen, { code: 'NodeUnreachable', severity: ready === 'True' ? 'warning' : 'critical' });
  }
  return node.known ? found(seen, { code: 'KubeletAuthenticationFault', severity: 'warning' }) : undefined;
}

/** Whoever reads that file is cluster-admin: the incident's own fix left two of them behind. */
function adminFindings({ name, kubelet }: MasterObservation): Finding[] {
  const paths = valueOf(kubelet)?.adminCredentials ?? [];
  if (paths.length === 0) return [];
  return [
    {
      code: 'AdminCredentialOnNode',
      severity: 'warning',
      node: name,
      sentence: `A certificate of system:masters lies on ${name} where the kubelet keeps its own: whoever reads it is cluster-admin.`,
      evidence: paths.map((path) => ({ fact: path, source: kubelet.source })),
      remedy: pageOf('AdminCredentialOnNode'),
    },
  ];
}

function found(
  { node, sentence, evidence }: Classification,
  { code, severity }: Pick<Finding, 'code' | 'severity'>,
): Finding {
  return { code, severity, node, sentence: `${sentenceCase(sentence)}.`, evidence, remedy: pageOf(code) };
}
