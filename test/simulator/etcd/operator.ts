import { leaseTargets } from '../../../domain/lease.ts';
import type { EtcdModel, SimulatedMaster, SimulatedMember } from './state.ts';

/** Whether the process on this master runs, as the pod of its revision starts it. */
export function runs({ model }: EtcdModel, name: string): boolean {
  const master = model.masters[name];
  if (!master || master.stopped || master.files !== 'usable' || master.manifest !== 'present') return false;
  return model.revisions[master.revision]?.[name] === master.address;
}

/** The member that answers on this master: its data are a listed member's, and its peers find it where it is. */
export function serving(cluster: EtcdModel, name: string): SimulatedMember | undefined {
  const { model } = cluster;
  const master = model.masters[name];
  if (!master || master.data !== 'sound' || !runs(cluster, name)) return undefined;
  const member = model.members.find(({ id }) => id === master.memberId);
  const isReached = member?.address === master.address && master.inAllCerts === master.address;
  return member?.started === true && isReached ? member : undefined;
}

function healthyVoters(cluster: EtcdModel): SimulatedMember[] {
  return Object.keys(cluster.model.masters).flatMap((name) => {
    const member = serving(cluster, name);
    return member && !member.learner ? [member] : [];
  });
}

export function isMoving({ model: { masters, latest } }: EtcdModel): boolean {
  return Object.values(masters).some(({ revision }) => revision !== latest);
}

/** In the order in which the operator asks. */
export function isGateOpen(cluster: EtcdModel): boolean {
  if (isMoving(cluster) || isOverridden(cluster)) return true;
  const healthy = healthyVoters(cluster).length;
  const quorum = Math.floor(cluster.model.members.length / 2) + 1;
  return healthy >= 3 && healthy - quorum >= 1;
}

export function overridesOf({ etcdObject }: EtcdModel): unknown {
  return (etcdObject as { spec: { unsupportedConfigOverrides?: unknown } }).spec.unsupportedConfigOverrides;
}

function isOverridden(cluster: EtcdModel): boolean {
  const overrides = overridesOf(cluster) as Record<string, unknown> | undefined;
  return overrides?.[leaseTargets['etcd-unsafe-override'].key] === true;
}

/** Some five seconds of everybody but us: Machine, certificates, revision, installer, membership. */
export function tick(cluster: EtcdModel): void {
  follow(cluster);
  sign(cluster);
  want(cluster);
  revise(cluster);
  install(cluster);
  removeStale(cluster);
  join(cluster);
}

/** True once `what` has been waiting for so many ticks. */
function isDue({ model }: EtcdModel, what: string, after: number | 'never'): boolean {
  const count = (model.counters[what] = (model.counters[what] ?? 0) + 1);
  return after !== 'never' && count > after;
}

function forget({ model }: EtcdModel, what: string): void {
  delete model.counters[what];
}

function follow(cluster: EtcdModel): void {
  for (const [name, master] of Object.entries(cluster.model.masters)) {
    if (master.machine === master.address) forget(cluster, `machine ${name}`);
    else if (isDue(cluster, `machine ${name}`, cluster.model.lag.machine)) master.machine = master.address;
  }
}

/** On main in mid-roll-out nothing is renewed but where `etcd-all-certs` has lost its key; on 4.16 nothing behind the gate. */
function sign(cluster: EtcdModel): void {
  const { kind } = cluster.model;
  const signs = kind === 'all-gated' ? isGateOpen(cluster) : !isMoving(cluster);
  for (const master of Object.values(cluster.model.masters)) {
    const isAsked = master.secrets === '' || master.inAllCerts === '';
    if (!signs && !(isAsked && kind === 'revision-gated')) continue;
    master.secrets = master.address;
    master.inAllCerts = master.address;
  }
}

function want(cluster: EtcdModel): void {
  const { model } = cluster;
  if (model.kind === 'all-gated' && !isGateOpen(cluster)) return;
  const now = Object.fromEntries(Object.entries(model.masters).map(([name, { address }]) => [name, address]));
  const newest = model.wanted ?? model.revisions[model.latest] ?? {};
  if (Object.keys(now).some((name) => now[name] !== newest[name])) model.wanted = now;
}

function revise(cluster: EtcdModel): void {
  const { model } = cluster;
  if (!model.managed || !model.wanted || !isGateOpen(cluster)) return;
  if (!isDue(cluster, 'revision', model.lag.revision)) return;
  forget(cluster, 'revision');
  model.latest += 1;
  model.revisions[model.latest] = model.wanted;
  delete model.wanted;
  cluster.effects.push(`operator: revision ${model.latest}`);
}

/** One node at a time; the one whose member does not serve goes first. */
function install(cluster: EtcdModel): void {
  const { model } = cluster;
  const behind = Object.keys(model.masters).filter((name) => model.masters[name]?.revision !== model.latest);
  const next = behind.find((name) => !serving(cluster, name)) ?? behind[0];
  const master = next === undefined ? undefined : model.masters[next];
  if (next === undefined || !master?.ready) return;
  if (!isDue(cluster, `installer ${next}`, model.lag.installer)) return;
  forget(cluster, `installer ${next}`);
  Object.assign(master, { revision: model.latest, files: 'usable', manifest: 'present' });
}

/** A dead member at no master's and no Machine's address. */
function removeStale(cluster: EtcdModel): void {
  const { model } = cluster;
  const { removesAfter = 'never' } = model;
  if (isMoving(cluster)) return;
  const places = Object.values(model.masters).flatMap(({ address, machine }) => [address, machine]);
  const stale = model.members.find(({ address }) => !places.includes(address));
  if (!stale || !isDue(cluster, 'removal', removesAfter)) return;
  model.members = model.members.filter((one) => one !== stale);
  cluster.effects.push(`operator: remove ${stale.id}`);
}

/** Idle while any voter is unhealthy. A learner is a voter one tick later, and that makes another revision. */
function join(cluster: EtcdModel): void {
  const { model } = cluster;
  const learner = model.members.find((member) => member.learner);
  if (learner) return promote(cluster, learner);
  if (healthyVoters(cluster).length < model.members.length) return;
  for (const [name, master] of Object.entries(model.masters)) {
    if (model.members.some(({ address }) => address === master.address)) continue;
    if (!mayJoin(cluster, name, master) || !isDue(cluster, `join ${name}`, model.lag.join)) continue;
    const id = `a${String(model.nextId++).padStart(15, '0')}`;
    model.members.push({ id, name: '', address: master.address, learner: true, started: false });
    cluster.effects.push(`operator: add ${id}`);
    return;
  }
}

/** The pod waits to be added. Its old data it archives by itself, but for those that it cannot read. */
function mayJoin(cluster: EtcdModel, name: string, master: SimulatedMaster): boolean {
  return runs(cluster, name) && master.machine === master.address && master.data !== 'corrupt';
}

function promote(cluster: EtcdModel, learner: SimulatedMember): void {
  const { model } = cluster;
  const found = Object.entries(model.masters).find(([, { address }]) => address === learner.address);
  if (!found) return;
  const [name, master] = found;
  if (!learner.started) {
    // Peers reject a certificate for another address.
    if (!runs(cluster, name) || master.inAllCerts !== master.address) return;
    Object.assign(learner, { started: true, name });
    Object.assign(master, { memberId: learner.id, data: 'sound' });
    return;
  }
  learner.learner = false;
  model.wanted = model.wanted ?? { ...model.revisions[model.latest] };
  cluster.effects.push(`operator: promote ${learner.id}`);
}
