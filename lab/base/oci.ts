import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { mustRun } from '../host/run.ts';

export interface ImageOptions {
  /** "lab.local/pause:1": a name only, nothing is ever pulled. */
  name: string;
  /** Directory that becomes the image's only layer. */
  rootfs: string;
  /** Directory for intermediate files, on the same file system as `out`; removed afterwards. */
  work: string;
  out: string;
  entrypoint?: readonly string[];
  cmd?: readonly string[];
  signal?: AbortSignal | undefined;
}

interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
}

const EPOCH = '1970-01-01T00:00:00Z';
const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Packs a directory as an OCI image archive, as `ctr image import` takes it. Reproducible: the same files give the
 * same bytes. The layer is not compressed: decompressing hundreds of megabytes on three nodes at once is what would
 * make `lab up` slow. Resolves to the image's digest, "sha256:…".
 */
export async function packImage(image: ImageOptions): Promise<string> {
  const blobs = join(image.work, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  const layer = await addLayer(blobs, image);
  const config = await addJson(
    blobs,
    'application/vnd.oci.image.config.v1+json',
    configOf(image, layer.digest),
  );
  const manifest = await addJson(blobs, 'application/vnd.oci.image.manifest.v1+json', {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config,
    layers: [layer],
  });
  await writeFile(join(image.work, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  await writeFile(join(image.work, 'index.json'), JSON.stringify(indexOf(image.name, manifest)));
  await tar(image.work, image.out, ['oci-layout', 'index.json', 'blobs'], image.signal);
  await rm(image.work, { recursive: true });
  return manifest.digest;
}

/** The architecture's name in image configurations. */
function ociArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}

function configOf(image: ImageOptions, layerDigest: string): object {
  return {
    architecture: ociArchitecture(),
    os: 'linux',
    created: EPOCH,
    config: { Env: [PATH], Entrypoint: image.entrypoint, Cmd: image.cmd },
    rootfs: { type: 'layers', diff_ids: [layerDigest] },
  };
}

/** containerd takes the image's full name from its own annotation, other tools from the OCI one. */
function indexOf(name: string, manifest: Descriptor): object {
  const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name };
  const platform = { architecture: ociArchitecture(), os: 'linux' };
  return {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [{ ...manifest, platform, annotations }],
  };
}

async function addLayer(blobs: string, image: ImageOptions): Promise<Descriptor> {
  const file = join(blobs, 'layer');
  await tar(image.rootfs, file, ['.'], image.signal);
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  const digest = hash.digest('hex');
  await link(file, join(blobs, digest));
  await rm(file);
  const { size } = await stat(join(blobs, digest));
  return { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: `sha256:${digest}`, size };
}

async function addJson(blobs: string, mediaType: string, value: object): Promise<Descriptor> {
  const text = JSON.stringify(value);
  const digest = createHash('sha256').update(text).digest('hex');
  await writeFile(join(blobs, digest), text);
  return { mediaType, digest: `sha256:${digest}`, size: Buffer.byteLength(text) };
}

/** Nothing of the machine that packs gets in: no times, owners, umask or directory order. */
async function tar(
  dir: string,
  out: string,
  members: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const fixed = ['--format=ustar', '--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];
  await mustRun(
    ['tar', ...fixed, '--mode=u=rwX,go=rX', '--hard-dereference', '-cf', out, '-C', dir, ...members],
    {
      signal,
    },
  );
}
