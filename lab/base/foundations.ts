import { ensureBinaries, ensureReadyz, requireGoForMissingBinaries } from '../binaries/ensure.ts';
import type { Progress } from '../host/progress.ts';
import { ensureHost } from '../host/requirements.ts';
import { ensureImages } from './images.ts';
import { ensureBase, ensureDebian } from './root.ts';

/** Everything that the lab needs and that is built or downloaded once; all of it read-only for the lab. */
export interface Foundations {
  /**
   * Debian root that all nodes share as the lower layer of their overlays: systemd, sshd (key only, user `core`,
   * no key in it: each lab writes `/home/core/.ssh/authorized_keys` into its nodes' own layer), sudo, containerd,
   * runc, haproxy, CNI plugins in /usr/lib/cni, etcdctl; kubelet, kubectl and crictl in /usr/local/bin.
   * Not enabled: kubelet (the lab brings the unit) and haproxy. No ssh host keys, no hostname, an empty machine-id.
   */
  baseRoot: string;
  /** Holds `pause.tar`, `etcd.tar` and `hyperkube.tar`: OCI archives for `ctr image import`, layers not compressed. */
  imagesDir: string;
  /** kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, kubectl, crictl, pause. */
  binDir: string;
  /** As in the images' tags and `kubectl version`: "v1.34.4". */
  kubernetesVersion: string;
  /** "3.5.16". */
  etcdVersion: string;
  /** Its name inside the archive; also containerd's sandbox image in the base. */
  pauseImage: string;
  /**
   * By digest, as a release names its images: `lab.local/etcd@sha256:…`. busybox, etcd, etcdctl, etcdutl and
   * etcd-readyz in /usr/bin; no entry point: the pod brings its script.
   */
  etcdImage: string;
  /** By digest. busybox, kube-apiserver, kube-controller-manager, kube-scheduler in /usr/bin. */
  hyperkubeImage: string;
}

export interface FoundationOptions {
  progress: Progress;
  signal?: AbortSignal | undefined;
}

/** Builds what is missing and returns where it is. Warm: milliseconds. Throws sentences that name the remedy. */
export async function ensureFoundations(options: FoundationOptions): Promise<Foundations> {
  await ensureHost(options.progress, options.signal);
  await requireGoForMissingBinaries();
  // Debian first: what can fail for want of a network fails in the first minute, not after all the compiling.
  const debian = await ensureDebian(options);
  const { dir: binDir, kubernetesVersion } = await ensureBinaries(options);
  const baseRoot = await ensureBase(debian, binDir, options);
  const readyz = await ensureReadyz(options);
  const images = await ensureImages({ debian, binDir, readyz, kubernetesVersion, ...options });
  return { baseRoot, binDir, kubernetesVersion, ...images };
}
