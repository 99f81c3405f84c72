import { valueOf } from '../reading.ts';
import { machineOf, type Assessment } from './assessment.ts';
import { originsOf, type Cause, type Fault } from './classify.ts';
import { factOf, unreadAmong } from './facts.ts';
import { nodeFact } from './guards-members.ts';
import type { EtcdRefusal } from './hand-over.ts';
import { objection, type EtcdObjection } from './refusal.ts';
import type { Standing } from './standing.ts';
import type { Strategy } from './strategy.ts';

/** A node that cannot run its pods has another fault first; and one whose kubelet cannot authenticate never replaces one. */
export function nodeObjection({ master }: Standing): EtcdObjection | undefined {
  const { node, kubelet, name } = master;
  if (valueOf(node)?.ready !== 'True') {
    return objection('NodeNotReady', `the Node ${name} is not Ready, so its member is only the victim`, [
      nodeFact(master),
    ]);
  }
  const fact = factOf(kubelet, `kubelet on ${name}`, ({ authenticates, detail }) =>
    authenticates ? 'authenticates' : `does not authenticate (${detail})`,
  );
  if (!kubelet.known) {
    return objection(
      'EvidenceIncomplete',
      `whether the kubelet on ${name} authenticates could not be learnt`,
      [fact],
    );
  }
  return kubelet.value.authenticates
    ? undefined
    : objection('KubeletNotAuthenticated', `the kubelet on ${name} does not authenticate`, [fact]);
}

const refusedCauses: Partial<Record<Cause, EtcdRefusal>> = {
  transient: 'MemberTransientlyBad',
  host: 'NotAnEtcdFault',
  unexplained: 'FaultNotExplained',
  unseen: 'EvidenceIncomplete',
};

/** Is it bad for good, is it known why, and does more than one place say so? */
export function causeObjection(fault: Fault): EtcdObjection | undefined {
  const reason = refusedCauses[fault.cause];
  if (reason !== undefined) return objection(reason, fault.sentence, fault.signals);
  if (originsOf(fault) >= 2) return undefined;
  return objection('FaultNotExplained', `${fault.sentence}, but only one place says so`, fault.signals);
}

/** What the operator asks of a Machine before it adds a member; its refusal is one line in a verbose log. */
export function machineObjection(
  standing: Standing,
  { observation }: Assessment,
  strategy: Strategy,
): EtcdObjection | undefined {
  const { machine, name } = standing.master;
  if (strategy !== 'replace') return undefined;
  if (!machine.known) {
    return objection('EvidenceIncomplete', `the Machine of ${name} could not be read`, [
      factOf(machine, 'Machine', () => ''),
    ]);
  }
  const seen = machineOf(standing);
  const used = observation.masters.some((one) => valueOf(one.machine)?.state === 'present');
  if (seen?.state !== 'present') {
    return used
      ? objection('MachineUnfit', `no Machine stands for ${name}, and the other masters have one`, [
          { fact: 'no Machine', source: machine.source },
        ])
      : undefined;
  }
  if (!seen.deleting && seen.quorumHook) return undefined;
  const fact = `Machine ${seen.name}: phase ${seen.phase}, ${seen.deleting ? 'being deleted' : 'not being deleted'}, preDrain hook EtcdQuorumOperator ${seen.quorumHook ? 'present' : 'absent'}`;
  return objection('MachineUnfit', `the operator would add no member for ${name}: its Machine is not fit`, [
    { fact, source: machine.source },
  ]);
}

const mebibyte = 1024 * 1024;

/** The snapshot, and while it is verified its restored form beside it. */
export function roomNeeded({ survey }: Assessment): number {
  const sizes = survey.survivors.map(({ master }) => valueOf(master.view.status)?.dbSizeBytes ?? 0);
  return 2 * Math.max(0, ...sizes) + 64 * mebibyte;
}

export function roomObjection(assessment: Assessment): EtcdObjection | undefined {
  const { observation, survey } = assessment;
  const { copies } = observation;
  const needed = roomNeeded(assessment);
  const rooms = survey.survivors.map(({ master }) =>
    factOf(
      master.room,
      `room on ${master.name}`,
      ({ freeBytes }) => `${freeBytes} bytes free, ${needed} needed`,
    ),
  );
  if (!survey.survivors.some(({ master }) => (valueOf(master.room)?.freeBytes ?? 0) >= needed)) {
    const isRead = survey.survivors.every(({ master }) => master.room.known);
    return objection(
      isRead ? 'NoRoomForSnapshot' : 'EvidenceIncomplete',
      isRead
        ? 'no survivor has room for a snapshot'
        : 'whether a survivor has room for a snapshot could not be learnt',
      rooms,
    );
  }
  const fact = factOf(
    copies,
    'place for copies',
    ({ freeBytes }) => `${freeBytes} bytes free, ${needed} needed`,
  );
  if (!copies.known)
    return objection('EvidenceIncomplete', 'the place for the copy could not be read', [fact]);
  if (copies.value.recipient === '') {
    return objection(
      'SnapshotRecipientMissing',
      'the inventory names no key to which the copy could be encrypted',
      [fact],
    );
  }
  return copies.value.freeBytes >= needed
    ? undefined
    : objection('NoRoomForSnapshot', 'there is no room for the copy of the snapshot', [fact]);
}

export function certificatesObjection({ master }: Standing): EtcdObjection | undefined {
  const unread = unreadAmong([[`certificates of ${master.name}`, master.certificates]]);
  return unread.length === 0
    ? undefined
    : objection(
        'EvidenceIncomplete',
        `what the certificates of ${master.name} are for could not be read`,
        unread,
      );
}

/** The plan is pinned to the code that it would run as root. */
export function scriptsObjection(
  needed: string[],
  scripts: Record<string, string>,
  runId: string,
): EtcdObjection | undefined {
  const unnamed = needed.filter((name) => !/^[0-9a-f]{64}$/.test(scripts[name] ?? ''));
  if (unnamed.length === 0 && /^[\w-][\w.-]*$/.test(runId)) return undefined;
  const fact = unnamed.length > 0 ? `no hash for ${unnamed.join(', ')}` : `run id ${runId}`;
  return objection('EvidenceIncomplete', 'the plan cannot be pinned to what would be run', [
    { fact, source: 'the worker' },
  ]);
}
