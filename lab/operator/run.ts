import { readFileSync } from 'node:fs';
import { openApi } from '../cluster/api.ts';
import { stateFile, type Lab, type LabState } from '../handle.ts';
import { readKnobs } from '../platform/knobs.ts';
import { makeOperatorObjects } from './install.ts';
import { runOperator } from './operator.ts';
import { PROFILES, type ProfileName } from './rules/profiles.ts';

export interface EtcdOperatorOptions {
  lab: Lab;
  profile: ProfileName;
  signal: AbortSignal;
  write: (line: string) => void;
}

/**
 * Stands in for OpenShift's cluster-etcd-operator until the signal. It keeps nothing that is not in the API but its
 * caches, so it may be killed and started again at any moment, as the real one.
 */
export async function runEtcdOperator({ lab, profile, signal, write }: EtcdOperatorOptions): Promise<void> {
  const { settings, pki } = lab;
  const log = (line: string) => write(`${new Date().toISOString()} etcd-operator: ${line}`);
  const { foundations } = JSON.parse(readFileSync(stateFile(settings), 'utf8')) as LabState;
  const beginning = await makeOperatorObjects(lab.api, log, signal);
  if (beginning === undefined) return;
  const { token, resource } = beginning;
  await runOperator({
    api: openApi(settings, pki.read('kube-apiserver-server-ca.crt'), { token }),
    profile: PROFILES[profile],
    resource,
    images: foundations,
    installerWait: () => readKnobs(settings).installerWaitSeconds,
    pki,
    log,
    signal,
  });
}
