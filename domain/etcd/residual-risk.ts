import { valueOf } from '../reading.ts';
import type { Assessment } from './assessment.ts';
import { quarantineDirectory, snapshotDirectory } from './names.ts';
import type { EtcdPins } from './pins.ts';
import { toleranceOf } from './quorum.ts';

/** What a person has to know before and after, without anything volatile. */
export function residualRisk(pins: EtcdPins, { survey, observation }: Assessment): string[] {
  const { target, executor, runId, cause, strategy } = pins;
  const voters = observation.masters.length;
  const left = strategy === 'replace' ? voters - 1 : voters;
  const tolerance = toleranceOf(left, voters - 1);
  const versions = survey.survivors.flatMap(({ master }) => valueOf(master.view.status)?.version ?? []);
  return [
    tolerance === 0
      ? `Until ${target.node} is a healthy voter again, one more failure is an outage.`
      : `Until ${target.node} is a healthy voter again, ${tolerance} more may fail.`,
    `The snapshot in ${snapshotDirectory(runId)} on ${executor.node} holds every Secret of the cluster and stays there until a person deletes it; its encrypted copy stays as long as the inventory says.`,
    ...(cause === 'data-corrupt'
      ? [`The old data stays in ${quarantineDirectory(runId)} on ${target.node} until a person deletes it.`]
      : []),
    whyUnknown(pins),
    ...versionRisks([...new Set(versions)], strategy === 'replace'),
  ];
}

function whyUnknown({ cause, target: { node } }: EtcdPins): string {
  return cause === 'address-changed'
    ? `Why the address of ${node} changed is not known to this run; load balancers, DNS and firewalls that name the old one are not touched.`
    : `What brought ${node} into this state is not known to this run: find out, or it happens again.`;
}

/** Faults of etcd itself that a replacement makes matter. */
function versionRisks(versions: string[], replaces: boolean): string[] {
  return versions.flatMap((version) => {
    const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
    if (major !== 3 || minor !== 5) return [];
    const risks: string[] = [];
    if (patch <= 2)
      risks.push(`etcd ${version} can lose writes in a crash under load (fixed in 3.5.3): compare the data.`);
    if (replaces && patch < 20)
      risks.push(
        `etcd ${version} keeps promotions where 3.6 does not look: go to 3.5.20 or later before any upgrade to 3.6.`,
      );
    if (replaces && patch < 26)
      risks.push(
        `etcd ${version} may bring removed members back in an upgrade to 3.6: go to 3.5.26 or later first.`,
      );
    return risks;
  });
}
