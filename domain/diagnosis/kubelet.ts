import type { MasterObservation, Observation } from '../control-plane.ts';
import type { Finding } from '../finding.ts';
import type { Classification } from '../kubelet/classes.ts';
import { mirrorGaps } from '../kubelet/mirror-pods.ts';
import { valueOf } from '../reading.ts';
import { sentenceCase } from '../input.ts';
import { pageOf } from './page.ts';

/** The kubelet of each master, and what follows from it for its Node and its mirror pods. */
export function kubeletFindings(observation: Observation, classes: Classification[]): Finding[] {
  return observation.masters.flatMap((master) => {
    const seen = classes.find(({ node }) => node === master.name);
    const admin = adminFinding(master, seen);
    // One fault is one finding: whoever takes cluster-admin away gives the kubelet its own identity back.
    const isSame = admin !== undefined && seen?.class === 'C7';
    const fault = seen && !isSame && faultOf(master, seen);
    return [...(fault ? [fault] : []), ...(admin ? [admin] : [])];
  });
}

function faultOf(master: MasterObservation, seen: Classification): Finding | undefined {
  switch (seen.standing) {
    case 'healthy':
      return undefined;
    case 'lost':
    case 'latent':
      return authenticationFinding(seen);
    case 'stopped':
      return found(seen, { code: 'KubeletStopped', severity: 'critical' });
    case 'ailing':
      return ailingFinding(master, seen);
    case 'unknown':
      return unknownFinding(master, seen);
  }
}

/** C5 is the incident this project began with. Whether the runbook fits just now is its own decision, shown with the plan. */
function authenticationFinding(seen: Classification): Finding | undefined {
  const { standing, class: kind = 'unknown', sentence, node, ruledOut } = seen;
  const remedy = { runbook: 'KubeletAuthRecovery', target: node } as const;
  const more = ruledOut.length > 0 ? { remedy, ruledOut } : { remedy };
  if (standing === 'lost' && kind === 'C5') {
    return {
      ...found(seen, { code: 'KubeletClientCredentialLost', severity: 'critical' }),
      sentence: `${sentenceCase(sentence)}: it cannot speak for its node, nor ask for a new certificate (class C5).`,
      ...more,
    };
  }
  const severity = standing === 'lost' ? 'critical' : 'warning';
  return {
    ...found(seen, { code: 'KubeletAuthenticationFault', severity }),
    sentence: `${sentenceCase(sentence)} (class ${kind}).`,
    ...more,
  };
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
function adminFinding(
  { name, kubelet }: MasterObservation,
  seen: Classification | undefined,
): Finding | undefined {
  const paths = valueOf(kubelet)?.adminCredentials ?? [];
  if (paths.length === 0) return undefined;
  const evidence = paths.map((path) => ({ fact: path, source: kubelet.source }));
  const code = 'AdminCredentialOnNode';
  const lies = `a certificate of system:masters lies on ${name} where the kubelet keeps its own: whoever reads it is cluster-admin`;
  if (seen?.class !== 'C7') {
    const sentence = `${sentenceCase(lies)}.`;
    return { code, severity: 'warning', node: name, sentence, evidence, remedy: pageOf(code) };
  }
  const { standing, sentence, ruledOut } = seen;
  return {
    code,
    severity: standing === 'lost' ? 'critical' : 'warning',
    node: name,
    sentence: `${sentenceCase(sentence)} (class C7); ${lies}.`,
    evidence: [...evidence, ...seen.evidence],
    remedy: { runbook: 'KubeletAuthRecovery', target: name },
    ...(ruledOut.length > 0 ? { ruledOut } : {}),
  };
}

function found(
  { node, sentence, evidence }: Classification,
  { code, severity }: Pick<Finding, 'code' | 'severity'>,
): Finding {
  return { code, severity, node, sentence: `${sentenceCase(sentence)}.`, evidence, remedy: pageOf(code) };
}
